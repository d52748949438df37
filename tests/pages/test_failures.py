"""What nobody foresaw, for a browser: a page, with the status and the log of the JSON that programs get."""

import re

import pytest

from moorline.errors import RateLimited, StoreUnavailable
from moorline.store import attempts
from tests.harness import World, failure, shares_a_world
from tests.http.conftest import Lines

HTML = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@shares_a_world
@pytest.mark.parametrize("path", ["/connect", "/connect/a/b/c/d", "/connect/%00/%ff/x/y", "/connect/<b>/x/y"])
async def test_a_page_that_is_not_there(shared: World, path: str) -> None:
    answer = await shared.call("GET", path, key=None, headers=HTML)
    assert answer.status == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "<h1>There is no page here</h1>" in answer.text
    assert "<b>" not in answer.text


@shares_a_world
async def test_it_speaks_the_readers_language(shared: World) -> None:
    answer = await shared.call("GET", "/connect/a/b/c/d", key=None, headers={**HTML, "accept-language": "ar"})
    assert '<html lang="ar" dir="rtl">' in answer.text


@shares_a_world
@pytest.mark.parametrize("headers", [{}, {"accept": "*/*"}, {"accept": "application/json"}])
async def test_programs_get_json(shared: World, headers: dict[str, str]) -> None:
    failure(await shared.call("GET", "/connect/a/b/c/d", key=None, headers=headers), 404, "not_found")


@shares_a_world
@pytest.mark.parametrize("path", ["/api/v1/nothing", "/v1/nothing", "/connected", "/dashboards"])
async def test_what_is_no_page_of_ours_answers_json_to_everybody(shared: World, path: str) -> None:
    failure(await shared.call("GET", path, headers=HTML), 404, "not_found")


@shares_a_world
async def test_a_method_that_a_page_has_not(shared: World) -> None:
    answer = await shared.call("DELETE", "/connect/outcome", key=None, headers=HTML)
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]
    assert "<h1>There is no page here</h1>" in answer.text


@shares_a_world
async def test_a_body_that_cannot_be_read(shared: World) -> None:
    content = b"x" * (2 * 1024 * 1024)
    headers = {**HTML, "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    answer = await shared.call("POST", "/connect/again", key=None, content=content, headers=headers)
    assert answer.status == 413
    assert "<h1>This page cannot be used</h1>" in answer.text


async def broken(world: World, monkeypatch: pytest.MonkeyPatch, error: Exception) -> str:
    """Ask for a page whose database raises."""

    async def raising(*_: object) -> None:
        raise error

    monkeypatch.setattr(attempts, "by_state", raising)
    answer = await world.call("GET", "/connect/telegram?state=x", key=None, headers=HTML)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return f"{answer.status} {answer.headers.get('retry-after')} {answer.headers['x-request-id']} {answer.text}"


async def test_a_fault_of_ours_is_quotable_and_tells_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    told = await broken(world, monkeypatch, RuntimeError("secret-inside"))
    status, _, this_id, text = told.split(" ", 3)
    assert status == "500"
    assert "<h1>Something went wrong on our side</h1>" in text
    assert f'<code id="reference" dir="ltr">{this_id}</code>' in text
    assert "secret-inside" not in text
    assert "secret-inside" in lines.text
    assert this_id in lines.text


async def test_a_busy_database_is_told_with_when_to_try_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told = await broken(world, monkeypatch, StoreUnavailable("busy"))
    assert told.startswith("503 2 ")
    assert "<h1>We are busy right now</h1>" in told


async def test_too_many_tries_are_told_with_when_to_try_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told = await broken(world, monkeypatch, RateLimited("wait", retry_after_s=120, limit="key", most=1, reset_at_s=0))
    assert told.startswith("429 120 ")
    assert "<h1>Too many tries</h1>" in told
    assert re.search(r"You can try again after \d\d:\d\d UTC\.", told)
