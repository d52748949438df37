"""Bodies through the proxy, both ways, against a platform that is a plain socket: what goes on, and when."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from moorline.http.proxy import MAX_BODY_BYTES, REPLAYED_BYTES
from tests.harness import World, failure
from tests.outbound.peer import CUT_OFF, Peer, answer, peer

UNAUTHORIZED = json.dumps({"title": "Unauthorized", "status": 401}).encode()
RENEWED = json.dumps({"access_token": "renewed-token", "expires_in": 7200, "refresh_token": "r2"}).encode()
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PART = b"x" * 100_000
WAIT_S = 10.0


@asynccontextmanager
async def played_by(world: World, *answers: bytes | None) -> AsyncIterator[tuple[Peer, str]]:
    """The peer that X is from now on, and the path of an account's proxy."""
    await world.landing("twitter")
    (account,) = await world.accounts()
    async with peer(*answers) as platform:
        await world.restart(OUTBOUND_MAP=json.dumps({"https://api.x.com": platform.origin}))
        yield platform, f"/v1/accounts/{account['_id']}/proxy"


@asynccontextmanager
async def served_by(world: World, handler: Handler) -> AsyncIterator[str]:
    """The address of an account's proxy, behind which a handler of connections is X from now on."""
    await world.landing("twitter")
    (account,) = await world.accounts()
    async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
        origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await world.restart(OUTBOUND_MAP=json.dumps({"https://api.x.com": origin}))
        yield f"{world.base_url}/v1/accounts/{account['_id']}/proxy"


def sent(platform: Peer, place: int) -> tuple[bytes, bytes]:
    """Head and body of a request."""
    head, _, body = platform.seen[place].partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize("size", [0, 1, REPLAYED_BYTES, REPLAYED_BYTES + 1, 3 * REPLAYED_BYTES])
async def test_a_body_goes_on_byte_for_byte_with_its_length_and_kind(world: World, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"\x00" * (size % 256)
    async with played_by(world, answer(201, b"made")) as (platform, proxy):
        headers = {"content-type": "video/mp4"}
        made = await world.call("PUT", f"{proxy}/2/media/upload?a=%2F&b=(1)", content=content, headers=headers)
        assert (made.status, made.text) == (201, "made")
        head, body = sent(platform, 0)
        assert body == content
        assert head.startswith(b"PUT /2/media/upload?a=%2F&b=(1) HTTP/1.1")
        assert f"content-length: {size}".encode() in head.lower()
        assert b"content-type: video/mp4" in head.lower()


async def test_json_that_our_own_routes_would_refuse_is_the_platforms_to_judge(world: World) -> None:
    content = b'{"text": "caf\xe9", "text": "twice"}'
    async with played_by(world, answer(200)) as (platform, proxy):
        assert (await world.call("POST", f"{proxy}/2/tweets", content=content)).status == 200
        assert sent(platform, 0)[1] == content


async def test_a_kept_body_is_sent_again_with_the_renewed_token(world: World) -> None:
    answers = (answer(401, UNAUTHORIZED), answer(200, RENEWED), answer(201, b"made"))
    async with played_by(world, *answers) as (platform, proxy):
        assert (await world.call("POST", f"{proxy}/2/tweets", content=b"the body")).status == 201
        assert [sent(platform, place)[1] for place in (0, 2)] == [b"the body"] * 2
        assert b"bearer renewed-token" in sent(platform, 2)[0].lower()


async def test_a_body_too_large_to_be_kept_is_sent_once(world: World) -> None:
    async with played_by(world, answer(401, UNAUTHORIZED)) as (platform, proxy):
        told = await world.call("POST", f"{proxy}/2/tweets", content=b"x" * (REPLAYED_BYTES + 1))
        assert (told.status, told.text.encode()) == (401, UNAUTHORIZED)
        assert len(platform.seen) == 1


async def test_a_body_over_the_limit_is_413_and_not_sent(world: World) -> None:
    async with played_by(world, answer(200)) as (platform, proxy):
        content = b"x" * (MAX_BODY_BYTES + 1)
        failure(await world.call("POST", f"{proxy}/2/media/upload", content=content), 413, "body_too_large")
        assert platform.seen == []


async def test_a_body_without_a_length_that_grows_over_the_limit_is_413(world: World) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY_BYTES // len(PART) + 2):
            yield PART

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with served_by(world, silent) as url, aiohttp.ClientSession() as session:
        headers = {"authorization": f"Bearer {world.owner.api_key}"}
        async with session.post(f"{url}/2/media/upload", data=endless(), headers=headers) as told:
            assert (told.status, (await told.json())["code"]) == (413, "body_too_large")


async def test_an_answer_that_breaks_off_breaks_off_for_the_caller_too(world: World) -> None:
    async with played_by(world, CUT_OFF) as (_, proxy):
        with pytest.raises(aiohttp.ClientPayloadError):
            await world.call("GET", f"{proxy}/2/users/me")


@pytest.mark.parametrize("gone", [b"", b"HTTP/1.1 what\r\n\r\n"])
async def test_what_is_no_answer_is_told_as_an_outage(world: World, gone: bytes) -> None:
    async with played_by(world, gone) as (_, proxy):
        failure(await world.call("POST", f"{proxy}/2/tweets", content=b"x"), 500, "platform_unavailable")


async def test_an_answer_is_passed_on_as_it_comes_and_given_up_with_its_caller(world: World) -> None:
    ended = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + PART)
        await writer.drain()
        await reader.read()  # until the other side closes: the second half is never sent
        ended.set()
        writer.close()

    async with served_by(world, slow) as url, asyncio.timeout(WAIT_S), aiohttp.ClientSession() as session:
        headers = {"authorization": f"Bearer {world.owner.api_key}", "idempotency-key": "once"}
        told = await session.get(f"{url}/2/stream", headers=headers)
        assert await told.content.readexactly(50_000) == PART[:50_000]
        assert not ended.is_set()
        told.close()
        await ended.wait()
