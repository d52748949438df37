"""Level 0 of who finishes the flow: a person reads which workspace and profile receive access before it is saved."""

import pytest

from tests.harness import World, failure
from tests.http.conftest import Serve

CHOOSERS = ["facebook", "linkedin", "pinterest", "googlebusiness", "snapchat"]
FORMS = ["bluesky", "telegram"]


async def set_up(serve: Serve) -> World:
    world = await serve(BRAND="Northwind Agency")
    await world.service.db.run("UPDATE profiles SET name = $2 WHERE id = $1", world.owner.profile_id, "Harbour Kiosk")
    return world


@pytest.mark.parametrize("platform", [*CHOOSERS, *FORMS])
async def test_level_0_workspace_and_profile_are_named_while_nothing_is_saved(serve: Serve, platform: str) -> None:
    world = await set_up(serve)
    browser, started = await world.browser(), await world.start(platform, None)
    url = started["authUrl"] if platform in FORMS else await world.consent(started["authUrl"])
    page = await browser.follow(await browser.open(url))
    assert page.status == 200
    told = page.text.partition('<form method="post"')[0] if platform in CHOOSERS else page.text
    assert "Northwind Agency" in told.partition("<main")[2]
    assert "Harbour Kiosk" in told
    assert await world.accounts() == []


async def test_level_0_a_connect_link_names_them_before_its_first_button(serve: Serve) -> None:
    world = await set_up(serve)
    link = await world.ok("POST", "/v1/connect/links", body={"profileId": world.owner.profile_id})
    page = await (await world.browser()).open(link["url"])
    before_the_buttons = page.text.partition("<main")[2].partition("<form")[0]
    assert "Northwind Agency" in before_the_buttons
    assert "Harbour Kiosk" in before_the_buttons


async def test_level_0_a_keys_list_of_addresses_holds_for_every_start(world: World) -> None:
    key = await world.new_key("listed", redirectAllowlist=["https://app.example.com/done"])
    for platform in ("twitter", "facebook", "bluesky", "telegram"):
        query = {"profileId": world.owner.profile_id, "redirect_url": "https://evil.example.com/"}
        answer = await world.call("GET", f"/v1/connect/{platform}", key=key, query=query)
        failure(answer, 400, "invalid_redirect_url")
