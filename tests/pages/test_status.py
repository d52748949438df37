"""`/connect/status`: how far an attempt is, for the page that opened it, and for whoever else was given the handle."""

from datetime import timedelta
from typing import Any

import pytest

from moorline import clock
from moorline.connect import tickets
from moorline.connect.tickets import Kind
from tests.conftest import FrozenClock
from tests.harness import Answer, World, on_both_engines, query_of, shares_a_world
from tests.http.conftest import Serve
from tests.pages.test_chooser import chooser

ORIGIN = "https://app.example.com"


async def started(world: World, platform: str = "twitter", **query: str) -> Any:
    given = {"profileId": world.owner.profile_id, "openerOrigin": ORIGIN, **query}
    return await world.ok("GET", f"/v1/connect/{platform}", query=given)


async def asked(world: World, told: Any, origin: str | None = ORIGIN) -> Answer:
    headers = {} if origin is None else {"origin": origin}
    return await world.call("GET", told["statusUrl"].removeprefix(world.base_url), key=None, headers=headers)


async def so_far(world: World, told: Any) -> tuple[str, str | None, str | None]:
    answer = (await asked(world, told)).json
    assert answer["attemptId"] == told["attemptId"]
    return answer["status"], answer["error"], answer["accountId"]


@on_both_engines
async def test_it_follows_an_attempt_to_its_end(world: World) -> None:
    told = await started(world, "facebook")
    assert await so_far(world, told) == ("started", None, None)
    browser = await world.browser()
    page = await browser.follow(await browser.open(await world.consent(told["authUrl"])))
    assert await so_far(world, told) == ("selecting", None, None)
    await browser.send(page, button="connect", pick={"choice": "0"})
    assert await so_far(world, told) == ("connected", None, (await world.accounts())[0]["_id"])


async def test_a_failure_is_told_by_its_slug(world: World) -> None:
    told = await started(world)
    await (await world.browser()).open(await world.consent(told["authUrl"], button="deny"))
    assert await so_far(world, told) == ("failed", "oauth_denied", None)


@pytest.mark.parametrize("platform", ["twitter", "bluesky"])
async def test_what_was_left_lying_has_run_out_of_time(world: World, frozen_clock: FrozenClock, platform: str) -> None:
    told = await started(world, platform)
    frozen_clock.advance(15 * 60)
    assert await so_far(world, told) == ("failed", "session_expired", None)


async def test_a_choice_nobody_made_has_too(world: World, frozen_clock: FrozenClock) -> None:
    told = await started(world, "facebook")
    browser = await world.browser()
    await browser.follow(await browser.open(await world.consent(told["authUrl"])))
    frozen_clock.advance(15 * 60)
    assert await so_far(world, told) == ("failed", "session_expired", None)


async def test_s23_only_the_openers_page_may_read_it(world: World) -> None:
    told = await started(world)
    for origin in (ORIGIN, "https://evil.example", None):
        answer = await asked(world, told, origin)
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["vary"] == "Origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(("allowed", "answered"), [("*", "*"), (ORIGIN, ORIGIN), ("https://other.example", ORIGIN)])
async def test_the_operators_own_list_of_origins_does_not_double_the_header(
    serve: Serve, allowed: str, answered: str
) -> None:
    world = await serve(CORS_ORIGINS=allowed)
    answer = await asked(world, await started(world))
    assert answer.headers["access-control-allow-origin"] == answered


async def test_without_an_opener_there_is_nothing_to_ask(world: World) -> None:
    assert "statusUrl" not in await world.start("twitter")


@shares_a_world
@pytest.mark.parametrize("token", ["", "x", "A" * 75, "%00", "A" * 5000])
async def test_an_unknown_handle_is_404_and_no_page_may_read_that(shared: World, token: str) -> None:
    answer = await shared.call("GET", f"/connect/status?token={token}", key=None, headers={"origin": ORIGIN})
    assert answer.status == 404
    assert "access-control-allow-origin" not in answer.headers


async def test_a_handle_of_another_kind_or_age_opens_nothing(world: World, frozen_clock: FrozenClock) -> None:
    told = await started(world)
    soon = clock.now() + timedelta(hours=1)
    for kind in Kind:
        if kind is not Kind.STATUS:
            text = tickets.issue(world.service.vault, kind, attempt_id=told["attemptId"], expires_at=soon)
            assert (await world.call("GET", f"/connect/status?token={text}", key=None)).status == 404
    frozen_clock.advance(3600)
    assert (await asked(world, told)).status == 404


async def test_s23_a_popup_that_ends_names_one_origin_and_no_secret(world: World) -> None:
    told = await started(world, redirect_url=f"{ORIGIN}/done")
    browser = await world.browser()
    end = await browser.follow(await browser.open(await world.consent(told["authUrl"])))
    (account,) = await world.accounts()
    assert f'data-origin="{ORIGIN}"' in end.text
    assert f'data-account="{account["_id"]}"' in end.text
    assert f'data-back="{ORIGIN}/done?connected=twitter' in end.text
    assert query_of(told["statusUrl"])["token"] not in end.text
    browser, _ = await chooser(world)
    assert "data-origin" not in (await browser.open(end.url)).text
