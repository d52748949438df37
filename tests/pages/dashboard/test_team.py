"""The team in the dashboard: who is in it, invitations, links that let a member in once."""

import asyncio
import re

import pytest

from moorline.cli.browser import Seen
from moorline.ids import new_id
from tests.harness import World, on_both_engines
from tests.http.conftest import Lines
from tests.pages.dashboard.desk import (
    PASSWORD,
    Desk,
    desk,
    heading_of,
    member_desk,
    stranger,
    title_of,
    user_of,
    words_of,
)

UNUSABLE = "This invitation cannot be used"


def url_on(page: Seen) -> str:
    (url,) = re.findall(r'id="once">(http[^<]+)<', page.text)
    return str(url)


async def join(world: World, url: str, **typed: str) -> tuple[Desk, Seen]:
    """Somebody opens an invitation and fills its form."""
    at = await stranger(world)
    form = await at.browser.follow(await at.browser.open(url))
    pick = {"name": "Mia", "email": "mia@example.com", **typed}
    return at, await at.browser.send(form, button="join", pick=pick)


async def sign_in(world: World, email: str, password: str) -> Seen:
    at = await stranger(world)
    return await at.send(await at.see("/sign-in"), "/sign-in", email=email, password=password)


@on_both_engines
async def test_somebody_is_invited_joins_with_a_password_and_signs_in(world: World, lines: Lines) -> None:
    second = await world.new_profile("Harbour Café")
    at = await desk(world)
    made = await at.send(await at.see("/team"), "/invitations", scope="some", profiles=second)
    url = url_on(made)
    assert "You will not see it again." in words_of(made)
    _, end = await join(world, url, password=PASSWORD)
    assert end.status == 200
    assert 'href="/dashboard/sign-in"' in end.text
    page = await sign_in(world, "mia@example.com", PASSWORD)
    assert heading_of(page) == "Overview"
    told = words_of(await at.see("/team"))
    for part in ("Mia", "mia@example.com", "Harbour Café", "Owner"):
        assert part in told
    for secret in (PASSWORD, url.rpartition("/")[2]):
        assert secret not in lines.text
        assert secret not in end.text


async def test_an_invitation_to_everything_is_for_all_profiles(world: World) -> None:
    at = await desk(world)
    url = url_on(await at.send(await at.see("/team"), "/invitations"))
    await join(world, url)
    assert (await user_of(world, "mia@example.com")).profile_ids is None


@pytest.mark.parametrize("password", ["short", "x" * 300, "aaaaaaaaaaaaaaaa", "mia@example.com"])
async def test_a_password_that_cannot_be_leaves_the_invitation_open(world: World, password: str) -> None:
    at = await desk(world)
    url = url_on(await at.send(await at.see("/team"), "/invitations"))
    _, again = await join(world, url, password=password)
    assert again.status == 400
    assert 'href="#password"' in again.text
    assert title_of(again).startswith("Error: ")
    assert password not in re.sub(r'id="email"[^>]*>', "", again.text) or password == "short"
    _, end = await join(world, url, password=PASSWORD)
    assert end.status == 200


async def test_who_pressed_twice_and_lost_the_key_is_led_to_where_there_is_another(world: World) -> None:
    owner = await desk(world)
    url = url_on(await owner.send(await owner.see("/team"), "/invitations"))
    at = await stranger(world)
    form = await at.browser.follow(await at.browser.open(url))
    pick = {"name": "Mia", "email": "mia@example.com", "password": PASSWORD}
    ends = await asyncio.gather(*(at.browser.send(form, button="join", pick=pick) for _ in range(3)))
    assert sorted(end.status for end in ends) == [200, 410, 410]
    lost = next(end for end in ends if end.status == 410)
    assert UNUSABLE in words_of(lost)
    assert "where you can make another API key" in words_of(lost)
    assert 'href="/dashboard/sign-in"' in lost.text
    member = await desk(world, "mia@example.com")
    made = await member.send(await member.see("/keys"), "/keys", name="Instead")
    (key,) = re.findall(r"sk_[0-9a-f]{64}", made.text)
    assert len((await world.ok("GET", "/v1/profiles", key=key))["profiles"]) == 1


async def test_an_invitation_to_no_profile_is_refused_at_its_field(world: World) -> None:
    at = await desk(world)
    again = await at.send(await at.see("/team"), "/invitations", scope="some")
    assert again.status == 400
    assert "Tick at least one profile, or choose all of them." in words_of(again)
    assert 'id="profiles"' in again.text
    assert title_of(again).startswith("Error: ")
    for profile_id in (world.other.profile_id, new_id(), "x"):
        fields = {"csrf": await at.csrf(), "scope": "some", "profiles": profile_id}
        assert (await at.post("/dashboard/team/invitations", fields)).status == 404
    assert await world.service.db.all("SELECT token_hash FROM invites") == []


async def test_the_owner_lets_a_member_in_once(world: World, lines: Lines) -> None:
    await member_desk(world, world.owner.profile_id)
    at, member = await desk(world), await user_of(world, "member@example.com")
    made = await at.send(await at.see("/team"), f"/team/{member.id}/sign-in-link")
    url = url_on(made)
    visitor = await stranger(world)
    page = await visitor.browser.follow(await visitor.browser.open(url))
    inside = await visitor.send(page, "/sign-in/once")
    assert "member@example.com" in words_of(inside)
    again = await stranger(world)
    assert (await again.browser.follow(await again.browser.open(url))).status == 410
    assert url.rpartition("=")[2] not in lines.text
    entries = (await world.ok("GET", "/v1/audit", query={"action": "sign_in_link.created"}))["entries"]
    assert (entries[0]["memberId"], entries[0]["subjectId"]) == (world.owner.user_id, member.id)


async def test_s43_the_team_is_the_owners(world: World) -> None:
    owner = await desk(world)
    url = url_on(await owner.send(await owner.see("/team"), "/invitations"))
    await join(world, url)
    at = await desk(world, "mia@example.com")  # may see every profile, and is no owner
    page = await at.ask("/team")
    assert (page.status, heading_of(page)) == (403, "Not for you to see")
    assert 'href="/dashboard/team"' not in (await at.see()).text
    csrf = await at.csrf()
    assert (await at.post("/dashboard/team/invitations", {"csrf": csrf})).status == 403
    let_in = await at.post(f"/dashboard/team/{world.owner.user_id}/sign-in-link", {"csrf": csrf})
    assert (let_in.status, heading_of(let_in)) == (404, "There is no page here")
