"""Accounts in the dashboard: listed with how they are, renamed, disconnected, connected again."""

import asyncio

from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines
from tests.http.conftest import Lines
from tests.pages.dashboard.desk import (
    Desk,
    desk,
    form_of,
    forms_of,
    heading_of,
    member_desk,
    title_of,
    words_of,
)
from tests.pages.test_headers import policy_of

DAY_S = 24 * 3600


async def account_of(world: World, platform: str = "twitter") -> str:
    await world.landing(platform)
    return str((await world.accounts())[-1]["_id"])


async def revoked(world: World, account_id: str) -> None:
    """The platform takes the consent back, and the service learns of it."""
    row = await world.service.db.one("SELECT grant_id FROM accounts WHERE id = $1", account_id)
    assert row is not None
    await world.service.db.run(
        "UPDATE grants SET dead_at_ms = 1772600000000, dead_reason = 'twitter: token was revoked' WHERE id = $1",
        row["grant_id"],
    )
    await world.service.db.run("UPDATE accounts SET is_active = FALSE WHERE id = $1", account_id)


@on_both_engines
async def test_the_list_tells_name_platform_profile_and_how_it_is(world: World) -> None:
    account_id = await account_of(world)
    page = await (await desk(world)).see("/accounts")
    told = words_of(page)
    for part in ("Northwind Bakery", "X (Twitter)", "Working", "Renewed by itself: in"):
        assert part in told
    assert f'href="/dashboard/accounts/{account_id}"' in page.text
    assert "Reconnect" not in told, "nothing to do, so no button pushes"


async def test_an_empty_list_teaches_how_to_fill_it(world: World) -> None:
    at = await desk(world)
    assert "No account is connected yet." in words_of(await at.see("/accounts"))
    assert "/dashboard/connect" in (await at.see("/accounts")).text
    assert "There is no such account." in words_of(await at.see("/accounts?platform=reddit"))
    assert "Nothing here needs anybody." in words_of(await at.see("/accounts?needs=person"))


async def test_the_list_comes_a_page_at_a_time(world: World) -> None:
    first = await account_of(world)
    row = await world.service.db.one("SELECT * FROM accounts WHERE id = $1", first)
    assert row is not None
    for number in range(64):
        await world.service.db.run(
            "INSERT INTO accounts (id, user_id, profile_id, grant_id, platform, platform_account_id, username,"
            " display_name, is_active, details, created_at_ms, updated_at_ms)"
            " VALUES ($1, $2, $3, $4, 'twitter', $5, 'u', $5, TRUE, '{}', 1, 1)",
            f"{number:024x}",
            world.owner.user_id,
            world.owner.profile_id,
            row["grant_id"],
            f"copy {number}",
        )
    at = await desk(world)
    seen: list[str] = []
    page = await at.see("/accounts?platform=twitter")
    for _ in range(9):
        found = [line.partition('"')[0] for line in page.text.split('class="named" href="/dashboard/accounts/')[1:]]
        assert len(found) <= 30
        seen += found
        if 'rel="next"' not in page.text:
            break
        link = page.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
        assert "platform=twitter" in link
        page = await at.see(link.removeprefix("/dashboard"))
    assert len(seen) == len(set(seen)) == 65


async def test_a_filter_that_cannot_be_is_no_page(world: World) -> None:
    at = await desk(world)
    for query in ("platform=nothing", "before=x", "profile=x", "before=%00", "profile=%ff"):
        assert (await at.see(f"/accounts?{query}")).status == 404, query


async def test_what_a_person_has_to_do_stands_beside_the_account_with_one_button(world: World) -> None:
    fine, lost = await account_of(world), await account_of(world, "reddit")
    await revoked(world, lost)
    at = await desk(world)
    for path in ("", "/accounts?needs=person"):
        page = await at.see(path)
        assert "Not working since" in words_of(page)
        assert "Reddit no longer accepts the permission that was given." in words_of(page)
        assert form_of(page, f"/accounts/{lost}/reconnect").method == "post"
        assert f"/accounts/{fine}/reconnect" not in page.text
    page = await at.see(f"/accounts/{lost}")
    assert "twitter: token was revoked" in words_of(page), "what was noted, for whoever looks further"
    assert "Nothing happens by itself until somebody connects it again." in words_of(page)


async def test_browsers_let_every_button_that_reconnects_lead_to_a_platform(world: World) -> None:
    account_id = await account_of(world, "reddit")
    await revoked(world, account_id)
    at = await desk(world)
    cookie = "; ".join(f"{name}={value}" for name, value in at.cookies().items())
    for path in ("", "/accounts", f"/accounts/{account_id}", f"/accounts/{account_id}/choice"):
        answer = await world.call("GET", f"/dashboard{path}", key=None, headers={"cookie": cookie})
        assert "/reconnect" in answer.text, path
        assert policy_of(answer)["form-action"] != "'self'", path


async def test_an_account_is_told_with_its_permissions_and_what_comes_next(world: World) -> None:
    account_id = await account_of(world)
    page = await (await desk(world)).see(f"/accounts/{account_id}")
    told = words_of(page)
    assert heading_of(page) == "Northwind Bakery"
    for part in ("tweet.write", "offline.access", "Last proven good", "Never, as far as is known", account_id):
        assert part in told
    assert "Connected" in told.partition("What happened")[2], "its history"
    assert [form.action.rpartition("/")[2] for form in forms_of(page)] == [
        "sign-out", "sign-out", "reconnect", "rename",
    ]  # fmt: skip
    assert "/choice" not in page.text, "there is nothing to choose on this platform"


@on_both_engines
async def test_an_account_is_called_something_else_here(world: World) -> None:
    account_id = await account_of(world)
    at = await desk(world)
    done = await at.send(await at.see(f"/accounts/{account_id}"), "/rename", name="  Bäckerei Nord ")
    assert "The new name is saved." in words_of(done)
    assert heading_of(done) == "Bäckerei Nord"
    (account,) = await world.accounts()
    assert (account["displayName"], account["username"]) == ("Bäckerei Nord", "northwindbakery")


async def test_a_name_that_cannot_be_is_told_and_changes_nothing(world: World) -> None:
    account_id = await account_of(world)
    at = await desk(world)
    page = await at.see(f"/accounts/{account_id}")
    for name in ("", "   ", "x" * 201, "a\x00b", "line\nbreak"):
        again = await at.send(page, "/rename", name=name)
        assert again.status == 400
        assert "Enter a name of 1 to 200 characters." in words_of(again)
        assert title_of(again).startswith("Error: ")
        assert 'href="#name"' in again.text
    assert (await world.accounts())[0]["displayName"] == "Northwind Bakery"


@on_both_engines
async def test_disconnecting_asks_first_and_says_what_goes_away(world: World) -> None:
    account_id = await account_of(world)
    at = await desk(world)
    page = await at.see(f"/accounts/{account_id}/disconnect")
    assert heading_of(page) == "Disconnect Northwind Bakery?"
    assert "No other account uses the permission, so X (Twitter) is told to withdraw it" in words_of(page)
    assert len(await world.accounts()) == 1
    done = await at.send(page, "/disconnect")
    assert "The account is disconnected." in words_of(done)
    assert await world.accounts() == []
    assert (await at.see(f"/accounts/{account_id}")).status == 404
    log = (await world.ok("GET", "/v1/connect/logs"))["logs"]
    assert (log[0]["type"], log[0]["reason"]) == ("disconnected", "Disconnected in the dashboard.")


async def test_disconnecting_one_of_several_pages_says_which_keep_the_permission(world: World) -> None:
    fields = await world.selection()
    for number in (101, 102, 103):
        assert (await world.select(fields, f"100000000000{number}")).status == 200
    accounts = await world.accounts()
    at = await desk(world)
    page = await at.see(f"/accounts/{accounts[0]['_id']}/disconnect")
    assert "Other accounts keep the permission that Facebook was asked for:" in words_of(page)
    for other in accounts[1:]:
        assert other["displayName"] in words_of(page)


async def test_disconnecting_twice_at_once_disconnects_once(world: World) -> None:
    account_id = await account_of(world)
    at = await desk(world)
    page = await at.see(f"/accounts/{account_id}/disconnect")
    done = await asyncio.gather(*(at.submit(page, "/disconnect") for _ in range(3)))
    assert sorted(seen.status for seen in done) == [303, 404, 404]


async def again(at: Desk, account_id: str, *, person: str = "plenty") -> str:
    """Press Reconnect and consent; where the callback leads to."""
    page = await at.see(f"/accounts/{account_id}")
    consent = await at.submit(page, "/reconnect")
    assert consent.status == 303
    shown = await at.browser.open(consent.location or "")
    returned = await at.browser.send(shown, button="approve", pick={"person": person})
    end = await at.browser.follow(returned)
    return words_of(end)


async def test_reconnecting_renews_this_account_and_leads_back(world: World) -> None:
    account_id = await account_of(world)
    await revoked(world, account_id)
    at = await desk(world)
    told = await again(at, account_id)
    assert "is connected" in told
    assert "Back to the dashboard" in told
    (account,) = await world.accounts()
    assert account["_id"] == account_id
    assert "Working" in words_of(await at.see(f"/accounts/{account_id}"))


async def test_reconnecting_as_somebody_else_changes_nothing(world: World) -> None:
    account_id = await account_of(world)
    told = await again(await desk(world), account_id, person="single")
    assert "Back to the dashboard" in told
    (account,) = await world.accounts()
    assert account["_id"] == account_id


async def test_where_there_is_no_reconnection_connecting_again_does_it(world: World) -> None:
    body = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo"}
    state = f"{world.owner.user_id}-{world.owner.profile_id}"
    await world.ok("POST", "/v1/connect/bluesky/credentials", body={**body, "state": state})
    (account,) = await world.accounts()
    at = await desk(world)
    sent = await at.submit(await at.see(f"/accounts/{account['_id']}"), "/reconnect")
    assert (sent.location or "").startswith(f"{world.base_url}/connect/bluesky?state=")


async def test_a_platform_that_is_not_set_up_any_more_is_told_when_reconnecting(world: World) -> None:
    account_id = await account_of(world)
    await world.restart(TWITTER_CLIENT_ID="", TWITTER_CLIENT_SECRET="")
    at = await desk(world)
    seen = await at.send(await at.see(f"/accounts/{account_id}"), "/reconnect")
    assert seen.status == 400
    assert "X (Twitter) is not set up yet" in words_of(seen)
    assert "MOORLINE_TWITTER_CLIENT_ID" in words_of(seen)


async def test_an_account_that_ends_soon_is_told_with_the_day_and_the_person(
    world: World, frozen_clock: FrozenClock
) -> None:
    account_id = await account_of(world)
    ends_ms = int(frozen_clock.now().timestamp() * 1000) + 5 * DAY_S * 1000
    await world.service.db.run(
        "UPDATE grant_tokens SET refresh_sealed = NULL, access_expires_at_ms = $1, renew_at_ms = $1", ends_ms
    )
    await world.service.db.run("UPDATE grants SET needs_at_ms = $1", ends_ms)
    at = await desk(world)
    told = words_of(await at.see(f"/accounts/{account_id}"))
    assert "Working, needs somebody by 9 Mar 2026" in told
    assert "northwindbakery has to confirm it again on X (Twitter) before 9 Mar 2026." in told
    assert "needs somebody by" in words_of(await at.see())
    await world.service.db.run(
        "UPDATE grant_tokens SET access_expires_at_ms = access_expires_at_ms + 2592000000,"
        " renew_at_ms = renew_at_ms + 2592000000"
    )
    told = words_of(await at.see(f"/accounts/{account_id}"))
    assert "Works until 8 Apr 2026; it cannot be renewed without a person." in told


async def test_s40_a_member_sees_the_accounts_of_their_profiles_alone(world: World) -> None:
    hidden = await account_of(world)
    mine = await world.new_profile("Mine")
    query = {"profileId": mine}
    started = await world.ok("GET", "/v1/connect/reddit", query=query)
    callback = await world.consent(started["authUrl"])
    await (await world.browser()).open(callback)
    at = await member_desk(world, mine)
    for path in ("", "/accounts"):
        page = await at.see(path)
        assert "Reddit" in words_of(page)
        assert hidden not in page.text
        assert "X (Twitter) ·" not in words_of(page)
    assert "Your account works." in words_of(await at.see())
    assert "Northwind Bakery" not in words_of(await at.see("/profiles"))


async def test_what_somebody_did_is_in_the_audit_log_and_no_secret_in_ours(world: World, lines: Lines) -> None:
    account_id = await account_of(world)
    at = await desk(world)
    await at.send(await at.see(f"/accounts/{account_id}/disconnect"), "/disconnect")
    token = at.cookies()["moorline_session"]
    assert "account_disconnected" in lines.text
    assert token not in lines.text
