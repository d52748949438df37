"""Own apps of tenants, connect links, people who sign in, brands; what happened to accounts, and who changed what."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = ("brands", "sign_in_links", "sessions", "links", "audit", "account_events", "app_credentials")


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _ms(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _id(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, sa.String(24), primary_key=True)


def _ref(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(24), nullable=null)


def _user(name: str = "user_id", *, key: bool = False) -> sa.Column[str]:
    """A user whose rows go with them: the tenant, or the member who signs in."""
    return sa.Column(
        name, sa.String(24), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, primary_key=key
    )


def _added() -> tuple[tuple[str, sa.Column[object]], ...]:
    return (
        ("users", sa.Column("password_hash", sa.Text(), nullable=True)),
        ("attempts", sa.Column("credential_id", sa.String(24), nullable=True)),
        ("attempts", sa.Column("member_id", sa.String(24), nullable=True)),
        ("attempts", sa.Column("link_id", sa.String(24), nullable=True)),
        ("attempts", sa.Column("counted_account_id", sa.String(24), nullable=True)),
        ("attempts", sa.Column("scopes", sa.Text(), nullable=True)),
        ("attempts", sa.Column("language", sa.Text(), nullable=True)),
        ("attempts", sa.Column("opener_origin", sa.Text(), nullable=True)),
        ("attempts", sa.Column("steps", sa.Text(), nullable=True)),
        ("attempts", sa.Column("tries", sa.Integer(), nullable=True)),
        ("bot_codes", sa.Column("note_kind", sa.Text(), nullable=True)),
        ("bot_codes", sa.Column("note_sender", sa.Text(), nullable=True)),
        ("bot_codes", sa.Column("note_chat", sa.Text(), nullable=True)),
        ("grant_tokens", sa.Column("warn_at_ms", sa.BigInteger(), nullable=True)),
        ("revocations", sa.Column("user_id", sa.String(24), nullable=True)),
    )


def upgrade() -> None:
    for table, column in _added():
        op.add_column(table, column)
    op.create_index("grant_tokens_warn", "grant_tokens", ["warn_at_ms"])
    # Ends that were known before: looked at once, which sets the instant that is right.
    op.execute("UPDATE grant_tokens SET warn_at_ms = updated_at_ms WHERE access_expires_at_ms IS NOT NULL")
    linked = sa.text("link_id IS NOT NULL")
    op.create_index(
        "attempts_link", "attempts", ["link_id", "created_at_ms", "id"], sqlite_where=linked, postgresql_where=linked
    )
    _create_apps()
    _create_records()
    _create_links()
    _create_people()


def _create_apps() -> None:
    op.create_table(
        "app_credentials",
        _id(),
        _user(),
        _text("platform"),
        _text("client_id"),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        _text("scopes", null=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        _ms("created_at_ms"),
        _ms("updated_at_ms"),
        sa.UniqueConstraint("user_id", "platform", "client_id", name="app_credentials_client"),
    )
    in_use = sa.text("is_active")
    op.create_index(
        "app_credentials_active",
        "app_credentials",
        ["user_id", "platform"],
        unique=True,
        sqlite_where=in_use,
        postgresql_where=in_use,
    )


def _create_records() -> None:
    # No foreign keys: a record outlives what it tells of.
    op.create_table(
        "account_events",
        _id(),
        _ref("user_id"),
        _ref("profile_id"),
        _ref("account_id"),
        _text("platform"),
        _text("username"),
        _text("kind"),
        _text("reason", null=True),
        _ms("created_at_ms"),
    )
    op.create_index("account_events_user", "account_events", ["user_id", "created_at_ms", "id"])
    op.create_index("account_events_age", "account_events", ["created_at_ms"])
    op.create_table(
        "audit",
        _id(),
        _ref("user_id"),
        _ref("member_id", null=True),
        _ref("key_id", null=True),
        _text("source"),
        _text("action"),
        _text("subject_id", null=True),
        _text("details"),
        _ms("created_at_ms"),
    )
    op.create_index("audit_user", "audit", ["user_id", "created_at_ms", "id"])
    op.create_index("audit_age", "audit", ["created_at_ms"])


def _create_links() -> None:
    op.create_table(
        "links",
        _id(),
        _user(),
        _ref("key_id", null=True),
        _ref("member_id", null=True),
        sa.Column(
            "profile_id", sa.String(24), sa.ForeignKey("profiles.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        _text("platforms"),
        _text("redirect_url", null=True),
        _text("language", null=True),
        _ref("reconnect_account_id", null=True),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        _ms("expires_at_ms"),
        _ms("revoked_at_ms", null=True),
        _ms("created_at_ms"),
        sa.UniqueConstraint("token_hash", name="links_token"),
    )
    op.create_index("links_user", "links", ["user_id", "created_at_ms", "id"])
    op.create_index("links_expiry", "links", ["expires_at_ms"])
    op.create_index("links_key", "links", ["key_id"])
    of_account = sa.text("reconnect_account_id IS NOT NULL")
    op.create_index(
        "links_account", "links", ["reconnect_account_id"], sqlite_where=of_account, postgresql_where=of_account
    )


def _create_people() -> None:
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(), primary_key=True),
        _user("member_id"),
        _ms("created_at_ms"),
        _ms("expires_at_ms"),
    )
    op.create_index("sessions_member", "sessions", ["member_id"])
    op.create_index("sessions_expiry", "sessions", ["expires_at_ms"])
    op.create_table(
        "sign_in_links",
        sa.Column("token_hash", sa.LargeBinary(), primary_key=True),
        _user("member_id"),
        _ms("expires_at_ms"),
    )
    op.create_index("sign_in_links_expiry", "sign_in_links", ["expires_at_ms"])
    op.create_table(
        "brands",
        _user(key=True),
        _text("name", null=True),
        _text("color", null=True),
        _text("logo_url", null=True),
        _text("contact", null=True),
        _ms("updated_at_ms"),
    )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.drop_index("attempts_link", "attempts")
    op.drop_index("grant_tokens_warn", "grant_tokens")
    for table, column in reversed(_added()):
        op.drop_column(table, column.name)
