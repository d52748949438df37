"""S42: what a pendingDataToken opens: once, ten minutes, and again only beside the connect token of its attempt."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import FrozenClock
from tests.harness import Answer, World, failure, on_both_engines

PENDING = "/v1/connect/pending-data"
SELECT = "/v1/connect/linkedin/select-organization"


async def read(world: World, token: str, *, connect_token: str | None = None, **call: Any) -> Answer:
    """By nobody but the token, unless a connect token or a key is given."""
    headers = {} if connect_token is None else {"x-connect-token": connect_token}
    return await world.call("GET", PENDING, headers=headers, query={"token": token}, **{"key": None, **call})


async def register_partner(world: World) -> None:
    """Only approved partners get a refresh token."""
    app = {"platform": "linkedin", "client_id": "sandbox-linkedin", "client_secret": "sandbox-linkedin-secret"}
    callbacks = [f"{world.base_url}/connect/linkedin/callback"]
    await world.control("POST", "apps", {**app, "redirect_uris": callbacks, "flags": ["refresh_tokens"]})


async def select_personal(world: World, opened: Mapping[str, Any], **body: object) -> Answer:
    given = {"profileId": opened["profileId"], "tempToken": opened["tempToken"], "accountType": "personal", **body}
    return await world.call("POST", SELECT, body=given)


@on_both_engines
async def test_it_is_what_the_redirect_could_not_carry(world: World) -> None:
    fields = await world.selection("linkedin")
    told = await read(world, fields["pendingDataToken"])
    assert told.status == 200, told.text
    opened = told.json
    assert (opened["platform"], opened["profileId"]) == ("linkedin", world.owner.profile_id)
    assert opened["selectionType"] == "organizations"
    assert opened["organizations"][0] == {
        "id": "5590001",
        "urn": "urn:li:organization:5590001",
        "name": "Northwind Bakery",
        "vanityName": "northwind-bakery",
    }
    person = opened["userProfile"]
    assert set(person) == {"id", "name", "username", "displayName", "profilePicture"}
    assert (person["name"], person["username"], person["displayName"]) == ("Ana Lima", "Ana Lima", "Ana Lima")
    assert 5_183_900 < opened["expiresIn"] <= 5_184_000
    assert opened["tempToken"] not in {fields["pendingDataToken"], fields["connect_token"]}
    assert "refreshToken" not in opened


async def test_s30_a_partners_refresh_token_is_a_handle_that_opens_nothing(world: World) -> None:
    await register_partner(world)
    opened = (await read(world, (await world.selection("linkedin"))["pendingDataToken"])).json
    handle = opened["refreshToken"]
    issued = {
        one["kind"]: one["value"] for one in await world.control("GET", "issued") if one["platform"] == "linkedin"
    }
    assert issued["refresh_token"] not in str(opened)
    failure(await select_personal(world, {**opened, "tempToken": handle}), 400, "invalid_temp_token")
    failure(await read(world, handle), 404, "not_found")
    answer = await select_personal(world, opened, refreshToken=handle, expiresIn=opened["expiresIn"])
    assert answer.status == 200, answer.text
    row = await world.service.db.one("SELECT refresh_sealed FROM grant_tokens")
    assert row is not None
    assert row["refresh_sealed"] is not None


@on_both_engines
async def test_s42_of_reads_at_once_exactly_one_succeeds(world: World) -> None:
    fields = await world.selection("linkedin")
    answers = await asyncio.gather(*(read(world, fields["pendingDataToken"]) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200, *[404] * 7]


async def test_s42_wrong_used_expired_and_of_another_kind_are_one_404(world: World, frozen_clock: FrozenClock) -> None:
    expired = await world.selection("linkedin")
    frozen_clock.advance(10 * 60)
    used, pages = await world.selection("linkedin"), await world.selection("facebook")
    opened = (await read(world, used["pendingDataToken"])).json
    token = used["pendingDataToken"]
    flipped = ("B" if token[20] == "A" else "A").join((token[:20], token[21:]))
    answers = [
        await read(world, token)
        for token in (
            expired["pendingDataToken"],
            used["pendingDataToken"],
            flipped,
            used["connect_token"],
            opened["tempToken"],
            pages["tempToken"],
            pages["connect_token"],
            "x",
            "é",
            "=",
            "\x00",
            "A" * 5000,
        )
    ]
    for answer in answers:
        failure(answer, 404, "not_found")
    assert len({answer.text for answer in answers}) == 1
    assert len({frozenset(answer.headers) for answer in answers}) == 1


async def test_s42_a_token_is_good_for_ten_minutes_and_reading_does_not_prolong_it(
    world: World, frozen_clock: FrozenClock
) -> None:
    first, second = await world.selection("linkedin"), await world.selection("linkedin")
    frozen_clock.advance(10 * 60 - 0.001)
    assert (await read(world, first["pendingDataToken"])).status == 200
    frozen_clock.advance(0.001)
    failure(await read(world, second["pendingDataToken"]), 404)
    failure(await read(world, first["pendingDataToken"], connect_token=first["connect_token"]), 404)


async def test_a_choice_outlives_its_pending_data(world: World, frozen_clock: FrozenClock) -> None:
    opened = (await read(world, (await world.selection("linkedin"))["pendingDataToken"])).json
    frozen_clock.advance(10 * 60)
    assert (await select_personal(world, opened)).status == 200


@on_both_engines
async def test_s42_a_second_read_wants_the_connect_token_of_the_same_attempt(world: World) -> None:
    mine, others = await world.selection("linkedin"), await world.selection("linkedin")
    token = mine["pendingDataToken"]
    first = await read(world, token)
    for connect_token in (None, "", "x", others["connect_token"], token, first.json["tempToken"]):
        failure(await read(world, token, connect_token=connect_token), 404, "not_found")
    again = await read(world, token, connect_token=mine["connect_token"])
    assert again.status == 200, again.text
    assert again.json["organizations"] == first.json["organizations"]
    assert (await read(world, token, connect_token=mine["connect_token"])).status == 200
    assert (await select_personal(world, again.json)).status == 200


@on_both_engines
async def test_s42_the_first_read_is_the_first_also_beside_a_wrong_connect_token(world: World) -> None:
    mine, others = await world.selection("linkedin"), await world.selection("linkedin")
    assert (await read(world, mine["pendingDataToken"], connect_token=others["connect_token"])).status == 200
    failure(await read(world, mine["pendingDataToken"]), 404)


async def test_s42_an_api_key_does_not_open_it_again(world: World) -> None:
    token = (await world.selection("linkedin"))["pendingDataToken"]
    assert (await read(world, token, key=world.owner.api_key)).status == 200
    failure(await read(world, token, key=world.owner.api_key), 404, "not_found")


@on_both_engines
async def test_s42_nothing_is_read_again_after_the_choice_was_saved(world: World) -> None:
    fields = await world.selection("linkedin")
    opened = (await read(world, fields["pendingDataToken"])).json
    assert (await select_personal(world, opened)).status == 200
    failure(await read(world, fields["pendingDataToken"], connect_token=fields["connect_token"]), 404, "not_found")


@pytest.mark.parametrize("query", [{}, {"token": ""}])
async def test_a_missing_token_is_named(world: World, query: dict[str, str]) -> None:
    told = failure(await world.call("GET", PENDING, key=None, query=query), 400, "invalid_request")
    assert told["details"]["fields"] == {"token": "required"}


async def test_the_partners_answer_differs_only_by_the_refresh_token(world: World) -> None:
    plain = (await read(world, (await world.selection("linkedin"))["pendingDataToken"])).json
    await register_partner(world)
    partner = (await read(world, (await world.selection("linkedin"))["pendingDataToken"])).json
    assert set(partner) - set(plain) == {"refreshToken"}
    assert set(plain) <= set(partner)
    assert abs(partner["expiresIn"] - plain["expiresIn"]) < 60
