"""The first schema: owners, attempts, selections, grants, accounts, bot codes, kept answers.

Instants are whole milliseconds since 1970 (`_ms`). Columns that end in `_sealed` hold values of `moorline.vault`,
columns that end in `_hash` a SHA-256. Lists and objects are JSON text.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "vault_marks",
    "kept_answers",
    "bot_senders",
    "bot_inboxes",
    "bot_codes",
    "account_tokens",
    "accounts",
    "grant_tokens",
    "grants",
    "selections",
    "attempts",
    "api_keys",
    "profiles",
    "users",
)


def _id(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, sa.String(24), primary_key=True)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _ms(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _bytes(name: str, *, null: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=null)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def upgrade() -> None:
    _create_owners()
    _create_flow()
    _create_accounts()
    _create_bot()
    op.create_table(
        "kept_answers",
        sa.Column("key_hash", sa.LargeBinary(), primary_key=True),
        _bytes("request_hash"),
        sa.Column("status", sa.Integer(), nullable=True),
        _bytes("answer_sealed", null=True),
        _ms("expires_at_ms"),
    )
    op.create_index("kept_answers_expiry", "kept_answers", ["expires_at_ms"])
    op.create_table(
        "vault_marks",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        _bytes("sealed"),
    )


def _create_owners() -> None:
    op.create_table(
        "users",
        _id(),
        _text("root_id"),
        _text("name"),
        _text("email"),
        _text("role"),
        _text("profile_ids", null=True),
        _ms("created_at_ms"),
        sa.UniqueConstraint("email", name="users_email"),
    )
    op.create_index("users_root", "users", ["root_id", "created_at_ms", "id"])
    op.create_table(
        "profiles",
        _id(),
        sa.Column("user_id", sa.String(24), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        _text("name"),
        _text("slug"),
        _text("description", null=True),
        _text("color", null=True),
        _flag("is_default"),
        _ms("created_at_ms"),
    )
    op.create_index("profiles_user", "profiles", ["user_id", "created_at_ms", "id"])
    op.create_table(
        "api_keys",
        _id(),
        sa.Column("user_id", sa.String(24), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        _text("lookup"),
        _bytes("key_hash"),
        _text("name"),
        _text("preview"),
        _text("permission"),
        _text("profile_ids", null=True),
        _flag("reveal_tokens"),
        _text("redirect_allowlist", null=True),
        _ms("expires_at_ms", null=True),
        _ms("created_at_ms"),
        sa.UniqueConstraint("lookup", name="api_keys_lookup"),
    )
    op.create_index("api_keys_user", "api_keys", ["user_id", "created_at_ms", "id"])


def _create_flow() -> None:
    op.create_table(
        "attempts",
        _id(),
        sa.Column("user_id", sa.String(24), nullable=False),
        sa.Column("key_id", sa.String(24), nullable=True),
        sa.Column("profile_id", sa.String(24), nullable=False),
        _text("platform"),
        _text("app_id"),
        _text("redirect_uri"),
        _text("redirect_url", null=True),
        _flag("headless"),
        _bytes("state_hash"),
        _bytes("verifier_sealed", null=True),
        _bytes("code_hash", null=True),
        _text("status"),
        _text("slug", null=True),
        _text("note", null=True),
        sa.Column("account_id", sa.String(24), nullable=True),
        _ms("created_at_ms"),
        _ms("expires_at_ms"),
        _ms("consumed_at_ms", null=True),
        _ms("finished_at_ms", null=True),
        sa.UniqueConstraint("state_hash", name="attempts_state"),
    )
    op.create_index("attempts_age", "attempts", ["created_at_ms"])
    op.create_table(
        "selections",
        _id("attempt_id"),
        sa.Column("user_id", sa.String(24), nullable=False),
        sa.Column("key_id", sa.String(24), nullable=True),
        sa.Column("profile_id", sa.String(24), nullable=False),
        _text("platform"),
        _text("app_id"),
        _text("redirect_url", null=True),
        _bytes("tokens_sealed"),
        _text("identity"),
        _text("choices"),
        sa.Column("saved_account_id", sa.String(24), nullable=True),
        _ms("expires_at_ms"),
    )
    op.create_index("selections_expiry", "selections", ["expires_at_ms"])


def _create_accounts() -> None:
    op.create_table(
        "grants",
        _id(),
        sa.Column("user_id", sa.String(24), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        _text("platform"),
        _text("app_id"),
        _text("platform_user_id"),
        _text("username"),
        _text("granted", null=True),
        _text("service_url", null=True),
        _ms("created_at_ms"),
        _ms("updated_at_ms"),
        sa.UniqueConstraint("user_id", "platform", "app_id", "platform_user_id", name="grants_person"),
    )
    op.create_index("grants_everywhere", "grants", ["platform", "app_id", "platform_user_id"])
    op.create_table(
        "grant_tokens",
        sa.Column("grant_id", sa.String(24), sa.ForeignKey("grants.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _bytes("access_sealed"),
        _bytes("refresh_sealed", null=True),
        _ms("access_expires_at_ms", null=True),
        _ms("refresh_expires_at_ms", null=True),
        _ms("updated_at_ms"),
    )
    op.create_table(
        "accounts",
        _id(),
        sa.Column("user_id", sa.String(24), nullable=False),
        sa.Column("profile_id", sa.String(24), sa.ForeignKey("profiles.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("grant_id", sa.String(24), sa.ForeignKey("grants.id", ondelete="RESTRICT"), nullable=True),
        _text("platform"),
        _text("platform_account_id"),
        _text("username"),
        _text("display_name"),
        _text("picture_url", null=True),
        _text("profile_url", null=True),
        _flag("is_active"),
        _text("details"),
        _ms("created_at_ms"),
        _ms("updated_at_ms"),
        sa.UniqueConstraint("profile_id", "platform", "platform_account_id", name="accounts_identity"),
    )
    op.create_index("accounts_user", "accounts", ["user_id", "created_at_ms", "id"])
    op.create_index("accounts_grant", "accounts", ["grant_id"])
    op.create_index("accounts_platform", "accounts", ["platform", "platform_account_id"])
    op.create_table(
        "account_tokens",
        sa.Column("account_id", sa.String(24), sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
        _bytes("access_sealed"),
        _ms("access_expires_at_ms", null=True),
        _ms("updated_at_ms"),
    )


def _create_bot() -> None:
    op.create_table(
        "bot_codes",
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("attempt_id", sa.String(24), sa.ForeignKey("attempts.id", ondelete="CASCADE"), nullable=False),
        _text("chat_id", null=True),
        _text("note", null=True),
        _ms("expires_at_ms"),
        sa.UniqueConstraint("attempt_id", name="bot_codes_attempt"),
    )
    op.create_table(
        "bot_inboxes",
        sa.Column("bot_id", sa.Text(), primary_key=True),
        _text("username"),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        _text("holder", null=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        _ms("lease_until_ms"),
    )
    op.create_table(
        "bot_senders",
        sa.Column("bot_id", sa.Text(), primary_key=True),
        sa.Column("sender_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        _text("code", null=True),
        _text("chat", null=True),
        _ms("joined_until_ms"),
        sa.Column("misses", sa.Integer(), nullable=False),
        _ms("misses_until_ms"),
    )
    op.create_index("bot_senders_age", "bot_senders", ["misses_until_ms", "joined_until_ms"])


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
