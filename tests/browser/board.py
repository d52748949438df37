"""The dashboard's pages: of an agency that has a bit of everything, of a newcomer, and for who is not signed in."""

import asyncio
from typing import Any

from tests.browser.catalogue import Bring, NamedPage, opened
from tests.browser.links import make_link
from tests.browser.stage import Stage

AGENCY, NEWCOMER = "Northwind Agency", "Fernhill Books"


async def _made(stage: Stage, path: str, body: object) -> Any:
    answer = await stage.journey.call("POST", path, body=body)
    assert answer.status in {200, 201}, answer.text
    return answer.json


async def _first_delivery(stage: Stage) -> str:
    """The log of the first event that was sent, once it was tried: nobody listens there."""
    for _ in range(200):
        logs = (await stage.journey.get("webhooks/logs"))["logs"]
        if logs:
            return str(logs[-1]["_id"])
        await asyncio.sleep(0.1)
    raise AssertionError("no event was sent")


async def _settle(stage: Stage) -> dict[str, str]:
    """Connect, choose, fail and lose, once for all pages that show it; the ids that their addresses need."""
    journey = stage.journey
    ids = {"profile": await journey.new_profile("Bakery")}
    hook = {"name": "Our app", "url": "https://hooks.invalid/moorline", "events": ["account.connected"]}
    ids["webhook"] = (await _made(stage, "webhooks/settings", hook))["webhook"]["_id"]
    ids["link"] = (await make_link(stage, maxUses=5))["id"]
    own_app = {"platform": "tiktok", "clientId": "aw1234567890", "clientSecret": "a secret of theirs"}
    ids["app"] = (await _made(stage, "app-credentials", own_app))["appCredential"]["id"]
    await _made(stage, "invite/tokens", {"scope": "all"})
    ids["attempt"] = (await stage.consent("facebook"))["attemptId"]
    await stage.choose()
    await stage.consent("twitter")
    await stage.consent("reddit", person="single")
    for account in await journey.accounts():
        ids[account["platform"]] = account["_id"]
    # The person takes the permission back at the platform, and the next call finds out.
    await journey.control("POST", "revoke", {"platform": "reddit", "person": "single"})
    await journey.call("GET", f"accounts/{ids['reddit']}/reddit-subreddits")
    ids["delivery"] = await _first_delivery(stage)
    ids["key"] = (await journey.get("api-keys"))["apiKeys"][0]["id"]
    ids["failed-attempt"] = (await stage.consent("facebook", person="none"))["attemptId"]
    return ids


def _agencys(path: str) -> Bring:
    """A page of the agency; `{...}` in the path are its ids."""

    async def bring(stage: Stage) -> None:
        agency = stage.people.newcomer(AGENCY)
        await stage.enter(agency)
        if not agency.ids:
            agency.ids = await _settle(stage)
        await stage.visitor.open("/dashboard" + path.format(**agency.ids))

    return bring


def _newcomers(path: str) -> Bring:
    async def bring(stage: Stage) -> None:
        await stage.enter(stage.people.newcomer(NEWCOMER))
        await stage.visitor.open(f"/dashboard{path}")

    return bring


async def _key_made(stage: Stage) -> None:
    await _agencys("/keys")(stage)
    await stage.page.locator("input[name=name]").fill("Nightly report")
    await stage.submit()


async def _key_without_name(stage: Stage) -> None:
    await _agencys("/keys")(stage)
    await stage.submit()


async def _refused(stage: Stage) -> None:
    await stage.visitor.open("/dashboard/sign-in")
    await stage.page.locator("input[autocomplete=username]").fill("nobody@example.com")
    await stage.page.locator("input[type=password]").fill("not a password of theirs")
    await stage.submit()


async def _once(stage: Stage) -> None:
    await stage.visitor.open(stage.people.sign_in_link(stage.people.newcomer(NEWCOMER)))


PAGES = (
    NamedPage(name="sign-in", bring=opened("/dashboard")),
    NamedPage(name="sign-in-refused", bring=_refused),
    NamedPage(name="sign-in-once", bring=_once),
    NamedPage(name="sign-in-once-gone", bring=opened("/dashboard?once=unknown")),
    NamedPage(name="board", bring=_agencys("")),
    NamedPage(name="board-accounts", bring=_agencys("/accounts")),
    NamedPage(name="board-account", bring=_agencys("/accounts/{facebook}")),
    NamedPage(name="board-account-lost", bring=_agencys("/accounts/{reddit}")),
    NamedPage(name="board-account-choice", bring=_agencys("/accounts/{facebook}/choice")),
    NamedPage(name="board-account-disconnect", bring=_agencys("/accounts/{facebook}/disconnect")),
    NamedPage(name="board-account-unknown", bring=_agencys("/accounts/507f1f77bcf86cd799439011")),
    NamedPage(name="board-profiles", bring=_agencys("/profiles")),
    NamedPage(name="board-profile", bring=_agencys("/profiles/{profile}")),
    NamedPage(name="board-profile-delete", bring=_agencys("/profiles/{profile}/delete")),
    NamedPage(name="board-connect", bring=_agencys("/connect?profile={profile}")),
    NamedPage(name="board-attempts", bring=_agencys("/attempts")),
    NamedPage(name="board-attempt", bring=_agencys("/attempts/{attempt}")),
    NamedPage(name="board-attempt-failed", bring=_agencys("/attempts/{failed-attempt}")),
    NamedPage(name="board-links", bring=_agencys("/links")),
    NamedPage(name="board-link", bring=_agencys("/links/{link}")),
    NamedPage(name="board-link-new", bring=_agencys("/links/new")),
    NamedPage(name="board-link-withdraw", bring=_agencys("/links/{link}/withdraw")),
    NamedPage(name="board-webhooks", bring=_agencys("/webhooks")),
    NamedPage(name="board-webhook", bring=_agencys("/webhooks/{webhook}")),
    NamedPage(name="board-webhook-rotate", bring=_agencys("/webhooks/{webhook}/rotate")),
    NamedPage(name="board-webhook-delete", bring=_agencys("/webhooks/{webhook}/delete")),
    NamedPage(name="board-deliveries", bring=_agencys("/webhooks/deliveries")),
    NamedPage(name="board-delivery", bring=_agencys("/webhooks/deliveries/{delivery}")),
    NamedPage(name="board-keys", bring=_agencys("/keys")),
    NamedPage(name="board-key-made", bring=_key_made),
    NamedPage(name="board-key-without-name", bring=_key_without_name),
    NamedPage(name="board-key-revoke", bring=_agencys("/keys/{key}/revoke")),
    NamedPage(name="board-team", bring=_agencys("/team")),
    NamedPage(name="board-settings", bring=_agencys("/settings")),
    NamedPage(name="board-apps", bring=_agencys("/settings/apps")),
    NamedPage(name="board-app", bring=_agencys("/settings/apps/{app}")),
    NamedPage(name="board-app-delete", bring=_agencys("/settings/apps/{app}/delete")),
    NamedPage(name="board-audit", bring=_agencys("/settings/audit")),
    NamedPage(name="board-you", bring=_agencys("/you")),
    NamedPage(name="board-empty", bring=_newcomers("")),
    NamedPage(name="board-empty-accounts", bring=_newcomers("/accounts")),
    NamedPage(name="board-empty-attempts", bring=_newcomers("/attempts")),
)
