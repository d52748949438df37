"""API keys in the dashboard: made, shown once, listed without the key, revoked."""

import asyncio
import re
from typing import Any

import pytest

from moorline.cli.browser import Seen
from moorline.ids import new_id
from tests.conftest import FrozenClock
from tests.harness import World, failure, on_both_engines
from tests.http.conftest import Lines
from tests.pages.dashboard.desk import desk, form_of, heading_of, member_desk, title_of, words_of


def key_on(page: Seen) -> str:
    (key,) = re.findall(r"sk_[0-9a-f]{64}", page.text)
    return str(key)


async def keys(world: World, key: str = "") -> list[Any]:
    found: list[Any] = (await world.ok("GET", "/v1/api-keys", key=key or world.owner.api_key))["apiKeys"]
    return found


@on_both_engines
async def test_a_key_is_shown_once_works_and_is_refused_once_it_is_revoked(world: World, lines: Lines) -> None:
    at = await desk(world)
    made = await at.submit(await at.see("/keys"), "/keys", name=" Nightly export ", life="30")
    assert made.status == 200
    assert "You will not see it again." in words_of(made)
    key = key_on(made)
    assert len(await world.ok("GET", "/v1/profiles", key=key)) == 1
    told = (await keys(world))[-1]
    assert (told["name"], told["scope"], told["permission"]) == ("Nightly export", "full", "read-write")
    listed = await at.see("/keys")
    assert "Nightly export" in words_of(listed)
    assert key not in listed.text
    assert key not in lines.text
    path = f"/keys/{told['id']}/revoke"
    page = await at.see(path)
    assert heading_of(page) == "Revoke Nightly export?"
    assert "The key is revoked." in words_of(await at.send(page, "/revoke"))
    failure(await world.call("GET", "/v1/profiles", key=key), 401)
    assert "Nightly export" not in words_of(await at.see("/keys"))


async def test_a_key_may_do_what_was_ticked_and_no_more(world: World, frozen_clock: FrozenClock) -> None:
    mine = await world.new_profile("Harbour Café")
    at = await desk(world)
    made = await at.send(
        await at.see("/keys"),
        "/keys",
        name="Reader",
        permission="read",
        scope="some",
        profiles=mine,
        life="30",
        reveals="yes",
    )
    key = key_on(made)
    assert [one["_id"] for one in (await world.ok("GET", "/v1/profiles", key=key))["profiles"]] == [mine]
    failure(await world.call("POST", "/v1/profiles", key=key, body={"name": "x"}), 403)
    listed = words_of(await at.see("/keys"))
    for told in ("Reader", "Harbour Café", "Read", "Reads platform tokens"):
        assert told in listed
    frozen_clock.advance(30 * 24 * 3600 + 1)
    failure(await world.call("GET", "/v1/profiles", key=key), 401)


async def test_who_wants_a_key_for_ever_gets_one(world: World, frozen_clock: FrozenClock) -> None:
    at = await desk(world)
    key = key_on(await at.send(await at.see("/keys"), "/keys", name="For ever", life=""))
    frozen_clock.advance(4000 * 24 * 3600)
    assert await world.ok("GET", "/v1/profiles", key=key)


@pytest.mark.parametrize(
    ("typed", "told", "field"),
    [
        ({"name": ""}, "Enter a name of 1 to 100 characters.", "name"),
        ({"name": "x" * 101}, "Enter a name of 1 to 100 characters.", "name"),
        ({"name": "a\x00b"}, "Enter a name of 1 to 100 characters.", "name"),
        ({"name": "Some", "scope": "some"}, "Tick at least one profile, or choose all of them.", "profiles"),
    ],
)
async def test_what_cannot_be_is_told_at_its_field_and_makes_nothing(
    world: World, typed: dict[str, str], told: str, field: str
) -> None:
    at = await desk(world)
    before = await keys(world)
    again = await at.send(await at.see("/keys"), "/keys", **{"permission": "read", **typed})
    assert again.status == 400
    assert told in words_of(again)
    assert f'href="#{field}"' in again.text
    assert f'id="{field}"' in again.text
    assert 'aria-invalid="true"' in again.text
    assert title_of(again).startswith("Error: ")
    fields = dict(form_of(again, "/keys").fields)
    assert (fields["permission"], fields["scope"]) == ("read", typed.get("scope", "all"))
    assert await keys(world) == before


async def test_a_name_that_is_taken_makes_one_key_however_often_it_is_sent(world: World) -> None:
    at = await desk(world)
    page = await at.see("/keys")
    ends = await asyncio.gather(*(at.send(page, "/keys", name="Twice") for _ in range(3)))
    assert sorted(end.status for end in ends) == [200, 409, 409]
    assert [one["name"] for one in await keys(world)].count("Twice") == 1
    refused = next(end for end in ends if end.status == 409)
    assert "A key that was not copied can be revoked." in words_of(refused)
    assert "sk_" not in re.sub(r"sk_[0-9a-f]{4}\.\.\.", "", refused.text)


async def test_there_are_no_more_than_ten(world: World) -> None:
    for number in range(9):
        await world.new_key(f"Number {number}")
    at = await desk(world)
    refused = await at.send(await at.see("/keys"), "/keys", name="One too many")
    assert refused.status == 409
    assert len(await keys(world)) == 10


async def test_s40_a_foreign_profile_makes_no_key(world: World) -> None:
    at = await desk(world)
    page = await at.see("/keys")
    for profile_id in (world.other.profile_id, new_id(), "x"):
        refused = await at.send(page, "/keys", name="Theirs", scope="some", profiles=profile_id)
        assert (refused.status, heading_of(refused)) == (404, "There is no page here")
    assert [one["name"] for one in await keys(world)].count("Theirs") == 0


async def test_s43_a_member_has_keys_of_their_own_that_reach_no_further(world: World) -> None:
    mine = await world.new_profile("Mine")
    at = await member_desk(world, mine)
    page = await at.see("/keys")
    assert "read platform tokens" not in words_of(page)
    assert "Northwind" not in page.text
    made = await at.send(page, "/keys", name="Member's", reveals="yes")
    told = (await keys(world, key_on(made)))[-1]
    assert (told["name"], told["profileIds"]) == ("Member's", [mine])
    row = await world.service.db.one("SELECT reveal_tokens FROM api_keys WHERE id = $1", told["id"])
    assert row is not None
    assert not row["reveal_tokens"]
    hidden = await at.post(
        "/dashboard/keys",
        {"csrf": await at.csrf(), "name": "x", "scope": "some", "profiles": world.owner.profile_id},
    )
    assert hidden.status == 404
    theirs = await at.ask(f"/keys/{world.owner.key_id}/revoke")
    assert theirs.status == 404


async def test_more_profiles_than_fit_are_searched_for(world: World) -> None:
    for number in range(55):
        await world.new_profile(f"Customer {number:02}")
    at = await desk(world)
    page = await at.see("/keys")
    assert "Customer 54" not in page.text
    found = await at.see("/keys?q=customer%2054")
    (profile_id,) = [value for name, value in form_of(found, "/keys").choices if name == "profiles"]
    made = await at.send(found, "/keys", name="Late one", scope="some", profiles=profile_id)
    assert len((await world.ok("GET", "/v1/profiles", key=key_on(made)))["profiles"]) == 1
