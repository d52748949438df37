"""`/dashboard/attempts`: the log with its filters, and every step of one attempt."""

from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines
from tests.pages.dashboard.desk import desk, heading_of, member_desk, words_of
from tests.pages.dashboard.test_accounts import account_of


async def denied(world: World, platform: str = "twitter") -> str:
    started = await world.start(platform, redirect_url=None)
    callback = await world.consent(started["authUrl"], button="deny")
    await (await world.browser()).open(callback)
    return str(started["attemptId"])


async def listed(world: World, query: str = "") -> str:
    return words_of(await (await desk(world)).see(f"/attempts{query}"))


@on_both_engines
async def test_the_log_tells_what_was_tried_and_what_became_of_accounts(world: World) -> None:
    account_id = await account_of(world)
    failed = await denied(world, "reddit")
    at = await desk(world)
    await at.send(await at.see(f"/accounts/{account_id}/disconnect"), "/disconnect")
    told = words_of(await at.see("/attempts"))
    assert failed in told
    log = told.partition(" Show ")[2]
    order = [log.index(part) for part in ("Disconnected", "The person did not give permission.", "Connected")]
    assert order == sorted(order)


async def test_an_empty_log_teaches_how_to_fill_it(world: World) -> None:
    told = await listed(world)
    assert "Nobody has tried to connect anything yet." in told
    assert f"{world.base_url}/api/v1/connect/facebook" in told
    assert "Nothing like that is known." in await listed(world, "?platform=reddit")


async def test_filters_narrow_it(world: World) -> None:
    await account_of(world)
    failed = await denied(world, "reddit")
    for query, shown in {
        "platform=reddit": True,
        "platform=twitter": False,
        "status=failed": True,
        "status=connected": False,
        "slug=oauth_denied": True,
        "slug=scope_missing": False,
        "type=connect": True,
        "type=reconnect": False,
        f"profile={world.owner.profile_id}": True,
        "platform=reddit&status=failed&slug=oauth_denied&type=connect": True,
        "status=&slug=&type=&platform=": True,
        "status=nothing&slug=nothing&type=nothing": True,
    }.items():
        assert (failed in await listed(world, f"?{query}")) is shown, query


async def test_a_slug_is_asked_of_attempts_alone(world: World) -> None:
    account_id = await account_of(world)
    await world.ok("DELETE", f"/v1/accounts/{account_id}")
    await denied(world)
    told = await listed(world, "?slug=oauth_denied")
    assert "The person did not give permission." in told
    assert told.count("ago ·") == 1


async def test_the_log_comes_a_page_at_a_time(world: World) -> None:
    for _ in range(33):
        await world.start("twitter")
    at = await desk(world)
    first = await at.see("/attempts?platform=twitter")
    link = first.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = await at.see(link.removeprefix("/dashboard"))

    def ids(text: str) -> list[str]:
        return [part[:24] for part in text.split('href="/dashboard/attempts/')[1:]]

    assert (len(ids(first.text)), len(ids(second.text))) == (30, 3)
    assert not set(ids(first.text)) & set(ids(second.text))
    assert 'rel="next"' not in second.text


async def test_the_reference_that_somebody_quotes_leads_straight_there(world: World) -> None:
    attempt_id = await denied(world)
    at = await desk(world)
    for quoted in (attempt_id, f"%20{attempt_id.upper()}%20"):
        page = await at.see(f"/attempts?q={quoted}")
        assert page.url.endswith(f"/dashboard/attempts/{attempt_id}")
    wrong = await at.see("/attempts?q=%3Cb%3E6f1c")
    assert "A reference has 24 characters" in words_of(wrong)
    assert "<b>6f1c" not in wrong.text


@on_both_engines
async def test_an_attempt_is_told_step_by_step(world: World, frozen_clock: FrozenClock) -> None:
    started = await world.start("facebook", redirect_url=None)
    frozen_clock.advance(41.2)
    callback = await world.consent(started["authUrl"])
    browser = await world.browser()
    page = await browser.follow(await browser.open(callback))
    frozen_clock.advance(18)
    await browser.send(page, button="connect", pick={"choice": page.form().choices[0][1]})
    at = await desk(world)
    told = words_of(await at.see(f"/attempts/{started['attemptId']}"))
    steps = told.partition("Step by step")[2]
    wanted = [
        "05:06:07 +0.0 s Started by the API key sk_",
        "05:06:49 +41.2 s Came back from Facebook",
        "Facebook gave access",
        "Signed in as",
        "The list was read: 11 to choose from, 2 not available",
        "+18.0 s Chose",
        "Saved",
    ]
    found = [steps.index(part) for part in wanted]
    assert found == sorted(found)
    assert "Northwind Bakery" in told.partition("Step by step")[0]


async def test_a_failed_step_says_why_and_who_can_repair_it(world: World) -> None:
    attempt_id = await denied(world)
    told = words_of(await (await desk(world)).see(f"/attempts/{attempt_id}"))
    for part in (
        "The person did not give permission.",
        "The person was told: “You did not give permission",
        "Who can repair it The person who connects.",
        "oauth_denied",
        "access_denied",
    ):
        assert part in told


async def test_who_can_repair_it_depends_on_the_slug(world: World) -> None:
    attempt_id = await denied(world)
    at = await desk(world)
    for slug, who in {
        "app_misconfigured": "Whoever runs this service.",
        "platform_unavailable": "X (Twitter), or time.",
        "profile_not_found": "You: the profile was deleted.",
        "no_youtube_channel": "The person who connects.",
        "a slug of another version": "Whoever runs this service.",
    }.items():
        await world.service.db.run("UPDATE attempts SET slug = $1", slug)
        assert f"Who can repair it {who}" in words_of(await at.see(f"/attempts/{attempt_id}"))


async def test_what_nobody_finished_is_told_as_left(world: World, frozen_clock: FrozenClock) -> None:
    started = await world.start("twitter")
    at = await desk(world)
    assert "Begun" in words_of(await at.see(f"/attempts/{started['attemptId']}"))
    frozen_clock.advance(31 * 60)
    assert "Left Nobody finished it in time." in words_of(await at.see(f"/attempts/{started['attemptId']}"))


async def test_what_is_gone_since_is_told_as_gone(world: World) -> None:
    account_id = await account_of(world)
    at = await desk(world)
    page = await at.see("/attempts")
    path = page.text.partition('href="/dashboard/attempts/')[2][:24]
    assert f"/dashboard/accounts/{account_id}" in (await at.see(f"/attempts/{path}")).text
    await world.ok("DELETE", f"/v1/accounts/{account_id}")
    await world.service.db.run("DELETE FROM api_keys")
    told = words_of(await at.see(f"/attempts/{path}"))
    assert "Account It is gone" in told
    assert f"Started by the API key {world.owner.key_id}" in told


async def test_s40_a_member_sees_the_attempts_at_their_profiles_alone(world: World) -> None:
    hidden = await denied(world)
    mine = await world.new_profile("Mine")
    started = await world.ok("GET", "/v1/connect/reddit", query={"profileId": mine})
    at = await member_desk(world, mine)
    page = await at.see("/attempts")
    assert started["attemptId"] in page.text
    assert hidden not in page.text
    assert (await at.see(f"/attempts/{hidden}")).status == 404
    assert heading_of(await at.see(f"/attempts/{started['attemptId']}")) == "Reddit"
