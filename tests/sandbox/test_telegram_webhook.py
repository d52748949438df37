"""Webhooks of the simulated Bot API: what is refused, and how updates are delivered. Facts: telegram.md section 3."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.test_telegram import ask, refusal, write

BAD = "Bad Request: bad webhook: "


@dataclass(slots=True)
class Receiver:
    """A small webhook; it answers with the statuses in `planned`, then with 200."""

    url: str = ""
    planned: list[int] = field(default_factory=list)
    heard: list[tuple[str | None, str]] = field(default_factory=list)  # secret header, text
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        update = await request.json()
        async with self.changed:
            self.heard.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), update["message"]["text"]))
            self.changed.notify_all()
        return web.Response(status=self.planned.pop(0) if self.planned else 200)

    async def until(self, count: int) -> None:
        """Wait for so many deliveries."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: len(self.heard) >= count)


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """The webhook, on a loopback port of its own."""
    found = Receiver()
    app = web.Application()
    app.router.add_post("/hook", found.take)
    server = TestServer(app)
    await server.start_server()
    found.url = str(server.make_url("/hook"))
    yield found
    await server.close()


async def set_webhook(sandbox: Sandbox, url: str, **more: object) -> Got:
    return await ask(sandbox, "setWebhook", url=url, **more)


async def pending(sandbox: Sandbox) -> int:
    count: int = (await ask(sandbox, "getWebhookInfo")).json["result"]["pending_update_count"]
    return count


async def test_a_webhook_is_set_once_and_deleted_once(sandbox: Sandbox) -> None:
    url = "https://hooks.example.com:8443/telegram"
    said = []
    for method in ("setWebhook", "setWebhook", "deleteWebhook", "deleteWebhook"):
        got = await ask(sandbox, method, url=url)
        assert (got.status, got.json["result"]) == (200, True)
        said.append(got.json["description"])
        await sandbox.advance(2)
    assert said == [
        "Webhook was set",
        "Webhook is already set",
        "Webhook was deleted",
        "Webhook is already deleted",
    ]


async def test_an_empty_url_deletes_the_webhook(sandbox: Sandbox, receiver: Receiver) -> None:
    await set_webhook(sandbox, receiver.url)
    await sandbox.advance(2)
    assert (await set_webhook(sandbox, "")).json["description"] == "Webhook was deleted"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("nonsense", "Bad Request: invalid webhook URL specified"),
        ("ftp://hooks.example.com/", "Bad Request: invalid webhook URL specified"),
        ("https://", "Bad Request: invalid webhook URL specified"),
        ("https://hooks.example.com:port/", "Bad Request: invalid webhook URL specified"),
        ("http://hooks.example.com/", f"{BAD}An HTTPS URL must be provided for webhook"),
        ("https://hooks.example.com:9000/", f"{BAD}Webhook can be set up only on ports 80, 88, 443 or 8443"),
        ("https://10.0.0.7/", f"{BAD}IP address 10.0.0.7 is reserved"),
        ("https://[fd00::1]/", f"{BAD}IP address fd00::1 is reserved"),
    ],
)
async def test_unusable_urls_are_refused(sandbox: Sandbox, url: str, text: str) -> None:
    assert refusal(await set_webhook(sandbox, url)) == (400, text)
    assert (await ask(sandbox, "getWebhookInfo")).json["result"]["url"] == ""


async def test_strict_https_ends_the_deviation_for_loopback(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.control("POST", "settings", {"strict_https": True})
    refused = await set_webhook(sandbox, receiver.url)
    assert refusal(refused) == (400, f"{BAD}An HTTPS URL must be provided for webhook")
    await sandbox.advance(2)
    refused = await set_webhook(sandbox, "https://localhost/hook")
    assert refusal(refused) == (400, f"{BAD}IP address 127.0.0.1 is reserved")


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("x" * 257, "Bad Request: secret token is too long"),
        ("not allowed", "Bad Request: secret token contains unallowed characters"),
    ],
)
async def test_unusable_secrets_are_refused(sandbox: Sandbox, receiver: Receiver, secret: str, text: str) -> None:
    assert refusal(await set_webhook(sandbox, receiver.url, secret_token=secret)) == (400, text)


async def test_setting_twice_within_a_second_is_too_fast(sandbox: Sandbox, receiver: Receiver) -> None:
    await set_webhook(sandbox, receiver.url)
    got = await set_webhook(sandbox, receiver.url)
    assert refusal(got) == (429, "Too Many Requests: retry after 1")
    assert got.headers["Retry-After"] == "1"


async def test_polling_is_refused_while_a_webhook_is_active(sandbox: Sandbox, receiver: Receiver) -> None:
    await set_webhook(sandbox, receiver.url)
    text = (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )
    assert refusal(await ask(sandbox, "getUpdates")) == (409, text)
    await ask(sandbox, "deleteWebhook")
    assert (await ask(sandbox, "getUpdates")).status == 200


async def test_setting_a_webhook_ends_a_waiting_poll(sandbox: Sandbox, receiver: Receiver) -> None:
    waiting = asyncio.create_task(ask(sandbox, "getUpdates", timeout=30))
    await asyncio.sleep(0.2)
    await set_webhook(sandbox, receiver.url)
    assert refusal(await waiting) == (409, "Conflict: terminated by setWebhook request")


async def test_updates_are_delivered_in_order_with_the_secret(sandbox: Sandbox, receiver: Receiver) -> None:
    await write(sandbox, "before")
    await set_webhook(sandbox, receiver.url, secret_token="s3cret_-")
    for text in ("one", "two"):
        await write(sandbox, text)
    await receiver.until(3)
    assert receiver.heard == [("s3cret_-", "before"), ("s3cret_-", "one"), ("s3cret_-", "two")]
    assert await pending(sandbox) == 0


async def test_without_a_secret_the_header_is_missing(sandbox: Sandbox, receiver: Receiver) -> None:
    await set_webhook(sandbox, receiver.url)
    await write(sandbox, "one")
    await receiver.until(1)
    assert receiver.heard == [(None, "one")]


async def test_a_failed_delivery_is_repeated_before_the_next(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.planned = [500]
    await set_webhook(sandbox, receiver.url)
    await write(sandbox, "one")
    await write(sandbox, "two")
    await receiver.until(1)
    await asyncio.sleep(0.1)
    info = (await ask(sandbox, "getWebhookInfo")).json["result"]
    assert info["pending_update_count"] == 2
    assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
    assert info["last_error_date"] > 0
    await receiver.until(3)
    assert [text for _, text in receiver.heard] == ["one", "one", "two"]


async def test_the_info_shows_what_was_set(sandbox: Sandbox, receiver: Receiver) -> None:
    await set_webhook(sandbox, receiver.url, max_connections=500, allowed_updates=["message"])
    info = (await ask(sandbox, "getWebhookInfo")).json["result"]
    assert (info["url"], info["max_connections"], info["allowed_updates"]) == (receiver.url, 100, ["message"])
    assert info["has_custom_certificate"] is False
    assert "last_error_message" not in info


async def test_pending_updates_can_be_dropped(sandbox: Sandbox, receiver: Receiver) -> None:
    await write(sandbox, "old")
    await set_webhook(sandbox, receiver.url, drop_pending_updates=True)
    await write(sandbox, "new")
    await receiver.until(1)
    assert [text for _, text in receiver.heard] == ["new"]


async def test_a_deleted_webhook_hears_nothing_more(sandbox: Sandbox, receiver: Receiver) -> None:
    await set_webhook(sandbox, receiver.url)
    await ask(sandbox, "deleteWebhook")
    await write(sandbox, "later")
    await asyncio.sleep(0.2)
    assert receiver.heard == []
    assert await pending(sandbox) == 1
