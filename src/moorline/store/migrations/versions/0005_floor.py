"""The oldest version that may serve beside the one this schema was made for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("schema_floor", sa.Column("revision", sa.Text(), primary_key=True))


def downgrade() -> None:
    op.drop_table("schema_floor")
