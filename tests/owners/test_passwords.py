"""Passwords: what one may be, and that comparing takes the same work whoever it is."""

import asyncio
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import argon2
import pytest

from moorline.errors import BadRequest
from moorline.owners import passwords

GOOD = "correct horse battery staple"


async def test_a_password_matches_its_hash_and_no_other_does() -> None:
    stored = await passwords.hash_of(GOOD)
    assert re.fullmatch(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$\S+", stored)
    assert GOOD not in stored
    assert await passwords.hash_of(GOOD) != stored
    assert await passwords.matches(GOOD, stored)
    for wrong in ("", GOOD[:-1], GOOD.upper(), f"{GOOD} ", f"{GOOD}\x00", "\udc80"):
        assert not await passwords.matches(wrong, stored)


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$m=1", "\x00"])
async def test_nothing_matches_what_is_no_hash(stored: str | None) -> None:
    assert not await passwords.matches(GOOD, stored)
    assert not await passwords.matches("", stored)


async def test_nobody_takes_as_many_computations_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = await passwords.hash_of(GOOD)
    await passwords.matches(GOOD, None)  # the hash of nobody is made once
    computed: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counted(hasher: argon2.PasswordHasher, against: str, password: Any) -> Any:
        computed.append(against.split("$")[3])
        return verify(hasher, against, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    await passwords.matches("wrong", stored)
    await passwords.matches("wrong", None)
    assert computed == ["m=19456,t=2,p=1"] * 2


async def test_the_same_characters_typed_another_way_are_the_same_password() -> None:
    stored = await passwords.hash_of("Zürich Ångström 12")
    assert await passwords.matches("Zu\u0308rich A\u030angstro\u0308m 12", stored)
    assert await passwords.matches("Zürich Ångström \uff11\uff12", stored)


@pytest.mark.parametrize(
    "password",
    ["", "short", "x" * 11, "x" * 201, "aaaaaaaaaaaaaaaa", "abcabcabcabcabc", "asa@example.com", "line\nbreak 12345"],
)
async def test_what_may_be_no_password_is_named_and_not_repeated(password: str) -> None:
    with pytest.raises(BadRequest) as refused:
        passwords.check(password, email="asa@example.com")
    assert list(refused.value.fields) == ["password"]
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize("password", ["x1y2z3w4v5u6", GOOD, "пароль для входа", "y1z2" * 50, " spaces too 1 "])
async def test_what_may_be_one_is_taken(password: str) -> None:
    passwords.check(password, email="asa@example.com")
    assert await passwords.matches(password, await passwords.hash_of(password))


async def test_a_long_text_is_not_computed_in_full() -> None:
    stored = await passwords.hash_of("y" * 201)
    assert await passwords.matches("y" * 100_000, stored)


async def test_a_hash_with_weaker_parameters_is_told_to_be_made_anew() -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    assert passwords.is_outdated(weak)
    assert await passwords.matches(GOOD, weak)
    assert not passwords.is_outdated(await passwords.hash_of(GOOD))


async def test_at_most_two_are_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = await passwords.hash_of(GOOD)
    at_work, most, lock = 0, 0, threading.Lock()
    verify = argon2.PasswordHasher.verify

    def counted(hasher: argon2.PasswordHasher, against: str, password: Any) -> Any:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        try:
            return verify(hasher, against, password)
        finally:
            with lock:
                at_work -= 1

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    with ThreadPoolExecutor(max_workers=8) as pool:  # more threads than may be used are there
        asyncio.get_running_loop().set_default_executor(pool)
        assert await asyncio.gather(*(passwords.matches(GOOD, stored) for _ in range(12))) == [True] * 12
    assert most <= 2
