"""What a start call may ask for besides: other scopes, signing in anew, a language, a popup's opener."""

from typing import Any

import pytest

from tests.harness import APP_URL, World, failure, location, on_both_engines, query_of, shares_a_world

NEEDED = "tweet.read tweet.write users.read media.write offline.access"


async def start(world: World, platform: str = "twitter", **query: str) -> Any:
    given = {"profileId": world.owner.profile_id, "redirect_url": APP_URL, **query}
    return await world.ok("GET", f"/v1/connect/{platform}", query=given)


@on_both_engines
@pytest.mark.parametrize("parted", [" ", ",", ", "])
async def test_scopes_are_asked_for_instead_of_the_usual_and_granted(world: World, parted: str) -> None:
    scopes = [*NEEDED.split(), "like.read"]
    started = await start(world, scopes=parted.join(scopes))
    assert query_of(started["authUrl"])["scope"].split() == scopes
    account_id = query_of(location(await (await world.browser()).open(await world.consent(started["authUrl"]))))[
        "accountId"
    ]
    told = await world.ok("GET", f"/v1/accounts/{account_id}/health")
    assert {one["scope"] for one in told["permissions"]["optional"]} == {"like.read"}
    assert "like.read" not in query_of((await start(world))["authUrl"])["scope"]


@shares_a_world
@pytest.mark.parametrize(
    "scopes", ["tweet.read", f'{NEEDED} a"b', f"{NEEDED} a\\b", " ", ",", " ".join(f"s{n}" for n in range(60))]
)
async def test_scopes_without_which_nothing_could_be_posted_are_refused_by_name(shared: World, scopes: str) -> None:
    query = {"profileId": shared.owner.profile_id, "scopes": scopes}
    told = failure(await shared.call("GET", "/v1/connect/twitter", query=query), 400)
    assert "scopes" in told["details"]["fields"]


async def test_signing_in_anew_is_asked_for_where_the_platform_can(world: World) -> None:
    assert query_of((await start(world, "facebook"))["authUrl"])["auth_type"] == "rerequest"
    anew = await start(world, "facebook", forceReauth="true")
    assert query_of(anew["authUrl"])["auth_type"] == "reauthenticate"
    assert query_of(await world.consent(anew["authUrl"]))["state"] == anew["state"]
    query = {"profileId": world.owner.profile_id, "forceReauth": "maybe"}
    told = failure(await world.call("GET", "/v1/connect/facebook", query=query), 400)
    assert "forceReauth" in told["details"]["fields"]


@shares_a_world
@pytest.mark.parametrize(("name", "value"), [("forceReauth", "true"), ("scopes", "a")])
async def test_what_only_an_authorization_page_can_give_is_refused_for_bluesky(
    shared: World, name: str, value: str
) -> None:
    query = {"profileId": shared.owner.profile_id, name: value}
    failure(await shared.call("GET", "/v1/connect/bluesky", query=query), 400)


@shares_a_world
@pytest.mark.parametrize(
    "origin",
    [
        "http://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://app.example.com?x",
        "https://App.example.com",
        "https://app.example.com:443",
        "http://localhost:80",
        "https://app.example.com:",
        "https://a@app.example.com",
        "https://app.example.com\\@evil.example",
        "javascript:alert(1)",
        "myapp://done",
        "null",
        "*",
        "app.example.com",
        "https://",
    ],
)
async def test_s23_an_opener_is_one_exact_origin(shared: World, origin: str) -> None:
    query = {"profileId": shared.owner.profile_id, "openerOrigin": origin}
    told = failure(await shared.call("GET", "/v1/connect/twitter", query=query), 400, "invalid_opener_origin")
    assert "openerOrigin" in told["details"]["fields"]


async def test_s23_an_opener_is_kept_and_has_to_be_on_the_keys_list(world: World) -> None:
    for origin in ("https://app.example.com", "https://app.example.com:8443", "http://localhost:3000"):
        started = await start(world, openerOrigin=origin)
        row = await world.service.db.one("SELECT opener_origin FROM attempts WHERE id = $1", started["attemptId"])
        assert row is not None
        assert row["opener_origin"] == origin
    key = await world.new_key("listed", redirectAllowlist=["https://app.example.com/done"])
    query = {"profileId": world.owner.profile_id, "openerOrigin": "https://app.example.com"}
    await world.ok("GET", "/v1/connect/twitter", key=key, query=query)
    query["openerOrigin"] = "https://other.example.com"
    failure(await world.call("GET", "/v1/connect/twitter", key=key, query=query), 400, "invalid_opener_origin")


async def test_a_language_is_one_of_ours_in_any_case(world: World) -> None:
    for given, kept in (("de", "de"), ("PT-br", "pt-BR"), ("AR", "ar")):
        started = await start(world, language=given)
        row = await world.service.db.one("SELECT language FROM attempts WHERE id = $1", started["attemptId"])
        assert row is not None
        assert row["language"] == kept
    query = {"profileId": world.owner.profile_id, "language": "tlh"}
    told = failure(await world.call("GET", "/v1/connect/twitter", query=query), 400)
    assert "language" in told["details"]["fields"]
