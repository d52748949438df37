"""Counts of limits that processes share."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A crash of PostgreSQL empties it, which costs a window; a log of every count would cost more.
    op.create_table(
        "limit_counters",
        sa.Column("key_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("ends_at_ms", sa.BigInteger(), nullable=False),
        prefixes=["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else [],
        postgresql_with={"fillfactor": 50},  # a count is written over in place
    )
    op.create_index("limit_counters_end", "limit_counters", ["ends_at_ms"])


def downgrade() -> None:
    op.drop_table("limit_counters")
