"""Table `selections`: a consent that waits for a choice, with sealed tokens, who gave it, and what may be chosen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from moorline import clock
from moorline.store.db import Row, Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSelection:
    """`identity` and `choices` are JSON objects without secrets; the tokens are sealed for this attempt.

    `saved_choice` is what `saved_account_id` was saved from: the id of a choice, empty for the person's own account.
    """

    attempt_id: str
    user_id: str
    key_id: str | None
    profile_id: str
    platform: str
    app_id: str
    redirect_url: str | None
    tokens_sealed: bytes = field(repr=False)
    identity: Mapping[str, Any]
    choices: Mapping[str, Any]
    saved_account_id: str | None = None
    saved_choice: str | None = None
    expires_at: datetime


class _Pictured(msgspec.Struct):
    picture_url: str | None = None


class _PicturedList(msgspec.Struct):
    items: list[_Pictured]


async def insert(db: Statements, selection: OpenSelection) -> None:
    """Save an open selection."""
    await db.run(
        "INSERT INTO selections (attempt_id, user_id, key_id, profile_id, platform, app_id, redirect_url,"
        " tokens_sealed, identity, choices, expires_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        selection.attempt_id,
        selection.user_id,
        selection.key_id,
        selection.profile_id,
        selection.platform,
        selection.app_id,
        selection.redirect_url,
        selection.tokens_sealed,
        json.dumps(selection.identity),
        json.dumps(selection.choices),
        clock.to_ms(selection.expires_at),
    )


async def get(db: Statements, attempt_id: str, now: datetime) -> OpenSelection | None:
    """The selection of an attempt while it lives."""
    row = await db.one(
        "SELECT * FROM selections WHERE attempt_id = $1 AND expires_at_ms > $2", attempt_id, clock.to_ms(now)
    )
    return None if row is None else _selection(row)


async def picture_url(db: Statements, attempt_id: str, number: int | None, now: datetime) -> str | None:
    """The picture of a choice, by its place in the list, while the selection lives; None for the place: the person's.

    A page of a hundred rows asks a hundred times, so nothing but pictures is read of a long list.
    """
    row = await db.one(
        "SELECT identity, choices FROM selections WHERE attempt_id = $1 AND expires_at_ms > $2",
        attempt_id,
        clock.to_ms(now),
    )
    if row is None:
        return None
    if number is None:
        return msgspec.json.decode(row["identity"], type=_Pictured).picture_url
    items = msgspec.json.decode(row["choices"], type=_PicturedList).items
    return items[number].picture_url if number < len(items) else None


async def set_choices(db: Statements, attempt_id: str, choices: Mapping[str, Any]) -> None:
    """Keep what the platform listed last."""
    await db.run("UPDATE selections SET choices = $2 WHERE attempt_id = $1", attempt_id, json.dumps(choices))


async def set_saved(db: Statements, attempt_id: str, account_id: str, *, choice_id: str, once: bool) -> bool:
    """Note the account a choice was saved as; False when the selection is gone (cancelled or expired).

    `once`: False too when another choice was saved before.
    """
    touched = await db.run(
        "UPDATE selections SET saved_account_id = $2, saved_choice = $3 WHERE attempt_id = $1"
        " AND ($4 = 0 OR saved_choice IS NULL OR saved_choice = $3)",
        attempt_id,
        account_id,
        choice_id,
        int(once),
    )
    return touched == 1


async def forget_choice(db: Statements, account_id: str) -> None:
    """An account stands for something else now, so what it was saved from may be chosen anew."""
    await db.run("UPDATE selections SET saved_choice = NULL WHERE saved_account_id = $1", account_id)


async def take_pending(db: Statements, attempt_id: str, now: datetime) -> bool:
    """Read the pending data; True for the first reader only."""
    touched = await db.run(
        "UPDATE selections SET pending_read_at_ms = $2 WHERE attempt_id = $1 AND pending_read_at_ms IS NULL",
        attempt_id,
        clock.to_ms(now),
    )
    return touched == 1


async def delete(db: Statements, attempt_id: str) -> OpenSelection | None:
    """Close it and wipe its tokens; the row as it was."""
    row = await db.one("DELETE FROM selections WHERE attempt_id = $1 RETURNING *", attempt_id)
    return None if row is None else _selection(row)


async def purge(db: Statements, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` expired selections; how many went."""
    return await db.run(
        "DELETE FROM selections WHERE attempt_id IN"
        " (SELECT attempt_id FROM selections WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2)",
        clock.to_ms(now),
        limit,
    )


def _selection(row: Row) -> OpenSelection:
    return OpenSelection(
        attempt_id=row["attempt_id"],
        user_id=row["user_id"],
        key_id=row["key_id"],
        profile_id=row["profile_id"],
        platform=row["platform"],
        app_id=row["app_id"],
        redirect_url=row["redirect_url"],
        tokens_sealed=bytes(row["tokens_sealed"]),
        identity=msgspec.json.decode(row["identity"]),
        choices=msgspec.json.decode(row["choices"]),  # may be a thousand, and is read for every page
        saved_account_id=row["saved_account_id"],
        saved_choice=row["saved_choice"],
        expires_at=clock.from_ms(row["expires_at_ms"]),
    )
