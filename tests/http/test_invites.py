"""`POST /v1/invite/tokens`: who may invite whom to what."""

import re
from datetime import timedelta

import pytest

from moorline import clock
from tests.conftest import FrozenClock
from tests.harness import UNKNOWN_ID, World, failure, on_both_engines, shares_a_world

PATH = "/v1/invite/tokens"


@on_both_engines
async def test_an_invite_to_some_profiles_is_answered_as_published(world: World, frozen_clock: FrozenClock) -> None:
    wanted = [world.owner.profile_id, await world.new_profile("Second")]
    answer = await world.call("POST", PATH, body={"scope": "profiles", "profileIds": wanted})
    assert answer.status == 201, answer.text
    token = answer.json["token"]
    assert re.fullmatch(r"inv_[0-9a-f]{64}", token)
    assert answer.json == {
        "token": token,
        "scope": "profiles",
        "invitedProfileIds": wanted,
        "expiresAt": clock.iso(frozen_clock.now() + timedelta(days=7)),
        "inviteUrl": f"{world.base_url}/connect/invite/{token}",
    }


async def test_an_invite_to_everything_names_no_profile(world: World) -> None:
    for body in ({"scope": "all"}, {"scope": "all", "profileIds": ["x"]}, {"scope": "all", "profileIds": None}):
        told = await world.ok("POST", PATH, body=body)
        assert (told["scope"], told["invitedProfileIds"]) == ("all", [])


async def test_every_invite_has_a_token_of_its_own(world: World) -> None:
    tokens = {(await world.ok("POST", PATH, body={"scope": "all"}))["token"] for _ in range(5)}
    assert len(tokens) == 5


@shares_a_world
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"scope": "some"},
        {"scope": None},
        {"scope": "profiles"},
        {"scope": "profiles", "profileIds": []},
        {"scope": "profiles", "profileIds": None},
        {"scope": "profiles", "profileIds": "x"},
        {"scope": "profiles", "profileIds": ["x"]},
        {"scope": "profiles", "profileIds": [1]},
    ],
)
async def test_a_malformed_call_is_400(shared: World, body: dict[str, object]) -> None:
    failure(await shared.call("POST", PATH, body=body), 400, "invalid_request")


@shares_a_world
async def test_s40_a_profile_that_is_unknown_or_not_ones_own_is_403_alike(shared: World) -> None:
    told = [
        failure(await shared.call("POST", PATH, body={"scope": "profiles", "profileIds": [profile_id]}), 403)
        for profile_id in (UNKNOWN_ID, shared.other.profile_id)
    ]
    assert told[0] == told[1]


async def test_s43_a_limited_key_and_one_that_may_only_read_invite_nobody(world: World) -> None:
    own = world.owner.profile_id
    keys = [
        await world.new_key("limited", scope="profiles", profileIds=[own]),
        await world.new_key("reader", permission="read"),
    ]
    for key in keys:
        for body in ({"scope": "all"}, {"scope": "profiles", "profileIds": [own]}):
            failure(await world.call("POST", PATH, key=key, body=body), 403, "forbidden")
    failure(await world.call("POST", PATH, key=None, body={"scope": "all"}), 401)
    assert await world.service.db.all("SELECT * FROM invites") == []


async def test_the_same_call_again_by_its_idempotency_key_makes_one_invite(world: World) -> None:
    headers = {"idempotency-key": "once"}
    told = [await world.ok("POST", PATH, body={"scope": "all"}, headers=headers) for _ in range(2)]
    assert told[0] == told[1]
    assert len(await world.service.db.all("SELECT * FROM invites")) == 1
