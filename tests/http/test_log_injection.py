"""S62: whatever people, platforms and callers put into names, paths and errors, a log record stays one clean line."""

import re
from urllib.parse import quote, urlencode

from tests.harness import TWITTER_TOKEN, World, failure, location
from tests.http.conftest import Lines

FORGED = '\r\n{"level":"info","event":"forged"}\x1b[31m\x07\x85\u2028\u202e'
UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")


def clean(lines: Lines) -> list[dict[str, object]]:
    """The records, once no control character but the line ends is in them and none was forged."""
    assert not UNSAFE.search(lines.text)
    entries = lines.entries()
    assert entries
    assert [entry for entry in entries if entry["event"] == "forged"] == []
    return entries


async def test_s62_a_path_with_line_breaks_stays_one_record(world: World, lines: Lines) -> None:
    failure(await world.call("GET", f"/v1/{quote(FORGED)}"), 404, "not_found")
    failure(await world.call("GET", f"/v1/users/{quote(FORGED)}"), 400)
    failure(await world.call("GET", f"/v1/users/{quote(FORGED)}", key=None), 401)
    paths = [str(entry.get("path", "")) for entry in clean(lines) if entry["event"] == "answered"]
    assert any("forged" in path for path in paths)


async def test_s62_what_a_platform_says_stays_one_record(world: World, lines: Lines) -> None:
    callback = (await world.start("twitter"))["state"]
    query = urlencode({"state": callback, "error": FORGED, "error_description": FORGED})
    location(await (await world.browser()).open(f"{world.base_url}/connect/twitter/callback?{query}"))
    await world.fault("twitter", TWITTER_TOKEN, status=400, body={"error": FORGED, "error_description": FORGED})
    await world.landing("twitter")
    failed = [entry for entry in clean(lines) if entry["event"] == "connect_failed"]
    assert len(failed) == 2
    assert all(entry["attempt"] for entry in failed)


async def test_s62_names_people_chose_stay_one_record(world: World, lines: Lines) -> None:
    odd = {"data": {"id": "179", "username": f"u{FORGED}", "name": f"n{FORGED}"}}
    await world.fault("twitter", "GET /2/users/me", status=200, body=odd)
    await world.landing("twitter")
    await world.call("POST", "/v1/profiles", body={"name": f"Bakery {FORGED}"})
    await world.call("POST", "/v1/api-keys", body={"name": f"Key {FORGED}"})
    clean(lines)


async def test_s62_a_request_id_that_could_forge_a_record_is_replaced(world: World, lines: Lines) -> None:
    for given in (
        "short",
        "x" * 65,
        "has space here",
        "semi;colon;here",
        '{"a":1}..',
        "\u00fcn\u00efc\u00f6d\u00e9-id",
    ):
        answer = await world.call("GET", "/v1/users", headers={"x-request-id": given})
        assert re.fullmatch(r"[0-9a-f]{24}", answer.headers["x-request-id"])
        assert answer.headers["x-request-id"] in {entry.get("request_id") for entry in clean(lines)}


async def test_a_request_id_of_the_callers_own_is_kept_and_logged(world: World, lines: Lines) -> None:
    answer = await world.call("GET", "/v1/users", headers={"x-request-id": "trace_0123456789-ab"})
    assert answer.headers["x-request-id"] == "trace_0123456789-ab"
    assert "trace_0123456789-ab" in {entry.get("request_id") for entry in clean(lines)}


async def test_s62_refused_callers_and_states_are_logged(world: World, lines: Lines) -> None:
    await world.call("GET", "/v1/users", key="sk_" + "0" * 64)
    await (await world.browser()).open(f"{world.base_url}/connect/twitter/callback?state=x&code=y")
    await world.call("POST", "/v1/connect/twitter", body={"code": "c", "state": "s", "profileId": "0" * 24})
    events = [entry["event"] for entry in clean(lines)]
    assert "caller_refused" in events
    assert "state_refused" in events


async def test_no_key_code_or_state_is_logged(world: World, lines: Lines) -> None:
    started = await world.start("twitter")
    callback = await world.consent(started["authUrl"])
    await (await world.browser()).open(callback)
    await world.call("GET", "/v1/users", key="sk_" + "ab" * 32)
    for secret in (world.owner.api_key, "sk_" + "ab" * 32, started["state"], callback.partition("code=")[2]):
        assert secret not in lines.text
