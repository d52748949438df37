"""The life of a grant, revocations that wait, webhooks with their deliveries and log, invitations.

What waits for a worker has the instant it is due (`due_at_ms`), and who is at it until when (`holder`,
`lease_until_ms`).
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = ("invites", "delivery_logs", "deliveries", "webhooks", "revocations")


def _added() -> tuple[tuple[str, sa.Column[object]], ...]:
    return (
        ("grants", sa.Column("dead_at_ms", sa.BigInteger(), nullable=True)),
        ("grants", sa.Column("dead_reason", sa.Text(), nullable=True)),
        ("grants", sa.Column("proven_at_ms", sa.BigInteger(), nullable=True)),
        ("grant_tokens", sa.Column("consented_at_ms", sa.BigInteger(), nullable=False, server_default="0")),
        ("grant_tokens", sa.Column("renew_at_ms", sa.BigInteger(), nullable=True)),
        ("grant_tokens", sa.Column("failures", sa.Integer(), nullable=False, server_default="0")),
        ("attempts", sa.Column("reconnect_account_id", sa.String(24), nullable=True)),
        ("attempts", sa.Column("expected_platform_user_id", sa.Text(), nullable=True)),
    )


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _ms(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _id(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, sa.String(24), primary_key=True)


def _tenant() -> sa.Column[str]:
    return sa.Column("user_id", sa.String(24), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    for table, column in _added():
        op.add_column(table, column)
    op.create_index("grant_tokens_due", "grant_tokens", ["renew_at_ms"])
    op.create_index("attempts_user", "attempts", ["user_id", "created_at_ms", "id"])
    op.create_table(
        "revocations",
        _id(),
        _text("platform"),
        _text("app_id"),
        sa.Column("grant_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        _ms("due_at_ms"),
        _text("holder", null=True),
        _ms("lease_until_ms"),
        _ms("created_at_ms"),
    )
    op.create_index("revocations_due", "revocations", ["due_at_ms"])
    _create_webhooks()
    op.create_table(
        "invites",
        sa.Column("token_hash", sa.LargeBinary(), primary_key=True),
        _tenant(),
        _text("profile_ids", null=True),
        _ms("created_at_ms"),
        _ms("expires_at_ms"),
        _ms("accepted_at_ms", null=True),
    )
    op.create_index("invites_expiry", "invites", ["expires_at_ms"])


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        _id(),
        _tenant(),
        _text("name"),
        _text("url"),
        _text("events"),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("former_secret_sealed", sa.LargeBinary(), nullable=True),
        _ms("former_until_ms", null=True),
        sa.Column("headers_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("given_up_in_a_row", sa.Integer(), nullable=False),
        _ms("last_fired_at_ms", null=True),
        _ms("created_at_ms"),
    )
    op.create_index("webhooks_user", "webhooks", ["user_id", "created_at_ms", "id"])
    # What was queued has its order from `position`. No foreign key to its webhook: one that is deleted in the same
    # moment must not undo the transaction that connects an account.
    op.create_table(
        "deliveries",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("message_id", sa.String(24), nullable=False),
        sa.Column("webhook_id", sa.String(24), nullable=False),
        sa.Column("account_id", sa.String(24), nullable=False),
        _text("event"),
        _text("body"),
        _text("state"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _ms("due_at_ms"),
        _text("holder", null=True),
        _ms("created_at_ms"),
        _ms("finished_at_ms", null=True),
    )
    waits = sa.text("state = 'due'")
    for name, columns in (
        ("deliveries_due", ["due_at_ms", "position"]),
        ("deliveries_order", ["webhook_id", "account_id", "position"]),
    ):
        op.create_index(name, "deliveries", columns, sqlite_where=waits, postgresql_where=waits)
    op.create_index("deliveries_message", "deliveries", ["webhook_id", "message_id"], unique=True)
    op.create_index("deliveries_age", "deliveries", ["finished_at_ms"])
    op.create_table(
        "delivery_logs",
        _id(),
        _tenant(),
        sa.Column("webhook_id", sa.String(24), nullable=False),
        sa.Column("message_id", sa.String(24), nullable=False),
        _text("webhook_name"),
        _text("url"),
        _text("event"),
        _text("status"),
        sa.Column("status_code", sa.Integer(), nullable=True),
        _text("body"),
        _text("response_body", null=True),
        _text("error", null=True),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("response_ms", sa.Integer(), nullable=False),
        _ms("created_at_ms"),
    )
    op.create_index("delivery_logs_user", "delivery_logs", ["user_id", "created_at_ms", "id"])
    op.create_index("delivery_logs_message", "delivery_logs", ["webhook_id", "message_id"])
    op.create_index("delivery_logs_age", "delivery_logs", ["created_at_ms"])


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.drop_index("attempts_user", "attempts")
    op.drop_index("grant_tokens_due", "grant_tokens")
    for table, column in reversed(_added()):
        op.drop_column(table, column.name)
