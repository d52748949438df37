"""`Outbound.stream`: the head at once, the body as it comes, and every trouble told without the address."""

import gzip
from collections.abc import AsyncIterator, Callable

import pytest

from moorline.errors import Unreachable
from moorline.outbound import Outbound
from moorline.wire import Request
from tests.outbound.peer import BOT_TOKEN, CUT_OFF, NO_ANSWER, SILENCE, answer, peer


async def whole(outbound: Outbound, request: Request, **more: bytes | AsyncIterator[bytes]) -> bytes:
    async with outbound.stream(request, **more) as streamed:
        return b"".join([chunk async for chunk in streamed.chunks])


async def test_an_answer_larger_than_the_limit_of_other_calls_is_read_to_its_end(outbound: Outbound) -> None:
    body = b"x" * 1_000_000
    async with peer(answer(200, body)) as one:
        assert await whole(outbound, Request(method="GET", url=f"{one.origin}/x")) == body


async def test_the_head_has_every_header_as_often_as_it_came(outbound: Outbound) -> None:
    async with (
        peer(answer(418, b"tea", "Link: <a>", "Link: <b>")) as one,
        outbound.stream(Request(method="GET", url=f"{one.origin}/x")) as streamed,
    ):
        assert streamed.status == 418
        assert streamed.headers == (("content-length", "3"), ("link", "<a>"), ("link", "<b>"))


async def test_what_was_compressed_is_decompressed_and_no_longer_told_as_such(outbound: Outbound) -> None:
    packed = answer(200, gzip.compress(b"x" * 1000), "Content-Encoding: gzip")
    async with peer(packed) as one, outbound.stream(Request(method="GET", url=f"{one.origin}/x")) as streamed:
        assert streamed.headers == ()
        assert b"".join([chunk async for chunk in streamed.chunks]) == b"x" * 1000


async def test_a_body_is_sent_as_it_is_and_no_kind_is_made_up_for_it(outbound: Outbound) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a body"
        yield b" in parts"

    async with peer(answer(200, b"ok")) as one:
        for body in (b"a body in parts", parts()):
            request = Request(
                method="PUT",
                url=f"{one.origin}/x?a=%2F",
                query={"b": "1"},
                headers={"content-length": "15"},
                bearer="t",
            )
            assert await whole(outbound, request, body=body) == b"ok"
            assert (one.request_line, one.body) == ("PUT /x?a=%2F&b=1 HTTP/1.1", b"a body in parts")
            assert one.headers["authorization"] == "Bearer t"
            assert "content-type" not in one.headers


@pytest.mark.parametrize("trouble", [NO_ANSWER, SILENCE, CUT_OFF, b"no HTTP\r\n\r\n"])
async def test_trouble_is_told_once_without_the_address_and_never_repeated(
    outbound: Outbound, told: Callable[[], list[dict[str, object]]], trouble: bytes | None
) -> None:
    async with peer(trouble) as one:
        url = f"{one.origin}/bot{BOT_TOKEN}/x"
        with pytest.raises(Unreachable, match=r"^127\.0\.0\.1 gave no usable answer") as caught:
            await whole(outbound, Request(method="GET", url=url, repeatable=True, timeout_s=0.3))
        assert one.connections == 1
    assert BOT_TOKEN not in str(caught.value) + str(told())
    assert caught.value.__cause__ is None
    assert len(told()) == 1


async def test_the_guard_stands_before_streams_too(outbound: Outbound) -> None:
    async with peer(answer(200)) as one:
        with pytest.raises(Unreachable, match="may not be reached"):
            await whole(outbound, Request(method="GET", url=f"{one.origin}/x", guarded=True))
        assert one.seen == []
