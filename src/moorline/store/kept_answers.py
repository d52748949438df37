"""Table `kept_answers`: what a call with an `Idempotency-Key` was answered, sealed, for 24 hours."""

from dataclasses import dataclass, field
from datetime import datetime

from moorline import clock
from moorline.store.db import Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """`status` None: the first call is still at work (or died with its process; then until it expires)."""

    request_hash: bytes = field(repr=False)
    status: int | None
    answer_sealed: bytes | None = field(repr=False)


async def begin(db: Statements, key_hash: bytes, request_hash: bytes, *, now: datetime, until: datetime) -> bool:
    """Reserve the key for a call that starts; False when it is reserved or answered already. One statement."""
    row = await db.one(
        "INSERT INTO kept_answers (key_hash, request_hash, expires_at_ms) VALUES ($1, $2, $4)"
        " ON CONFLICT (key_hash) DO UPDATE SET request_hash = excluded.request_hash, status = NULL,"
        " answer_sealed = NULL, expires_at_ms = excluded.expires_at_ms WHERE kept_answers.expires_at_ms <= $3"
        " RETURNING 1 AS taken",
        key_hash,
        request_hash,
        clock.to_ms(now),
        clock.to_ms(until),
    )
    return row is not None


async def get(db: Statements, key_hash: bytes) -> KeptAnswer | None:
    """What is kept under a key."""
    row = await db.one("SELECT * FROM kept_answers WHERE key_hash = $1", key_hash)
    if row is None:
        return None
    sealed = row["answer_sealed"]
    return KeptAnswer(
        request_hash=bytes(row["request_hash"]),
        status=row["status"],
        answer_sealed=None if sealed is None else bytes(sealed),
    )


async def finish(db: Statements, key_hash: bytes, *, status: int, answer_sealed: bytes, until: datetime) -> None:
    """Keep the answer."""
    await db.run(
        "UPDATE kept_answers SET status = $2, answer_sealed = $3, expires_at_ms = $4 WHERE key_hash = $1",
        key_hash,
        status,
        answer_sealed,
        clock.to_ms(until),
    )


async def forget(db: Statements, key_hash: bytes) -> None:
    """Free the key: the call failed on our side, so that repeating it is right."""
    await db.run("DELETE FROM kept_answers WHERE key_hash = $1", key_hash)


async def purge(db: Statements, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` expired answers; how many went."""
    return await db.run(
        "DELETE FROM kept_answers WHERE key_hash IN"
        " (SELECT key_hash FROM kept_answers WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2)",
        clock.to_ms(now),
        limit,
    )
