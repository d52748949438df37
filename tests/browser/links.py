"""The pages of connect links: alive, for one platform, used, and dead in each way."""

from typing import Any

from tests.browser.catalogue import Bring, NamedPage, opened
from tests.browser.stage import Stage


async def make_link(stage: Stage, **wanted: object) -> dict[str, Any]:
    """A link to the stage's profile, as the call that makes it answers it."""
    body = {"profileId": stage.journey.profile_id, **wanted}
    answer = await stage.journey.call("POST", "connect/links", body=body)
    assert answer.status == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def _link(**wanted: object) -> Bring:
    async def bring(stage: Stage) -> None:
        await stage.visitor.open((await make_link(stage, **wanted))["url"])

    return bring


async def _partly_done(stage: Stage) -> None:
    url = (await make_link(stage, platforms=["facebook", "twitter"], maxUses=5))["url"]
    await stage.visitor.open(url)
    await stage.follow(stage.page.locator("button[value=twitter]"))
    await stage.decide()
    await stage.visitor.open(url)


async def _connected(stage: Stage) -> None:
    await stage.visitor.open((await make_link(stage, platforms=["facebook", "twitter"]))["url"])
    await stage.follow(stage.page.locator("button[value=twitter]"))
    await stage.decide()


async def _used_up(stage: Stage) -> None:
    url = (await make_link(stage, platforms=["twitter"], maxUses=1))["url"]
    await stage.visitor.open(url)
    await stage.follow(stage.page.locator("button[value=twitter]"))
    await stage.decide()
    await stage.visitor.open(url)


async def _renewal(stage: Stage) -> None:
    await stage.consent("twitter")
    (account,) = await stage.journey.accounts()
    await stage.visitor.open((await make_link(stage, reconnectAccountId=account["_id"]))["url"])


async def _expired(stage: Stage) -> None:
    made = await make_link(stage)
    stage.write("UPDATE links SET expires_at_ms = created_at_ms WHERE id = ?", made["id"])
    await stage.visitor.open(made["url"])


async def _revoked(stage: Stage) -> None:
    made = await make_link(stage)
    answer = await stage.journey.call("DELETE", f"connect/links/{made['id']}")
    assert answer.status < 300, answer.text
    await stage.visitor.open(made["url"])


async def _without_cookies(stage: Stage) -> None:
    await stage.visitor.open((await make_link(stage, platforms=["twitter"]))["url"])
    await stage.page.context.clear_cookies()
    await stage.follow(stage.page.locator("button[value=twitter]"))


PAGES = (
    NamedPage(name="link", bring=_link(maxUses=2)),
    NamedPage(name="link-one-platform", bring=_link(platforms=["instagram"])),
    NamedPage(name="link-partly-done", bring=_partly_done),
    NamedPage(name="link-connected", bring=_connected, keeps_language=True),
    NamedPage(name="link-renewal", bring=_renewal),
    NamedPage(name="link-used-up", bring=_used_up),
    NamedPage(name="link-expired", bring=_expired),
    NamedPage(name="link-revoked", bring=_revoked),
    NamedPage(name="link-without-cookies", bring=_without_cookies),
    NamedPage(name="link-unknown", bring=opened("/connect/link/unknown")),
)
