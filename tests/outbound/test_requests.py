"""What is sent and what comes back, against real servers on loopback."""

import gzip
import time

import msgspec
import pytest

from moorline import __version__
from moorline.errors import Unreachable
from moorline.guard import OutboundAllow
from moorline.outbound import Outbound
from moorline.wire import Request
from tests.outbound.peer import OK, answer, peer


async def test_the_query_arrives_as_given(outbound: Outbound) -> None:
    odd = {"redirect_uri": "https://a.example/cb?x=1", "scope": "a b+c", "100%": "%2F&=é~", "empty": ""}
    async with peer(OK) as server:
        await outbound.send(Request(method="GET", url=f"{server.origin}/v1/me", query=odd))
        assert server.request_line == (
            "GET /v1/me?redirect_uri=https%3A%2F%2Fa.example%2Fcb%3Fx%3D1&scope=a%20b%2Bc"
            "&100%25=%252F%26%3D%C3%A9~&empty= HTTP/1.1"
        )


async def test_an_encoded_path_and_an_own_query_are_left_alone(outbound: Outbound) -> None:
    async with peer(OK) as server:
        url = f"{server.origin}/v1/urn%3Ali%3Aorg:5/%e2%82%ac?after=a+b%3d%3D|c"
        await outbound.send(Request(method="GET", url=url, query={"limit": "5"}))
        assert server.request_line == "GET /v1/urn%3Ali%3Aorg:5/%e2%82%ac?after=a+b%3d%3D|c&limit=5 HTTP/1.1"


async def test_a_form_is_sent_encoded(outbound: Outbound) -> None:
    async with peer(OK) as server:
        form = {"code": "4/0A+b c", "grant_type": "authorization_code"}
        await outbound.send(Request(method="POST", url=server.origin, form=form))
        assert server.body == b"code=4%2F0A%2Bb%20c&grant_type=authorization_code"
        assert server.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_json_is_sent_as_json(outbound: Outbound) -> None:
    async with peer(OK) as server:
        await outbound.send(Request(method="POST", url=server.origin, json={"name": "é"}))
        assert server.body == '{"name":"é"}'.encode()
        assert server.headers["content-type"] == "application/json"


async def test_raw_json_is_sent_byte_for_byte(outbound: Outbound) -> None:
    signed = b'{ "a" :  1 }'
    async with peer(OK) as server:
        headers = {"content-type": "application/json; charset=utf-8"}
        await outbound.send(Request(method="POST", url=server.origin, json=msgspec.Raw(signed), headers=headers))
        assert server.body == signed
        assert server.headers["content-type"] == "application/json; charset=utf-8"


async def test_basic_credentials_are_sent(outbound: Outbound) -> None:
    async with peer(OK) as server:
        await outbound.send(Request(method="POST", url=server.origin, basic=("Aladdin", "open sesame")))
        assert server.headers["authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


async def test_a_bearer_token_is_sent(outbound: Outbound) -> None:
    async with peer(OK) as server:
        await outbound.send(Request(method="GET", url=server.origin, bearer="abc.def"))
        assert server.headers["authorization"] == "Bearer abc.def"


async def test_the_user_agent_names_this_server(outbound: Outbound) -> None:
    async with peer(OK) as server:
        await outbound.send(Request(method="GET", url=server.origin))
        assert server.headers["user-agent"] == f"Moorline/{__version__} (+https://connect.example.com)"


async def test_a_request_may_bring_its_own_user_agent(outbound: Outbound) -> None:
    async with peer(OK) as server:
        await outbound.send(Request(method="GET", url=server.origin, headers={"user-agent": "web:app:1 (by /u/me)"}))
        assert server.headers["user-agent"] == "web:app:1 (by /u/me)"
        assert server.seen[-1].lower().count(b"user-agent") == 1


async def test_cookies_are_not_kept() -> None:
    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with peer(answer(200, b"", "Set-Cookie: a=b; Path=/")) as server:
        port = server.origin.rpartition(":")[2]
        client = Outbound(outbound_allow=OutboundAllow.parse(f"pds.lab:{port}"), resolve=here)
        for _ in range(2):
            await client.send(Request(method="GET", url=f"http://pds.lab:{port}/", guarded=True))
        await client.close()
        assert len(server.seen) == 2
        assert "cookie" not in server.headers


async def test_a_proxy_in_the_environment_is_not_used(outbound: Outbound, monkeypatch: pytest.MonkeyPatch) -> None:
    async with peer(OK) as server, peer(OK) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        await outbound.send(Request(method="GET", url=server.origin))
        assert (len(server.seen), len(proxy.seen)) == (1, 0)


async def test_a_connection_is_used_again(outbound: Outbound) -> None:
    async with peer(OK) as server:
        for _ in range(3):
            await outbound.send(Request(method="GET", url=server.origin))
        assert server.connections == 1


async def test_a_closed_client_opens_again() -> None:
    client = Outbound()
    async with peer(OK) as server:
        await client.send(Request(method="GET", url=server.origin))
        await client.close()
        assert (await client.send(Request(method="GET", url=server.origin))).status == 200
        await client.close()


# What comes back


async def test_a_reply_has_status_lower_case_headers_and_body(outbound: Outbound) -> None:
    async with peer(answer(404, b"gone", "X-Rate-Limit: 5", "Link: <a>", "link: <b>")) as server:
        reply = await outbound.send(Request(method="GET", url=server.origin))
    assert (reply.status, reply.body) == (404, b"gone")
    assert (reply.headers["x-rate-limit"], reply.headers["link"]) == ("5", "<a>, <b>")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_s50_a_redirect_is_answered_not_followed(outbound: Outbound, status: int) -> None:
    async with peer(OK) as inside, peer(answer(status, b"", f"Location: {inside.origin}/admin")) as server:
        reply = await outbound.send(Request(method="GET", url=server.origin, repeatable=True))
        assert (reply.status, reply.headers["location"]) == (status, f"{inside.origin}/admin")
        assert (len(server.seen), len(inside.seen)) == (1, 0)


async def test_a_compressed_body_is_unpacked_and_its_headers_tell_the_truth(outbound: Outbound) -> None:
    async with peer(answer(200, gzip.compress(b"hello" * 100), "Content-Encoding: gzip")) as server:
        reply = await outbound.send(Request(method="GET", url=server.origin))
    assert reply.body == b"hello" * 100
    assert not {"content-encoding", "content-length"} & set(reply.headers)


async def test_a_body_of_exactly_the_limit_is_answered(outbound: Outbound) -> None:
    async with peer(answer(200, b"x" * 65536)) as server:
        assert len((await outbound.send(Request(method="GET", url=server.origin))).body) == 65536


@pytest.mark.parametrize(
    "too_much",
    [
        pytest.param(answer(200, b"x" * 65537), id="a byte too much"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"4000\r\n%b\r\n" % (b"x" * 0x4000) * 8,
            id="chunks that do not end",
        ),
        pytest.param(answer(200, gzip.compress(bytes(50_000_000)), "Content-Encoding: gzip"), id="gzip bomb"),
    ],
)
async def test_s50_an_answer_over_the_limit_is_refused_and_not_asked_for_again(
    outbound: Outbound, too_much: bytes
) -> None:
    async with peer(too_much) as server:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1 gave no usable answer: the answer is too large"):
            await outbound.send(Request(method="GET", url=server.origin, repeatable=True))
        assert len(server.seen) == 1


async def test_s50_a_gzip_bomb_is_not_unpacked_beyond_the_limit(outbound: Outbound) -> None:
    bomb = gzip.compress(bytes(500_000_000), compresslevel=1)
    async with peer(answer(200, bomb, "Content-Encoding: gzip")) as server:
        started_s = time.process_time()
        with pytest.raises(Unreachable):
            await outbound.send(Request(method="GET", url=server.origin))
        assert time.process_time() - started_s < 0.5
