"""The catalogue: every page of the service by a name, and how it is brought up.

Accessibility, screenshots and the rule of one origin go over this list. A new page is one entry in the list of its
part; a part of its own (links, dashboard) is a file of its own whose list is added to `PAGES`.
"""

from tests.browser import board, links
from tests.browser.catalogue import Bring, NamedPage, opened
from tests.browser.slugs import SLUGS
from tests.browser.stage import Stage

CHOOSERS = ("facebook", "linkedin", "pinterest", "googlebusiness", "snapchat")


def _started(platform: str) -> Bring:
    async def bring(stage: Stage) -> None:
        await stage.start(platform)

    return bring


def _chooser(platform: str, person: str = "plenty") -> Bring:
    async def bring(stage: Stage) -> None:
        await stage.consent(platform, person=person)
        assert await stage.page.locator("input[type=radio]").count(), "this is no chooser"

    return bring


async def _nothing_chosen(stage: Stage) -> None:
    await stage.consent("facebook")
    await stage.submit()
    assert await stage.page.locator("[role=alert]").count(), "nothing tells that nothing was chosen"


async def _found_nothing(stage: Stage) -> None:
    await stage.consent("facebook")
    await stage.visitor.open(f"{stage.page.url.partition('#')[0]}&q=bakry")


async def _without_cookies(stage: Stage) -> None:
    """A browser that keeps none, as some inside other apps do."""
    await stage.consent("facebook")
    await stage.page.context.clear_cookies()
    await stage.page.reload()


async def _connected(stage: Stage) -> None:
    await stage.consent("twitter")


async def _chosen(stage: Stage) -> None:
    await stage.consent("facebook")
    await stage.choose()


async def _used_chooser(stage: Stage) -> None:
    """The back button, after the choice."""
    await stage.consent("facebook")
    address = stage.page.url
    await stage.choose()
    await stage.visitor.open(address)


async def _bluesky_empty(stage: Stage) -> None:
    await stage.start("bluesky")
    await stage.submit()


async def _bluesky_refused(stage: Stage) -> None:
    await stage.start("bluesky")
    await stage.page.locator("input[autocomplete=username]").fill("demo.bsky.social")
    await stage.page.locator("input[type=password]").fill("abcd-efgh-ijkl-mnop")
    await stage.submit()


async def _bluesky_doubted(stage: Stage) -> None:
    await stage.start("bluesky")
    await stage.page.locator("input[autocomplete=username]").fill("demo.bsky.social")
    await stage.page.locator("input[type=password]").fill("correct horse battery staple")
    await stage.submit()
    assert await stage.page.locator("#anyway").count(), "it was not doubted"


async def _telegram_half(stage: Stage) -> None:
    started = await stage.start("telegram")
    await stage.journey.tell_bot(f"/start {started['code']}")
    await stage.page.locator("#status .good").wait_for()  # the page asks by itself


async def _telegram_expired(stage: Stage) -> None:
    started = await stage.start("telegram")
    stage.write("UPDATE bot_codes SET expires_at_ms = 0 WHERE code = ?", started["code"])
    await stage.page.locator("#again").wait_for()  # so it does here
    assert not await stage.page.locator("[data-poll]").count(), "it goes on asking"


async def _telegram_refused(stage: Stage) -> None:
    started = await stage.start("telegram")
    await stage.journey.tell_bot(f"{started['code']} @mychannel", sender="stranger")
    await stage.journey.code_settles(started["code"])
    await stage.page.reload()


async def _invited(stage: Stage) -> None:
    answer = await stage.journey.call("POST", "invite/tokens", body={"scope": "all"})
    assert answer.status == 201, answer.text
    await stage.visitor.open(answer.json["inviteUrl"])


async def _invited_badly_filled(stage: Stage) -> None:
    await _invited(stage)
    await stage.page.locator("input[autocomplete=name]").fill("Nia Rossi")
    await stage.submit()


async def _joined(stage: Stage) -> None:
    await _invited(stage)
    await stage.page.locator("input[autocomplete=name]").fill("Nia Rossi")
    await stage.page.locator("input[autocomplete=email]").fill(f"nia.{stage.journey.profile_id}@example.com")
    await stage.submit()


CHOOSER_PAGES = (
    *(NamedPage(name=f"chooser-{platform}", bring=_chooser(platform)) for platform in CHOOSERS),
    *(NamedPage(name=f"chooser-{platform}-one", bring=_chooser(platform, "single")) for platform in CHOOSERS),
    NamedPage(name="chooser-facebook-crowd", bring=_chooser("facebook", "crowd")),
    NamedPage(name="chooser-nothing-chosen", bring=_nothing_chosen),
    NamedPage(name="chooser-found-nothing", bring=_found_nothing),
    NamedPage(name="chooser-without-cookies", bring=_without_cookies),
)
FORM_PAGES = (
    NamedPage(name="bluesky", bring=_started("bluesky")),
    NamedPage(name="bluesky-empty", bring=_bluesky_empty),
    NamedPage(name="bluesky-refused", bring=_bluesky_refused),
    NamedPage(name="telegram", bring=_started("telegram")),
    NamedPage(name="bluesky-doubted", bring=_bluesky_doubted),
    NamedPage(name="telegram-refused", bring=_telegram_refused),
    NamedPage(name="telegram-half", bring=_telegram_half),
    NamedPage(name="telegram-expired", bring=_telegram_expired),
    NamedPage(name="invite", bring=_invited),
    NamedPage(name="invite-error", bring=_invited_badly_filled),
    NamedPage(name="invite-joined", bring=_joined),
    NamedPage(name="invite-over", bring=opened("/connect/invite/inv_unknown")),
)
OUTCOME_PAGES = (
    NamedPage(name="connected", bring=_connected),
    NamedPage(name="connected-page", bring=_chosen),
    NamedPage(name="connected-before", bring=_used_chooser),
    *(NamedPage(name=f"failed-{slug}", bring=bring) for slug, bring in SLUGS.items()),
)
OTHER_PAGES = (
    NamedPage(name="not-found", bring=opened("/connect/no/such/page")),
    NamedPage(name="api-docs", bring=opened("/api/docs"), is_translated=False),
    NamedPage(name="sandbox-consent", bring=_started("facebook"), is_translated=False),
    NamedPage(name="sandbox-refusal", bring=opened("/sandbox/x.com/i/oauth2/authorize"), is_translated=False),
)

PAGES: tuple[NamedPage, ...] = (
    *CHOOSER_PAGES,
    *FORM_PAGES,
    *OUTCOME_PAGES,
    *OTHER_PAGES,
    *links.PAGES,
    *board.PAGES,
)
