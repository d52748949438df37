"""Service and sandbox as two processes, the service on PostgreSQL, the bot's updates delivered to its webhook."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from moorline.sandbox.telegram_world import SANDBOX_BOT_TOKEN
from moorline.vault import new_key
from tests.engines import PostgresqlServer
from tests.journeys.facebook_steps import open_chooser
from tests.journeys.journey import Journey, Server, location, query_of
from tests.journeys.processes import Process, free_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What an operator runs: the service as it is seen from outside, and its database."""

    server: Server
    service: Process
    database_url: str


@pytest.fixture(scope="module")
def deployment(postgresql_server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Two processes as an operator would start them, on a database without tables."""
    folder = tmp_path_factory.mktemp("deployment")
    port, sandbox_port = free_port(), free_port()
    public_url, sandbox_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}"
    database_url = asyncio.run(postgresql_server.empty())
    with ExitStack() as stack:
        arguments = ["sandbox", "--port", str(sandbox_port), "--callback-base", public_url]
        sandbox = Process(arguments, folder=folder).launch()
        stack.callback(sandbox.stop)
        sandbox.wait_until_ready(f"{sandbox_url}/_sandbox/")
        settings = {
            "MOORLINE_DATABASE_URL": database_url,
            "MOORLINE_ENCRYPTION_KEYS": new_key(),
            "MOORLINE_PUBLIC_URL": public_url,
            "MOORLINE_PORT": str(port),
            "MOORLINE_OUTBOUND_MAP": sandbox.output.partition("MOORLINE_OUTBOUND_MAP='")[2].partition("'")[0],
            "MOORLINE_TELEGRAM_MODE": "webhook",
            "MOORLINE_TELEGRAM_BOT_TOKEN": SANDBOX_BOT_TOKEN,
        }
        for name in ("twitter", "facebook"):
            settings[f"MOORLINE_{name.upper()}_CLIENT_ID"] = f"sandbox-{name}"
            settings[f"MOORLINE_{name.upper()}_CLIENT_SECRET"] = f"sandbox-{name}-secret"
        service = Process(["serve", "--migrate"], folder=folder, settings=settings).launch()
        stack.callback(service.stop)
        service.wait_until_ready(f"{public_url}/readyz")
        made = Process(["keys", "create", "--email", "ops@example.com", "--json"], folder=folder, settings=settings)
        key = json.loads(made.launch().first_line())
        made.stop()
        server = Server(
            base_url=public_url, api_key=key["key"], user_id=key["user_id"], profile_id="", sandbox_url=sandbox_url
        )
        yield Deployment(server=server, service=service, database_url=database_url)
    asyncio.run(postgresql_server.drop(database_url))


@pytest_asyncio.fixture
async def deployed(deployment: Deployment) -> AsyncIterator[Journey]:
    """A journey through both processes, in a profile of its own."""
    async with Journey.through(deployment.server) as journey:
        await journey.new_profile()
        yield journey


async def rows_of(url: str, sql: str) -> list[Any]:
    """What a statement finds in the service's database."""
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()


async def test_every_kind_of_platform_connects_on_postgresql(deployed: Journey, deployment: Deployment) -> None:
    landed = query_of(await deployed.landing("twitter"))
    assert landed["connected"] == "twitter"
    assert query_of(await deployed.landing("twitter"))["accountId"] == landed["accountId"]

    fields = await deployed.selection()
    answers = await asyncio.gather(*(deployed.select(fields, "100000000000101") for _ in range(10)))
    assert len({answer.json["account"]["accountId"] for answer in answers}) == 1
    browser = await deployed.browser()
    page = await open_chooser(deployed, browser)
    chosen = query_of(location(await browser.send(page, button="connect", pick={"choice": "1"})))
    assert chosen["username"] == "Northwind Cafe"

    sign_in = {"identifier": "other.example.net", "appPassword": "othr-othr-othr-othr"}
    state = (await deployed.start("bluesky"))["state"]
    done = await deployed.call("POST", "connect/bluesky/credentials", body={**sign_in, "state": state})
    assert done.status == 200, done.text

    code = (await deployed.get("connect/telegram", profileId=deployed.profile_id))["code"]
    await deployed.tell_bot(f"{code} @mychannel")
    assert (await deployed.code_settles(code))["status"] == "connected"

    platforms = [account["platform"] for account in await deployed.accounts()]
    assert platforms == ["twitter", "facebook", "facebook", "bluesky", "telegram"]
    assert len(await rows_of(deployment.database_url, "SELECT id FROM grants")) == 3
    for account in await deployed.accounts():
        assert (await deployed.call("DELETE", f"accounts/{account['_id']}")).status == 200
    assert await rows_of(deployment.database_url, "SELECT id FROM grants") == []
    assert await rows_of(deployment.database_url, "SELECT grant_id FROM grant_tokens") == []
    assert await rows_of(deployment.database_url, "SELECT account_id FROM account_tokens") == []


async def test_the_bots_webhook_follows_its_chats_on_postgresql(deployed: Journey) -> None:
    group = "-400000001"
    await deployed.control("POST", "telegram/members", {"chat": group, "user": "bot", "status": "administrator"})
    code = (await deployed.get("connect/telegram", profileId=deployed.profile_id))["code"]
    await deployed.tell_bot(code)
    await deployed.tell_bot(group)
    before = (await deployed.code_settles(code))["account"]
    new_id = str((await deployed.control("POST", "telegram/migrate", {"chat": group}))["migrateToChatId"])
    told = await deployed.until(lambda told: told["chatId"] == new_id, code)
    assert (told["account"]["_id"], told["account"]["username"]) == (before["_id"], new_id)
    await deployed.control("POST", "telegram/members", {"chat": new_id, "user": "bot", "status": "kicked"})
    told = await deployed.until(lambda told: not told["account"]["isActive"], code)
    assert told["status"] == "connected"


async def test_s45_a_delivery_without_the_webhooks_secret_is_refused(deployed: Journey) -> None:
    code = (await deployed.get("connect/telegram", profileId=deployed.profile_id))["code"]
    forged = {
        "update_id": 1,
        "message": {
            "message_id": 1,
            "date": 1,
            "text": f"{code} @mychannel",
            "chat": {"id": 111000111, "type": "private"},
            "from": {"id": 111000111, "is_bot": False, "first_name": "Ann"},
        },
    }
    url = f"{deployed.server.base_url}/connect/telegram/webhook"
    session = await deployed.new_session()
    for headers in ({}, {"x-telegram-bot-api-secret-token": "guessed"}):
        async with session.post(url, json=forged, headers=headers) as answer:
            assert answer.status == 401
    assert (await deployed.code_status(code))["status"] == "pending"


async def test_a_killed_service_goes_on_where_it_stood(deployed: Journey, deployment: Deployment) -> None:
    fields = await deployed.selection()
    code = (await deployed.get("connect/telegram", profileId=deployed.profile_id))["code"]
    unopened = await deployed.start("twitter")
    callback = await deployed.consent(unopened["authUrl"], browser=await deployed.browser())
    deployment.service.kill()
    await deployed.tell_bot(f"{code} @mychannel")  # waits at Telegram until somebody takes it
    deployment.service.launch().wait_until_ready(f"{deployed.server.base_url}/readyz")

    assert (await deployed.select(fields, "100000000000101")).status == 200
    landed = await (await deployed.browser()).open(callback)
    assert query_of(location(landed))["connected"] == "twitter"
    assert (await deployed.code_settles(code))["status"] == "connected"


async def test_a_service_told_to_stop_finishes_the_callback_under_way(
    deployed: Journey, deployment: Deployment
) -> None:
    started = await deployed.start("twitter")
    browser = await deployed.browser()
    callback = await deployed.consent(started["authUrl"], browser=browser)
    await deployed.fault("twitter", "POST /2/oauth2/token", delay_ms=1500)
    under_way = asyncio.create_task(browser.open(callback))
    await asyncio.sleep(0.5)
    await asyncio.to_thread(deployment.service.stop)
    assert query_of(location(await under_way))["connected"] == "twitter"
    deployment.service.launch().wait_until_ready(f"{deployed.server.base_url}/readyz")
    assert len(await deployed.accounts()) == 1
