"""S03, S04: which states a callback takes. A refused one costs no call to a platform and stays as it was."""

from urllib.parse import urlencode

import pytest

from tests.conftest import FrozenClock
from tests.harness import World, failure, location, on_both_engines, query_of, shares_a_world


@on_both_engines
async def test_s03_a_state_works_up_to_ten_minutes_and_no_longer(world: World, frozen_clock: FrozenClock) -> None:
    young, old = [await world.consent((await world.start("twitter"))["authUrl"]) for _ in range(2)]
    browser, before = await world.browser(), await world.count()
    frozen_clock.advance(10 * 60)
    assert (await browser.open(old)).status == 400
    assert await world.count() == before
    frozen_clock.advance(-0.001)
    assert query_of(location(await browser.open(young)))["connected"] == "twitter"


async def test_s04_a_state_of_another_platform_is_refused_and_stays_usable_on_its_own(world: World) -> None:
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    browser, before = await world.browser(), await world.count()
    misled = await browser.open(callback.replace("/connect/twitter/", "/connect/facebook/"))
    assert misled.status == 400
    assert await world.count() == before
    assert query_of(location(await browser.open(callback)))["connected"] == "twitter"


async def test_s03_a_state_of_another_app_credential_is_refused_before_any_call(world: World) -> None:
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    await world.restart(TWITTER_CLIENT_ID="another", TWITTER_CLIENT_SECRET="another-secret")
    before = await world.count()
    assert (await (await world.browser()).open(callback)).status == 400
    assert await world.count() == before


async def test_s03_another_tenant_cannot_complete_a_state(world: World) -> None:
    query = query_of(await world.consent((await world.start("twitter"))["authUrl"]))
    before = await world.count()
    body = {"code": query["code"], "state": query["state"], "profileId": world.other.profile_id}
    refused = await world.call("POST", "/v1/connect/twitter", key=world.other.api_key, body=body)
    failure(refused, 400, "invalid_state")
    assert await world.count() == before


@shares_a_world
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"code": "c"},
        {"state": ""},
        {"state": "x" * 5000, "code": "c"},
        {"state": "\x00", "code": "\x00"},
        {"state": "\ud83e\udd50".encode("utf-16", "surrogatepass").decode("utf-16"), "code": "c"},
        {"error": "access_denied"},
    ],
)
async def test_s03_a_callback_without_a_state_of_ours_gets_a_page_and_no_call_goes_out(
    shared: World, query: dict[str, str]
) -> None:
    seen = await (await shared.browser()).open(f"{shared.base_url}/connect/twitter/callback?{urlencode(query)}")
    assert seen.status == 400
    assert "This page cannot be used" in seen.text
    assert await shared.count() == 0


@shares_a_world
@pytest.mark.parametrize("platform", ["bluesky", "telegram", "linkedin", "nothing", "%00", "..%2f"])
async def test_a_callback_of_a_platform_without_one_is_no_fault_of_ours(shared: World, platform: str) -> None:
    seen = await (await shared.browser()).open(f"{shared.base_url}/connect/{platform}/callback?state=s&code=c")
    assert seen.status in {400, 404}


async def test_a_callback_of_a_platform_without_credentials_says_so(world: World) -> None:
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    await world.restart(TWITTER_CLIENT_ID="", TWITTER_CLIENT_SECRET="")
    seen = await (await world.browser()).open(callback)
    assert seen.status == 400
    assert "not set up here" in seen.text
