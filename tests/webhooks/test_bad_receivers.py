"""Receivers that hang, redirect, close early, stream for ever; and what their answers may do to the log."""

import asyncio

import pytest

from moorline import pulse
from moorline.webhooks import deliver, send
from tests.conftest import FrozenClock
from tests.http.conftest import Lines
from tests.webhooks.conftest import Told
from tests.webhooks.receiver import (
    MANY_BYTES,
    Reaction,
    answering,
    close_early,
    echo,
    hang,
    hang_up,
    no_http,
    stream_for_ever,
)

BAD: dict[str, tuple[Reaction, int | None, str]] = {
    "hangs": (hang, None, "no answer in time"),
    "streams for ever": (stream_for_ever, None, "no answer in time"),
    "closes in the middle": (close_early, None, "broke off"),
    "hangs up": (hang_up, None, "broke off"),
    "speaks no HTTP": (no_http, None, "not HTTP"),
    "answers 10 MB": (answering(200, b"x" * MANY_BYTES), None, "too large"),
    "answers 500": (answering(500, "oh"), 500, "answered 500"),
    "answers 404": (answering(404), 404, "answered 404"),
    "redirects": (answering(302, Location="/elsewhere"), 302, "redirects are not followed"),
    "redirects and keeps the body": (answering(307, Location="/elsewhere"), 307, "redirects are not followed"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_receiver_that_does_not_take_it_is_tried_again_and_the_log_says_why(
    told: Told, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(send, "TIMEOUT_S", 0.5)
    reaction, status, reason = BAD[name]
    told.receiver.reactions.append(reaction)
    await told.webhook()
    await told.connect()
    assert await told.deliver() == 1
    (log,) = await told.logs()
    assert (log["status"], log.get("statusCode")) == ("failed", status)
    assert reason in log["errorMessage"]
    frozen_clock.advance(deliver.DELAYS_S[0])
    assert await told.deliver() == 1
    first, second = told.receiver.received
    assert (first.path, first.body) == (second.path, second.body)
    assert [one["status"] for one in await told.logs()] == ["success", "failed"]


async def test_deliveries_that_come_to_no_end_are_not_taken_for_stuck(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "SILENT_S", 2.5)
    told.receiver.reactions.append(hang)
    await told.webhook()
    await told.connect()
    service = told.world.service
    service.pulse.beat("deliveries")
    work = asyncio.create_task(deliver.Deliveries(service).work())
    await asyncio.sleep(4)
    assert not work.done()
    assert service.pulse.silent() == []
    work.cancel()
    await asyncio.wait({work})


async def test_html_with_a_good_status_is_taken_for_a_receipt(told: Told) -> None:
    told.receiver.usual = answering(200, "<html>ok</html>", Content_Type="text/html")
    await told.webhook()
    await told.connect()
    await told.deliver()
    (log,) = await told.logs()
    assert (log["status"], log["responseBody"]) == ("success", "<html>ok</html>")


@pytest.mark.parametrize(
    ("answered", "kept"),
    [
        (b"a\x00b\xffc", "a\ufffdb\ufffdc"),
        (b"x" * 20_000, "x" * 10_240),
        ("é".encode() * 10_000, "é" * 5_120),
        (b"x" + "é".encode() * 10_000, "x" + "é" * 5_119),
    ],
)
async def test_an_answer_is_kept_as_valid_text_of_at_most_ten_kilobytes(told: Told, answered: bytes, kept: str) -> None:
    told.receiver.usual = answering(200, answered)
    await told.webhook()
    await told.connect()
    await told.deliver()
    assert [log["responseBody"] for log in await told.logs()] == [kept]


async def test_s30_secrets_and_headers_are_in_no_log_and_no_answer(told: Told, lines: Lines) -> None:
    secret, token = "canary-of-the-secret", "Bearer canary-of-the-header"
    webhook = await told.webhook(secret=secret, customHeaders={"Authorization": token, "X-Plain": "1"})
    told.receiver.reactions.extend([echo, answering(500, token)])
    await told.connect()
    await told.deliver()
    await told.world.call("POST", "/v1/webhooks/test", body={"webhookId": webhook["_id"]})
    assert [received.headers["authorization"] for received in told.receiver.received] == [token, token]
    answers = [(await told.world.call("GET", path)).text for path in ("/v1/webhooks/settings", "/v1/webhooks/logs")]
    db = told.world.service.db
    logged = await db.all("SELECT body, response_body FROM delivery_logs")
    sealed = await db.all("SELECT secret_sealed AS body, headers_sealed AS response_body FROM webhooks")
    stored = [str(row[column]) for row in (*logged, *sealed) for column in ("body", "response_body")]
    for text in (*answers, *stored, lines.text):
        assert "canary" not in text
    assert told.receiver.url not in lines.text, "the path of a receiver may be its password"
    assert "webhook_delivered" in lines.text


async def test_s50_a_name_that_stands_for_a_private_address_is_refused_when_it_is_called(told: Told) -> None:
    webhook = await told.webhook(url="https://localhost/hook")
    answer = await told.world.call("POST", "/v1/webhooks/test", body={"webhookId": webhook["_id"]})
    assert answer.status == 500
    assert "may not be reached" in answer.json["message"]
    assert "loopback" in answer.json["message"]


async def test_s50_a_receiver_that_is_no_longer_allowed_is_not_called(told: Told, lines: Lines) -> None:
    await told.webhook()
    await told.connect()
    await told.world.restart(OUTBOUND_ALLOW="")
    assert await told.deliver() == 1
    assert told.receiver.received == []
    (log,) = await told.logs()
    assert "may not be reached" in log["errorMessage"]
    assert "outbound_refused" in lines.text


async def test_s50_a_redirect_to_a_private_address_is_not_followed(told: Told) -> None:
    location = f"http://127.0.0.1:{told.receiver.port}/elsewhere"
    told.receiver.usual = answering(308, Location=location)
    await told.webhook()
    await told.connect()
    await told.deliver()
    assert [received.path for received in told.receiver.received] == ["/hook"]
