"""`moorline keys rotate-encryption` as a process beside whatever runs, and the values in a database."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from moorline.resealing import MARK, SEALED
from moorline.settings import PREFIX
from moorline.store import sealed_values
from moorline.store.db import Database
from moorline.vault import Vault, parse_key
from tests.journeys.processes import MOORLINE

ROTATE = ("keys", "rotate-encryption")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


async def started(settings: Mapping[str, str], *options: str, **streams: Any) -> asyncio.subprocess.Process:
    """The command under way. `settings` are named without the prefix."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    streams = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE, **streams}
    given = {PREFIX + name: value for name, value in settings.items()}
    return await asyncio.create_subprocess_exec(MOORLINE, *ROTATE, *options, env=inherited | given, **streams)


async def rotate(settings: Mapping[str, str], *options: str) -> Ended:
    """The command, run to its end."""
    process = await started(settings, *options)
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(code=process.returncode, out=out.decode(), err=err.decode())


def vault_of(*keys: str) -> Vault:
    """A vault with these keys, as a service with these settings has it."""
    return Vault([parse_key(key) for key in keys])


async def under(db: Database, key: str) -> dict[str, int]:
    """How many values of each column, the mark's too, this key sealed; columns without any are left out."""
    vault, found = vault_of(key), dict[str, int]()
    for of in (*SEALED, MARK):
        values = await sealed_values.page(db, of.column, after=of.column.before_all, limit=100_000)
        if count := sum(vault.is_current(value.sealed) for value in values):
            found[of.column.name] = count
    return found
