"""Every column that holds values of the vault: counted, read in the order of its keys, exchanged for the same anew.

The one file that is about more than one table, since all are dealt with alike; it is for sealing under another key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moorline.store.db import Statements

_WEBHOOK = {"user_id": "t.user_id", "webhook_id": "t.id"}
_GRANT = {
    "user_id": "g.user_id",
    "platform": "g.platform",
    "app_id": "g.app_id",
    "platform_user_id": "g.platform_user_id",
}
_ACCOUNT = {
    "user_id": "a.user_id",
    "profile_id": "a.profile_id",
    "platform": "a.platform",
    "platform_account_id": "a.platform_account_id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """`owner` are the columns that say whose a value is, by the names its room has for them; `t` is the table, and what
    is `joined` to it begins after the key $1 too, so that nobody reads it from its beginning for each page.

    `before_all` is less than every key of the table.
    """

    table: str
    column: str
    key: str
    owner: Mapping[str, str]
    joined: str = ""
    before_all: str | bytes | int = ""

    @property
    def name(self) -> str:
        """`table.column`."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedValue:
    """A value as it was read: `key` names its row, `owner` whose it is."""

    key: str | bytes | int
    sealed: bytes = field(repr=False)
    owner: Mapping[str, Any]


GRANT_ACCESS, GRANT_REFRESH = (
    SealedColumn(
        table="grant_tokens",
        column=column,
        key="grant_id",
        joined=" JOIN grants g ON g.id = t.grant_id AND g.id > $1",
        owner=_GRANT,
    )
    for column in ("access_sealed", "refresh_sealed")
)
ACCOUNT_ACCESS = SealedColumn(
    table="account_tokens",
    column="access_sealed",
    key="account_id",
    joined=" JOIN accounts a ON a.id = t.account_id AND a.id > $1",
    owner=_ACCOUNT,
)
APP_SECRET = SealedColumn(
    table="app_credentials",
    column="secret_sealed",
    key="id",
    owner={"user_id": "t.user_id", "platform": "t.platform", "client_id": "t.client_id"},
)
WEBHOOK_SECRET, WEBHOOK_FORMER_SECRET, WEBHOOK_HEADERS = (
    SealedColumn(table="webhooks", column=column, key="id", owner=_WEBHOOK)
    for column in ("secret_sealed", "former_secret_sealed", "headers_sealed")
)
REVOCATION_GRANT = SealedColumn(table="revocations", column="grant_sealed", key="id", owner={"revocation_id": "t.id"})
SELECTION_TOKENS = SealedColumn(
    table="selections", column="tokens_sealed", key="attempt_id", owner={"attempt_id": "t.attempt_id"}
)
ATTEMPT_VERIFIER = SealedColumn(table="attempts", column="verifier_sealed", key="id", owner={"attempt_id": "t.id"})
KEPT_ANSWER = SealedColumn(
    table="kept_answers", column="answer_sealed", key="key_hash", owner={"key_hash": "t.key_hash"}, before_all=b""
)
VAULT_MARK = SealedColumn(table="vault_marks", column="sealed", key="id", owner={}, before_all=0)


async def count(db: Statements, of: SealedColumn) -> int:
    """How many values the column holds."""
    row = await db.one(f"SELECT count(*) AS n FROM {of.table} WHERE {of.column} IS NOT NULL")  # noqa: S608 - constants
    return 0 if row is None else int(row["n"])


async def page(db: Statements, of: SealedColumn, *, after: str | bytes | int, limit: int) -> list[SealedValue]:
    """The values whose keys come next after one (`before_all` at first), each with its owner as of the same moment."""
    owner = "".join(f", {expression} AS {name}" for name, expression in of.owner.items())
    rows = await db.all(
        f"SELECT t.{of.key} AS row_key, t.{of.column} AS sealed{owner} FROM {of.table} t{of.joined}"  # noqa: S608 - constants
        f" WHERE t.{of.key} > $1 AND t.{of.column} IS NOT NULL ORDER BY t.{of.key} LIMIT $2",
        after,
        limit,
    )
    return [
        SealedValue(key=row["row_key"], sealed=bytes(row["sealed"]), owner={name: row[name] for name in of.owner})
        for row in rows
    ]


async def exchange(db: Statements, of: SealedColumn, value: SealedValue, fresh: bytes) -> bool:
    """Put `fresh` in the place of a value; False when another stands there by now, which stays."""
    touched = await db.run(
        f"UPDATE {of.table} SET {of.column} = $3 WHERE {of.key} = $1 AND {of.column} = $2",  # noqa: S608 - constants
        value.key,
        value.sealed,
        fresh,
    )
    return touched == 1
