"""Every route of the dashboard: who may call it, from where forms may come, whose ids it knows, what it tells browsers.

The routes are read from the application, so that one that is added later is tried as well.
"""

import re

import pytest

from moorline.access import Access
from moorline.cli.browser import Seen
from moorline.ids import new_id
from tests.harness import World, on_both_engines
from tests.http.conftest import Serve
from tests.pages.dashboard.desk import OWN, Desk, desk, heading_of, member_desk, stranger
from tests.pages.dashboard.routes import dashboard_routes, filled, ids_of, of_nobody
from tests.pages.test_headers import loaded, policy_of

GONE = "There is no page here"
OPEN = {("GET", "/dashboard/sign-in"), ("POST", "/dashboard/sign-in")} | {
    (method, "/dashboard/sign-in/once") for method in ("GET", "POST")
}
# What a form needs beside its token before it does anything at all, by the end of its path.
FIELDS = {
    "/rename": {"name": "Renamed"},
    "/choice": {"choice": "0", "version": "x"},
    "/dashboard/profiles": {"name": ""},
}


async def asked(at: Desk, method: str, path: str, *, csrf: str = "", headers: dict[str, str] | None = None) -> Seen:
    """What a route answers; a form has its token, and what else it needs."""
    if method == "GET":
        return await at.browser.open(at.world.base_url + path)
    fields = next((fields for end, fields in FIELDS.items() if path.endswith(end)), {})
    return await at.post(path, {**fields, "csrf": csrf}, headers=headers)


async def test_the_pages_for_who_is_not_signed_in_are_these_alone(world: World) -> None:
    found = {(method, path) for method, path, access in dashboard_routes(world) if access is Access.PUBLIC}
    assert found == OPEN
    assert {access for _, _, access in dashboard_routes(world)} == {Access.PUBLIC, Access.SIGNED_IN}


async def test_s43_nobody_who_is_not_signed_in_gets_past_the_door(world: World) -> None:
    ids, at = await ids_of(world), await stranger(world)
    at.browser._session.cookie_jar.update_cookies({"moorline_session": "A" * 43})
    for method, path, access in dashboard_routes(world):
        if access is Access.SIGNED_IN:
            seen = await asked(at, method, filled(path, ids))
            assert seen.status == 303, f"{method} {path}: {seen.status}"
            assert (seen.location or "").startswith(f"{world.base_url}/dashboard/sign-in"), path
    assert len(await world.accounts()) == 1


@on_both_engines
async def test_s40_every_foreign_id_answers_like_one_that_never_was(world: World) -> None:
    theirs = await ids_of(world, other=True)
    at = await desk(world)
    csrf, outbound = await at.csrf(), await world.count()
    tried = 0
    for method, path, _ in dashboard_routes(world):
        if "{" not in path:
            continue
        foreign = await asked(at, method, filled(path, theirs), csrf=csrf)
        unknown = await asked(at, method, filled(path, of_nobody(world)), csrf=csrf)
        malformed = await asked(at, method, filled(path, dict.fromkeys(theirs, "x")), csrf=csrf)
        for seen in (foreign, unknown, malformed):
            assert (seen.status, heading_of(seen)) == (404, GONE), f"{method} {path}"
        assert without_nonce(foreign) == without_nonce(unknown) == without_nonce(malformed), path
        tried += 1
    assert tried >= 13
    assert await world.count() == outbound
    assert [one["_id"] for one in await world.accounts(key=world.other.api_key)] == [theirs["account_id"]]


async def test_s40_what_a_member_may_not_see_answers_like_what_never_was(world: World) -> None:
    hidden = await ids_of(world)
    at = await member_desk(world, await world.new_profile("Mine"))
    csrf = await at.csrf()
    for method, path, _ in dashboard_routes(world):
        if "{" in path:
            seen = await asked(at, method, filled(path, hidden), csrf=csrf)
            assert (seen.status, heading_of(seen)) == (404, GONE), f"{method} {path}"
    assert len(await world.accounts()) == 1


async def test_s40_filters_by_foreign_ids_find_nothing_and_tell_nothing(world: World) -> None:
    theirs = await ids_of(world, other=True)
    at = await desk(world)
    for path in ("/accounts", "/attempts", "/connect"):
        told = []
        for profile_id in (theirs["profile_id"], new_id()):
            seen = await at.see(f"{path}?profile={profile_id}")
            assert seen.status == 404, path
            told.append(without_nonce(seen).replace(profile_id, ""))  # links to other languages repeat the question
        assert told[0] == told[1]
    for path, parameter in (
        ("/accounts", f"before={theirs['account_id']}"),
        ("/attempts", f"before={theirs['attempt_id']}"),
        ("/profiles", f"after={theirs['profile_id']}"),
    ):
        seen = await at.see(f"{path}?{parameter}")
        assert seen.status == 200
        assert "Fernhill" not in seen.text
        assert f"/{theirs['account_id']}" not in seen.text
    assert (await at.see(f"/attempts?q={theirs['attempt_id']}")).status == 404


async def test_s25_every_form_is_taken_from_our_own_pages_and_with_its_token_alone(world: World) -> None:
    ids = await ids_of(world)
    at, other = await desk(world), await desk(world, "other@example.com")
    csrf, stolen = await at.csrf(), await other.csrf()
    tried = 0
    for method, path, access in dashboard_routes(world):
        if method == "GET" or access is Access.PUBLIC:
            continue
        where = filled(path, ids)
        for wrong in ("", "0" * 64, stolen, "\u00fc", "x" * 10_000):
            assert (await asked(at, method, where, csrf=wrong)).status == 403, path
        for headers in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"sec-fetch-site": "cross-site", "origin": "null"},
            {"origin": "https://evil.example"},
        ):
            assert (await asked(at, method, where, csrf=csrf, headers=headers)).status == 403, path
        tried += 1
    assert tried >= 10
    assert [one["_id"] for one in await world.accounts()] == [ids["account_id"]]
    assert heading_of(await at.see()) == "Overview", "still signed in"


async def test_s44_forms_are_never_acted_on_by_asking_for_them(world: World) -> None:
    ids = await ids_of(world)
    at = await desk(world)
    csrf = await at.csrf()
    readable = {path for method, path, _ in dashboard_routes(world) if method == "GET"}
    for method, path, _ in dashboard_routes(world):
        if method == "POST":
            query = "&".join(f"{name}={value}" for name, value in {"csrf": csrf, "name": "x"}.items())
            seen = await at.browser.open(f"{world.base_url}{filled(path, ids)}?{query}")
            assert seen.status in ({200, 410} if path in readable else {405}), path
    assert len(await world.accounts()) == 1
    assert heading_of(await at.see()) == "Overview", "still signed in"


async def test_s63_bodies_no_form_sends_are_no_fault_of_ours(world: World) -> None:
    ids = await ids_of(world)
    at = await desk(world)
    cookie = "; ".join(f"{name}={value}" for name, value in at.cookies().items())
    for method, path, _ in dashboard_routes(world):
        if method == "GET":
            continue
        for kind, content in (
            ("application/x-www-form-urlencoded", b"\xff\xfe=%ff&%00=%00&a&csrf=%00"),
            ("application/json", b"not json"),
            ("multipart/form-data", b"no boundary"),
            (
                "multipart/form-data; boundary=x",
                b'--x\r\nContent-Disposition: form-data; name="csrf"; filename="a"\r\n',
            ),
            ("\u00e9", b"x"),
        ):
            headers = {"content-type": kind, "cookie": cookie, **OWN}
            answer = await world.call(method, filled(path, ids), key=None, content=content, headers=headers)
            assert 400 <= answer.status < 500, f"{path} {kind}: {answer.status}"


@pytest.mark.parametrize("public_url", ["", "https://board.example.com"])
async def test_s22_s26_every_page_tells_the_browser_to_be_careful(serve: Serve, public_url: str) -> None:
    world = await serve(**({"PUBLIC_URL": public_url} if public_url else {}))
    at = await desk(world) if not public_url else await stranger(world)
    ids = of_nobody(world) if public_url else await ids_of(world)
    cookie = "; ".join(f"{name}={value}" for name, value in at.cookies().items())
    for method, path, _ in dashboard_routes(world):
        if method != "GET" or (public_url and (method, path) not in OPEN):
            continue
        answer = await world.call("GET", filled(path, ids), key=None, headers={"cookie": cookie})
        assert answer.status in {200, 410}, f"{path}: {answer.status}"
        policy = policy_of(answer)
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'", path
        assert policy["script-src"] == "'self'", path
        assert policy["form-action"].startswith("'self'"), path
        assert "unsafe" not in answer.headers["content-security-policy"], path
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["referrer-policy"] == "no-referrer", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["cross-origin-opener-policy"] == "same-origin", path
        assert ("strict-transport-security" in answer.headers) == bool(public_url), path
        assert len(re.findall(r"<h1[ >]", answer.text)) == 1, path
        assert all(address.startswith(("/", "#")) for address in loaded(answer.text)), path
        assert re.search(r'<html lang="en" dir="ltr"', answer.text), path


def without_nonce(seen: Seen) -> str:
    return re.sub(r'nonce="[^"]*"', "", seen.text)
