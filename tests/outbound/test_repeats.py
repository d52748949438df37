"""Which calls are sent again, and what the log tells of each."""

from collections.abc import Callable

import pytest

from moorline.errors import Unreachable
from moorline.outbound import Outbound, OutboundMap
from moorline.wire import Request
from tests.outbound.peer import BOT_TOKEN, CUT_OFF, NO_ANSWER, OK, SILENCE, answer, peer


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("first", [NO_ANSWER, CUT_OFF, answer(502), answer(503), answer(504)])
async def test_a_call_that_is_not_repeatable_is_sent_once(outbound: Outbound, first: bytes, method: str) -> None:
    async with peer(first, OK) as server:
        try:
            reply = await outbound.send(Request(method=method, url=server.origin))
        except Unreachable:
            assert first in {NO_ANSWER, CUT_OFF}
        else:
            assert first == answer(reply.status)
        assert len(server.seen) == 1


async def test_a_call_on_a_kept_connection_that_died_is_sent_once(outbound: Outbound) -> None:
    async with peer(OK, NO_ANSWER, OK) as server:
        await outbound.send(Request(method="GET", url=server.origin))
        with pytest.raises(Unreachable):
            await outbound.send(Request(method="GET", url=server.origin, query={"code": "works once"}))
        assert len(server.seen) == 2


@pytest.mark.parametrize("first", [NO_ANSWER, CUT_OFF, SILENCE, answer(502), answer(503), answer(504)])
async def test_a_repeatable_call_is_sent_again(outbound: Outbound, first: bytes | None) -> None:
    async with peer(first, OK) as server:
        reply = await outbound.send(Request(method="POST", url=server.origin, repeatable=True, timeout_s=0.2))
        assert (reply.status, len(server.seen)) == (200, 2)


async def test_a_repeatable_call_is_sent_three_times_at_most(outbound: Outbound) -> None:
    async with peer(NO_ANSWER) as server:
        with pytest.raises(Unreachable):
            await outbound.send(Request(method="GET", url=server.origin, repeatable=True))
        assert len(server.seen) == 3


async def test_the_last_reply_is_answered_as_it_is(outbound: Outbound) -> None:
    async with peer(answer(502), answer(504), answer(503, b"closed today"), OK) as server:
        reply = await outbound.send(Request(method="GET", url=server.origin, repeatable=True))
        assert (reply.status, reply.body, len(server.seen)) == (503, b"closed today", 3)


@pytest.mark.parametrize("status", [400, 401, 404, 408, 429, 500, 501])
async def test_other_statuses_are_not_repeated(outbound: Outbound, status: int) -> None:
    async with peer(answer(status), OK) as server:
        reply = await outbound.send(Request(method="GET", url=server.origin, repeatable=True))
        assert (reply.status, len(server.seen)) == (status, 1)


# The log


async def test_each_attempt_is_told_with_host_and_no_path(
    outbound: Outbound, told: Callable[[], list[dict[str, object]]]
) -> None:
    async with peer(answer(503), OK) as server:
        request = Request(method="GET", url=f"{server.origin}/bot{BOT_TOKEN}/x", query={"state": "s"}, repeatable=True)
        await outbound.send(request)
    lines = told()
    assert [(line["level"], line["attempt"], line["status"]) for line in lines] == [("INFO", 1, 503), ("DEBUG", 2, 200)]
    assert all(line["host"] == "127.0.0.1" and line["method"] == "GET" for line in lines)
    assert all(isinstance(line["ms"], float) and "AAbb" not in str(line) for line in lines)


async def test_a_mapped_call_goes_elsewhere_and_keeps_its_name(told: Callable[[], list[dict[str, object]]]) -> None:
    async with peer(OK, NO_ANSWER) as server:
        client = Outbound(outbound_map=OutboundMap.parse({"https://api.telegram.org": f"{server.origin}/tg"}))
        request = Request(method="GET", url="https://api.telegram.org/bot1:x/getMe", query={"a": "b+c"})
        await client.send(request)
        assert server.request_line == "GET /tg/bot1:x/getMe?a=b%2Bc HTTP/1.1"
        with pytest.raises(
            Unreachable, match=r"^api\.telegram\.org gave no usable answer: the connection broke off\.$"
        ):
            await client.send(request)
        await client.close()
    assert {(line["host"], line["via"]) for line in told()} == {("api.telegram.org", "127.0.0.1")}
