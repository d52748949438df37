"""Every way a call fails is one error that tells neither path nor query."""

import asyncio
import logging

import pytest

from moorline.errors import Unreachable
from moorline.outbound import Outbound
from moorline.wire import Request
from tests.outbound.peer import BOT_TOKEN, CUT_OFF, NO_ANSWER, OK, SILENCE, answer, peer


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (SILENCE, "no answer in time"),
        (NO_ANSWER, "the connection broke off"),
        (CUT_OFF, "the connection broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf, then nothing", "no answer in time"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "the answer is not HTTP"),
        (answer(200, b"not gzip at all", "Content-Encoding: gzip"), "the connection broke off"),
    ],
)
async def test_a_failure_is_unreachable_with_its_kind(outbound: Outbound, given: bytes | None, kind: str) -> None:
    async with peer(given) as server:
        with pytest.raises(Unreachable) as raised:
            await outbound.send(Request(method="GET", url=server.origin, timeout_s=0.2))
    assert str(raised.value) == f"127.0.0.1 gave no usable answer: {kind}."


async def test_a_refused_connection_is_unreachable(outbound: Outbound) -> None:
    async with peer(OK) as server:
        closed = server.origin
    with pytest.raises(Unreachable, match=r"no usable answer: no connection\."):
        await outbound.send(Request(method="GET", url=closed))


async def test_a_connection_that_takes_too_long_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.sleep(30)
        return []

    monkeypatch.setattr("moorline.outbound.CONNECT_TIMEOUT_S", 0.1)
    client = Outbound(resolve=never)
    with pytest.raises(Unreachable, match=r"^pds\.example gave no usable answer: no connection in time\.$"):
        await client.send(Request(method="GET", url="https://pds.example/", guarded=True, timeout_s=20))
    await client.close()


async def test_an_answer_that_trickles_is_cut_at_the_whole_calls_time(outbound: Outbound) -> None:
    done = asyncio.Event()

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.02)
        done.set()

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Unreachable, match="no answer in time"):
        await outbound.send(Request(method="GET", url=f"http://127.0.0.1:{port}/", timeout_s=0.3))
    await done.wait()
    server.close()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://api.example/x",
        "/relative",
        "https://user:pw@api.example/",
        "https://api.example/a\r\nHost: evil",
        "https://api.example\\@evil.example/",
        "https://api.example/sandbox/../admin",
        "https://api.example/sandbox/%2e%2E/admin",
        "https://api.example/sandbox/x%2f..%2f../admin",
        "https://api.example:99999/",
        "https://[::1/",
        "https://a..example/",
        "",
    ],
)
async def test_a_malformed_address_is_unreachable_and_not_repeated_in_the_message(outbound: Outbound, url: str) -> None:
    with pytest.raises(Unreachable) as raised:
        await outbound.send(Request(method="GET", url=url, query={"token": "s3cret"}))
    assert str(raised.value).startswith("The address may not be reached: it")
    assert not any(part in str(raised.value) for part in ("example", "s3cret", "pw", "evil"))


async def test_s30_a_failure_tells_neither_path_nor_query(outbound: Outbound, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with peer(NO_ANSWER) as server:
        request = Request(method="GET", url=f"{server.origin}/bot{BOT_TOKEN}/getMe", query={"access_token": "s3cret"})
        with pytest.raises(Unreachable) as raised:
            await outbound.send(request)
    assert not any(secret in f"{raised.value!r}{caplog.text}" for secret in ("AAbb", "getMe", "s3cret"))
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
