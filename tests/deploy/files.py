"""What the tests of the deployment share: where its files are, and what is said in them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from moorline import tracing
from moorline.cli import app, stopping
from moorline.cli.environment import platform_names
from moorline.jobs import engine
from moorline.settings import PREFIX, Settings, load
from moorline.vault import new_key

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMMANDS = frozenset(command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands)

# What the program takes at most from the signal to its end: its grace, its loops, renewals under way, then its traces.
LONGEST_STOP_S = stopping.GRACE_S + 2 * (engine.STOP_WITHIN_S + engine.RELEASE_WITHIN_S) + tracing.EXPORT_WITHIN_S
CONNECTIONS = Settings().database_pool_size  # of one process

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+):\?(?P<told>[^}]+)\}")

GIVEN = {
    "MOORLINE_PUBLIC_URL": "https://connect.example.com",
    "MOORLINE_ENCRYPTION_KEYS": new_key(),
    "POSTGRES_PASSWORD": "5e884898da28047151d0e56f8dc62927",
}


class Missing(Exception):
    """A variable that has to be given is not; the message is what Compose would say."""


def documents(path: Path) -> list[Any]:
    """Every document of a YAML file."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """The text with its variables filled in, in the one form these files use. Raises: Missing."""

    def value(match: re.Match[str]) -> str:
        found = given.get(match["name"], "")
        if not found:
            raise Missing(f"required variable {match['name']} is missing a value: {match['told']}")
        return found

    filled = _VARIABLE.sub(value, text)
    assert "$" not in filled, "a variable in another form than ${NAME:?what it is}"
    return filled


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings a process would have; those it would refuse fail the test with its sentence."""
    return load(
        {name: value for name, value in environment.items() if name.startswith(PREFIX)}, platforms=platform_names()
    )


def strings(value: object) -> Iterator[str]:
    """Every text in a parsed document, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from strings(key)
            yield from strings(inner)
    elif isinstance(value, Iterable):
        for inner in value:
            yield from strings(inner)
