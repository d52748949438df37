"""The limits as settings make them, and sentences for what is wrong."""

import asyncio
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from moorline import vault
from moorline.app import open_service
from moorline.limits import buckets
from moorline.limits.buckets import BY_NAME, OF_CALLS
from moorline.settings import Settings, WrongSettings
from tests.engines import SqliteFiles
from tests.journeys.processes import MOORLINE
from tests.redis_server import RedisServer


def test_numbers_are_given_by_name_and_the_rest_is_as_usual() -> None:
    most = buckets.numbers(1200, buckets.parse("start-link=100, callback-client=0\nsign-in-client=5"))
    assert (most["start-link"], most["callback-client"], most["sign-in-client"]) == (100, 0, 5)
    assert (most["key"], most["selection"], most["start-profile"], most["start-client"]) == (1200, 1200, 600, 30)
    assert set(most) == {*BY_NAME, *(bucket.name for bucket in OF_CALLS)}


def test_without_a_limit_for_calls_only_guesses_and_strangers_are_limited_unless_a_number_is_given() -> None:
    most = buckets.numbers(0, buckets.parse("telegram-poll=7"))
    limited = {name for name, number in most.items() if number}
    assert limited == {
        "telegram-poll", "start-client", "start-link", "bluesky-client", "bluesky-profile", "sign-in-client",
        "sign-in-email", "sign-in-email-at-client", "password-member",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("start-link", '"start-link" is not of the form name=number'),
        ("start-link=-1", '"start-link=-1" is not of the form name=number'),
        ("start-link=1.5", "is not of the form name=number"),
        ("start-lnk=1", '"start-lnk" is not a limit: did you mean start-link?'),
        ("key=1", '"key" is not a limit: there are start-profile, '),
        ("start-link=1 start-link=2", '"start-link" is given twice'),
    ],
)
async def test_what_is_wrong_stops_the_start_with_a_sentence(
    sqlite_files: SqliteFiles, tmp_path: Path, text: str, sentence: str
) -> None:
    settings = Settings(
        database_url=await sqlite_files.fresh(tmp_path), encryption_keys=(vault.parse_key(vault.new_key()),)
    )
    with pytest.raises(WrongSettings, match="MOORLINE_LIMITS is wrong: ") as raised:
        async with open_service(replace(settings, limits=text)):
            raise AssertionError
    assert sentence in str(raised.value)


async def test_redis_without_what_talks_to_it_stops_the_start_and_names_no_address(
    sqlite_files: SqliteFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name == "moorline.limits.on_redis" or name.split(".")[0] == "redis"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    settings = Settings(
        database_url=await sqlite_files.fresh(tmp_path),
        encryption_keys=(vault.parse_key(vault.new_key()),),
        limits_url="redis://:s3cret@127.0.0.1:1",
    )
    with pytest.raises(WrongSettings, match=r"pip install 'moorline\[redis\]'") as raised:
        async with open_service(settings):
            raise AssertionError
    assert "s3cret" not in str(raised.value)


async def test_an_address_that_no_redis_has_stops_the_start_and_is_not_repeated(
    sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    settings = Settings(
        database_url=await sqlite_files.fresh(tmp_path),
        encryption_keys=(vault.parse_key(vault.new_key()),),
        limits_url="redis://:s3cret@127.0.0.1:1/0?socket_timeout=soon",
    )
    with pytest.raises(WrongSettings, match="MOORLINE_LIMITS_URL is not an address of a Redis server") as raised:
        async with open_service(settings):
            raise AssertionError
    assert "s3cret" not in str(raised.value)


def test_the_document_names_every_limit_with_its_number_and_no_other() -> None:
    document = (Path(__file__).parents[2] / "docs" / "howto" / "limits.md").read_text("utf-8")
    told = re.findall(r"^\| `([a-z-]+)` \| (\d+|none) \| (\d+) min \|", document, re.MULTILINE)
    assert told == [(name, str(one.most or "none"), str(one.window_s // 60)) for name, one in BY_NAME.items()]
    assert [one.with_calls for one in BY_NAME.values()].index(False) == 6, "the first six"
    assert sum(one.with_calls for one in BY_NAME.values()) == 6


@pytest.mark.parametrize(
    ("limits_url", "ok", "told"),
    [
        ("memory", True, "counted by each process for itself"),
        ("redis", True, "counted in Redis"),
        ("redis://127.0.0.1:1/0", False, "Redis does not answer"),
    ],
)
async def test_the_doctor_tells_where_limits_are_counted(
    sqlite_files: SqliteFiles, tmp_path: Path, redis_server: RedisServer, limits_url: str, told: str, *, ok: bool
) -> None:
    environment = {
        "MOORLINE_DATABASE_URL": await sqlite_files.fresh(tmp_path),
        "MOORLINE_ENCRYPTION_KEYS": vault.new_key(),
        "MOORLINE_LIMITS_URL": redis_server.url if limits_url == "redis" else limits_url,
    }
    doctor = await asyncio.create_subprocess_exec(
        str(MOORLINE), "doctor", "--json", cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await doctor.communicate()
    (finding,) = [one for one in json.loads(output) if one["what"] == "limits"]
    assert finding["ok"] is ok
    assert finding["told"].startswith(told)
    assert doctor.returncode == (0 if ok else 1)
