"""What the command and the server load before they are of use: all of it is paid for at each start."""

import subprocess
import sys

import pytest

SERVED = """
import asyncio, sys
from moorline.app import create_app, open_service
from moorline.cli import running
from moorline.settings import PlatformSettings, Settings
from moorline.vault import new_key, parse_key

async def main(url):
    settings = Settings(database_url=url, encryption_keys=(parse_key(new_key()),), platforms={})
    async with open_service(settings) as service:
        create_app(service)

asyncio.run(main(sys.argv[1]))
print("\\n".join(sys.modules))
"""
HELPED = """
import sys
sys.argv = ["moorline", "--help"]
from moorline.cli import main
try:
    main()
except SystemExit:
    print("\\n".join(sys.modules))
"""
# Only for migrations, for documents that are asked for, for a setting that is off, for the sandbox's own command.
NEEDLESS_TO_SERVE = ("alembic", "dns", "faker", "moorline.sandbox", "polyfactory", "pydantic", "sqlalchemy")
NEEDLESS_TO_HELP = (*NEEDLESS_TO_SERVE, "aiohttp", "asyncio", "litestar", "moorline.app", "uvicorn")


def loaded(program: str, *arguments: str) -> set[str]:
    told = subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True)
    return set(told.stdout.splitlines())


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_server_that_serves_has_not_loaded_what_it_does_not_use(database_url: str) -> None:
    assert loaded(SERVED, database_url).intersection(NEEDLESS_TO_SERVE) == set()


def test_the_help_loads_next_to_nothing() -> None:
    assert loaded(HELPED).intersection(NEEDLESS_TO_HELP) == set()
