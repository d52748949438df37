"""The outgoing client against real servers on loopback, which answer exactly the bytes a test gives them."""

import asyncio
import gzip
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline import __version__
from moorline.errors import Unreachable
from moorline.guard import OutboundAllow
from moorline.outbound import Outbound, OutboundMap
from moorline.wire import Request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO_ANSWER = b""
SILENCE = None
CUT_OFF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
BOT_TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Some", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Peer:
    """Answers the n-th request with the n-th answer, and all later ones with the last; empty bytes hang up."""

    def __init__(self, answers: tuple[bytes | None, ...]) -> None:
        self.answers = answers
        self.seen: list[bytes] = []
        self.connections = 0
        self.origin = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.seen.append(await _one_request(reader))
                given = self.answers[min(len(self.seen), len(self.answers)) - 1]
                if given is SILENCE:
                    await asyncio.sleep(30)
                elif given:
                    writer.write(given)
                    await writer.drain()
                if not given or given == CUT_OFF:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    @property
    def request_line(self) -> str:
        return self.seen[-1].split(b"\r\n", 1)[0].decode()

    @property
    def headers(self) -> dict[str, str]:
        head = self.seen[-1].split(b"\r\n\r\n", 1)[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}

    @property
    def body(self) -> bytes:
        return self.seen[-1].split(b"\r\n\r\n", 1)[1]


async def _one_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    return head + await reader.readexactly(length)


@asynccontextmanager
async def peer(*answers: bytes | None) -> AsyncIterator[Peer]:
    one = Peer(answers)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(one.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    one.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield one
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)
        await server.wait_closed()


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    client = Outbound(public_url="https://connect.example.com", body_limit_bytes=64 * 1024)
    yield client
    await client.close()


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, object]]]:
    """The fields of every line the client logged, and its level."""
    caplog.set_level(logging.DEBUG, "moorline.outbound")
    return lambda: [{**vars(record)["moorline"], "level": record.levelname} for record in caplog.records]


# What is sent


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


# Failures


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


# Repeats


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


# The map

MAP = OutboundMap.parse(
    """{"https://www.googleapis.com": "http://127.0.0.1:1/g", "https://www.googleapis.com/oauth2": "http://127.0.0.1:2/",
        "https://www.googleapis.com/oauth2/v4/": "http://127.0.0.1:3/four/", "http://pds.test:8080": "https://[::1]"}"""
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.googleapis.com", "http://127.0.0.1:1/g"),
        ("https://www.googleapis.com/", "http://127.0.0.1:1/g/"),
        ("https://www.googleapis.com?a=b", "http://127.0.0.1:1/g?a=b"),
        ("https://www.googleapis.com/oauth", "http://127.0.0.1:1/g/oauth"),
        ("https://www.googleapis.com/oauth2", "http://127.0.0.1:2"),
        ("https://www.googleapis.com/oauth2?x=%2F+:/#f", "http://127.0.0.1:2?x=%2F+:/#f"),
        ("https://www.googleapis.com/oauth2/v3/token", "http://127.0.0.1:2/v3/token"),
        ("https://www.googleapis.com/oauth2/v4/token", "http://127.0.0.1:3/four/token"),
        ("https://www.googleapis.com/oauth22", "http://127.0.0.1:1/g/oauth22"),
        ("https://WWW.GoogleAPIs.com:443/x", "http://127.0.0.1:1/g/x"),
        ("https://www.googleapis.com./x", "http://127.0.0.1:1/g/x"),
        ("http://pds.test:8080/xrpc", "https://[::1]/xrpc"),
    ],
)
def test_the_longest_prefix_wins(url: str, expected: str) -> None:
    assert MAP.matches(url)
    assert MAP.apply(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://www.googleapis.com.evil/",
        "https://www.googleapis.com@evil.example/",
        "https://www.googleapis.com:8443/",
        "http://www.googleapis.com/",
        "http://pds.test/",
        "https://evil.example/https://www.googleapis.com/",
        "https://www.googleapis.com\\evil",
        "//www.googleapis.com/",
        "not a url",
        "",
    ],
)
def test_other_addresses_stay_as_they_are(url: str) -> None:
    assert not MAP.matches(url)
    assert MAP.apply(url) == url


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "must be a JSON object of strings"),
        ("nonsense", "must be a JSON object of strings"),
        ('{"https://a.example": 5}', "must be a JSON object of strings"),
        ('{"ftp://a.example": "http://b"}', 'the prefix "ftp://a.example" must be an origin such as'),
        ('{"a.example": "http://b"}', 'the prefix "a.example" must be an origin such as'),
        ('{"https://u:s3cret@a.example": "http://b"}', 'the prefix "https://...@a.example" must not hold user'),
        ('{"https://a.example/x?k=s3cret": "http://b"}', 'the prefix "https://a.example/x" must not hold a query'),
        ('{"https://a.example/#s3cret": "http://b"}', 'the prefix "https://a.example/" must not hold a fragment'),
        ('{"https://a.example": "b:80"}', 'the replacement "b:80" must be an origin'),
        ('{"https://a.example": "http://u:s3cret@b"}', 'the replacement "http://...@b" must not hold user'),
        ('{"https://a.example": "http://b?s3cret"}', 'the replacement "http://b" must not hold a query'),
        ('{"https://a.example:0": "http://b"}', "its port is not between 1 and 65535"),
        ('{"https://a.example": "http://b", "https://A.example/": "http://c"}', "is given twice"),
    ],
)
def test_a_wrong_map_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as raised:
        OutboundMap.parse(text)
    assert sentence in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_prefix_may_hold_an_at_sign_in_its_path() -> None:
    mapped = OutboundMap.parse({"https://a.example/@me": "http://b.example"})
    assert mapped.apply("https://a.example/@me/x") == "http://b.example/x"


TAILS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\"))
HOSTS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,5}){0,2}", fullmatch=True)


@given(host=HOSTS, tail=TAILS)
def test_a_mapped_url_keeps_all_that_follows_the_prefix(host: str, tail: str) -> None:
    mapped = OutboundMap.parse({f"https://{host}/a": "http://127.0.0.1:9/b"})
    assert mapped.apply(f"https://{host}/a/{tail}") == f"http://127.0.0.1:9/b/{tail}"


@given(
    host=HOSTS,
    more=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="/?#:"), min_size=1),
)
def test_a_longer_host_is_another_host(host: str, more: str) -> None:
    mapped = OutboundMap.parse({f"https://{host}": "http://127.0.0.1:9"})
    assert mapped.matches(f"https://{host}{more}/") == (more == ".")


@given(st.text())
def test_no_text_makes_the_map_fail(url: str) -> None:
    assert MAP.apply(url) == url or MAP.matches(url)
