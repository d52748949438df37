"""Every OAuth platform refusing, failing and lying: the documented slug, nothing kept, and the next try connects.

The same in real processes, with log lines, is tests/journeys/test_bad_platforms.py, for some of them.
"""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from tests.harness import OAUTH, World, failure, query_of, shares_a_world
from tests.http.bad_platforms import (
    BROKEN,
    CHOOSING,
    DOWN,
    HTML_200,
    MANY,
    NAMES,
    PLATFORMS,
    TROUBLES,
    Platform,
    Stage,
    Trouble,
    came_back,
    choose,
    connect,
    landed,
    list_again,
    opened,
    spoil,
)

pytestmark = shares_a_world

BY_NAME = {platform.name: platform for platform in PLATFORMS}
SELECTING = {
    "facebook": "GET /{version}/{node_id}",
    "linkedin": "GET /rest/organizationAcls",
    "pinterest": "GET /v5/boards",
    "googlebusiness": "GET /v1/accounts/{account_id}/locations",
    "snapchat": "GET /v1/organizations/{organization_id}/public_profiles",
}
# The parameter that no first page of a list is asked with.
PAGING = [
    ("facebook", "GET /{version}/me/accounts", "after"),
    ("linkedin", "GET /rest/organizationAcls", "start"),
    ("pinterest", "GET /v5/boards", "bookmark"),
    ("googlebusiness", "GET /v1/accounts", "pageToken"),
    ("googlebusiness", "GET /v1/accounts/{account_id}/locations", "pageToken"),
    ("snapchat", "GET /v1/organizations/{organization_id}/public_profiles", "cursor"),
]
GOOGLES = ("youtube", "googlebusiness")
for_each_platform = pytest.mark.parametrize("platform", PLATFORMS, ids=NAMES)
for_each_choice = pytest.mark.parametrize("platform", CHOOSING)


@pytest_asyncio.fixture(loop_scope="module")
async def world(shared: World) -> World:
    """The file's world, with nothing connected and nothing under way."""
    await shared.control("POST", "reset")
    db = shared.service.db
    for statement in (
        "DELETE FROM selections",
        "DELETE FROM attempts",
        "DELETE FROM accounts",
        "DELETE FROM grants",
        "DELETE FROM revocations",
    ):
        await db.run(statement)
    assert await shared.rows_with_tokens() == 0
    return shared


async def assert_ends_with(world: World, callback: str, slug: str) -> None:
    """The callback leads to the application with this slug, and left nothing behind."""
    fields = await landed(world, callback)
    assert set(fields) == {"error", "error_description", "platform", "profileId"}, fields
    assert (fields["error"], fields["profileId"]) == (slug, world.owner.profile_id)
    assert await world.accounts() == []
    assert await world.rows_with_tokens() == 0


async def test_every_oauth_platform_is_in_the_table() -> None:
    assert set(NAMES) == set(OAUTH)


# --- the person -------------------------------------------------------------------------------------------------------


@for_each_platform
async def test_a_denied_consent_is_told_and_can_be_given_after_all(world: World, platform: Platform) -> None:
    await assert_ends_with(world, await came_back(world, platform.name, button="deny"), "oauth_denied")
    await connect(world, platform.name)


@pytest.mark.parametrize(
    ("platform", "scope"), [pytest.param(one, scope, id=scope) for one in PLATFORMS for scope in one.needed]
)
async def test_a_needed_permission_left_out_is_told_and_can_be_given_after_all(
    world: World, platform: Platform, scope: str
) -> None:
    await assert_ends_with(world, await came_back(world, platform.name, untick=(scope,)), "scope_missing")
    await connect(world, platform.name)


@for_each_platform
async def test_a_code_that_expired_is_told_and_a_new_one_connects(world: World, platform: Platform) -> None:
    callback = await came_back(world, platform.name)
    await world.control("POST", "clock", {"advance_s": 2 * 3600})
    await assert_ends_with(world, callback, "token_exchange_failed")
    await connect(world, platform.name)


@for_each_platform
async def test_a_code_that_was_used_under_another_state_connects_nothing(world: World, platform: Platform) -> None:
    used, fresh = await came_back(world, platform.name), await came_back(world, platform.name)
    assert "error" not in await landed(world, used)
    accounts, rows = await world.accounts(), await world.rows_with_tokens()
    told = await landed(world, fresh.replace(urlencode_of(fresh, "code"), urlencode_of(used, "code")))
    assert told["error"] == "token_exchange_failed"
    assert await world.accounts() == accounts
    assert await world.rows_with_tokens() == rows
    await connect(world, platform.name)


@for_each_platform
async def test_a_consent_withdrawn_before_the_callback_connects_nothing(world: World, platform: Platform) -> None:
    callback = await came_back(world, platform.name)
    await world.control("POST", "revoke", {"platform": platform.name, "person": "plenty"})
    await assert_ends_with(world, callback, "token_exchange_failed")
    await connect(world, platform.name)


@pytest.mark.parametrize(
    ("platform", "stage"),
    [
        pytest.param(one, stage, id=f"{one.name}-{stage.endpoint}")
        for one in PLATFORMS
        for stage in one.stages
        if stage.step != "exchange"
    ],
)
async def test_a_consent_withdrawn_within_the_callback_connects_nothing(
    world: World, platform: Platform, stage: Stage
) -> None:
    await spoil(world, platform, stage, platform.dead)
    await assert_ends_with(world, await came_back(world, platform.name), "profile_fetch_failed")
    await world.control("DELETE", "faults")
    await connect(world, platform.name)


@for_each_choice
async def test_a_consent_withdrawn_before_the_choice_saves_nothing(world: World, platform: str) -> None:
    fields = await opened(world, platform)
    await world.control("POST", "revoke", {"platform": platform, "person": "plenty"})
    failure(await choose(world, platform, fields), 500, "token_revoked")
    assert await world.accounts() == []
    await connect(world, platform)


@for_each_choice
async def test_a_consent_withdrawn_before_the_list_is_told(world: World, platform: str) -> None:
    fields = await opened(world, platform)
    assert (await list_again(world, platform, fields)).status == 200
    await world.control("POST", "revoke", {"platform": platform, "person": "plenty"})
    failure(await list_again(world, platform, fields), 500, "token_revoked")


@pytest.mark.parametrize(
    ("platform", "slug"),
    [
        ("facebook", "no_facebook_pages"),
        ("instagram", "account_not_eligible"),
        ("youtube", "no_youtube_channel"),
        ("pinterest", "no_pinterest_boards"),
        ("googlebusiness", "no_business_locations"),
        ("snapchat", "no_public_profiles"),
    ],
)
async def test_a_person_with_nothing_to_connect_is_told_what_is_missing(world: World, platform: str, slug: str) -> None:
    if platform == "instagram":  # else Instagram itself turns a personal account away, before any callback
        await world.control("POST", "instagram/settings", {"personal_accounts_consent": True})
    await assert_ends_with(world, await came_back(world, platform, person="none"), slug)
    await connect(world, platform)


async def test_a_person_without_organization_is_connected_as_the_person(world: World) -> None:
    assert (await landed(world, await came_back(world, "linkedin", person="none")))["connected"] == "linkedin"
    (row,) = await world.service.db.all("SELECT details FROM accounts")
    assert json.loads(row["details"]) == {"accountType": "personal"}


# --- the platform, within a callback ----------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize(
    ("platform", "stage"),
    [
        pytest.param(one, stage, id=f"{one.name}-{stage.endpoint}{f'-{stage.earlier}' * bool(stage.earlier)}")
        for one in PLATFORMS
        for stage in one.stages
    ],
)
async def test_trouble_within_a_callback_ends_with_its_slug_and_the_next_try_connects(
    world: World, platform: Platform, stage: Stage, trouble: str
) -> None:
    order, slugs = TROUBLES[trouble]
    await order(world, platform, stage)
    await assert_ends_with(world, await came_back(world, platform.name), slugs[stage.step])
    await world.control("DELETE", "faults")
    await connect(world, platform.name)


@pytest.mark.parametrize(("platform", "endpoint", "parameter"), PAGING)
async def test_a_list_that_fails_on_its_second_page_is_no_shorter_list(
    world: World, platform: str, endpoint: str, parameter: str
) -> None:
    assert "error" not in await landed(world, await came_back(world, platform))
    asked = await world.calls(platform, endpoint)
    second = next(place for place, call in enumerate(asked) if call["query"].get(parameter, "0") != "0")
    rows = await world.rows_with_tokens()
    await spoil(world, BY_NAME[platform], Stage(step="list", endpoint=endpoint, earlier=second), DOWN)

    told = await landed(world, await came_back(world, platform))

    failed = [call for call in await world.calls(platform, endpoint) if call["status"] == DOWN["status"]]
    assert any(call["query"].get(parameter, "0") != "0" for call in failed)
    assert told["error"] == "platform_unavailable"
    assert await world.accounts() == []
    assert await world.rows_with_tokens() == rows
    await world.control("DELETE", "faults")
    await connect(world, platform)


# --- the platform, when the choice is saved ---------------------------------------------------------------------------


@pytest.mark.parametrize("by_token", [False, True], ids=["by key", "by connect token"])
@pytest.mark.parametrize("trouble", ["down", "broken", "html", "limit"])
@for_each_choice
async def test_trouble_when_a_choice_is_saved_saves_nothing_and_the_same_call_works_afterwards(
    world: World, platform: str, trouble: str, by_token: bool
) -> None:
    what, code = troubles_of_a_choice(BY_NAME[platform])[trouble]
    fields = await opened(world, platform)
    rows = await world.rows_with_tokens()
    await world.fault(platform, SELECTING[platform], **what, **MANY)
    failure(await choose(world, platform, fields, by_token=by_token), 500, code)
    assert await world.accounts() == []
    assert await world.rows_with_tokens() == rows
    await world.control("DELETE", "faults")
    assert (await choose(world, platform, fields, by_token=by_token)).status == 200
    assert len(await world.accounts()) == 1


def troubles_of_a_choice(platform: Platform) -> dict[str, tuple[Trouble, str]]:
    """What goes wrong, and the code it then has."""
    return {
        "down": (DOWN, "platform_unavailable"),
        "broken": (BROKEN, "platform_unavailable"),
        "html": (HTML_200, "unexpected_reply"),
        "limit": (platform.limit, "platform_rate_limited"),
    }


# --- whose answer it is -----------------------------------------------------------------------------------------------


def with_issuer(callback: str, issuer: str | None) -> str:
    """The callback with another `iss`, or without one."""
    query: dict[str, str] = {name: value for name, value in query_of(callback).items() if name != "iss"}
    assert query != query_of(callback)
    if issuer is not None:
        query["iss"] = issuer
    return f"{callback.partition('?')[0]}?{urlencode(query)}"


def urlencode_of(callback: str, name: str) -> str:
    """A parameter as it stands in the address."""
    return urlencode({name: query_of(callback)[name]})


@pytest.mark.parametrize("issuer", ["https://accounts.google.com.evil.example", "https://www.facebook.com", ""])
@pytest.mark.parametrize("platform", GOOGLES)
async def test_s05_googles_answer_under_another_issuer_is_refused_before_any_call(
    world: World, platform: str, issuer: str
) -> None:
    callback = await came_back(world, platform)
    before = await world.count()
    await assert_ends_with(world, with_issuer(callback, issuer), "invalid_state")
    assert await world.count() == before
    assert await world.calls(platform, "POST /token") == []
    await connect(world, platform)


@pytest.mark.parametrize("platform", GOOGLES)
async def test_s05_googles_answer_without_issuer_is_taken(world: World, platform: str) -> None:
    assert "error" not in await landed(world, with_issuer(await came_back(world, platform), None))
    assert await world.rows_with_tokens() > 0


@pytest.mark.parametrize(("arrives_at", "minted_for"), list(zip(NAMES, NAMES[1:] + NAMES[:1], strict=True)))
async def test_s04_a_code_that_arrives_at_its_neighbours_callback_is_refused_and_stays_usable(
    world: World, arrives_at: str, minted_for: str
) -> None:
    callback = await came_back(world, minted_for)
    before = await world.count()
    misled = callback.replace(f"/connect/{minted_for}/callback", f"/connect/{arrives_at}/callback")
    assert misled != callback
    assert (await (await world.browser()).open(misled)).status == 400
    assert await world.count() == before
    assert await world.rows_with_tokens() == 0
    assert "error" not in await landed(world, callback)


@pytest.mark.parametrize(("arrives_at", "minted_for"), [GOOGLES, GOOGLES[::-1]])
async def test_s04_platforms_with_one_app_credential_do_not_take_each_others_codes(
    world: World, arrives_at: str, minted_for: str
) -> None:
    own = {"CLIENT_ID": f"sandbox-{arrives_at}", "CLIENT_SECRET": f"sandbox-{arrives_at}-secret"}
    await world.restart(**{f"{arrives_at.upper()}_{name}": own[name].replace(arrives_at, minted_for) for name in own})
    try:
        callback = await came_back(world, minted_for)
        before = await world.count()
        misled = callback.replace(f"/connect/{minted_for}/", f"/connect/{arrives_at}/")
        assert (await (await world.browser()).open(misled)).status == 400
        assert await world.count() == before
        assert "error" not in await landed(world, callback)
    finally:
        await world.restart(**{f"{arrives_at.upper()}_{name}": value for name, value in own.items()})


# --- scopes -----------------------------------------------------------------------------------------------------------


async def granted(world: World) -> set[str] | None:
    """What the only grant records."""
    (row,) = await world.service.db.all("SELECT granted FROM grants")
    told: Any = row["granted"]
    return None if told is None else set(json.loads(told))


@for_each_platform
async def test_s38_the_scopes_asked_for_are_the_documented_minimum_and_those_granted_are_recorded(
    world: World, platform: Platform
) -> None:
    await connect(world, platform.name)
    (asked,) = await world.calls(platform.name, platform.authorize)
    assert asked["query"]["scope"].split(platform.separator) == list(platform.scopes)
    assert await granted(world) == (set(platform.scopes) if platform.tells_granted else None)


@pytest.mark.parametrize(
    "platform", [one for one in PLATFORMS if one.spare and one.tells_granted], ids=lambda one: one.name
)
async def test_s38_a_permission_that_was_left_out_is_not_recorded_as_granted(world: World, platform: Platform) -> None:
    told = await landed(world, await came_back(world, platform.name, untick=(platform.spare,)))
    if platform.name in CHOOSING:
        assert (await choose(world, platform.name, told)).status == 200
    assert await granted(world) == set(platform.scopes) - {platform.spare}
