"""Users, profiles, API keys, usage: the published shapes and statuses, and what a body may not set."""

import re

import pytest

from tests.conftest import FrozenClock
from tests.harness import UNKNOWN_ID, World, failure, on_both_engines, shares_a_world

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@on_both_engines
async def test_the_team_has_the_published_shape(world: World) -> None:
    told = await world.ok("GET", "/v1/users")
    user = told["users"][0]
    assert told["currentUserId"] == user["_id"] == world.owner.user_id
    assert set(user) == {"_id", "name", "email", "role", "isRoot", "profileAccess", "createdAt"}
    assert (user["role"], user["isRoot"], user["profileAccess"]) == ("owner", True, ["all"])
    assert INSTANT.fullmatch(user["createdAt"])
    assert (await world.ok("GET", f"/v1/users/{user['_id']}")) == {"user": user}


async def test_dates_have_milliseconds_and_a_zone_even_at_a_full_second(
    world: World, frozen_clock: FrozenClock
) -> None:
    frozen_clock.advance(0.11)
    made = await world.ok("POST", "/v1/profiles", body={"name": "Full second"})
    assert made["profile"]["createdAt"] == "2026-03-04T05:06:08.000Z"


@on_both_engines
async def test_a_profile_is_made_read_changed_and_deleted(world: World) -> None:
    body = {"name": " Marketing Team ", "description": "For campaigns", "color": "#4CAF50"}
    made = await world.call("POST", "/v1/profiles", body=body)
    assert (made.status, made.json["message"]) == (201, "Profile created successfully")
    profile = made.json["profile"]
    assert {key: profile[key] for key in ("name", "slug", "description", "color", "isDefault", "userId")} == {
        "name": "Marketing Team",
        "slug": "marketing-team",
        "description": "For campaigns",
        "color": "#4CAF50",
        "isDefault": False,
        "userId": world.owner.user_id,
    }
    path = f"/v1/profiles/{profile['_id']}"
    assert (await world.ok("GET", path)) == {"profile": profile}
    changed = await world.ok("PUT", path, body={"name": "Marketing (new)", "isDefault": True, "color": None})
    assert changed["message"] == "Profile updated successfully"
    assert changed["profile"] == profile | {"name": "Marketing (new)", "slug": "marketing-new", "isDefault": True}
    listed = (await world.ok("GET", "/v1/profiles"))["profiles"]
    assert [(entry["_id"], entry["isDefault"]) for entry in listed] == [
        (world.owner.profile_id, False),
        (profile["_id"], True),
    ]
    assert await world.ok("DELETE", path) == {"message": "Profile deleted successfully"}
    failure(await world.call("GET", path), 404, "not_found")
    assert (await world.ok("GET", "/v1/profiles"))["profiles"][0]["isDefault"] is True


@shares_a_world
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "color": "red"}, "color"),
        ({"name": "x", "color": "#12"}, "color"),
        ({"name": "x", "description": "d" * 1001}, "description"),
        ({"name": "x", "description": []}, "description"),
    ],
)
async def test_a_profile_with_a_wrong_field_is_400_and_the_field_is_named(
    shared: World, body: dict[str, object], field: str
) -> None:
    told = failure(await shared.call("POST", "/v1/profiles", body=body), 400, "invalid_request")
    assert field in told["details"]["fields"]
    if "name" in body and body["name"] is not None:
        path = f"/v1/profiles/{shared.owner.profile_id}"
        told = failure(await shared.call("PUT", path, body=body), 400, "invalid_request")
        assert field in told["details"]["fields"]


async def test_a_profile_with_accounts_is_not_deleted(world: World) -> None:
    await world.landing("twitter")
    path = f"/v1/profiles/{world.owner.profile_id}"
    failure(await world.call("DELETE", path), 400, "profile_has_accounts")
    await world.ok("DELETE", f"/v1/accounts/{(await world.accounts())[0]['_id']}")
    await world.ok("DELETE", path)


async def test_the_default_cannot_be_taken_away_but_moved(world: World) -> None:
    path = f"/v1/profiles/{world.owner.profile_id}"
    failure(await world.call("PUT", path, body={"isDefault": False}), 400)
    assert (await world.ok("GET", path))["profile"]["isDefault"] is True


async def test_s44_fields_nobody_published_are_ignored_and_never_bound(world: World) -> None:
    theirs = {
        "_id": UNKNOWN_ID, "id": UNKNOWN_ID, "userId": world.other.user_id, "user_id": world.other.user_id,
        "slug": "stolen", "createdAt": "1970-01-01T00:00:00.000Z", "created_at_ms": 0, "isOverLimit": True,
    }  # fmt: skip
    made = (await world.ok("POST", "/v1/profiles", body={"name": "Mine", **theirs}))["profile"]
    assert (made["userId"], made["slug"]) == (world.owner.user_id, "mine")
    assert made["_id"] != UNKNOWN_ID
    changed = (await world.ok("PUT", f"/v1/profiles/{made['_id']}", body={"color": "#fff", **theirs}))["profile"]
    assert changed == made | {"color": "#fff"}
    more = {"permission": "read", "scope": "full", "key": "sk_" + "0" * 64, "keyPreview": "x", "user_id": "x"}
    key = (await world.ok("POST", "/v1/api-keys", body={"name": "k", **theirs, **more}))["apiKey"]
    assert key["permission"] == "read"
    assert key["key"] != more["key"]
    assert key["id"] != UNKNOWN_ID
    assert len((await world.ok("GET", "/v1/profiles", key=world.other.api_key))["profiles"]) == 1


async def test_usage_stats_have_the_published_shape(world: World, frozen_clock: FrozenClock) -> None:
    await world.landing("twitter")
    told = await world.ok("GET", "/v1/usage-stats")
    assert INSTANT.fullmatch(told.pop("signupDate"))
    assert told == {
        "planName": "Self-hosted",
        "billingPeriod": "monthly",
        "limits": {"uploads": -1, "profiles": -1},
        "usage": {"uploads": 0, "profiles": 1, "accounts": 1, "lastReset": "2026-03-01T00:00:00.000Z"},
    }


# --- API keys ---------------------------------------------------------------------------------------------------------


@on_both_engines
async def test_a_key_is_shown_once_and_listed_without_itself(world: World) -> None:
    made = await world.call("POST", "/v1/api-keys", body={"name": "Production", "expiresIn": 365})
    assert (made.status, made.json["message"]) == (201, "API key created successfully")
    key = made.json["apiKey"]
    text = key.pop("key")
    assert re.fullmatch(r"sk_[0-9a-f]{64}", text)
    assert key["keyPreview"] == f"{text[:7]}...{text[-4:]}"
    assert INSTANT.fullmatch(key["expiresAt"])
    assert (key["scope"], key["profileIds"], key["permission"], key["revealTokens"]) == (
        "full",
        [],
        "read-write",
        False,
    )
    listed = await world.call("GET", "/v1/api-keys")
    assert listed.json["apiKeys"][-1] == key
    assert listed.json["apiKeys"][0]["expiresAt"] is None
    assert text not in listed.text
    assert await world.ok("DELETE", f"/v1/api-keys/{key['id']}") == {"message": "API key deleted successfully"}
    failure(await world.call("DELETE", f"/v1/api-keys/{key['id']}"), 404, "not_found")


async def test_a_second_key_of_a_name_is_409_until_the_first_is_gone(world: World) -> None:
    first = (await world.ok("POST", "/v1/api-keys", body={"name": "ci", "expiresIn": 1}))["apiKey"]
    failure(await world.call("POST", "/v1/api-keys", body={"name": " ci "}), 409, "conflict")
    await world.ok("DELETE", f"/v1/api-keys/{first['id']}")
    await world.ok("POST", "/v1/api-keys", body={"name": "ci"})


async def test_an_eleventh_live_key_is_409_and_expired_ones_do_not_count(
    world: World, frozen_clock: FrozenClock
) -> None:
    for number in range(9):
        await world.ok("POST", "/v1/api-keys", body={"name": f"key {number}", "expiresIn": 1})
    failure(await world.call("POST", "/v1/api-keys", body={"name": "one too many"}), 409, "conflict")
    frozen_clock.advance(24 * 3600)
    await world.ok("POST", "/v1/api-keys", body={"name": "key 0"})


@shares_a_world
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "x", "expiresIn": 0}, "expiresIn"),
        ({"name": "x", "expiresIn": -1}, "expiresIn"),
        ({"name": "x", "expiresIn": 3651}, "expiresIn"),
        ({"name": "x", "expiresIn": 1.5}, "expiresIn"),
        ({"name": "x", "expiresIn": True}, "expiresIn"),
        ({"name": "x", "scope": "some"}, "scope"),
        ({"name": "x", "scope": "profiles"}, "profileIds"),
        ({"name": "x", "scope": "profiles", "profileIds": []}, "profileIds"),
        ({"name": "x", "scope": "profiles", "profileIds": [UNKNOWN_ID]}, "profileIds"),
        ({"name": "x", "permission": "admin"}, "permission"),
        ({"name": "x", "redirectAllowlist": ["ftp://a.example"]}, "redirect_url"),
    ],
)
async def test_a_key_with_a_wrong_field_is_400_and_the_field_is_named(
    shared: World, body: dict[str, object], field: str
) -> None:
    told = failure(await shared.call("POST", "/v1/api-keys", body=body), 400)
    assert field in str(told["details"]["fields"]) or field in told["error"]
    assert len((await shared.ok("GET", "/v1/api-keys"))["apiKeys"]) == 1


@shares_a_world
@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/v1/users/{}"),
    ("GET", "/v1/profiles/{}"), ("PUT", "/v1/profiles/{}"), ("DELETE", "/v1/profiles/{}"),
    ("GET", "/v1/accounts/{}"), ("PUT", "/v1/accounts/{}"), ("DELETE", "/v1/accounts/{}"),
    ("DELETE", "/v1/api-keys/{}"),
])  # fmt: skip
async def test_an_unknown_id_is_404_and_a_malformed_one_400(shared: World, method: str, path: str) -> None:
    body = {"name": "x"} if method == "PUT" else None
    failure(await shared.call(method, path.format(UNKNOWN_ID), body=body), 404, "not_found")
    for malformed in ("x", UNKNOWN_ID.upper(), UNKNOWN_ID + "0", "507f1f77bcf86cd79943901g", "%20"):
        failure(await shared.call(method, path.format(malformed), body=body), 400, "invalid_request")


async def test_nothing_is_over_a_limit_and_a_list_says_so_when_asked(world: World) -> None:
    (plain,) = (await world.ok("GET", "/v1/profiles"))["profiles"]
    (told,) = (await world.ok("GET", "/v1/profiles", query={"includeOverLimit": "true"}))["profiles"]
    assert told == {**plain, "isOverLimit": False}
    assert (await world.ok("GET", "/v1/accounts", query={"includeOverLimit": "true"}))["accounts"] == []
    for path in ("/v1/profiles", "/v1/accounts"):
        answer = failure(await world.call("GET", path, query={"includeOverLimit": "perhaps"}), 400)
        assert set(answer["details"]["fields"]) == {"includeOverLimit"}
