"""API keys on both engines: shown once, kept as a hash, and turned into exactly the caller they stand for."""

import asyncio
import hashlib
import re
from pathlib import Path

import pytest
import pytest_asyncio

from moorline import ids
from moorline.errors import BadRequest, Conflict, NotFound, Unauthorized
from moorline.owners import api_keys
from moorline.owners.api_keys import MAX_LIVE_KEYS, NewKey
from moorline.store import users
from moorline.store.api_keys import ApiKey
from moorline.store.db import Database
from moorline.store.users import User
from tests.conftest import FrozenClock
from tests.owners.recorder import Recorder
from tests.store import rows

DAY_S = 24 * 3600


@pytest_asyncio.fixture
async def owner(db: Database, frozen_clock: FrozenClock) -> User:
    return (await rows.saved_owner(db))[0]


async def refused(db: Database, key: str) -> Recorder:
    recorder = Recorder(db)
    with pytest.raises(Unauthorized) as raised:
        await api_keys.authenticate(recorder, key)
    assert str(raised.value) == "Unauthorized"
    return recorder


def with_last(key: str, character: str) -> str:
    return key[:-1] + (character if key[-1] != character else "0")


async def test_a_new_key_is_answered_once_with_a_preview_and_what_it_may_do(db: Database, owner: User) -> None:
    key, text = await api_keys.create(db, owner.id, NewKey(name="  CI  "))
    assert re.fullmatch(r"sk_[0-9a-f]{64}", text)
    assert key.preview == f"{text[:7]}...{text[-4:]}"
    assert (key.name, key.permission, key.reveal_tokens, key.profile_ids) == ("CI", "read-write", False, None)
    assert await api_keys.list_keys(db, owner.id) == [key]
    caller = await api_keys.authenticate(db, text)
    assert (caller.user_id, caller.member_id, caller.key_id) == (owner.id, owner.id, key.id)
    assert caller.may_write
    assert not caller.reveal_tokens
    assert caller.profile_ids is None
    assert caller.redirect_allowlist is None
    assert caller.may_see(ids.new_id())


async def test_s31_only_a_hash_of_the_key_is_saved(db: Database, owner: User) -> None:
    key, text = await api_keys.create(db, owner.id, NewKey(name="CI"))
    assert key.key_hash == hashlib.sha256(text.encode()).digest()
    row = await db.one("SELECT * FROM api_keys")
    assert row is not None
    saved = "|".join(str(row[column]) for column in ("id", "lookup", "name", "preview", "permission", "user_id"))
    random_part = text[3:]
    assert random_part not in saved
    assert row["lookup"] == random_part[: api_keys.LOOKUP_CHARS], "48 of 256 bits find the row"
    assert text not in repr(key)
    assert repr(key.key_hash) not in repr(key)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_s31_neither_the_key_nor_what_would_be_enough_of_it_is_in_the_database_file(
    db: Database, owner: User, database_url: str
) -> None:
    _, text = await api_keys.create(db, owner.id, NewKey(name="CI"))
    await api_keys.authenticate(db, text)
    path = Path(database_url.removeprefix("sqlite:///"))
    files = [file.read_bytes() for file in path.parent.glob(f"{path.name}*")]
    written = b"".join(files)
    assert hashlib.sha256(text.encode()).digest() in written, "the row is in one of these files"
    rest = text[3 + api_keys.LOOKUP_CHARS :]
    for secret in (text, text[3:], rest, rest[:20]):
        assert secret.encode() not in written
    assert bytes.fromhex(text[3:]) not in written


async def test_s31_unknown_and_wrong_keys_take_the_same_statements_as_a_right_one(db: Database, owner: User) -> None:
    key, text = await api_keys.create(db, owner.id, NewKey(name="CI"))
    right = Recorder(db)
    await api_keys.authenticate(right, text)
    wrong = await refused(db, with_last(text, "f"))
    unknown = await refused(db, ids.new_api_key())
    await api_keys.delete(db, owner.id, key.id)
    revoked = await refused(db, text)
    assert right.statements == wrong.statements == unknown.statements == revoked.statements
    assert len(right.statements) == 1


async def test_s31_a_key_with_the_right_prefix_and_another_rest_is_refused(db: Database, owner: User) -> None:
    _, text = await api_keys.create(db, owner.id, NewKey(name="CI"))
    start = text[: 3 + api_keys.LOOKUP_CHARS]
    await refused(db, start + ids.new_api_key()[3 + api_keys.LOOKUP_CHARS :])
    await refused(db, with_last(text, "f"))
    assert (await api_keys.authenticate(db, text)).user_id == owner.id


@pytest.mark.parametrize("spoil", [str.upper, "{} ".format, " {}".format, "{}\n".format, "Bearer {}".format])
async def test_a_key_written_otherwise_is_refused(db: Database, owner: User, spoil: object) -> None:
    _, text = await api_keys.create(db, owner.id, NewKey(name="CI"))
    assert callable(spoil)
    await refused(db, spoil(text))


@pytest.mark.parametrize(
    "text",
    ["", "sk_", "x" * 67, "sk_" + "g" * 64, "sk_" + "\x00" * 64, "sk_" + "\ud800" * 64, "sk_" + "é" * 64, "x" * 10**6],
    ids=["empty", "start", "no start", "no hex", "nul", "surrogates", "accents", "endless"],
)
async def test_what_cannot_be_a_key_is_refused_and_nothing_worse(db: Database, owner: User, text: str) -> None:
    await refused(db, text)


async def test_a_key_works_until_the_instant_it_expires(db: Database, owner: User, frozen_clock: FrozenClock) -> None:
    _, text = await api_keys.create(db, owner.id, NewKey(name="for a day", expires_in_days=1))
    frozen_clock.advance(DAY_S - 0.001)
    assert (await api_keys.authenticate(db, text)).user_id == owner.id
    frozen_clock.advance(0.001)
    await refused(db, text)


async def test_a_revoked_key_stops_at_once(db: Database, owner: User) -> None:
    key, text = await api_keys.create(db, owner.id, NewKey(name="CI"))
    await api_keys.delete(db, owner.id, key.id)
    await refused(db, text)
    with pytest.raises(NotFound):
        await api_keys.delete(db, owner.id, key.id)


async def test_s40_a_key_of_another_user_cannot_be_revoked_or_listed(db: Database, owner: User) -> None:
    stranger, _ = await rows.saved_owner(db)
    key, text = await api_keys.create(db, owner.id, NewKey(name="CI"))
    for key_id in (key.id, ids.new_id()):
        with pytest.raises(NotFound, match=r"^API key not found$"):
            await api_keys.delete(db, stranger.id, key_id)
    assert await api_keys.list_keys(db, stranger.id) == []
    assert (await api_keys.authenticate(db, text)).key_id == key.id


@pytest.mark.parametrize("key_id", ["", "x", "507F1F77BCF86CD799439011", "sk_1a2b", "\x00" * 24])
async def test_a_malformed_key_id_is_told_to_be_malformed(db: Database, owner: User, key_id: str) -> None:
    with pytest.raises(BadRequest, match="keyId is not an id"):
        await api_keys.delete(db, owner.id, key_id)


async def test_ten_keys_may_live_and_an_eleventh_may_not(db: Database, owner: User, frozen_clock: FrozenClock) -> None:
    for place in range(MAX_LIVE_KEYS - 1):
        await api_keys.create(db, owner.id, NewKey(name=str(place)))
    await api_keys.create(db, owner.id, NewKey(name="for a day", expires_in_days=1))
    with pytest.raises(Conflict, match="10 live keys already"):
        await api_keys.create(db, owner.id, NewKey(name="one too many"))
    frozen_clock.advance(DAY_S)
    await api_keys.create(db, owner.id, NewKey(name="in the place of the expired one"))
    with pytest.raises(Conflict):
        await api_keys.create(db, owner.id, NewKey(name="one too many"))


async def test_of_fifteen_keys_made_at_once_ten_live(db: Database, owner: User) -> None:
    outcomes = await asyncio.gather(
        *(api_keys.create(db, owner.id, NewKey(name=str(place))) for place in range(15)), return_exceptions=True
    )
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == MAX_LIVE_KEYS
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 15 - MAX_LIVE_KEYS
    assert len(await api_keys.list_keys(db, owner.id)) == MAX_LIVE_KEYS


async def test_a_name_in_use_is_refused_also_to_two_at_once(db: Database, owner: User) -> None:
    stranger, _ = await rows.saved_owner(db)
    outcomes = await asyncio.gather(
        *(api_keys.create(db, owner.id, NewKey(name="CI")) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 1
    with pytest.raises(Conflict, match='A key named "CI" exists'):
        await api_keys.create(db, owner.id, NewKey(name=" CI "))
    await api_keys.create(db, stranger.id, NewKey(name="CI"))


async def test_the_name_of_an_expired_key_is_free(db: Database, owner: User, frozen_clock: FrozenClock) -> None:
    await api_keys.create(db, owner.id, NewKey(name="CI", expires_in_days=1))
    frozen_clock.advance(DAY_S)
    await api_keys.create(db, owner.id, NewKey(name="CI"))


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewKey(name=""), "name"),
        (NewKey(name="   "), "name"),
        (NewKey(name="x" * 101), "name"),
        (NewKey(name="a\x00b"), "name"),
        (NewKey(name="CI", expires_in_days=0), "expiresIn"),
        (NewKey(name="CI", expires_in_days=-1), "expiresIn"),
        (NewKey(name="CI", expires_in_days=3651), "expiresIn"),
    ],
)
async def test_a_name_or_a_lifetime_out_of_bounds_is_told_by_field(
    db: Database, owner: User, new: NewKey, field: str
) -> None:
    with pytest.raises(BadRequest) as raised:
        await api_keys.create(db, owner.id, new)
    assert set(raised.value.fields) == {field}
    assert await api_keys.list_keys(db, owner.id) == []


async def test_a_limited_key_carries_its_limits(db: Database, owner: User) -> None:
    _, text = await api_keys.create(
        db,
        owner.id,
        NewKey(
            name="limited",
            permission="read",
            profile_ids=("p1", "p2"),
            reveal_tokens=True,
            redirect_allowlist=("https://app.example.com",),
        ),
    )
    caller = await api_keys.authenticate(db, text)
    assert not caller.may_write
    assert caller.reveal_tokens
    assert caller.redirect_allowlist == ("https://app.example.com",)
    assert [caller.may_see(profile_id) for profile_id in ("p1", "p2", "p3")] == [True, True, False]


@pytest.mark.parametrize(
    ("of_key", "of_user", "seen"),
    [
        (None, None, {"p1", "p2", "p3"}),
        (("p1", "p2"), None, {"p1", "p2"}),
        (None, ("p2", "p3"), {"p2", "p3"}),
        (("p1", "p2"), ("p2", "p3"), {"p2"}),
        (("p1",), ("p3",), set()),
        ((), None, set()),
        (None, (), set()),
    ],
)
async def test_s43_a_key_sees_the_profiles_that_both_it_and_its_user_are_allowed(
    db: Database, owner: User, of_key: tuple[str, ...] | None, of_user: tuple[str, ...] | None, seen: set[str]
) -> None:
    member = rows.user(root_id=owner.id, role="member", profile_ids=of_user)
    await users.insert(db, member)
    _, text = await api_keys.create(db, member.id, NewKey(name="limited", profile_ids=of_key))
    caller = await api_keys.authenticate(db, text)
    assert (caller.user_id, caller.member_id) == (owner.id, member.id)
    assert {profile_id for profile_id in ("p1", "p2", "p3") if caller.may_see(profile_id)} == seen


async def test_keys_are_listed_oldest_first(db: Database, owner: User, frozen_clock: FrozenClock) -> None:
    made: list[ApiKey] = []
    for name in ("first", "second", "third"):
        made.append((await api_keys.create(db, owner.id, NewKey(name=name)))[0])
        frozen_clock.advance(1)
    assert await api_keys.list_keys(db, owner.id) == made
