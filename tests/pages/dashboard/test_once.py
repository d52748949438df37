"""`/dashboard?once=`: a link that signs in, once."""

import asyncio
from urllib.parse import urlsplit

from moorline.owners import sessions
from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines
from tests.pages.dashboard.desk import OWN, Desk, desk, heading_of, stranger, user_of, words_of

UNUSABLE = "This link cannot be used"


async def link(world: World, email: str = "owner@example.com") -> str:
    return await sessions.new_link(world.service.db, await user_of(world, email))


@on_both_engines
async def test_the_link_shows_whom_it_signs_in_and_the_button_does_it(world: World) -> None:
    token = await link(world)
    at = await stranger(world)
    page = await at.see(f"?once={token}")
    assert urlsplit(page.url).path == "/dashboard/sign-in/once"
    assert urlsplit(page.url).query == ""
    assert "owner@example.com" in words_of(page)
    assert token not in page.text
    first = await at.send(page, "/sign-in/once")
    assert heading_of(first) == "Overview"
    assert "You are signed in." in words_of(first)
    assert "moorline_once" not in at.cookies()


async def test_looking_at_the_link_uses_nothing_up(world: World) -> None:
    token = await link(world)
    for _ in range(3):
        assert heading_of(await (await stranger(world)).see(f"?once={token}")) == "Sign in to the dashboard?"
    at = await stranger(world)
    page = await at.see(f"?once={token}")
    assert heading_of(await at.send(page, "/sign-in/once")) == "Overview"


async def test_the_link_works_once(world: World) -> None:
    token = await link(world)
    pages = []
    for _ in range(4):
        at = await stranger(world)
        pages.append((at, await at.see(f"?once={token}")))
    done = await asyncio.gather(*(at.submit(page, "/sign-in/once") for at, page in pages))
    assert sorted(seen.status for seen in done) == [303, 410, 410, 410]
    late = await (await stranger(world)).see(f"?once={token}")
    assert (late.status, heading_of(late)) == (410, UNUSABLE)


async def test_the_link_runs_out_after_a_quarter_of_an_hour(world: World, frozen_clock: FrozenClock) -> None:
    token = await link(world)
    at = await stranger(world)
    page = await at.see(f"?once={token}")
    frozen_clock.advance(15 * 60)
    assert (await at.send(page, "/sign-in/once")).status == 410
    assert (await (await stranger(world)).see(f"?once={token}")).status == 410


async def test_garbage_is_told_as_a_used_link_is(world: World) -> None:
    at = await stranger(world)
    for token in ("x", "%00", "%ff", "A" * 43, "A" * 9000, "%0d%0aset-cookie:a=b", "%22%3Cb%3E"):
        seen = await at.see(f"?once={token}")
        assert (seen.status, heading_of(seen)) == (410, UNUSABLE), token
        assert "<b>" not in seen.text


async def test_a_browser_without_cookies_is_told_why_it_does_not_work(world: World) -> None:
    answer = await world.call("GET", "/dashboard/sign-in/once", key=None)
    assert answer.status == 410
    assert "Allow cookies" in answer.text


async def test_who_is_signed_in_may_become_another(world: World) -> None:
    at = await desk(world)
    page = await at.see(f"?once={await link(world, 'other@example.com')}")
    assert "other@example.com" in words_of(page)
    assert "other@example.com" in words_of(await at.send(page, "/sign-in/once"))


async def test_the_session_before_is_over_once_the_link_made_another(world: World) -> None:
    at = await desk(world)
    before = at.cookies()["moorline_session"]
    page = await at.see(f"?once={await link(world, 'other@example.com')}")
    await at.send(page, "/sign-in/once")
    after = at.cookies()["moorline_session"]
    rows = await world.service.db.all("SELECT token_hash FROM sessions")
    assert before != after
    assert [bytes(row["token_hash"]) for row in rows] == [sessions.hash_of(after)]


async def test_s25_a_wrong_csrf_token_signs_nobody_in_and_uses_nothing_up(world: World) -> None:
    token = await link(world)
    at = await stranger(world)
    page = await at.see(f"?once={token}")
    for csrf in ("", "0" * 64, "\u00fc"):
        assert (await at.post("/dashboard/sign-in/once", {"csrf": csrf})).status == 403
    assert (await at.post("/dashboard/sign-in/once", {})).status == 403
    assert heading_of(await at.send(page, "/sign-in/once")) == "Overview"


async def test_s25_a_form_from_another_site_signs_nobody_in(world: World) -> None:
    at = await stranger(world)
    page = await at.see(f"?once={await link(world)}")
    fields = dict(page.form().fields)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert (await at.post("/dashboard/sign-in/once", fields, headers=headers)).status == 403
    assert (await Desk(world, at.browser).post("/dashboard/sign-in/once", fields, headers=OWN)).status == 303
