"""What the start refuses, before anything listens (S33)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moorline import settings, vault
from moorline.app import open_service
from moorline.settings import PlatformSettings, Settings, WrongSettings
from moorline.store import migrate
from moorline.vault import Vault, parse_key

MOORLINE = Path(sys.executable).with_name("moorline")


def with_keys(url: str, *keys: str) -> Settings:
    return Settings(
        database_url=url,
        encryption_keys=tuple(parse_key(key) for key in keys),
        platforms={"twitter": PlatformSettings()},
    )


async def test_s33_another_well_formed_key_refuses_to_serve_and_changes_nothing(database_url: str) -> None:
    first, other = vault.new_key(), vault.new_key()
    async with open_service(with_keys(database_url, first)):
        pass
    with pytest.raises(WrongSettings, match="MOORLINE_ENCRYPTION_KEYS holds no key that opens this database"):
        async with open_service(with_keys(database_url, other)):
            pass
    async with open_service(with_keys(database_url, first)):
        pass


async def test_s33_a_new_key_before_the_old_one_is_welcome(database_url: str) -> None:
    old, new = vault.new_key(), vault.new_key()
    async with open_service(with_keys(database_url, old)):
        pass
    async with open_service(with_keys(database_url, new, old)) as service:
        sealed = service.vault.seal(b"x", about="a")
    assert Vault([parse_key(new)]).open(sealed, about="a") == b"x"


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (None, "MOORLINE_ENCRYPTION_KEYS is not set"),
        ("c2hvcnQ=", "MOORLINE_ENCRYPTION_KEYS is wrong"),
    ],
)
def test_s33_serve_without_a_usable_key_ends_with_a_sentence(tmp_path: Path, key: str | None, sentence: str) -> None:
    database = tmp_path / "moorline.sqlite3"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(settings.PREFIX)}
    environment["MOORLINE_DATABASE_URL"] = f"sqlite:///{database}"
    if key is not None:
        environment["MOORLINE_ENCRYPTION_KEYS"] = key
    ended = subprocess.run(
        [MOORLINE, "serve"], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(sentence)
    assert "c2hvcnQ" not in ended.stderr
    assert not database.exists()


async def test_an_older_schema_refuses_to_serve(empty_database_url: str) -> None:
    with pytest.raises(Exception, match="Run: moorline migrate"):
        async with open_service(with_keys(empty_database_url, vault.new_key())):
            pass
    await migrate.upgrade(empty_database_url)
    async with open_service(with_keys(empty_database_url, vault.new_key())):
        pass
