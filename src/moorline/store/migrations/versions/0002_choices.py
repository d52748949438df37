"""What was chosen and read of an open choice, the lists of connected accounts, and who renews a grant's tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _added() -> tuple[tuple[str, sa.Column[object]], ...]:
    return (
        ("selections", sa.Column("saved_choice", sa.Text(), nullable=True)),
        ("selections", sa.Column("pending_read_at_ms", sa.BigInteger(), nullable=True)),
        ("grant_tokens", sa.Column("holder", sa.Text(), nullable=True)),
        ("grant_tokens", sa.Column("lease_until_ms", sa.BigInteger(), nullable=False, server_default="0")),
    )


def upgrade() -> None:
    for table, column in _added():
        op.add_column(table, column)
    op.create_table(
        "options",
        sa.Column("account_id", sa.String(24), sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("read_at_ms", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("options")
    for table, column in reversed(_added()):
        op.drop_column(table, column.name)
