"""Connect links: who opens one connects what it is for, as often as it may be used, and nothing once it is dead."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from moorline import ids
from moorline.connect import bot_code, finish, purge, selection
from moorline.connect import links as connect_links
from moorline.connect.app_password import Credentials, connect_attempt
from moorline.connect.start import StartCall, start
from moorline.errors import BadRequest, FlowFailed, Forbidden, NotFound
from moorline.owners import links
from moorline.owners.caller import Caller
from moorline.owners.links import LinkDead, LinkOffer, Made, NewLink
from moorline.sandbox import telegram_world as chats
from moorline.store import attempts
from moorline.store.attempts import Attempt
from tests.conftest import FrozenClock
from tests.harness import APP_URL, World, failure, location, on_both_engines, query_of

PEOPLE = ("plenty", "single", "crowd")
BSKY = Credentials(platform="bluesky", identifier="demo.bsky.social", password="demo-demo-demo-demo")
OTHER_BSKY = replace(BSKY, identifier="other.example.net", password="othr-othr-othr-othr")
BSKY_SESSIONS_ENDED = "POST /xrpc/com.atproto.server.deleteSession"


def owner_of(world: World) -> Caller:
    return Caller(
        user_id=world.owner.user_id,
        member_id=world.owner.user_id,
        key_id=world.owner.key_id,
        profile_ids=None,
        may_write=True,
        reveal_tokens=False,
        redirect_allowlist=None,
    )


async def made(world: World, **new: Any) -> Made:
    given = NewLink(profile_id=world.owner.profile_id, **new)
    return await connect_links.create(world.service, owner_of(world), given)


def token_of(link: Made) -> str:
    return link.url.rpartition("/")[2]


async def offer(world: World, link: Made) -> LinkOffer:
    return await links.read(world.service, token_of(link))


async def consented(world: World, link: Made, platform: str = "twitter", person: str = "plenty") -> str:
    """Start through the link and consent; the callback, not opened yet."""
    started = await connect_links.start(world.service, token_of(link), platform)
    return await world.consent(started.url, person=person)


async def landing(world: World, callback: str) -> str:
    return location(await (await world.browser()).open(callback))


async def uses(world: World, link: Made) -> int:
    return (await offer(world, link)).link.uses


async def last_attempt(world: World, link: Made) -> Attempt:
    (attempt, *_) = await attempts.of_link(world.service.db, link.link.id, before=None, limit=1)
    return attempt


# --- what it offers ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("frozen_clock")
async def test_whoever_opens_a_link_reads_what_it_is_for(world: World) -> None:
    link = await made(world, platforms=("reddit", "twitter"), max_uses=3, language="de")
    found = await offer(world, link)
    assert (found.state, found.workspace, found.profile.name) == ("active", "owner@example.com", "Northwind Bakery")
    assert (sorted(found.platforms), found.uses_left, found.account) == (["reddit", "twitter"], 3, None)
    assert found.link == link.link
    assert token_of(link) not in repr(link)
    assert (await offer(world, await made(world))).uses_left is None


@pytest.mark.parametrize("token", ["", "x", "\x00", "\ud800", "A" * 43, "é" * 5000])
async def test_an_unknown_and_a_malformed_token_are_not_found(world: World, token: str) -> None:
    for name in ("read", "start"):
        with pytest.raises(NotFound) as raised:
            await (
                links.read(world.service, token)
                if name == "read"
                else connect_links.start(world.service, token, "twitter")
            )
        assert str(raised.value) == "There is no such connect link."


async def test_its_caller_may_connect_to_its_profile_and_nothing_else(world: World) -> None:
    link = await made(world)
    caller = links.caller_of((await offer(world, link)).link)
    assert (caller.key_id, caller.link_id, caller.may_write, caller.reveal_tokens) == (None, link.link.id, True, False)
    assert caller.profile_ids == frozenset({world.owner.profile_id})
    second = await world.new_profile("Second")
    with pytest.raises(Forbidden):
        await start(world.service, caller, StartCall(platform="twitter", profile_id=second))


async def test_a_platform_it_is_not_for_and_one_that_is_none_are_refused(world: World) -> None:
    link = await made(world, platforms=("reddit",))
    for platform in ("twitter", "myspace"):
        with pytest.raises(BadRequest) as raised:
            await connect_links.start(world.service, token_of(link), platform)
        assert set(raised.value.fields) == {"platform"}
    assert await attempts.of_link(world.service.db, link.link.id, before=None, limit=9) == []


# --- what comes of it -------------------------------------------------------------------------------------------------


@on_both_engines
async def test_an_account_connected_through_a_link_is_counted_and_the_browser_goes_where_the_link_says(
    world: World,
) -> None:
    link = await made(world, redirect_url=APP_URL, language="fr", max_uses=5)
    told = query_of(await landing(world, await consented(world, link)))
    (account,) = await world.accounts()
    assert (told["connected"], told["accountId"]) == ("twitter", account["_id"])
    assert await uses(world, link) == 1
    attempt = await last_attempt(world, link)
    assert (attempt.link_id, attempt.key_id, attempt.member_id) == (link.link.id, None, None)
    assert (attempt.language, attempt.redirect_url, attempt.status) == ("fr", APP_URL, "connected")


async def test_the_language_of_the_page_counts_where_the_link_has_none(world: World) -> None:
    for link, expected in ((await made(world), "es"), (await made(world, language="ar"), "ar")):
        await connect_links.start(world.service, token_of(link), "twitter", language="es")
        assert (await last_attempt(world, link)).language == expected


@on_both_engines
async def test_of_many_on_the_last_use_of_a_link_exactly_one_is_connected(world: World) -> None:
    link = await made(world, max_uses=1, redirect_url=APP_URL)
    callbacks = [await consented(world, link, person=person) for person in PEOPLE]
    told = [query_of(url) for url in await asyncio.gather(*(landing(world, one) for one in callbacks))]
    assert sorted(one.get("connected") or one["error"] for one in told) == [
        "session_expired",
        "session_expired",
        "twitter",
    ]
    assert len(await world.accounts()) == 1
    assert await uses(world, link) == 1
    assert await world.rows_with_tokens() == 2  # one grant and its tokens: nothing of the others was kept
    statuses = [one.status for one in await attempts.of_link(world.service.db, link.link.id, before=None, limit=9)]
    assert sorted(statuses) == ["connected", "failed", "failed"]
    assert (await offer(world, link)).state == "used_up"


@on_both_engines
async def test_a_link_revoked_while_somebody_is_at_the_platform_connects_nothing(world: World) -> None:
    link = await made(world, redirect_url=APP_URL)
    callback = await consented(world, link)
    await world.ok("DELETE", f"/v1/connect/links/{link.link.id}")
    assert query_of(await landing(world, callback))["error"] == "session_expired"
    assert await world.accounts() == []
    assert await world.rows_with_tokens() == 0
    attempt = await last_attempt(world, link)
    assert (attempt.status, attempt.slug) == ("failed", "session_expired")
    assert "withdrawn" in (attempt.note or "")


async def test_a_link_that_ran_out_while_somebody_is_at_the_platform_still_connects_them(
    world: World, frozen_clock: FrozenClock
) -> None:
    link = await made(world, redirect_url=APP_URL, expires_in_h=1)
    frozen_clock.advance(3600 - 1)
    callback = await consented(world, link)
    frozen_clock.advance(2)
    assert query_of(await landing(world, callback))["connected"] == "twitter"


@pytest.mark.parametrize("reason", ["revoked", "used_up", "expired"])
async def test_a_dead_link_says_why_in_every_function(world: World, frozen_clock: FrozenClock, reason: str) -> None:
    link = await made(world, max_uses=1)
    if reason == "revoked":
        await links.revoke(world.service.db, owner_of(world), link.link.id)
    elif reason == "used_up":
        await landing(world, await consented(world, link))
    else:
        frozen_clock.advance(7 * 86_400)
    found = await offer(world, link)
    assert found.state == reason
    for dead in (
        lambda: links.caller_of(found.link),
        lambda: links.check_alive(found.link),
        lambda: asyncio.ensure_future(links.alive(world.service.db, found.link.id)),
        lambda: asyncio.ensure_future(connect_links.start(world.service, token_of(link), "twitter")),
    ):
        with pytest.raises(LinkDead) as raised:
            await dead()  # type: ignore[misc]  # the first two raise at once
        assert (raised.value.reason, raised.value.code, raised.value.status) == (reason, f"link_{reason}", 410)
    with pytest.raises(NotFound):
        await links.alive(world.service.db, ids.new_id())


@on_both_engines
async def test_a_choice_from_a_link_is_counted_once_however_often_it_is_made(world: World) -> None:
    link = await made(world, max_uses=2)
    await landing(world, await consented(world, link, "facebook"))
    attempt = await last_attempt(world, link)
    opened = await selection.get(world.service, attempt.id)
    assert await uses(world, link) == 0
    page = selection.listed(opened).items[0].id
    chosen = await asyncio.gather(
        *(selection.choose(world.service, opened, page, redirect_url=None, once=True) for _ in range(5))
    )
    assert len({one.account.id for one in chosen}) == 1
    assert await uses(world, link) == 1


@on_both_engines
async def test_a_choice_from_a_link_that_was_revoked_meanwhile_saves_nothing(world: World) -> None:
    link = await made(world)
    await landing(world, await consented(world, link, "facebook"))
    attempt = await last_attempt(world, link)
    opened = await selection.get(world.service, attempt.id)
    await links.revoke(world.service.db, owner_of(world), link.link.id)
    page = selection.listed(opened).items[0].id
    with pytest.raises(FlowFailed) as raised:
        await selection.choose(world.service, opened, page, redirect_url=None, once=True)
    assert raised.value.slug == "session_expired"
    assert await world.accounts() == []


@on_both_engines
async def test_a_bluesky_sign_in_through_a_dead_link_is_noted_and_its_session_ended(world: World) -> None:
    link = await made(world, max_uses=1)
    started = [await connect_links.start(world.service, token_of(link), "bluesky") for _ in range(2)]
    await connect_attempt(world.service, BSKY, state_text=started[0].state, client="")
    assert await uses(world, link) == 1
    with pytest.raises(FlowFailed) as raised:
        await connect_attempt(world.service, OTHER_BSKY, state_text=started[1].state, client="")
    assert raised.value.slug == "session_expired"
    attempt = await attempts.get(world.service.db, started[1].attempt_id)
    assert attempt is not None
    assert (attempt.status, attempt.slug) == ("failed", "session_expired")
    assert len(await world.calls("bluesky", BSKY_SESSIONS_ENDED)) == 1
    assert len(await world.accounts()) == 1


@on_both_engines
async def test_a_chat_that_is_bound_twice_by_one_code_is_counted_once(world: World) -> None:
    link = await made(world, max_uses=1)
    started = await connect_links.start(world.service, token_of(link), "telegram")
    adapter = bot_code.bot(world.service, "telegram")
    chat = await bot_code.postable_chat(world.service, adapter, chats.MY_CHANNEL)
    whose = {"user_id": world.owner.user_id, "profile_id": world.owner.profile_id}
    for _ in range(2):  # an update that the bot was handed again after a crash
        await bot_code.save_chat(world.service, adapter, chat, **whose, attempt_id=started.attempt_id)
    assert await uses(world, link) == 1
    assert (await last_attempt(world, link)).account_id == (await world.accounts())[0]["_id"]


# --- renewing ---------------------------------------------------------------------------------------------------------


async def renewing(world: World, platform: str = "twitter", person: str = "plenty") -> tuple[str, Made]:
    """An account, and a link to renew it."""
    if platform == "bluesky":
        begun = await world.start("bluesky")
        await connect_attempt(world.service, replace(BSKY, identifier=person), state_text=begun["state"], client="")
    else:
        await world.landing(platform, person=person)
    (account,) = await world.accounts()
    return account["_id"], await made(world, reconnect_account_id=account["_id"], redirect_url=APP_URL)


@on_both_engines
async def test_a_link_renews_the_account_it_is_for(world: World) -> None:
    account_id, link = await renewing(world)
    found = await offer(world, link)
    assert found.account is not None
    assert (found.account.id, found.platforms, found.uses_left) == (account_id, ("twitter",), 1)
    told = query_of(await landing(world, await consented(world, link)))
    assert (told["connected"], told["accountId"]) == ("twitter", account_id)
    assert (await offer(world, link)).state == "used_up"
    assert (await last_attempt(world, link)).reconnect_account_id == account_id


@on_both_engines
async def test_s12_somebody_else_who_opens_it_changes_nothing(world: World) -> None:
    account_id, link = await renewing(world)
    told = query_of(await landing(world, await consented(world, link, person="single")))
    assert told["error"] == "reconnect_account_mismatch"
    assert [one["_id"] for one in await world.accounts()] == [account_id]
    assert (await offer(world, link)).state == "active"


@on_both_engines
async def test_s12_a_platform_without_reconnection_of_its_own_renews_that_account_only(world: World) -> None:
    account_id, link = await renewing(world, "bluesky", BSKY.identifier)
    started = await connect_links.start(world.service, token_of(link), "bluesky")
    with pytest.raises(FlowFailed) as raised:
        await connect_attempt(world.service, OTHER_BSKY, state_text=started.state, client="")
    assert raised.value.slug == "reconnect_account_mismatch"
    assert [one["_id"] for one in await world.accounts()] == [account_id]
    again = await connect_links.start(world.service, token_of(link), "bluesky")
    assert (await connect_attempt(world.service, BSKY, state_text=again.state, client="")).account.id == account_id
    assert (await offer(world, link)).state == "used_up"


@on_both_engines
async def test_disconnecting_an_account_withdraws_what_was_to_renew_it(world: World) -> None:
    account_id, link = await renewing(world)
    await world.ok("DELETE", f"/v1/accounts/{account_id}")
    found = await offer(world, link)
    assert (found.state, found.account) == ("revoked", None)


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_a_link_is_purged_ninety_days_after_its_end(world: World, frozen_clock: FrozenClock) -> None:
    link = await made(world)
    frozen_clock.advance(97 * 86_400)
    await purge.purge(world.service)
    assert (await offer(world, link)).state == "expired"
    frozen_clock.advance(1)
    assert await purge.purge(world.service) >= 1
    with pytest.raises(NotFound):
        await offer(world, link)
    failure(await world.call("GET", f"/v1/connect/links/{link.link.id}"), 404, "not_found")


async def test_a_key_of_the_tenant_finishes_an_attempt_of_a_link_and_it_is_counted(world: World) -> None:
    link = await made(world, max_uses=1)
    started = await connect_links.start(world.service, token_of(link), "twitter")
    code = query_of(await world.consent(started.url))["code"]
    body = {"code": code, "state": started.state, "profileId": world.owner.profile_id}
    await world.ok("POST", "/v1/connect/twitter", body=body)
    assert await uses(world, link) == 1


async def test_the_life_of_a_link_is_what_was_asked_for(world: World, frozen_clock: FrozenClock) -> None:
    link = await made(world, expires_in_h=2)
    assert link.link.expires_at == frozen_clock.now() + timedelta(hours=2)
    frozen_clock.advance(2 * 3600 - 0.001)
    assert (await offer(world, link)).state == "active"
    frozen_clock.advance(0.001)
    assert (await offer(world, link)).state == "expired"


def test_the_slug_of_a_link_that_died_meanwhile_is_one_that_pages_know() -> None:
    assert finish.slug_of(FlowFailed("session_expired", "x")) == "session_expired"
