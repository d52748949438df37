"""Tries of strangers: they never lock out who belongs there, whatever they write of themselves (S53, S60)."""

import asyncio

from moorline.cli.browser import Seen
from moorline.owners import sessions
from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines
from tests.http.conftest import Serve
from tests.pages.dashboard.desk import OWN, PASSWORD, Desk, desk, heading_of, stranger, user_of

EMAIL, OTHER = "owner@example.com", "other@example.com"
YEAR_S = 365 * 24 * 3600


async def tried(at: Desk, form: Seen, client: str, *, email: str = EMAIL, password: str = "wrong") -> int:
    """The status of a try by a client, as the proxy in front of the service names it."""
    fields = {**dict(form.form().fields), "email": email, "password": password}
    return (await at.post("/dashboard/sign-in", fields, headers={**OWN, "x-forwarded-for": client})).status


async def tried_everywhere(world: World, email: str = EMAIL) -> None:
    """A hundred wrong tries of one address, ten from each of ten clients."""
    at = await stranger(world)
    form = await at.see("/sign-in")
    statuses = await asyncio.gather(*(tried(at, form, f"203.0.113.{n // 10}", email=email) for n in range(100)))
    assert set(statuses) == {400}


async def right_try(at: Desk, email: str = EMAIL) -> int:
    """The right password, from a client that tried nothing yet."""
    return await tried(at, await at.see("/sign-in"), "198.51.100.7", email=email, password=PASSWORD)


async def test_ten_wrong_tries_elsewhere_keep_nobody_out(serve: Serve) -> None:
    world = await serve(TRUSTED_PROXIES="1")
    await sessions.set_password(world.service.db, await user_of(world), PASSWORD)
    at = await stranger(world)
    form = await at.see("/sign-in")
    assert [await tried(at, form, "203.0.113.9") for _ in range(11)] == [400] * 10 + [429]
    assert await right_try(await stranger(world)) == 303


async def test_a_hundred_wrong_tries_keep_strangers_out_and_not_who_was_in_with_this_browser(
    serve: Serve, frozen_clock: FrozenClock
) -> None:
    world = await serve(TRUSTED_PROXIES="1")
    for email in (EMAIL, OTHER):
        await sessions.set_password(world.service.db, await user_of(world, email), PASSWORD)
    known, by_link, others = await stranger(world), await desk(world), await desk(world, OTHER)
    assert await right_try(known) == 303
    owner_id = world.owner.user_id
    (others_cookie,) = [value for name, value in others.cookies().items() if name.startswith("moorline_known_")]
    forger = await stranger(world)
    await tried_everywhere(world)
    for forged in (others_cookie, "", "x", ".", "9999999999.AAAA", others_cookie.replace(".", ".A"), "\u00fc.\u00fc"):
        forger.browser._session.cookie_jar.update_cookies({f"moorline_known_{owner_id}": forged})
        assert await right_try(forger) == 429, forged
    for stays_out in (await stranger(world), others):
        assert await right_try(stays_out) == 429
    for comes_in in (known, by_link):
        assert await right_try(comes_in) == 303
    await sessions.sign_out(world.service.db, known.cookies()["moorline_session"])
    assert heading_of(await known.see()) == "Sign in to the dashboard"  # the note alone signs nobody in


@on_both_engines
async def test_what_no_address_can_be_is_refused_as_any_other_by_a_browser_that_was_in(world: World) -> None:
    at = await desk(world)
    form = await (await stranger(world)).see("/sign-in")
    assert await tried(at, form, "", email="\x00@example.com") == 403
    assert await tried(at, await at.see("/sign-in"), "", email="\x00@example.com") == 400


async def test_that_a_browser_was_in_is_forgotten_after_a_year(serve: Serve, frozen_clock: FrozenClock) -> None:
    world = await serve(TRUSTED_PROXIES="1")
    await sessions.set_password(world.service.db, await user_of(world), PASSWORD)
    at, later = await desk(world), await stranger(world)
    kept = {name: value for name, value in at.cookies().items() if name.startswith("moorline_known_")}
    assert list(kept) == [f"moorline_known_{world.owner.user_id}"]
    frozen_clock.advance(YEAR_S)
    await tried_everywhere(world)
    later.browser._session.cookie_jar.update_cookies(kept)
    assert await right_try(later) == 429


async def test_the_note_is_for_this_host_and_no_script_and_names_the_member_by_their_id(serve: Serve) -> None:
    world = await serve(PUBLIC_URL="https://board.example.com")
    token = await sessions.new_link(world.service.db, await user_of(world))
    at = await stranger(world)
    once = f"__Host-moorline_once={token}"
    page = await world.call("GET", "/dashboard/sign-in/once", key=None, headers={"cookie": once})
    csrf = page.text.partition('name="csrf" value="')[2][:64]
    url, fields = f"{world.base_url}/dashboard/sign-in/once", {"csrf": csrf}
    async with at.browser._session.post(
        url, data=fields, headers={**OWN, "cookie": once}, allow_redirects=False
    ) as answer:
        (note,) = [line for line in answer.headers.getall("set-cookie") if "moorline_known_" in line]
    assert note.startswith(f"__Host-moorline_known_{world.owner.user_id}=")
    for part in ("HttpOnly", "SameSite=lax", "Secure", "Path=/", f"Max-Age={YEAR_S}"):
        assert part in note
    assert "example.com" not in note


async def test_s53_a_port_and_brackets_make_no_other_client(serve: Serve) -> None:
    world = await serve(TRUSTED_PROXIES="1")
    at = await stranger(world)
    form = await at.see("/sign-in")
    shapes = ("203.0.113.9:{0}", "[::ffff:203.0.113.9]:{0}", "203.0.113.9")
    tries = [tried(at, form, shapes[n % 3].format(4000 + n), email=f"{n}@example.com") for n in range(30)]
    assert await asyncio.gather(*tries) == [400] * 30
    assert await tried(at, form, "203.0.113.9:5000", email="another@example.com") == 429
