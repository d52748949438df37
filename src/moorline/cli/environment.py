"""What commands share: settings from the environment and `.env`, and a clean end with a sentence."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

from dotenv import dotenv_values

from moorline import settings as all_settings
from moorline.errors import MoorlineError
from moorline.platforms import ALL
from moorline.settings import Settings, WrongSettings


def load_settings(*, need_keys: bool = True) -> Settings:
    """Settings from `.env` and, above it, the environment. Ends the program when they are wrong."""
    try:
        return all_settings.load(given_environment(), platforms=platform_names(), need_keys=need_keys)
    except WrongSettings as error:
        stop(str(error))


def given_environment() -> Mapping[str, str]:
    """`.env` of the current folder, overridden by the environment."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **os.environ}


def platform_names() -> tuple[str, ...]:
    """The platforms credentials may be given for."""
    return tuple(platform.name for platform in ALL)


def stop(sentence: str) -> NoReturn:
    """End with a sentence on standard error and exit code 1."""
    print(sentence, file=sys.stderr)
    raise SystemExit(1)


@contextmanager
def sentences() -> Iterator[None]:
    """Foreseen errors end the program with their sentence."""
    try:
        yield
    except (MoorlineError, WrongSettings) as error:
        stop(str(error))
