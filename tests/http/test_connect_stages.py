"""Where a connection failed, what the platform answered there, and the steps of an attempt in order."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import override

from moorline.adapter.values import App, Tokens
from moorline.connect import finish, state
from moorline.connect.finish import Returned
from moorline.platforms.twitter import Twitter
from moorline.store import attempts
from moorline.wire import Http
from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, World, on_both_engines, query_of
from tests.http.test_connect_logs import logs_of

ME = "GET /2/users/me"
PAGES = "GET /{version}/me/accounts"
PAGE = "100000000000101"
REFUSED: Mapping[str, Any] = {"status": 400, "body": {"error": "invalid_request", "error_description": "x y z"}}


async def steps_of(world: World, attempt_id: str) -> list[Any]:
    steps: list[Any] = (await world.ok("GET", f"/v1/connect/attempts/{attempt_id}"))["steps"]
    return steps


async def only_attempt(world: World) -> Any:
    (entry,) = await logs_of(world)
    return entry


async def denied(world: World) -> None:
    await world.landing("twitter", button="deny")


async def code_refused(world: World) -> None:
    await world.fault("twitter", TWITTER_TOKEN, **REFUSED)
    await world.landing("twitter")


async def nobody_answers(world: World) -> None:
    await world.fault("twitter", ME, status=503, body={}, count=9)
    await world.landing("twitter")


async def no_list(world: World) -> None:
    await world.fault("facebook", PAGES, status=500, body={}, count=9)
    await world.landing("facebook")


async def nothing_to_choose(world: World) -> None:
    await world.landing("facebook", person="none")


async def left(world: World) -> None:
    started = await world.start("facebook", headless=False)
    browser = await world.browser()
    page = await browser.open(await world.consent(started["authUrl"]))
    while page.location is not None:
        page = await browser.open(page.location)
    await browser.send(page, button="cancel")


STAGES: Mapping[str, tuple[Callable[[World], Awaitable[None]], str, str | None, str]] = {
    "denied": (denied, "started", None, "oauth_denied"),
    "code refused": (code_refused, "exchange", "400 invalid_request", "token_exchange_failed"),
    "nobody answers": (nobody_answers, "identify", "503", "platform_unavailable"),
    "no list": (no_list, "list", "500", "platform_unavailable"),
    "nothing to choose": (nothing_to_choose, "list", None, "no_facebook_pages"),
    "left": (left, "choose", None, "selection_cancelled"),
}


@pytest.mark.parametrize("name", STAGES)
async def test_a_failure_tells_its_stage_and_what_the_platform_answered(world: World, name: str) -> None:
    happens, stage, answer, slug = STAGES[name]
    await happens(world)
    told = await only_attempt(world)
    assert (told["status"], told["error"], told["stage"]) == ("failed", slug, stage)
    assert (told["platformAnswer"] or "").split(" ")[0] == (answer or "").split(" ")[0]
    if answer == "400 invalid_request":
        assert told["platformAnswer"] == answer
    steps = await steps_of(world, told["attemptId"])
    assert [step["name"] for step in steps].count("failed") == 1
    assert steps[-1]["name"] == "failed"
    if slug != "selection_cancelled":
        assert steps[-1]["told"] == ": ".join(filter(None, (stage, told["platformAnswer"])))


class Broken(Twitter):
    """An adapter with a fault."""

    @override
    async def exchange(self, http: Http, app: App, *, code: str, verifier: str | None) -> Tokens:
        raise TypeError("a fault of ours")


async def test_a_fault_of_ours_tells_its_stage_too(world: World) -> None:
    started = await world.start("twitter")
    code = query_of(await world.consent(started["authUrl"]))["code"]
    broken = replace(world.service, platforms={**world.service.platforms, "twitter": Broken()})
    returned = Returned(platform="twitter", state=started["state"], code=code)
    await finish.from_browser(broken, returned, cookie_attempts=frozenset())
    told = await only_attempt(world)
    assert (told["error"], told["stage"], told["reason"]) == ("internal_error", "exchange", "TypeError")


async def test_another_person_than_the_one_to_be_renewed_is_told_where_it_was_seen(world: World) -> None:
    await world.landing("twitter")
    (account,) = await world.accounts()
    query = {"profileId": world.owner.profile_id, "reconnectAccountId": account["_id"]}
    started = await world.ok("GET", "/v1/connect/twitter", query=query)
    await (await world.browser()).open(await world.consent(started["authUrl"], person="single"))
    told = (await logs_of(world, type="reconnect"))[0]
    assert (told["error"], told["stage"]) == ("reconnect_account_mismatch", "identify")
    assert [step["name"] for step in await steps_of(world, told["attemptId"])] == [
        "started",
        "returned",
        "exchanged",
        "identified",
        "failed",
    ]


@on_both_engines
async def test_the_steps_of_a_choice_are_told_in_order_with_their_instants(
    world: World, frozen_clock: FrozenClock
) -> None:
    started = await world.start("facebook", headless=True)
    frozen_clock.advance(5)
    callback = await world.consent(started["authUrl"])
    frozen_clock.advance(5)
    landed = await (await world.browser()).open(callback)
    fields = query_of(str(landed.location))
    frozen_clock.advance(5)
    await world.select(fields, PAGE)
    told = await steps_of(world, started["attemptId"])
    assert [(step["name"], step["at"][14:19]) for step in told] == [
        ("started", "06:07"),
        ("returned", "06:17"),
        ("exchanged", "06:17"),
        ("identified", "06:17"),
        ("listed", "06:17"),
        ("chosen", "06:22"),
        ("connected", "06:22"),
    ]
    assert {step["name"]: step["told"] for step in told}["chosen"] == "Northwind Bakery"


async def test_an_attempt_whose_server_stopped_at_work_has_no_stage(world: World, frozen_clock: FrozenClock) -> None:
    started = await world.start("twitter")
    use = attempts.Use(
        state_hash=state.hash_of(started["state"]),
        code_hash=b"c",
        platform="twitter",
        app_id="sandbox-twitter",
        now=frozen_clock.now(),
    )
    assert await attempts.consume(world.service.db, use)
    frozen_clock.advance(60)
    now = frozen_clock.now()
    await attempts.fail_abandoned(
        world.service.db, after=now.replace(year=2000), until=now, returned_before=now, now=now
    )
    told = await only_attempt(world)
    assert (told["status"], told["error"], told["stage"]) == ("failed", "internal_error", None)
    steps = await steps_of(world, started["attemptId"])
    assert [step["name"] for step in steps] == ["started", "returned", "failed"]
    assert steps[-1]["told"] == "internal_error"


async def test_what_a_platform_names_its_error_holds_no_control_characters(world: World) -> None:
    await world.fault("twitter", TWITTER_TOKEN, status=400, body={"error": "bad\x00\nname\u202e" + "x" * 500})
    await world.landing("twitter")
    told = await only_attempt(world)
    assert str(told["platformAnswer"] or "").isprintable()
    assert len(told["platformAnswer"] or "") <= 200
