"""`/dashboard/connect`: a button for every platform, what is missing where there is none, and the way back."""

from moorline import platforms
from moorline.cli.browser import Seen
from moorline.pages.words import platform_title
from tests.harness import OAUTH, World, on_both_engines
from tests.http.conftest import Serve
from tests.pages.dashboard.desk import Desk, desk, form_of, forms_of, heading_of, member_desk, title_of, words_of
from tests.pages.test_headers import policy_of

PLATFORMS = sorted(platform.name for platform in platforms.ALL)


async def pressed(at: Desk, platform: str, path: str = "/connect") -> Seen:
    """Press a platform's button; where it leads to, not followed."""
    return await at.submit(await at.see(path), "/connect", platform=platform)


async def connect(at: Desk, platform: str, path: str = "/connect") -> Seen:
    """All the way through a platform's own page; the last page."""
    sent = await pressed(at, platform, path)
    assert sent.status == 303, words_of(sent)
    page = await at.browser.open(sent.location or "")
    if platform == "bluesky":
        typed = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo"}
        return await at.browser.follow(await at.browser.send(page, button="connect", pick=typed))
    returned = await at.browser.send(page, button="approve", pick={"person": "single"})
    end = await at.browser.follow(returned)
    if "is connected" not in end.text:
        choice = next(value for name, value in end.form().choices if name == "choice")
        end = await at.browser.follow(await at.browser.send(end, button="connect", pick={"choice": choice}))
    return end


async def test_every_platform_has_a_button(world: World) -> None:
    at = await desk(world)
    page = await at.see("/connect")
    for name in PLATFORMS:
        assert f"Connect {platform_title(name)}" in words_of(page)
    assert "It goes to the profile Northwind Bakery." in words_of(page)
    assert "Needs" not in words_of(page)


async def test_a_platform_is_connected_from_its_button_and_leads_back(world: World) -> None:
    at = await desk(world)
    for platform in (*OAUTH, "bluesky"):
        end = await connect(at, platform)
        assert "is connected" in words_of(end), words_of(end)
        assert "Back to the dashboard" in words_of(end)
        account = (await world.accounts())[-1]
        assert account["platform"] == platform
        assert f"/dashboard/accounts/{account['_id']}" in end.text
    rows = await world.service.db.all("SELECT id, key_id, member_id, link_id, status FROM attempts")
    assert len(rows) == len(OAUTH) + 1
    for row in rows:
        assert (row["key_id"], row["member_id"], row["link_id"]) == (None, world.owner.user_id, None)
        assert "Started by owner@example.com" in words_of(await at.see(f"/attempts/{row['id']}"))


async def test_telegram_is_connected_from_its_button(world: World) -> None:
    at = await desk(world)
    sent = await pressed(at, "telegram")
    page = await at.browser.open(sent.location or "")
    assert "@MoorlineSandboxBot" in words_of(page)


async def test_a_refusal_leads_back_to_what_is_noted_of_it(world: World) -> None:
    at = await desk(world)
    sent = await pressed(at, "twitter")
    page = await at.browser.open(sent.location or "")
    end = await at.browser.follow(await at.browser.send(page, button="deny"))
    assert "Back to the dashboard" in words_of(end)
    path = end.text.partition('href="/dashboard/attempts/')[2].partition('"')[0]
    told = await at.see(f"/attempts/{path}")
    assert "The person did not give permission." in words_of(told)


async def test_somebody_else_at_the_end_of_it_sees_no_way_to_the_dashboard(world: World) -> None:
    started = await world.start("twitter", redirect_url=None)
    browser = await world.browser()
    page = await browser.open(started["authUrl"])
    end = await browser.follow(await browser.send(page, button="approve"))
    assert "is connected" in end.text
    assert "dashboard" not in end.text
    foreign = await desk(world, "other@example.com")
    started = await world.start("twitter", redirect_url=None)
    page = await foreign.browser.open(started["authUrl"])
    end = await foreign.browser.follow(await foreign.browser.send(page, button="approve"))
    assert "is connected" in end.text
    assert "dashboard" not in end.text


@on_both_engines
async def test_the_profile_that_receives_it_is_chosen_before(world: World) -> None:
    second = await world.new_profile("Second")
    at = await desk(world)
    page = await at.see(f"/connect?profile={second}")
    assert "It goes to the profile Second." in words_of(page)
    await connect(at, "twitter", f"/connect?profile={second}")
    (account,) = await world.accounts()
    assert account["profileId"]["_id"] == second


async def test_with_many_profiles_one_is_chosen_from_their_own_page(world: World) -> None:
    for number in range(51):
        await world.new_profile(f"Customer {number}")
    at = await desk(world)
    page = await at.see("/connect")
    assert "<select" not in page.text
    assert "Choose another profile" in words_of(page)
    listed = await at.see("/profiles")
    assert f"/dashboard/connect?profile={world.owner.profile_id}" in listed.text


async def test_without_a_profile_one_is_to_be_made_first(world: World) -> None:
    await world.ok("DELETE", f"/v1/profiles/{world.owner.profile_id}")
    at = await desk(world)
    page = await at.see("/connect")
    assert "There is no profile yet" in words_of(page)
    assert [form.action for form in forms_of(page)] == ["/dashboard/sign-out"] * 2


async def test_a_platform_that_is_not_set_up_says_what_it_needs(serve: Serve) -> None:
    world = await serve(TIKTOK_CLIENT_ID="", TIKTOK_CLIENT_SECRET="", TELEGRAM_BOT_TOKEN="")
    at = await desk(world)
    page = await at.see("/connect")
    told = words_of(page)
    assert "Needs MOORLINE_TIKTOK_CLIENT_ID, MOORLINE_TIKTOK_CLIENT_SECRET" in told
    assert f"{world.base_url}/connect/tiktok/callback" in told
    assert "Needs MOORLINE_TELEGRAM_BOT_TOKEN" in told
    assert "Connect TikTok" not in told
    for platform in ("tiktok", "telegram"):
        refused = await pressed(at, platform)
        assert refused.status == 400
        assert "is not set up yet" in words_of(refused)
        assert title_of(refused).startswith("Error: ")


async def test_an_own_app_of_the_workspace_sets_a_platform_up(serve: Serve) -> None:
    world = await serve(TWITTER_CLIENT_ID="", TWITTER_CLIENT_SECRET="")
    at = await desk(world)
    assert "Needs MOORLINE_TWITTER_CLIENT_ID" in words_of(await at.see("/connect"))
    body = {"platform": "twitter", "clientId": "own-client", "clientSecret": "own-secret"}
    await world.ok("POST", "/v1/app-credentials", body=body)
    assert "Connect X (Twitter)" in words_of(await at.see("/connect"))
    assert "client_id=own-client" in ((await pressed(at, "twitter")).location or "")


async def test_a_bot_that_cannot_be_asked_is_told(world: World) -> None:
    at = await desk(world)
    await world.fault("telegram", "POST /bot{token}/getMe", status=503, body={}, count=9)
    seen = await pressed(at, "telegram")
    assert seen.status == 400
    assert "Telegram could not be asked (platform_unavailable)." in words_of(seen)


async def test_a_platform_that_is_none_is_no_page(world: World) -> None:
    at = await desk(world)
    for platform in ("", "nothing", "x" * 5000, "\x00", "<b>"):
        seen = await pressed(at, platform)
        assert (seen.status, heading_of(seen)) == (404, "There is no page here")
        assert "<b>" not in seen.text


async def test_the_answer_of_a_button_may_lead_to_a_platform(world: World) -> None:
    at = await desk(world)
    cookie = "; ".join(f"{name}={value}" for name, value in at.cookies().items())
    for path, may in (("/dashboard/connect", True), ("/dashboard/profiles", False)):
        answer = await world.call("GET", path, key=None, headers={"cookie": cookie})
        assert (policy_of(answer)["form-action"] != "'self'") is may


async def test_s40_a_member_connects_to_their_profiles_alone(world: World) -> None:
    mine = await world.new_profile("Mine")
    at = await member_desk(world, mine)
    page = await at.see("/connect")
    assert "It goes to the profile Mine." in words_of(page)
    fields = dict(form_of(page, "/connect").fields)
    hidden = await at.post("/dashboard/connect", {**fields, "profile": world.owner.profile_id, "platform": "twitter"})
    assert hidden.status == 404
    await connect(at, "twitter")
    (account,) = await world.accounts()
    assert account["profileId"]["_id"] == mine
