"""S63: bodies no client should send answer 4xx in the documented shape, whatever they are made of."""

import json
import time
from collections.abc import AsyncIterator

import pytest

from moorline.http.bodies import MAX_BODY_BYTES
from tests.harness import UNKNOWN_ID, World, failure, on_both_engines, shares_a_world
from tests.http.conftest import Lines

pytestmark = shares_a_world

WRITES = [
    ("POST", "/v1/profiles"),
    ("PUT", f"/v1/profiles/{UNKNOWN_ID}"),
    ("PUT", f"/v1/accounts/{UNKNOWN_ID}"),
    ("POST", "/v1/api-keys"),
    ("POST", "/v1/connect/twitter"),
    ("POST", "/v1/connect/facebook/select-page"),
    ("POST", "/v1/connect/bluesky/credentials"),
    ("POST", "/v1/connect/telegram"),
]

MALFORMED = {
    "nothing but space": b"  ",
    "a word": b"hello",
    "a number": b"7",
    "null": b"null",
    "a list": b"[]",
    "a string": b'"name"',
    "cut off": b'{"name": "x"',
    "twice": b'{"name": "x"} {"name": "y"}',
    "a key twice": b'{"name": "x", "name": "y"}',
    "a key twice below": b'{"name": "x", "userProfile": {"a": [{"b": 1, "b": 2}]}}',
    "a key twice that is half a character": b'{"\\ud800": 1, "\\ud800": 2}',
    "a key twice with line breaks": b'{"\\r\\n\\u001b": 1, "\\r\\n\\u001b": 2}',
    "single quotes": b"{'name': 'x'}",
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "an overlong NUL": b'{"name": "\xc0\x80"}',
    "a surrogate in bytes": b'{"name": "\xed\xa0\x80"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "a raw NUL": b'{"name": "a\x00b"}',
    "not a number": b'{"name": NaN}',
    "infinity": b'{"expiresIn": Infinity, "name": "x"}',
    "deep lists": b'{"userProfile": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a number with 5,000 digits": b'{"name": "x", "expiresIn": ' + b"9" * 5_000 + b"}",
    "a number with 5,000 digits in a field nobody reads": b'{"name": 1, "userProfile": ' + b"9" * 5_000 + b"}",
    "a wrong type": b'{"name": {"a": 1}, "username": 7, "profileId": [], "chatId": {}, "code": 1, "identifier": null}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_s63_a_malformed_body_is_400_on_every_operation(shared: World, body: bytes) -> None:
    for method, path in WRITES:
        failure(await shared.call(method, path, content=body), 400)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "json", ""]
)
async def test_s63_a_body_of_another_kind_is_400_and_says_which_is_wanted(shared: World, kind: str) -> None:
    for method, path in WRITES:
        told = failure(
            await shared.call(method, path, content=b'{"name": "x"}', headers={"content-type": kind}),
            400,
            "invalid_request",
        )
        assert "application/json" in told["error"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/ld+json"])
async def test_json_by_any_of_its_names_is_read(shared: World, kind: str) -> None:
    created = await shared.call(
        "POST", "/v1/profiles", content=json.dumps({"name": kind}).encode(), headers={"content-type": kind}
    )
    assert created.status == 201, created.text


async def test_s63_a_body_over_the_limit_is_413_whether_or_not_its_length_is_told(shared: World) -> None:
    body = json.dumps({"name": "x" * MAX_BODY_BYTES}).encode()

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    for method, path in WRITES:
        failure(await shared.call(method, path, content=body), 413, "body_too_large")
        failure(await shared.call(method, path, content=in_pieces()), 413, "body_too_large")


async def test_s63_a_great_many_keys_hold_nobody_up(shared: World) -> None:
    keys = ",".join(f'"{number}":0' for number in range(90_000))
    body = f'{{{keys},"89999":1}}'.encode()
    started = time.perf_counter()
    failure(await shared.call("POST", "/v1/profiles", content=body), 400)
    assert time.perf_counter() - started < 3


async def test_s63_an_empty_body_is_a_malformed_call(shared: World) -> None:
    for method, path in WRITES:
        told = failure(await shared.call(method, path, content=b""), 400, "invalid_request")
        assert told["details"]["fields"] == {"body": "required"}


async def test_a_json_content_type_without_a_body_does_not_disturb_a_read(shared: World) -> None:
    for path in ("/v1/users", "/v1/profiles", "/v1/accounts", "/v1/usage-stats"):
        answer = await shared.call("GET", path, headers={"content-type": "application/json"})
        assert answer.status == 200, answer.text


async def test_s63_no_stack_trace_leaves_the_process(shared: World, lines: Lines) -> None:
    for body in MALFORMED.values():
        answer = await shared.call("POST", "/v1/profiles", content=body)
        assert "Traceback" not in answer.text
        assert ".py" not in answer.text
    assert "unexpected_error" not in lines.text


ODD_TEXTS = [
    "\x00",
    "a\x00b",
    "\r\n",
    "\x1b[2J",
    "\ufeff",
    "\u202e",
    "\uffff",
    "\U0001f950" * 50,
    "'; DROP TABLE users; --",
]


@pytest.mark.asyncio(loop_scope="function")
@on_both_engines
async def test_s63_odd_text_in_every_field_is_no_fault_of_ours_on_either_engine(world: World) -> None:
    profile_id = world.owner.profile_id
    state = f"{world.owner.user_id}-{profile_id}"
    for text in ODD_TEXTS:
        bodies: list[tuple[str, str, dict[str, object]]] = [
            ("POST", "/v1/profiles", {"name": text}),
            ("PUT", f"/v1/profiles/{profile_id}", {"name": text, "description": text, "color": text}),
            ("PUT", f"/v1/profiles/{profile_id}", {"description": text}),
            ("PUT", f"/v1/accounts/{UNKNOWN_ID}", {"username": text, "displayName": text}),
            ("POST", "/v1/api-keys", {"name": text, "expiresIn": 1}),
            ("POST", "/v1/api-keys", {"name": "n", "scope": "profiles", "profileIds": [text]}),
            ("POST", "/v1/api-keys", {"name": f"allow {text!r}", "redirectAllowlist": [text]}),
            ("POST", "/v1/connect/twitter", {"code": text, "state": text, "profileId": profile_id}),
            ("POST", "/v1/connect/twitter", {"code": text, "state": text, "profileId": text}),
            ("POST", "/v1/connect/facebook/select-page", {"profileId": text, "pageId": text, "tempToken": text}),
            ("POST", "/v1/connect/facebook/select-page", {"profileId": profile_id, "pageId": text, "tempToken": text}),
            ("POST", "/v1/connect/bluesky/credentials", {"identifier": text, "appPassword": text, "state": state}),
            ("POST", "/v1/connect/bluesky/credentials", {"identifier": "a.b", "appPassword": "p", "state": text}),
            ("POST", "/v1/connect/telegram", {"chatId": text, "profileId": profile_id}),
        ]
        for method, path, body in bodies:
            answer = await world.call(method, path, body=body)
            assert answer.status < 500, f"{method} {path} {body!r}: {answer.text}"
        for path in (
            "/v1/connect/telegram",
            "/v1/connect/twitter",
            "/v1/accounts",
            "/v1/connect/facebook/select-page",
        ):
            for name in ("profileId", "redirect_url", "code", "tempToken", "headless", "page"):
                for method in ("GET", "PATCH"):
                    query = {"profileId": profile_id, name: text}
                    answer = await world.call(method, path, query=query)
                    assert answer.status < 500, f"{method} {path} {query!r}: {answer.text}"


@pytest.mark.asyncio(loop_scope="function")
@on_both_engines
async def test_s63_huge_numbers_are_refused_before_they_reach_the_database(world: World) -> None:
    for number in (2**31, 2**63, 2**64, -(2**63), 10**300, -1, 0):
        for name in ("page", "limit"):
            answer = await world.call("GET", "/v1/accounts", query={name: str(number)})
            failure(answer, 400)
        if number != 0:
            answer = await world.call("POST", "/v1/api-keys", body={"name": "n", "expiresIn": number})
            failure(answer, 400)
        body = {"chatId": number, "profileId": world.owner.profile_id}
        assert (await world.call("POST", "/v1/connect/telegram", body=body)).status < 500
    await world.ok("GET", "/v1/accounts", query={"page": "1000000", "limit": "1000"})
