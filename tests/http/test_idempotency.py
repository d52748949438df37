"""`Idempotency-Key`: the same call within 24 hours is carried out once and answered the same."""

import asyncio

import pytest

from tests.conftest import FrozenClock
from tests.harness import Answer, World, failure, on_both_engines

PAGE = "100000000000101"


async def make(world: World, name: str, *, idempotency_key: str = "order-66", key: str = "", **more: object) -> Answer:
    headers = {"Idempotency-Key": idempotency_key}
    return await world.call("POST", "/v1/profiles", key=key, body={"name": name, **more}, headers=headers)


async def names(world: World, *, key: str = "") -> list[str]:
    return [profile["name"] for profile in (await world.ok("GET", "/v1/profiles", key=key))["profiles"]]


@on_both_engines
async def test_the_same_call_again_is_answered_the_same_and_done_once(world: World) -> None:
    first, second = await make(world, "Once"), await make(world, "Once")
    assert (first.status, first.text) == (second.status, second.text) == (201, first.text)
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    assert await names(world) == ["Northwind Bakery", "Once"]


async def test_another_body_query_or_field_under_the_same_key_is_409(world: World) -> None:
    assert (await make(world, "One")).status == 201
    failure(await make(world, "Two"), 409, "conflict")
    failure(await make(world, "One", color="#fff"), 409, "conflict")
    headers = {"Idempotency-Key": "order-66"}
    answer = await world.call("POST", "/v1/profiles", body={"name": "One"}, headers=headers, query={"x": "1"})
    failure(answer, 409, "conflict")
    assert await names(world) == ["Northwind Bakery", "One"]


async def test_the_same_key_on_another_operation_or_of_another_caller_is_another_key(world: World) -> None:
    made = await make(world, "One")
    path = f"/v1/profiles/{made.json['profile']['_id']}"
    headers = {"Idempotency-Key": "order-66"}
    assert (await world.call("PUT", path, body={"name": "Renamed"}, headers=headers)).status == 200
    assert (await make(world, "One", key=world.other.api_key)).status == 201
    second_key = await world.new_key("second")
    assert (await make(world, "One", key=second_key)).status == 201
    assert await names(world, key=world.other.api_key) == ["Fernhill Books", "One"]


@on_both_engines
async def test_a_call_still_at_work_is_409_and_afterwards_the_answer_is_there(world: World) -> None:
    fields = await world.selection()
    await world.fault("facebook", "GET /{version}/{node_id}", delay_ms=600)
    body = {"profileId": fields["profileId"], "tempToken": fields["tempToken"], "pageId": PAGE}
    headers = {"Idempotency-Key": "slow"}

    async def choose() -> Answer:
        return await world.call("POST", "/v1/connect/facebook/select-page", body=body, headers=headers)

    slow = asyncio.create_task(choose())
    await asyncio.sleep(0.2)
    failure(await choose(), 409, "conflict")
    first = await slow
    assert first.status == 200, first.text
    assert (await choose()).text == first.text
    assert len(await world.accounts()) == 1


async def test_many_at_once_make_one(world: World) -> None:
    answers = await asyncio.gather(*(make(world, "Once") for _ in range(10)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.text for answer in answers if answer.status == 201}) == 1
    assert await names(world) == ["Northwind Bakery", "Once"]


async def test_a_failure_frees_the_key(world: World) -> None:
    for name in ("", "x" * 500):
        failure(await make(world, name), 400)
    assert (await make(world, "Right")).status == 201
    fields = await world.selection()
    body = {"profileId": fields["profileId"], "tempToken": fields["tempToken"], "pageId": PAGE}
    headers = {"Idempotency-Key": "broken"}
    await world.fault("facebook", "GET /{version}/{node_id}", status=500, count=9)
    path = "/v1/connect/facebook/select-page"
    failure(await world.call("POST", path, body=body, headers=headers), 500, "platform_unavailable")
    await world.control("DELETE", "faults")
    assert (await world.call("POST", path, body=body, headers=headers)).status == 200


async def test_a_call_that_was_refused_at_the_door_keeps_nothing(world: World) -> None:
    failure(await make(world, "Once", key="sk_" + "0" * 64), 401)
    assert (await make(world, "Once")).status == 201


@on_both_engines
async def test_an_answer_is_kept_over_a_restart_and_sealed(world: World) -> None:
    first = await make(world, "Kept Name")
    rows = await world.service.db.all("SELECT * FROM kept_answers")
    assert len(rows) == 1
    for column in ("key_hash", "request_hash", "answer_sealed"):
        value = bytes(rows[0][column])
        assert b"Kept Name" not in value
        assert b"order-66" not in value
    await world.restart()
    assert (await make(world, "Kept Name")).text == first.text


async def test_a_kept_answer_moved_to_another_key_is_not_answered(world: World) -> None:
    await make(world, "One", idempotency_key="one-one")
    await make(world, "Two", idempotency_key="two-two")
    await world.service.db.run(
        "UPDATE kept_answers SET answer_sealed = (SELECT answer_sealed FROM kept_answers ORDER BY key_hash LIMIT 1)"
    )
    statuses = sorted(
        [
            (await make(world, "One", idempotency_key="one-one")).status,
            (await make(world, "Two", idempotency_key="two-two")).status,
        ]
    )
    assert statuses == [201, 409]


async def test_an_answer_is_kept_for_a_day(world: World, frozen_clock: FrozenClock) -> None:
    first = await make(world, "Daily")
    frozen_clock.advance(24 * 3600 - 1)
    assert (await make(world, "Daily")).text == first.text
    frozen_clock.advance(1)
    assert (await make(world, "Daily")).text != first.text
    assert sorted(await names(world)) == ["Daily", "Daily", "Northwind Bakery"]


async def test_making_an_api_key_is_never_repeated_and_its_answer_never_kept(world: World) -> None:
    headers = {"Idempotency-Key": "make-a-key"}
    made = await world.call("POST", "/v1/api-keys", body={"name": "ci"}, headers=headers)
    assert made.status == 201
    again = await world.call("POST", "/v1/api-keys", body={"name": "ci"}, headers=headers)
    failure(again, 409, "conflict")
    assert await world.service.db.all("SELECT * FROM kept_answers") == []


@pytest.mark.parametrize("given", ["", "x" * 256, "a\tb", "caf\xe9\x85"])
async def test_a_key_that_is_no_key_is_400(world: World, given: str) -> None:
    failure(await make(world, "Once", idempotency_key=given), 400)
    assert await names(world) == ["Northwind Bakery"]


async def test_reads_and_deletes_do_not_mind_the_header(world: World) -> None:
    headers = {"Idempotency-Key": "order-66"}
    for _ in range(2):
        assert (await world.call("GET", "/v1/users", headers=headers)).status == 200
        assert (await world.call("GET", "/healthz", headers=headers)).status == 200
    made = await make(world, "Once")
    path = f"/v1/profiles/{made.json['profile']['_id']}"
    assert (await world.call("DELETE", path, headers=headers)).status == 200
    failure(await world.call("DELETE", path, headers=headers), 404)


async def test_a_connect_tokens_call_is_kept_for_its_attempt(world: World) -> None:
    fields = await world.selection()
    headers = {"x-connect-token": fields["connect_token"], "Idempotency-Key": "by-token"}
    path, body = "/v1/connect/facebook/select-page", {"pageId": PAGE}
    first = await world.call("POST", path, key=None, headers=headers, body=body)
    assert first.status == 200, first.text
    # The token is dead now, whatever it was used for.
    failure(await world.call("POST", path, key=None, headers=headers, body=body), 401)
