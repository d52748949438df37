"""`/connect/invite`: from the link to a member with a key."""

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from moorline.cli.browser import Browser, Seen
from tests.conftest import FrozenClock
from tests.harness import World, failure, location, on_both_engines
from tests.http.conftest import Lines, Serve
from tests.pages.test_forms import FORM, OWN, post
from tests.pages.test_headers import loaded, policy_of

GOOD = {"name": "Ana Díaz", "email": "Ana@Example.com"}
UNUSABLE = "This invitation cannot be used"


async def invited(world: World, *profile_ids: str) -> str:
    """The link of an invitation; to everything when no profile is named."""
    body: dict[str, Any] = {"scope": "profiles", "profileIds": list(profile_ids)} if profile_ids else {"scope": "all"}
    return str((await world.ok("POST", "/v1/invite/tokens", body=body))["inviteUrl"])


async def form(world: World, url: str) -> tuple[Browser, Seen]:
    browser = await world.browser()
    page = await browser.open(location(await browser.open(url)))
    assert page.status == 200, page.text
    return browser, page


def key_on(page: Seen) -> str:
    (key,) = re.findall(r"sk_[0-9a-f]{64}", page.text)
    return str(key)


async def members(world: World) -> list[Any]:
    users = (await world.ok("GET", "/v1/users"))["users"]
    return [user for user in users if not user["isRoot"]]


@on_both_engines
async def test_an_invited_person_joins_and_is_shown_a_key_that_works(world: World) -> None:
    second = await world.new_profile("Harbour Café")
    browser, page = await form(world, await invited(world, second))
    assert "owner@example.com" in page.text
    assert "Harbour Café" in page.text
    assert "Northwind Bakery" not in page.text
    end = await browser.send(page, button="join", pick=GOOD)
    assert end.status == 200
    assert "You joined" in end.text
    key = key_on(end)
    (member,) = await members(world)
    assert (member["name"], member["email"], member["role"]) == ("Ana Díaz", "ana@example.com", "member")
    assert member["profileAccess"] == [second]
    told = await world.ok("GET", "/v1/users", key=key)
    assert told["currentUserId"] == member["_id"]
    assert [profile["_id"] for profile in (await world.ok("GET", "/v1/profiles", key=key))["profiles"]] == [second]


async def test_an_invitation_to_everything_says_so(world: World) -> None:
    browser, page = await form(world, await invited(world))
    assert "all of its profiles" in page.text
    await browser.send(page, button="join", pick=GOOD)
    (member,) = await members(world)
    assert member["profileAccess"] == ["all"]


async def test_s43_a_member_can_invite_nobody(world: World) -> None:
    browser, page = await form(world, await invited(world))
    key = key_on(await browser.send(page, button="join", pick=GOOD))
    failure(await world.call("POST", "/v1/invite/tokens", key=key, body={"scope": "all"}), 403, "forbidden")


async def test_the_token_leaves_the_address_at_once_and_stands_on_no_page(world: World) -> None:
    url = await invited(world)
    token = url.rpartition("/")[2]
    browser = await world.browser()
    clean = location(await browser.open(url))
    assert urlsplit(clean).path == "/connect/invite"
    page = await browser.open(clean)
    end = await browser.send(page, button="join", pick=GOOD)
    for text in (clean, page.text, end.text):
        assert token not in text
        assert token.removeprefix("inv_") not in text


async def test_opening_the_link_uses_nothing_up(world: World) -> None:
    url = await invited(world)
    for _ in range(3):
        await form(world, url)
    browser, page = await form(world, url)
    assert (await browser.send(page, button="join", pick=GOOD)).status == 200


async def test_the_link_the_form_and_the_key_work_once(world: World) -> None:
    url = await invited(world)
    browser, page = await form(world, url)
    await browser.send(page, button="join", pick=GOOD)
    for again in (
        await browser.open(url),
        await browser.open(page.url),
        await browser.send(page, button="join", pick=GOOD | {"email": "other@example.net"}),
    ):
        assert again.status == 410
        assert UNUSABLE in again.text
        assert "sk_" not in again.text
    assert len(await members(world)) == 1


@on_both_engines
async def test_two_who_accept_at_once_are_one_member(world: World) -> None:
    url = await invited(world)
    entered = [await form(world, url) for _ in range(4)]
    ends = await asyncio.gather(
        *(
            browser.send(page, button="join", pick={"name": "n", "email": f"{number}@example.com"})
            for number, (browser, page) in enumerate(entered)
        )
    )
    assert sorted(end.status for end in ends) == [200, 410, 410, 410]
    assert len(await members(world)) == 1


@pytest.mark.parametrize(
    ("typed", "field", "status"),
    [
        ({"name": "", "email": "ana@example.com"}, "name", 400),
        ({"name": "Ana", "email": "ana"}, "email", 400),
        ({"name": "Ana", "email": "OWNER@example.com"}, "email", 409),
        ({"name": "\x00", "email": "\x00"}, "name", 400),
        ({"name": '"><script>alert(1)</script>', "email": '"><img src=x>'}, "email", 400),
        ({"name": "n" * 5000, "email": "e" * 5000}, "name", 400),
    ],
)
async def test_what_cannot_be_taken_is_named_and_the_form_comes_again(
    world: World, typed: dict[str, str], field: str, status: int
) -> None:
    browser, page = await form(world, await invited(world))
    again = await browser.send(page, button="join", pick=typed)
    assert again.status == status
    assert 'role="alert"' in again.text
    assert f'href="#{field}"' in again.text
    assert again.text.count('aria-invalid="true"') == 1
    assert "<title>Error: " in again.text
    assert "<script>" not in again.text
    assert "<img" not in again.text
    assert dict(again.form().fields)["name"] == typed["name"][:100]
    assert await members(world) == []
    assert (await browser.send(again, button="join", pick=GOOD)).status == 200


@pytest.mark.parametrize("token", ["x", "inv_", f"inv_{'0' * 64}", "%00", "%ff", "inv_" + "A" * 64, "callback"])
async def test_garbage_is_told_as_a_used_invitation_is(world: World, token: str) -> None:
    answer = await world.call("GET", f"/connect/invite/{token}", key=None)
    assert answer.status == 410
    assert UNUSABLE in answer.text


async def test_an_invitation_that_ran_out_is_told_on_entry_and_in_an_open_form(
    world: World, frozen_clock: FrozenClock
) -> None:
    url = await invited(world)
    browser, page = await form(world, url)
    frozen_clock.advance(7 * 24 * 3600)
    for seen in (await browser.open(url), await browser.send(page, button="join", pick=GOOD)):
        assert seen.status == 410
        assert UNUSABLE in seen.text
    assert await members(world) == []


async def test_a_browser_that_did_not_enter_by_the_link_sees_nothing(world: World) -> None:
    _, page = await form(world, await invited(world))
    stranger = await world.browser()
    for url in (page.url, f"{world.base_url}/connect/invite", f"{world.base_url}/connect/invite?invite=%0d%0a"):
        seen = await stranger.open(url)
        assert seen.status == 410
        assert "owner@example.com" not in seen.text
    assert (await stranger.send(page, button="join", pick=GOOD)).status == 410
    assert await members(world) == []


async def test_two_invitations_in_two_tabs_do_not_clash(world: World) -> None:
    second = await world.new_profile("Second")
    browser = await world.browser()
    pages = [
        await browser.open(location(await browser.open(await invited(world, profile_id))))
        for profile_id in (world.owner.profile_id, second)
    ]
    for number, page in enumerate(pages):
        joined = await browser.send(page, button="join", pick={"name": "n", "email": f"{number}@example.com"})
        assert joined.status == 200
    assert [member["profileAccess"] for member in await members(world)] == [[world.owner.profile_id], [second]]


@pytest.mark.parametrize("csrf", ["", "0" * 64, "\u00fc", "x" * 10_000])
async def test_s25_a_wrong_csrf_token_makes_no_member(world: World, csrf: str) -> None:
    browser, page = await form(world, await invited(world))
    fields = {**dict(page.form().fields), **GOOD}
    assert await post(browser, page, fields | {"csrf": csrf}, OWN) == 403
    del fields["csrf"]
    assert await post(browser, page, fields, OWN) == 403
    assert await members(world) == []


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}],
)
async def test_s25_a_form_from_another_site_makes_no_member(world: World, headers: dict[str, str]) -> None:
    browser, page = await form(world, await invited(world))
    assert await post(browser, page, {**dict(page.form().fields), **GOOD}, headers) == 403
    assert await members(world) == []


async def test_s24_names_of_workspace_and_profiles_are_text(world: World) -> None:
    odd = '<img src=x onerror="alert(1)">'
    profile = await world.new_profile(odd)
    await world.service.db.run("UPDATE users SET name = $1 WHERE id = $2", odd, world.owner.user_id)
    browser, page = await form(world, await invited(world, profile))
    end = await browser.send(page, button="join", pick=GOOD | {"name": odd})
    for seen in (page, end):
        assert "&lt;img src=x" in seen.text
        assert "<img" not in seen.text


async def test_s22_s26_the_pages_carry_the_headers_of_every_page_and_load_nothing_from_elsewhere(world: World) -> None:
    url = await invited(world)
    browser, page = await form(world, url)
    cookies = {"cookie": "; ".join(f"{cookie.key}={cookie.value}" for cookie in browser._session.cookie_jar)}
    shown = await world.call("GET", page.url.removeprefix(world.base_url), key=None, headers=cookies)
    fields = "&".join(f"{name}={value}" for name, value in dict(page.form().fields).items() if name not in GOOD)
    sent = f"{fields}&name=Ana&email=ana@example.com".encode()
    end = await world.call(
        "POST", "/connect/invite", key=None, content=sent, headers={**cookies, **OWN, "content-type": FORM}
    )
    for answer in (shown, end, await world.call("GET", "/connect/invite/x", key=None)):
        assert policy_of(answer)["frame-ancestors"] == "'none'"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.text.count("<h1>") == 1
        assert all(address.startswith("/") for address in loaded(answer.text))
    assert "You joined" in end.text
    assert "Max-Age=0" in end.headers["set-cookie"]


async def test_the_cookie_is_for_these_pages_and_no_script(serve: Serve) -> None:
    world = await serve(PUBLIC_URL="https://connect.example.com")
    path = urlsplit(await invited(world)).path
    answer = await world.call("GET", path, key=None)
    assert answer.headers["location"].startswith("https://connect.example.com/connect/invite?invite=")
    for part in ("Path=/connect/invite", "HttpOnly", "SameSite=lax", "Secure"):
        assert part in answer.headers["set-cookie"]


async def test_s30_neither_the_token_nor_the_key_is_logged(world: World, lines: Lines) -> None:
    url = await invited(world)
    browser, page = await form(world, url)
    end = await browser.send(page, button="join", pick=GOOD)
    own = "\n".join(str(entry) for entry in lines.entries() if entry["logger"].startswith("moorline"))
    assert "member_joined" in own
    assert url.rpartition("/")[2] not in own
    assert key_on(end) not in own
    assert "ana@example.com" not in own.lower()
