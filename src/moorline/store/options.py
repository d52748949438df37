"""Table `options`: what a connected account may be switched to, as the platform listed it last."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from moorline import clock
from moorline.store.db import Statements


async def get(db: Statements, account_id: str, *, read_after: datetime) -> Mapping[str, Any] | None:
    """The list (a JSON object without secrets) if it was read after an instant."""
    row = await db.one(
        "SELECT choices FROM options WHERE account_id = $1 AND read_at_ms > $2", account_id, clock.to_ms(read_after)
    )
    return None if row is None else json.loads(row["choices"])


async def put(db: Statements, account_id: str, choices: Mapping[str, Any], now: datetime) -> None:
    """Keep a list read now. An account that is gone meanwhile keeps none."""
    await db.run(
        "INSERT INTO options (account_id, choices, read_at_ms) SELECT id, $2, $3 FROM accounts WHERE id = $1"
        " ON CONFLICT (account_id) DO UPDATE SET choices = excluded.choices, read_at_ms = excluded.read_at_ms",
        account_id,
        json.dumps(choices),
        clock.to_ms(now),
    )
