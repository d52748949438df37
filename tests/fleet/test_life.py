"""What comes after a connection, and what has no journey of its own: on a fleet, each step on another server."""

import asyncio
import re
from typing import Any, cast

from moorline.pages.pictures import EMPTY
from tests.fleet.conftest import RECEIVER_PORT
from tests.fleet.deployment import OWNER, Fleet
from tests.fleet.postgresql import OwnPostgresql
from tests.harness import settles
from tests.journeys.facebook_steps import open_chooser
from tests.journeys.journey import Journey, location, query_of
from tests.pages.dashboard.desk import Desk
from tests.webhooks.receiver import receiving


async def connected(journey: Journey, platform: str = "twitter") -> str:
    fields = query_of(await journey.landing(platform))
    assert fields["connected"] == platform
    return fields["accountId"]


async def test_every_event_is_told_beside_a_worker_that_dies(journey: Journey, fleet: Fleet) -> None:
    async with receiving(RECEIVER_PORT) as receiver:
        body = {"name": "all", "url": receiver.url, "events": ["account.connected", "account.disconnected"]}
        saved = (await journey.call("POST", "webhooks/settings", body=body)).json["webhook"]
        wanted = set()
        for platform in ("twitter", "reddit", "youtube", "tiktok"):
            account = await connected(journey, platform)
            assert (await journey.call("DELETE", f"accounts/{account}")).status == 200
            wanted |= {("account.connected", account), ("account.disconnected", account)}

        def told() -> set[tuple[str, str]]:
            return {(one["event"], one["account"]["accountId"]) for one in receiver.bodies}

        async def all_told() -> bool:
            return wanted <= told()

        await settles(all_told, within_s=90)  # a lease of a worker that died lasts a minute
        ids = {(one.json["event"], one.json["account"]["accountId"]): one.message_id for one in receiver.received}
        assert all(
            ids[one.json["event"], one.json["account"]["accountId"]] == one.message_id for one in receiver.received
        )
        deleted = await journey.call("DELETE", "webhooks/settings", query={"id": saved["_id"]})
        assert deleted.status == 200, deleted.text


async def test_a_token_is_read_everywhere_and_renewed_once_for_all_who_ask_at_once(
    journey: Journey, fleet: Fleet, database: OwnPostgresql
) -> None:
    account = await connected(journey)
    first = [await journey.get(f"accounts/{account}/token") for _ in fleet.ports]
    assert len({told["accessToken"] for told in first}) == 1
    before = await journey.count("twitter", "POST /2/oauth2/token")
    await journey.fault("twitter", "POST /2/oauth2/token", delay_ms=500)
    (row,) = await database.run("SELECT grant_id FROM accounts WHERE id = $1", account)
    await database.run("UPDATE grant_tokens SET access_expires_at_ms = 1 WHERE grant_id = $1", row["grant_id"])
    again = await asyncio.gather(*(journey.get(f"accounts/{account}/token") for _ in range(9)))
    assert await journey.count("twitter", "POST /2/oauth2/token") == before + 1
    assert {told["accessToken"] for told in again}.isdisjoint({told["accessToken"] for told in first})
    assert len({told["accessToken"] for told in again}) == 1


async def test_an_account_is_renewed_in_place_and_disconnected(journey: Journey) -> None:
    account = await connected(journey)
    query = {"profileId": journey.profile_id, "reconnectAccountId": account, "redirect_url": "https://a.example.com/x"}
    started = await journey.get("connect/twitter", **query)
    browser = await journey.browser()
    again = location(await browser.open(await journey.consent(started["authUrl"], browser=browser)))
    assert query_of(again)["accountId"] == account
    assert (await journey.call("DELETE", f"accounts/{account}")).status == 200
    assert (await journey.call("GET", f"accounts/{account}")).status == 404
    assert await journey.accounts() == []


async def test_a_customer_connects_through_a_link(journey: Journey) -> None:
    made = await journey.call("POST", "connect/links", body={"profileId": journey.profile_id, "maxUses": 1})
    browser = await journey.browser()
    page = await browser.open(made.json["url"])
    consent = await browser.follow(await browser.send(page, button="connect-twitter"))
    end = await browser.follow(await browser.send(consent, button="approve", pick={"person": "plenty"}))
    assert "is connected" in end.text, end.text
    assert [account["platform"] for account in await journey.accounts()] == ["twitter"]
    used_up = await (await journey.browser()).open(made.json["url"])
    assert 'id="connect-twitter"' not in used_up.text


async def test_somebody_signs_in_to_the_dashboard_and_out_again(journey: Journey, fleet: Fleet) -> None:
    told = await asyncio.to_thread(fleet.command, "users", "sign-in-link", "--email", OWNER, "--json")
    token = re.search(r"once=([\w-]+)", told)
    assert token is not None, told
    desk = Desk(cast(Any, fleet.server), await journey.browser())
    first = await desk.send(await desk.see(f"?once={token[1]}"), "/sign-in/once")
    assert "<h1>Overview</h1>" in first.text, first.text
    account = await connected(journey)
    for path in ("/accounts", f"/accounts/{account}", "/profiles", "/attempts", "/keys", "/webhooks"):
        assert (await desk.see(path)).status == 200, path
    await desk.send(await desk.see("/profiles"), "/sign-out")
    assert "/dashboard/sign-in" in (await desk.see("/accounts")).url


async def test_a_call_made_twice_with_its_key_is_made_once_on_whatever_servers(journey: Journey, fleet: Fleet) -> None:
    key = {"idempotency-key": f"links of {journey.profile_id}"}
    body = {"profileId": journey.profile_id}
    at_once = [journey.call("POST", "connect/links", body=body, headers=key) for _ in range(6)]
    answers = await asyncio.gather(*at_once)
    assert {answer.status for answer in answers} <= {201, 409}
    later = [await journey.call("POST", "connect/links", body=body, headers=key) for _ in fleet.ports]
    made = {answer.json["id"] for answer in (*answers, *later) if answer.status == 201}
    assert len(made) == 1
    listed = await journey.get("connect/links", profileId=journey.profile_id)
    assert [link["id"] for link in listed["links"]] == list(made)


async def test_pictures_that_one_server_offers_are_shown_by_the_others(journey: Journey, fleet: Fleet) -> None:
    browser = await journey.browser()
    page = await open_chooser(journey, browser)
    paths = re.findall(r'src="(/connect/pictures/[^"]+)"', page.text)
    assert paths
    for path in paths[: len(fleet.ports)]:
        async with browser._session.get(fleet.server.base_url + path) as shown:
            assert shown.status == 200
            assert shown.headers["content-type"].startswith("image/")
            assert await shown.read() != EMPTY, path


async def test_a_page_made_by_one_server_finds_its_files_at_the_others(journey: Journey, fleet: Fleet) -> None:
    browser = await journey.browser()
    page = await open_chooser(journey, browser)
    files = set(re.findall(r'"(/connect/static/[^"]+)"', page.text))
    assert files
    for path in sorted(files):
        async with browser._session.get(fleet.server.base_url + path) as shown:
            assert (shown.status, "immutable" in shown.headers["cache-control"]) == (200, True)
