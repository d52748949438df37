"""S41: what the connect token of an attempt opens, and when it is dead."""

from collections.abc import Mapping
from datetime import timedelta

from moorline import clock
from moorline.connect import tickets
from moorline.connect.tickets import Kind
from tests.conftest import FrozenClock
from tests.harness import UNKNOWN_ID, Answer, World, failure, location, on_both_engines, query_of

SELECT = "/v1/connect/facebook/select-page"
PAGE, OTHER_PAGE = "100000000000101", "100000000000102"
OTHER_OPERATIONS = [
    ("GET", "/v1/users"),
    ("GET", "/v1/users/{user}"),
    ("GET", "/v1/profiles"),
    ("POST", "/v1/profiles"),
    ("GET", "/v1/profiles/{profile}"),
    ("PUT", "/v1/profiles/{profile}"),
    ("DELETE", "/v1/profiles/{profile}"),
    ("GET", "/v1/accounts"),
    ("GET", "/v1/accounts/{unknown}"),
    ("PUT", "/v1/accounts/{unknown}"),
    ("DELETE", "/v1/accounts/{unknown}"),
    ("GET", "/v1/api-keys"),
    ("POST", "/v1/api-keys"),
    ("DELETE", "/v1/api-keys/{unknown}"),
    ("GET", "/v1/usage-stats"),
    ("GET", "/v1/connect/facebook?profileId={profile}"),
    ("POST", "/v1/connect/facebook"),
    ("POST", "/v1/connect/bluesky/credentials"),
    ("GET", "/v1/connect/telegram?profileId={profile}"),
    ("POST", "/v1/connect/telegram"),
    ("PATCH", "/v1/connect/telegram?code=LATE-AAAAAA"),
]


async def listing(world: World, fields: Mapping[str, str], *, key: str | None = None, **query: str) -> Answer:
    """The list by connect token alone, unless a key is given."""
    headers = {"x-connect-token": fields["connect_token"]}
    return await world.call("GET", SELECT, key=key, headers=headers, query=query)


async def choosing(world: World, fields: Mapping[str, str], *, key: str | None = None, **body: object) -> Answer:
    headers = {"x-connect-token": fields["connect_token"]}
    return await world.call("POST", SELECT, key=key, headers=headers, body={"pageId": PAGE, **body})


@on_both_engines
async def test_s41_the_token_alone_lists_and_saves_its_attempt_with_nothing_else_given(world: World) -> None:
    fields = await world.selection()
    listed = await listing(world, fields)
    assert listed.status == 200, listed.text
    assert PAGE in {page["id"] for page in listed.json["pages"]}
    saved = await choosing(world, fields)
    assert saved.status == 200, saved.text
    assert saved.json["account"]["selectedPageName"] == "Northwind Bakery"


async def test_s41_the_token_opens_no_other_operation(world: World) -> None:
    fields = await world.selection()
    headers = {"x-connect-token": fields["connect_token"]}
    ids = {"user": world.owner.user_id, "profile": world.owner.profile_id, "unknown": UNKNOWN_ID}
    for method, pattern in OTHER_OPERATIONS:
        path = pattern.format(**ids)
        body = None if method == "GET" else {"name": "x", "profileId": world.owner.profile_id}
        failure(await world.call(method, path, key=None, headers=headers, body=body), 401)
        failure(await world.call(method, path, key=fields["connect_token"], body=body), 401)


async def test_s41_the_token_is_dead_once_its_choice_is_saved(world: World) -> None:
    fields = await world.selection()
    assert (await choosing(world, fields)).status == 200
    failure(await listing(world, fields), 401)
    failure(await choosing(world, fields), 401)
    failure(await choosing(world, fields, pageId=OTHER_PAGE), 401)
    assert len(await world.accounts()) == 1


async def test_s41_the_token_is_dead_after_a_choice_saved_by_key(world: World) -> None:
    fields = await world.selection()
    assert (await world.select(fields, PAGE)).status == 200
    failure(await listing(world, fields), 401)


async def test_s41_the_token_lives_fifteen_minutes(world: World, frozen_clock: FrozenClock) -> None:
    fields = await world.selection()
    frozen_clock.advance(15 * 60 - 1)
    assert (await listing(world, fields)).status == 200
    frozen_clock.advance(1)
    failure(await listing(world, fields), 401)
    failure(await choosing(world, fields), 401)


async def test_s41_the_token_dies_with_the_key_that_started_the_attempt(world: World) -> None:
    made = await world.ok("POST", "/v1/api-keys", body={"name": "short-lived"})
    query = {"profileId": world.owner.profile_id, "headless": "true", "redirect_url": "https://a.example/x"}
    started = await world.ok("GET", "/v1/connect/facebook", key=made["apiKey"]["key"], query=query)
    fields = await _returned(world, started["authUrl"])
    assert (await listing(world, fields)).status == 200
    await world.ok("DELETE", f"/v1/api-keys/{made['apiKey']['id']}")
    failure(await listing(world, fields), 401)
    failure(await choosing(world, fields), 401)
    assert (await world.select(fields, PAGE)).status == 200


async def test_s41_the_token_dies_when_the_key_expires(world: World, frozen_clock: FrozenClock) -> None:
    key = await world.new_key("a day", expiresIn=1)
    frozen_clock.advance(24 * 3600 - 60)
    query = {"profileId": world.owner.profile_id, "headless": "true", "redirect_url": "https://a.example/x"}
    fields = await _returned(world, (await world.ok("GET", "/v1/connect/facebook", key=key, query=query))["authUrl"])
    assert (await listing(world, fields)).status == 200
    frozen_clock.advance(60)
    failure(await listing(world, fields), 401)


async def test_s41_the_token_does_not_open_another_attempt_of_the_same_profile(world: World) -> None:
    mine, second = await world.selection(), await world.selection(person="single")
    failure(await listing(world, mine, tempToken=second["tempToken"]), 400, "invalid_temp_token")
    failure(await choosing(world, mine, tempToken=second["tempToken"]), 400, "invalid_temp_token")
    assert await world.accounts() == []


async def test_s41_what_is_given_must_agree_with_the_token(world: World) -> None:
    fields = await world.selection()
    second = await world.new_profile("Second")
    for profile_id in (second, world.other.profile_id, UNKNOWN_ID):
        failure(await listing(world, fields, profileId=profile_id), 400)
        failure(await choosing(world, fields, profileId=profile_id), 400)
    assert (await listing(world, fields, profileId=world.owner.profile_id)).status == 200


async def test_s41_another_tenants_key_with_the_token_is_refused(world: World) -> None:
    fields = await world.selection()
    failure(await listing(world, fields, key=world.other.api_key), 401)
    failure(await choosing(world, fields, key=world.other.api_key), 401)
    assert (await listing(world, fields, key=world.owner.api_key)).status == 200


async def test_s41_a_token_that_is_no_good_leaves_the_key_to_decide(world: World) -> None:
    fields = await world.selection()
    query = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
    for token in ("garbage", "", fields["tempToken"], fields["connect_token"][:-2], "\xe9", "a" * 9000):
        bad = {**fields, "connect_token": token}
        assert (await listing(world, bad, key=world.owner.api_key, **query)).status == 200
        failure(await listing(world, bad, **query), 401)


async def test_s41_a_connect_token_does_not_pass_for_a_temp_token(world: World) -> None:
    fields = await world.selection()
    swapped = {**fields, "tempToken": fields["connect_token"]}
    failure(await world.select(swapped, PAGE), 400, "invalid_temp_token")


async def test_s41_a_token_for_another_purpose_or_life_does_not_open(world: World) -> None:
    fields = await world.selection()
    vault = world.service.vault
    attempt_id = tickets.read(vault, Kind.CONNECT_TOKEN, fields["connect_token"]).attempt_id
    soon, past = clock.now() + timedelta(minutes=5), clock.now() - timedelta(seconds=1)
    for kind, expires_at, whose in (
        (Kind.COOKIE, soon, attempt_id),
        (Kind.CHOICE, soon, attempt_id),
        (Kind.CONNECT_TOKEN, past, attempt_id),
        (Kind.CONNECT_TOKEN, soon, UNKNOWN_ID),
    ):
        forged = tickets.issue(vault, kind, attempt_id=whose, expires_at=expires_at)
        failure(await listing(world, {"connect_token": forged}), 401)


async def _returned(world: World, auth_url: str) -> dict[str, str]:
    return query_of(location(await (await world.browser()).open(await world.consent(auth_url))))
