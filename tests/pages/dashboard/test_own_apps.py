"""Own apps in the dashboard: registered, changed, taken in and out of use, deleted."""

import asyncio
from typing import Any

import pytest

from moorline.cli.browser import Seen
from tests.harness import World, on_both_engines
from tests.http.conftest import Lines
from tests.http.test_app_credentials import connect, own_app
from tests.pages.dashboard.desk import Desk, desk, form_of, heading_of, title_of, words_of

SECRET, OTHER = "own-secret-9f3c1b", "other-secret-5a7d20"
GOOD = {"platform": "twitter", "clientId": "own-client", "clientSecret": SECRET}


async def apps(world: World) -> list[Any]:
    found: list[Any] = (await world.ok("GET", "/v1/app-credentials"))["appCredentials"]
    return found


async def made(at: Desk, **fields: str) -> Seen:
    return await at.send(await at.see("/settings/apps"), "/settings/apps", **{**GOOD, **fields})


@on_both_engines
async def test_an_app_is_registered_changed_and_deleted_and_its_secret_never_shown(world: World, lines: Lines) -> None:
    at = await desk(world)
    page = await made(at)
    (app,) = await apps(world)
    assert (app["platform"], app["clientId"], app["isActive"]) == ("twitter", "own-client", True)
    assert "The app is registered." in words_of(page)
    assert app["redirectUri"] in page.text
    path = f"/settings/apps/{app['id']}"
    changed = await at.send(page, path, clientSecret=OTHER)
    assert "The app is changed." in words_of(changed)
    assert "Out of use for new ones" in words_of(await at.send(changed, "/switch"))
    assert not (await apps(world))[0]["isActive"]
    await at.send(await at.see(path), "/switch")
    assert (await apps(world))[0]["isActive"]
    form = await at.see(f"{path}/delete")
    ends = await asyncio.gather(*(at.submit(form, "/delete") for _ in range(3)))
    assert sorted(end.status for end in ends) == [303, 404, 404]
    assert await apps(world) == []
    for seen in (page, changed):
        assert SECRET not in seen.text
        assert OTHER not in seen.text
    assert SECRET not in lines.text
    assert OTHER not in lines.text


async def test_what_hangs_on_it_is_named_and_keeps_it(world: World) -> None:
    app = await own_app(world)
    account_id = await connect(world)
    at = await desk(world)
    path = f"/settings/apps/{app['id']}"
    assert f'href="/dashboard/accounts/{account_id}"' in (await at.see(path)).text
    page = await at.see(f"{path}/delete")
    assert "1 account is renewed through it, so it cannot be deleted yet." in words_of(page)
    refused = await at.post(f"/dashboard{path}/delete", {"csrf": await at.csrf()})
    assert refused.status == 409
    assert heading_of(refused) == "Delete this app?"
    assert len(await apps(world)) == 1


@pytest.mark.parametrize(
    ("typed", "said", "field", "status"),
    [
        ({"platform": ""}, "Choose a platform.", "platform", 400),
        ({"platform": "bluesky"}, "Choose a platform.", "platform", 400),
        ({"clientId": ""}, "Enter the client id as the platform shows it", "clientId", 400),
        ({"clientId": "\u00fc"}, "Enter the client id as the platform shows it", "clientId", 400),
        ({"clientSecret": ""}, "Enter the client secret as the platform shows it.", "clientSecret", 400),
        ({"clientSecret": "x" * 600}, "Enter the client secret as the platform shows it.", "clientSecret", 400),
        ({"scopes": '"'}, "These scopes cannot be asked for: at most 50 scopes", "scopes", 400),
        ({"scopes": "tweet.read"}, "without which nothing can be posted", "scopes", 400),
        ({"clientId": "taken"}, "This client id is registered already.", "clientId", 409),
    ],
)
async def test_what_cannot_be_is_told_at_its_field_and_registers_nothing(
    world: World, typed: dict[str, str], said: str, field: str, status: int
) -> None:
    await own_app(world, client_id="taken")
    at = await desk(world)
    again = await made(at, **typed)
    assert again.status == status
    assert said in words_of(again)
    assert f'href="#{field}"' in again.text
    assert f'id="{field}"' in again.text
    assert title_of(again).startswith("Error: ")
    assert SECRET not in again.text
    assert dict(form_of(again, "/settings/apps").fields).get("clientSecret") == ""
    assert len(await apps(world)) == 1


async def test_scopes_that_cannot_be_leave_an_app_as_it_is(world: World) -> None:
    app = await own_app(world)
    at = await desk(world)
    path = f"/settings/apps/{app['id']}"
    again = await at.send(await at.see(path), path, scopes="nonsense", clientSecret=OTHER)
    assert again.status == 400
    assert "without which nothing can be posted" in words_of(again)
    assert ">nonsense</textarea>" in again.text
    assert OTHER not in again.text
    assert await apps(world) == [app]
