"""`/v1/connect/links`: made, listed, read with what was started through them, revoked."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from moorline import clock, ids
from moorline.connect import links as connect_links
from moorline.owners import links
from tests.conftest import FrozenClock
from tests.harness import APP_URL, OAUTH, UNKNOWN_ID, World, failure, on_both_engines, shares_a_world

LINKS = "/v1/connect/links"
FIELDS = {
    "id",
    "profileId",
    "platforms",
    "status",
    "uses",
    "maxUses",
    "expiresAt",
    "language",
    "redirectUrl",
    "reconnectAccountId",
    "createdAt",
}


async def made(world: World, *, key: str = "", **body: object) -> Any:
    given = {"profileId": world.owner.profile_id, **body}
    answer = await world.call("POST", LINKS, key=key, body=given)
    assert answer.status == 201, answer.text
    return answer.json


async def listed(world: World, *, key: str = "", **query: str) -> list[str]:
    return [link["id"] for link in (await world.ok("GET", LINKS, key=key, query=query))["links"]]


def token_of(link: Mapping[str, Any]) -> str:
    return str(link["url"]).rpartition("/")[2]


@on_both_engines
async def test_a_bare_link_is_for_every_platform_with_an_app_for_a_week_and_tells_its_address_once(
    world: World, frozen_clock: FrozenClock
) -> None:
    link = await made(world)
    assert set(link) == {*FIELDS, "url"}
    assert link["url"].startswith(f"{world.base_url}/connect/link/")
    assert re.fullmatch("lnk_[0-9a-f]{64}", token_of(link))
    assert set(link["platforms"]) == {*OAUTH, "bluesky", "telegram"}
    assert (link["status"], link["uses"], link["maxUses"]) == ("active", 0, None)
    assert link["expiresAt"] == clock.iso(frozen_clock.now() + timedelta(days=7))
    assert link["createdAt"] == clock.iso(frozen_clock.now())
    assert (link["language"], link["redirectUrl"], link["reconnectAccountId"]) == (None, None, None)
    told = {name: value for name, value in link.items() if name != "url"}
    assert (await world.ok("GET", LINKS))["links"] == [told]
    assert await world.ok("GET", f"{LINKS}/{link['id']}") == {**told, "usage": []}


@on_both_engines
async def test_only_a_hash_of_the_token_is_stored(world: World) -> None:
    link = await made(world)
    for row in await world.service.db.all("SELECT * FROM links"):
        assert token_of(link) not in str([row["id"], row["platforms"], row["redirect_url"], bytes(row["token_hash"])])
        assert bytes(row["token_hash"]) == links.hash_of(token_of(link))


async def test_what_is_asked_for_is_what_it_is(world: World, frozen_clock: FrozenClock) -> None:
    link = await made(
        world,
        platforms=["twitter", "facebook", "twitter"],
        expiresInHours=3,
        maxUses=5,
        language="PT-br",
        redirectUrl=APP_URL,
    )
    assert (sorted(link["platforms"]), link["maxUses"]) == (["facebook", "twitter"], 5)
    assert link["expiresAt"] == clock.iso(frozen_clock.now() + timedelta(hours=3))
    assert (link["language"], link["redirectUrl"]) == ("pt-BR", APP_URL)
    assert (await made(world, redirect_url=APP_URL))["redirectUrl"] == APP_URL


async def test_only_platforms_with_an_app_here_are_offered_the_tenants_own_among_them(world: World) -> None:
    await world.restart(REDDIT_CLIENT_ID="", REDDIT_CLIENT_SECRET="")
    assert "reddit" not in (await made(world))["platforms"]
    told = failure(
        await world.call("POST", LINKS, body={"profileId": world.owner.profile_id, "platforms": ["reddit"]}), 400
    )
    assert set(told["details"]["fields"]) == {"platforms"}
    own = {"platform": "reddit", "clientId": "own", "clientSecret": "own-secret"}
    await world.ok("POST", "/v1/app-credentials", body=own)
    link = await made(world, platforms=["reddit"])
    assert link["platforms"] == ["reddit"]
    assert (await links.read(world.service, token_of(link))).platforms == ("reddit",)


@shares_a_world
@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("platforms", {"platforms": []}),
        ("platforms", {"platforms": ["myspace"]}),
        ("platforms", {"platforms": ["twitter", "x" * 5000]}),
        ("platforms", {"platforms": "twitter"}),
        ("expiresInHours", {"expiresInHours": 0}),
        ("expiresInHours", {"expiresInHours": -1}),
        ("expiresInHours", {"expiresInHours": 90 * 24 + 1}),
        ("expiresInHours", {"expiresInHours": 10**30}),
        ("expiresInHours", {"expiresInHours": 1.5}),
        ("maxUses", {"maxUses": 0}),
        ("maxUses", {"maxUses": 1001}),
        ("maxUses", {"maxUses": "three"}),
        ("language", {"language": "tlh"}),
        ("redirect_url", {"redirectUrl": "javascript:alert(1)"}),
        ("redirect_url", {"redirect_url": "http://app.example.com/"}),
        ("profileId", {"profileId": "x"}),
        ("profileId", {"profileId": None}),
        ("reconnectAccountId", {"reconnectAccountId": "x"}),
    ],
)
async def test_a_wrong_field_is_refused_by_name(shared: World, field: str, body: dict[str, object]) -> None:
    answer = await shared.call("POST", LINKS, body={"profileId": shared.owner.profile_id, **body})
    told = failure(answer, 400)
    assert field in told["details"]["fields"]
    assert await listed(shared) == []


@shares_a_world
async def test_an_unknown_profile_account_or_link_is_not_found(shared: World) -> None:
    failure(await shared.call("POST", LINKS, body={"profileId": UNKNOWN_ID}), 404, "not_found")
    body = {"profileId": shared.owner.profile_id, "reconnectAccountId": UNKNOWN_ID}
    failure(await shared.call("POST", LINKS, body=body), 404, "not_found")
    for method in ("GET", "DELETE"):
        failure(await shared.call(method, f"{LINKS}/{ids.new_id()}"), 404, "not_found")
        failure(await shared.call(method, f"{LINKS}/x"), 400, "invalid_request")
    for name, value in (("before", "x"), ("profileId", "x"), ("limit", "0"), ("limit", "101")):
        assert name in failure(await shared.call("GET", LINKS, query={name: value}), 400)["details"]["fields"]


async def test_a_keys_list_of_addresses_holds_for_its_links(world: World) -> None:
    key = await world.new_key("listed", redirectAllowlist=["https://app.example.com/connected"])
    assert (await made(world, key=key, redirectUrl=APP_URL))["redirectUrl"] == APP_URL
    body = {"profileId": world.owner.profile_id, "redirectUrl": "https://evil.example.com/"}
    failure(await world.call("POST", LINKS, key=key, body=body), 400, "invalid_redirect_url")


@on_both_engines
async def test_links_are_listed_newest_first_in_pages_and_by_profile(world: World) -> None:
    second = await world.new_profile("Second")
    made_ids = [(await made(world))["id"] for _ in range(3)] + [(await made(world, profileId=second))["id"]]
    everything = await listed(world)
    assert sorted(everything) == sorted(made_ids)
    paged: list[str] = []
    while page := await listed(world, limit="2", **({"before": paged[-1]} if paged else {})):
        assert len(page) <= 2
        paged += page
    assert paged == everything
    assert await listed(world, profileId=second) == [made_ids[3]]
    assert await listed(world, profileId=UNKNOWN_ID) == []


async def test_s40_a_limited_key_makes_and_sees_links_of_its_profiles_only(world: World) -> None:
    hidden, second = await made(world), await world.new_profile("Second")
    key = await world.new_key("limited", scope="profiles", profileIds=[second])
    failure(await world.call("POST", LINKS, key=key, body={"profileId": world.owner.profile_id}), 403, "forbidden")
    mine = await made(world, key=key, profileId=second)
    assert await listed(world, key=key) == [mine["id"]]
    assert await listed(world, key=key, profileId=world.owner.profile_id) == []
    for method in ("GET", "DELETE"):
        failure(await world.call(method, f"{LINKS}/{hidden['id']}", key=key), 404, "not_found")
    await world.ok("DELETE", f"{LINKS}/{mine['id']}", key=key)
    assert (await world.ok("GET", f"{LINKS}/{hidden['id']}"))["status"] == "active"


@on_both_engines
async def test_revoking_is_told_and_again_changes_nothing(world: World) -> None:
    link = await made(world)
    path = f"{LINKS}/{link['id']}"
    first, second = await world.ok("DELETE", path), await world.ok("DELETE", path)
    assert first == second
    assert (set(first), first["status"]) == (FIELDS, "revoked")
    assert (await world.ok("GET", path))["status"] == "revoked"
    assert (await links.read(world.service, token_of(link))).state == "revoked"
    audited = (await world.ok("GET", "/v1/audit"))["entries"]
    told = [(one["action"], one["subjectId"]) for one in audited if one["action"].startswith("connect_link")]
    assert told == [("connect_link.revoked", link["id"]), ("connect_link.created", link["id"])]


async def test_a_link_to_renew_an_account_is_for_its_platform_and_once(world: World) -> None:
    await world.landing("twitter")
    (account,) = await world.accounts()
    link = await made(world, reconnectAccountId=account["_id"])
    assert (link["platforms"], link["maxUses"], link["reconnectAccountId"]) == (["twitter"], 1, account["_id"])
    assert (await made(world, reconnectAccountId=account["_id"], platforms=["twitter"], maxUses=1))["maxUses"] == 1
    second = await world.new_profile("Second")
    for field, wrong in (
        ("platforms", {"platforms": ["twitter", "reddit"]}),
        ("maxUses", {"maxUses": 2}),
        ("reconnectAccountId", {"profileId": second}),
    ):
        body = {"profileId": world.owner.profile_id, "reconnectAccountId": account["_id"], **wrong}
        told = failure(await world.call("POST", LINKS, body=body), 400, "invalid_request")
        assert set(told["details"]["fields"]) == {field}


@on_both_engines
async def test_what_was_started_through_a_link_is_told_with_it(world: World) -> None:
    link = await made(world, maxUses=2)
    await world.start("twitter")  # of another way
    started = [await connect_links.start(world.service, token_of(link), name) for name in ("twitter", "reddit")]
    await (await world.browser()).open(await world.consent(started[0].url))
    (account,) = await world.accounts()
    told = await world.ok("GET", f"{LINKS}/{link['id']}")
    assert (told["uses"], told["status"]) == (1, "active")
    usage = {one["attemptId"]: one for one in told["usage"]}
    assert set(usage) == {one.attempt_id for one in started}
    connected, only_started = (usage[one.attempt_id] for one in started)
    assert {**connected, "createdAt": None} == {
        "attemptId": started[0].attempt_id,
        "platform": "twitter",
        "status": "connected",
        "accountId": account["_id"],
        "createdAt": None,
    }
    assert (only_started["status"], only_started["accountId"]) == ("started", None)
    newest = told["usage"][0]["attemptId"]
    page = await world.ok("GET", f"{LINKS}/{link['id']}", query={"limit": "1"})
    assert [one["attemptId"] for one in page["usage"]] == [newest]
    rest = await world.ok("GET", f"{LINKS}/{link['id']}", query={"before": newest})
    assert [one["attemptId"] for one in rest["usage"]] == [told["usage"][1]["attemptId"]]
    failure(await world.call("GET", f"{LINKS}/{link['id']}", query={"before": "x"}), 400)


async def test_a_repeated_call_with_an_idempotency_key_makes_one_link(world: World) -> None:
    call = {"body": {"profileId": world.owner.profile_id}, "headers": {"idempotency-key": "one-link"}}
    first, second = [await world.ok("POST", LINKS, **call) for _ in range(2)]
    assert first == second
    assert len(await listed(world)) == 1


async def test_a_profile_that_is_deleted_takes_its_links_with_it(world: World) -> None:
    second = await world.new_profile("Second")
    link = await made(world, profileId=second)
    await world.ok("DELETE", f"/v1/profiles/{second}")
    failure(await world.call("GET", f"{LINKS}/{link['id']}"), 404, "not_found")
