"""Indexes by which the ends of tokens are counted. Partial: what is renewed every few hours is in neither."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEXES = (
    ("grant_tokens_access_ends", "access_expires_at_ms", "refresh_sealed IS NULL AND access_expires_at_ms IS NOT NULL"),
    ("grant_tokens_refresh_ends", "refresh_expires_at_ms", "refresh_expires_at_ms IS NOT NULL"),
)


def upgrade() -> None:
    for name, column, condition in _INDEXES:
        which = sa.text(condition)
        op.create_index(name, "grant_tokens", [column], sqlite_where=which, postgresql_where=which)


def downgrade() -> None:
    for name, _, _ in _INDEXES:
        op.drop_index(name, "grant_tokens")
