"""S60 and S53 from outside: each step of the flow has its own limit, and what a client writes moves none of them."""

import asyncio
import re

import pytest

from tests.harness import World, failure, location, on_both_engines, query_of
from tests.http.conftest import Serve
from tests.http.test_bluesky import PATH, body_of

HTML = {"accept": "text/html"}
WRONG = {"appPassword": "aaaa-bbbb-cccc-dddd"}
PENDING = "/v1/connect/pending-data"


async def status_of_start(world: World, *, key: str = "", profile_id: str | None = None, on: str = "twitter") -> int:
    query = {"profileId": profile_id or world.owner.profile_id}
    return (await world.call("GET", f"/v1/connect/{on}", key=key, query=query)).status


@on_both_engines
async def test_s60_starts_have_a_limit_for_each_profile_and_leave_other_calls_alone(serve: Serve) -> None:
    world = await serve(RATE_LIMIT_PER_MINUTE="1000", LIMITS="start-profile=3")
    second = await world.new_profile("Second")
    assert [await status_of_start(world, on=on) for on in ("twitter", "bluesky", "telegram")] == [200] * 3
    for on in ("twitter", "bluesky", "telegram"):
        answer = await world.call("GET", f"/v1/connect/{on}", query={"profileId": world.owner.profile_id})
        told = failure(answer, 429, "rate_limited")
        assert told["details"] == {"limit": "start-profile"}
        assert "More than 3 connections started for this profile within a minute; wait " in told["error"]
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("3", "0")
    assert await status_of_start(world, profile_id=second) == 200
    assert (await world.call("GET", "/v1/accounts")).headers["x-ratelimit-limit"] == "1000"
    row = await world.service.db.one("SELECT count(*) AS n FROM attempts")
    assert row is not None
    assert row["n"] == 4


async def test_s60_nobody_uses_up_the_starts_of_another_tenants_profile(serve: Serve) -> None:
    world = await serve(LIMITS="start-profile=3")
    foreign = {"key": world.other.api_key, "profile_id": world.owner.profile_id}
    assert [await status_of_start(world, **foreign) for _ in range(5)] == [404] * 3 + [429] * 2
    assert await status_of_start(world) == 200


async def test_s60_returns_from_platforms_have_a_limit_and_use_no_state_up(serve: Serve) -> None:
    world = await serve(LIMITS="callback-client=3")
    started = await world.start("twitter")
    callback = (await world.consent(started["authUrl"])).removeprefix(world.base_url)
    for _ in range(3):
        answer = await world.call("GET", "/connect/twitter/callback?state=made-up&code=x", key=None, headers=HTML)
        assert answer.status == 400
    refused = await world.call("GET", callback, key=None, headers=HTML)
    assert refused.status == 429
    assert "<h1>Too many tries</h1>" in refused.text
    assert re.search(r"You can try again after \d\d:\d\d UTC\.", refused.text)
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert (refused.headers["x-ratelimit-limit"], refused.headers["x-ratelimit-remaining"]) == ("3", "0")
    assert await world.calls("twitter", "POST /2/oauth2/token") == []
    await world.restart(LIMITS="")
    assert query_of(location(await (await world.browser()).open(world.base_url + callback)))["connected"] == "twitter"


async def test_s60_one_state_comes_back_so_many_times_and_another_is_no_worse_off(serve: Serve) -> None:
    world = await serve(LIMITS="callback-state=2")
    path = "/connect/twitter/callback?code=x&state="
    statuses = [(await world.call("GET", path + "again", key=None, headers=HTML)).status for _ in range(3)]
    assert statuses == [400, 400, 429]
    assert (await world.call("GET", path + "another", key=None, headers=HTML)).status == 400


async def test_s60_pending_data_has_limits_and_loses_nothing_by_them(serve: Serve) -> None:
    world = await serve(LIMITS="pending-client=4")
    fields = await world.selection("linkedin")
    for _ in range(4):
        failure(await world.call("GET", PENDING, key=None, query={"token": "guessed"}), 404)
    answer = await world.call("GET", PENDING, key=None, query={"token": fields["pendingDataToken"]})
    assert failure(answer, 429)["details"] == {"limit": "pending-client"}
    await world.restart(LIMITS="pending-attempt=1")
    own, headers = {"token": fields["pendingDataToken"]}, {"x-connect-token": fields["connect_token"]}
    assert (await world.call("GET", PENDING, key=None, query=own)).status == 200
    again = await world.call("GET", PENDING, key=None, headers=headers, query=own)
    assert failure(again, 429)["details"] == {"limit": "pending-attempt"}


async def test_s60_a_code_is_asked_about_so_many_times_and_another_tenants_questions_are_their_own(
    serve: Serve,
) -> None:
    world = await serve(LIMITS="telegram-poll=3")
    query = {"profileId": world.owner.profile_id}
    code = (await world.ok("GET", "/v1/connect/telegram", query=query))["code"]

    async def poll(asked: str, key: str = "") -> int:
        return (await world.call("PATCH", "/v1/connect/telegram", key=key, query={"code": asked})).status

    assert [await poll(code, world.other.api_key) for _ in range(4)] == [404] * 3 + [429]
    assert [await poll(spelled) for spelled in (code, code.lower(), f" {code} ", code)] == [200] * 3 + [429]
    other = (await world.ok("GET", "/v1/connect/telegram", query=query))["code"]
    assert await poll(other) == 200


async def test_s60_the_telegram_page_is_told_as_a_page_and_leaves_the_api_its_own(serve: Serve) -> None:
    world = await serve(LIMITS="telegram-poll=2")
    started = await world.ok("GET", "/v1/connect/telegram", query={"profileId": world.owner.profile_id})
    path = started["authUrl"].removeprefix(world.base_url)
    seen = [await world.call("GET", path, key=None, headers=HTML) for _ in range(3)]
    assert [answer.status for answer in seen] == [200, 200, 429]
    assert "<h1>Too many tries</h1>" in seen[-1].text
    assert (await world.call("PATCH", "/v1/connect/telegram", query={"code": started["code"]})).status == 200


# --- Bluesky ----------------------------------------------------------------------------------------------------------


async def sign_in(world: World, *, client: str, password: str, state: str | None = None) -> int:
    """A try of the hosted form by a client that the proxy names, for an attempt of its own."""
    state = state or (await world.start("bluesky"))["state"]
    body = f"state={state}&identifier=demo.bsky.social&appPassword={password}&action=anyway".encode()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-site": "same-origin",
        "x-forwarded-for": client,
    }
    return (await world.call("POST", "/connect/bluesky", key=None, content=body, headers=headers | HTML)).status


async def test_s60_wrong_passwords_of_a_stranger_keep_no_owner_from_connecting(serve: Serve) -> None:
    world = await serve(TRUSTED_PROXIES="1", LIMITS="bluesky-client=5")
    strangers = [await sign_in(world, client="203.0.113.7", password="aaaa-bbbb-cccc-dddd") for _ in range(8)]
    assert strangers == [400] * 5 + [429] * 3
    assert await sign_in(world, client="203.0.113.7", password="demo-demo-demo-demo") == 429
    assert await sign_in(world, client="198.51.100.1", password="demo-demo-demo-demo") == 303
    calls = await world.calls("bluesky", "POST /xrpc/com.atproto.server.createSession")
    assert len(calls) == 6, "what is refused here is not sent"


async def test_s60_tries_that_are_refused_use_up_no_try_of_the_attempt(serve: Serve) -> None:
    world = await serve(TRUSTED_PROXIES="1", LIMITS="bluesky-client=1")
    state = (await world.start("bluesky"))["state"]
    statuses = [await sign_in(world, client="203.0.113.7", password="wrong", state=state) for _ in range(15)]
    assert statuses == [400] + [429] * 14
    assert await sign_in(world, client="198.51.100.1", password="demo-demo-demo-demo", state=state) == 303


async def test_s60_the_form_says_when_again_and_keeps_the_handle(serve: Serve) -> None:
    world = await serve(LIMITS="bluesky-client=1")
    browser = await world.browser()
    page = await browser.open((await world.start("bluesky"))["authUrl"])
    typed = {"identifier": "demo.bsky.social", **WRONG}
    await browser.send(page, button="connect", pick=typed)
    seen = await browser.send(page, button="connect", pick=typed)
    assert seen.status == 429
    assert re.search(r"Too many tries\. Try again after \d\d:\d\d UTC\.", seen.text)
    assert dict(seen.form().fields)["identifier"] == "demo.bsky.social"


@on_both_engines
async def test_s60_the_documented_state_takes_no_endless_wrong_passwords(serve: Serve) -> None:
    world = await serve(LIMITS="bluesky-profile=4")
    calls = [world.call("POST", PATH, body=body_of(world, **WRONG)) for _ in range(8)]
    statuses = sorted([answer.status for answer in await asyncio.gather(*calls)])
    assert statuses == [400] * 4 + [429] * 4
    answer = await world.call("POST", PATH, body=body_of(world))
    assert failure(answer, 429)["details"] == {"limit": "bluesky-profile"}
    assert int(answer.headers["retry-after"]) <= 900
    started = (await world.start("bluesky"))["state"]
    failure(await world.call("POST", PATH, body=body_of(world, state=started)), 429)
    other = f"{world.owner.user_id}-{await world.new_profile('Second')}"
    await world.ok("POST", PATH, body=body_of(world, state=other))


async def test_right_passwords_count_for_nothing(serve: Serve) -> None:
    world = await serve(LIMITS="bluesky-profile=2")
    for _ in range(5):
        await world.ok("POST", PATH, body=body_of(world))


# --- whose limit it is ------------------------------------------------------------------------------------------------


async def callback(world: World, *forwarded: str, **more: str) -> int:
    """The status of a return from a platform with these headers of the way it came."""
    session = world._session
    headers = [("accept", "text/html"), *(("X-Forwarded-For", line) for line in forwarded), *more.items()]
    url = f"{world.base_url}/connect/twitter/callback?code=x&state=made-up"
    async with session.get(url, headers=headers, allow_redirects=False) as answer:
        return answer.status


SPOOFED = [
    [],
    ["192.0.2.1"],
    ["192.0.2.2, 192.0.2.3"],
    ["192.0.2.4", "192.0.2.5"],
    ["[2001:db8::1]:443"],
    ["127.0.0.1"],
    ["garbage, , ,"],
    [","],
]


async def test_s53_without_a_proxy_nothing_a_client_writes_makes_it_another(serve: Serve) -> None:
    world = await serve(LIMITS=f"callback-client={len(SPOOFED)}")
    assert [await callback(world, *lines) for lines in SPOOFED] == [400] * len(SPOOFED)
    others = {"Forwarded": "for=192.0.2.9", "X-Real-IP": "192.0.2.9", "CF-Connecting-IP": "192.0.2.9"}
    for lines in SPOOFED:
        assert await callback(world, *lines, **others) == 429


@pytest.mark.parametrize("proxies", [1, 2])
async def test_s53_only_what_our_proxies_wrote_counts(serve: Serve, proxies: int) -> None:
    world = await serve(TRUSTED_PROXIES=str(proxies), LIMITS=f"callback-client={len(SPOOFED)}")
    ours = ["203.0.113.9"] if proxies == 1 else ["203.0.113.9", "10.0.0.1"]
    for lines in SPOOFED:
        assert await callback(world, *lines, *ours) == 400
    for lines in SPOOFED:
        assert await callback(world, *lines, *ours, Forwarded="for=192.0.2.9") == 429
        assert await callback(world, ", ".join([*lines, *ours])) == 429
    assert await callback(world, "203.0.113.9", "198.51.100.7", *ours[1:]) == 400


async def test_s53_an_ipv6_client_is_its_network_and_a_port_is_nothing(serve: Serve) -> None:
    world = await serve(TRUSTED_PROXIES="1", LIMITS="callback-client=4")
    same = ["2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", "[2001:db8:0:1::2]:4000", "2001:DB8:0:1::9"]
    assert [await callback(world, one) for one in same] == [400] * 4
    assert [await callback(world, one) for one in same] == [429] * 4
    assert await callback(world, "2001:db8:0:2::1") == 400
    mapped = ["::ffff:198.51.100.7", "198.51.100.7:1", "[::ffff:198.51.100.7]:2", "198.51.100.7"]
    assert [await callback(world, one) for one in mapped] == [400] * 4
    assert await callback(world, "198.51.100.7:65535") == 429


async def test_s53_pending_data_counts_the_same_client(serve: Serve) -> None:
    world = await serve(TRUSTED_PROXIES="1", LIMITS="pending-client=2")

    async def read(forwarded: str) -> int:
        headers = {"x-forwarded-for": forwarded}
        return (await world.call("GET", PENDING, key=None, headers=headers, query={"token": "x"})).status

    assert [await read(f"192.0.2.{number}, 203.0.113.9") for number in range(3)] == [404, 404, 429]
    assert await read("203.0.113.10") == 404
