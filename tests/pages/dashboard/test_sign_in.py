"""`/dashboard/sign-in`: in by password, out again, and what keeps others out."""

import asyncio
from urllib.parse import urlencode, urlsplit

from moorline.cli.browser import Seen
from moorline.owners import sessions
from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines
from tests.http.conftest import Lines, Serve
from tests.pages.dashboard.desk import (
    FORM,
    OWN,
    PASSWORD,
    Desk,
    desk,
    heading_of,
    stranger,
    title_of,
    user_of,
    words_of,
)

EMAIL = "owner@example.com"
WRONG = "do not belong together"
TOO_MANY = "Too many tries"


async def with_password(world: World, email: str = EMAIL) -> None:
    await sessions.set_password(world.service.db, await user_of(world, email), PASSWORD)


async def attempted(at: Desk, email: str = EMAIL, password: str = PASSWORD) -> Seen:
    return await at.submit(await at.see("/sign-in"), "/sign-in", email=email, password=password)


@on_both_engines
async def test_who_knows_the_password_comes_in_and_goes_out_again(world: World) -> None:
    await with_password(world)
    at = await stranger(world)
    form = await at.see()
    assert urlsplit(form.url).path == "/dashboard/sign-in"
    first = await at.send(form, "/sign-in", email=EMAIL, password=PASSWORD)
    assert (first.status, heading_of(first)) == (200, "Overview")
    token = at.cookies()["moorline_session"]
    out = await at.send(first, "/sign-out")
    assert "You are signed out." in words_of(out)
    assert "moorline_session" not in at.cookies()
    assert heading_of(await at.see()) == "Sign in to the dashboard"
    at.browser._session.cookie_jar.update_cookies({"moorline_session": token})
    assert heading_of(await at.see()) == "Sign in to the dashboard"


async def test_what_is_refused_keeps_the_address_and_not_the_password(world: World) -> None:
    await with_password(world)
    at = await stranger(world)
    empty = "Enter your e-mail address and your password."
    for email, password, told in (
        (EMAIL, "wrong", WRONG),
        ("nobody@example.com", PASSWORD, WRONG),
        (EMAIL, "", empty),
        ("", PASSWORD, empty),
        ("<b>&\"'", "\x00", WRONG),
        ("a" * 5000, "b" * 5000, WRONG),
    ):
        again = await attempted(at, email, password)
        assert again.status == 400, email
        assert told in words_of(again), email
        assert title_of(again).startswith("Error: ")
        assert 'role="alert"' in again.text
        form = dict(again.form().fields)
        assert (form["email"], form["password"]) == (email[:255], "")
        assert "<b>" not in again.text
    assert "moorline_session" not in at.cookies()


async def test_an_unknown_address_is_told_exactly_like_a_wrong_password(world: World) -> None:
    await with_password(world)
    at = await stranger(world)
    await at.see("/sign-in")  # the note that belongs to the form is made once
    wrong, unknown = await attempted(at, EMAIL, "wrong"), await attempted(at, "nobod@example.com", "wrong")
    assert wrong.status == unknown.status
    assert wrong.text.replace(EMAIL, "nobod@example.com") == unknown.text


async def test_after_ten_wrong_tries_a_client_waits_with_this_address_a_quarter_of_an_hour(
    world: World, frozen_clock: FrozenClock
) -> None:
    await with_password(world)
    at = await stranger(world)
    for _ in range(10):
        assert WRONG in words_of(await attempted(at, f" {EMAIL.upper()}", "wrong"))
    late = await attempted(at)
    assert late.status == 429
    assert TOO_MANY in words_of(late)
    assert "05:21 UTC" in words_of(late)
    assert WRONG in words_of(await attempted(at, "other@example.com", "wrong"))
    frozen_clock.advance(15 * 60)
    assert (await attempted(at)).status == 303


async def test_many_tries_at_once_are_counted_before_they_are_known_to_be_wrong(world: World) -> None:
    await with_password(world)
    at = await stranger(world)
    form = await at.see("/sign-in")
    tries = (at.submit(form, "/sign-in", email=EMAIL, password="wrong") for _ in range(14))
    assert sorted([seen.status for seen in await asyncio.gather(*tries)]) == [400] * 10 + [429] * 4


async def test_right_tries_count_for_nothing(world: World) -> None:
    await with_password(world)
    for _ in range(12):
        assert (await attempted(await stranger(world))).status == 303


async def test_a_client_waits_after_thirty_wrong_tries_whatever_the_addresses(world: World) -> None:
    await with_password(world)
    at = await stranger(world)
    for number in range(30):
        assert (await attempted(at, f"{number}@example.com", "wrong")).status == 400
    assert (await attempted(at, "another@example.com", "wrong")).status == 429
    assert (await attempted(at)).status == 429
    answer = await at.world.call("GET", "/dashboard/sign-in", key=None)
    assert answer.status == 200


async def test_s53_what_a_client_writes_of_itself_does_not_reset_the_count(serve: Serve) -> None:
    world = await serve(TRUSTED_PROXIES="1")
    at = await stranger(world)
    form = await at.see("/sign-in")
    fields = {**dict(form.form().fields), "password": "wrong"}

    async def tried(number: int, forwarded: str) -> int:
        headers = {**OWN, "x-forwarded-for": forwarded}
        return (await at.post("/dashboard/sign-in", {**fields, "email": f"{number}@x.org"}, headers=headers)).status

    for number in range(30):
        assert await tried(number, f"10.0.0.{number}, 192.0.2.7") == 400
    assert await tried(31, "10.0.0.99, 192.0.2.7") == 429
    assert await tried(32, "192.0.2.7") == 429
    assert await tried(33, "192.0.2.7, 192.0.2.8") == 400


async def test_s53_without_a_proxy_forwarded_addresses_count_for_nothing(world: World) -> None:
    at = await stranger(world)
    form = await at.see("/sign-in")
    statuses = []
    for number in range(31):
        fields = {**dict(form.form().fields), "email": f"{number}@x.org", "password": "wrong"}
        headers = {**OWN, "x-forwarded-for": f"192.0.2.{number}"}
        statuses.append((await at.post("/dashboard/sign-in", fields, headers=headers)).status)
    assert statuses == [400] * 30 + [429]


async def test_one_comes_back_to_where_one_wanted_to_go(world: World) -> None:
    await with_password(world)
    for path in ("/accounts", "/accounts/0123456789abcdef01234567/choice", "/profiles", "/attempts", "/you"):
        at = await stranger(world)
        form = await at.see(path)
        assert dict(form.form().fields)["next"] == f"/dashboard{path}"
        done = await at.submit(form, "/sign-in", email=EMAIL, password=PASSWORD)
        assert done.location == f"{world.base_url}/dashboard{path}"


async def test_s20_nobody_is_sent_elsewhere_by_an_address_somebody_made_up(world: World) -> None:
    await with_password(world)
    at = await stranger(world)
    for given in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/dashboard/../connect",
        "/dashboard/%2e%2e",
        "/dashboard//evil.example",
        "/dashboard/accounts?x=1",
        "/dashboard@evil.example",
        "javascript:alert(1)",
        "/dashboard/\r\nset-cookie:a=b",
        "/dashboard/accounts\n",
        "/connect/outcome",
    ):
        page = await at.browser.open(f"{world.base_url}/dashboard/sign-in?{urlencode({'next': given})}")
        assert dict(page.form().fields)["next"] == "", given
        done = await at.submit(page, "/sign-in", email=EMAIL, password=PASSWORD, next=given)
        assert done.location == f"{world.base_url}/dashboard", given


async def test_s25_a_form_without_its_note_signs_nobody_in(world: World) -> None:
    await with_password(world)
    typed = {"email": EMAIL, "password": PASSWORD, "next": ""}
    at = await stranger(world)
    refused = await at.post("/dashboard/sign-in", {**typed, "csrf": ""})
    assert refused.status == 403
    assert "Allow cookies" in words_of(refused)
    assert (await at.post("/dashboard/sign-in", {**typed, "csrf": "0" * 64})).status == 403
    assert (await at.post("/dashboard/sign-in", typed)).status == 403
    stolen = dict((await (await stranger(world)).see("/sign-in")).form().fields)["csrf"]
    assert (await at.post("/dashboard/sign-in", {**typed, "csrf": stolen})).status == 403
    assert "moorline_session" not in at.cookies()


async def test_s25_a_form_from_another_site_signs_nobody_in(world: World) -> None:
    await with_password(world)
    at = await stranger(world)
    fields = {**dict((await at.see("/sign-in")).form().fields), "email": EMAIL, "password": PASSWORD}
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
    ):
        assert (await at.post("/dashboard/sign-in", fields, headers=headers)).status == 403
    assert "moorline_session" not in at.cookies()


async def test_signing_in_makes_a_new_session_and_ends_the_one_before(world: World) -> None:
    await with_password(world)
    at = await desk(world)
    before = at.cookies()["moorline_session"]
    assert (await attempted(at)).status == 303
    after = at.cookies()["moorline_session"]
    assert before != after
    rows = await world.service.db.all("SELECT token_hash FROM sessions")
    assert [bytes(row["token_hash"]) for row in rows] == [sessions.hash_of(after)]


async def test_before_anybody_can_sign_in_it_is_told_how_to_make_somebody(world: World) -> None:
    command = "moorline users create --email you@example.com"
    at = await stranger(world)
    assert command in words_of(await at.see())
    await sessions.new_link(world.service.db, await user_of(world))
    assert command not in words_of(await at.see())
    await with_password(world)
    assert command not in words_of(await at.see())


async def test_without_https_the_cookies_have_their_plain_names(world: World) -> None:
    answer = await world.call("GET", "/dashboard/sign-in", key=None)
    assert answer.headers["set-cookie"].startswith("moorline_sign_in=")
    assert "Secure" not in answer.headers["set-cookie"]


async def test_the_cookies_are_for_this_host_and_no_script(serve: Serve) -> None:
    world = await serve(PUBLIC_URL="https://board.example.com")
    answer = await world.call("GET", "/dashboard/sign-in", key=None)
    for part in ("__Host-moorline_sign_in=", "HttpOnly", "SameSite=lax", "Secure", "Path=/"):
        assert part in answer.headers["set-cookie"]
    token = await sessions.new_link(world.service.db, await user_of(world))
    entered = await world.call("GET", f"/dashboard?once={token}", key=None)
    assert entered.headers["location"] == "https://board.example.com/dashboard/sign-in/once"
    once = entered.headers["set-cookie"].partition(";")[0]
    assert once.startswith("__Host-moorline_once=")
    page = await world.call("GET", "/dashboard/sign-in/once", key=None, headers={"cookie": once})
    csrf = page.text.partition('name="csrf" value="')[2][:64]
    headers = {"cookie": once, "content-type": FORM, **OWN}
    done = await world.call(
        "POST", "/dashboard/sign-in/once", key=None, content=f"csrf={csrf}".encode(), headers=headers
    )
    assert done.status == 303
    assert "strict-transport-security" in page.headers


async def test_s30_no_password_token_or_address_is_logged(world: World, lines: Lines) -> None:
    await with_password(world)
    at = await stranger(world)
    await attempted(at, "nobody@example.com", "a wrong password 1")
    await attempted(at)
    token = await sessions.new_link(world.service.db, await user_of(world))
    await (await stranger(world)).see(f"?once={token}")
    for secret in (PASSWORD, "a wrong password 1", token, at.cookies()["moorline_session"], "nobody@example.com"):
        assert secret not in "\n".join(
            str(entry) for entry in lines.entries() if entry["logger"].startswith("moorline")
        )
    assert "sign_in_refused" in lines.text
    assert "signed_in" in lines.text
