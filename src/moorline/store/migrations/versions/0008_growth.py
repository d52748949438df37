"""What is asked of a million accounts has its index: who needs a person, accounts of a profile, what is to be purged.

`grants.needs_at_ms`: from when on a person is needed, as far as is known; NULL: nobody is. `grants.granted_key` stands
for platform, app and granted scopes together.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ADDED = ("needs_at_ms", "granted_key")
# Of these the access itself was traded for the next when this was written, which needs nobody while it works.
_TRADED = "'facebook', 'instagram', 'threads'"


def _indexes() -> tuple[tuple[str, str, list[str], str | None], ...]:
    """Name, table, columns, and which rows are in it (None: all)."""
    return (
        ("grants_needs", "grants", ["user_id", "needs_at_ms", "id"], "needs_at_ms IS NOT NULL"),
        ("grants_consents", "grants", ["user_id", "granted_key", "id"], "granted_key IS NOT NULL"),
        ("accounts_lost", "accounts", ["user_id", "created_at_ms", "id"], "NOT is_active"),
        ("accounts_profile", "accounts", ["profile_id", "created_at_ms", "id"], None),
        ("profiles_default", "profiles", ["user_id"], "is_default"),
        ("users_password", "users", ["id"], "password_hash IS NOT NULL"),
        ("sign_in_links_member", "sign_in_links", ["member_id"], None),
        ("invites_user", "invites", ["user_id"], None),
        # A person's id is enough, and half as long as with platform and app; what is never warned of needs no place.
        ("grants_anywhere", "grants", ["platform_user_id"], None),
        ("grant_tokens_warned", "grant_tokens", ["warn_at_ms"], "warn_at_ms IS NOT NULL"),
        ("selections_saved", "selections", ["saved_account_id"], "saved_account_id IS NOT NULL"),
    )


_REPLACED = (
    ("grants_everywhere", "grants", ["platform", "app_id", "platform_user_id"]),
    ("grant_tokens_warn", "grant_tokens", ["warn_at_ms"]),
)


def upgrade() -> None:
    for name in _ADDED:
        op.add_column("grants", sa.Column(name, sa.BigInteger(), nullable=True))
    _note_needs()
    _note_granted()
    for name, table, columns, rows in _indexes():
        where = None if rows is None else sa.text(rows)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    for name, table, _ in _REPLACED:
        op.drop_index(name, table)


def _note_needs() -> None:
    op.execute(
        "UPDATE grants SET needs_at_ms = (SELECT CASE WHEN t.refresh_sealed IS NULL THEN t.access_expires_at_ms"  # noqa: S608 - a constant
        " WHEN t.refresh_expires_at_ms < t.access_expires_at_ms THEN t.access_expires_at_ms"
        " ELSE t.refresh_expires_at_ms END FROM grant_tokens t WHERE t.grant_id = grants.id"
        f" AND (grants.platform NOT IN ({_TRADED}) OR t.failures > 0)) WHERE dead_at_ms IS NULL"
    )


def _note_granted() -> None:
    connection = op.get_bind()
    found = connection.execute(
        sa.text("SELECT DISTINCT platform, app_id, granted FROM grants WHERE granted IS NOT NULL")
    ).fetchall()
    note = sa.text(
        "UPDATE grants SET granted_key = :key WHERE platform = :platform AND app_id = :app_id AND granted = :granted"
    )
    for platform, app_id, granted in found:
        given = {"platform": platform, "app_id": app_id, "granted": granted}
        connection.execute(note, {"key": _granted_key(platform, app_id, granted), **given})


def _granted_key(platform: str, app_id: str, granted: str) -> int:
    """As `store.grants` reckoned it when this was written."""
    told = json.dumps([platform, app_id, sorted(json.loads(granted))])
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big", signed=True)


def downgrade() -> None:
    for name, table, of_all in _REPLACED:
        op.create_index(name, table, of_all)
    for name, table, _, _ in reversed(_indexes()):
        op.drop_index(name, table)
    for name in reversed(_ADDED):
        op.drop_column("grants", name)
