"""S24: names of platforms' people, of profiles and members are text on every page of the dashboard."""

import re
from urllib.parse import urlencode

from moorline.access import Access
from moorline.cli.browser import Seen
from moorline.ids import new_id
from tests.harness import World
from tests.pages.dashboard.desk import desk, words_of
from tests.pages.dashboard.routes import dashboard_routes, filled, ids_of

HOSTILE = (
    '<img src=x onerror="alert(1)">',
    "\"><script>alert(1)</script>'",
    "{{ 7 * 7 }} %(x)s %s {0}",
    "\u202eevil\u202c \u0645\u0631\u062d\u0628\u0627",
    "\U0001f600" * 300,
    "x" * 10_000,
    "",
    " ",
)


async def test_s24_hostile_names_are_text_everywhere(world: World) -> None:
    ids = await ids_of(world)
    at = await desk(world)
    for name in HOSTILE:
        await called(world, ids["account_id"], name)
        for method, path, access in dashboard_routes(world):
            if method == "GET" and access is Access.SIGNED_IN:
                check(await at.browser.open(f"{world.base_url}{filled(path, ids)}"), f"{path}, {name[:20]}")


async def called(world: World, account_id: str, name: str) -> None:
    """Everything that others give names to is called so."""
    db = world.service.db
    await db.run("UPDATE accounts SET display_name = $1, username = $1, details = '{}'", name)
    await db.run("UPDATE accounts SET profile_url = 'javascript:alert(1)', picture_url = 'javascript:alert(2)'")
    await db.run("UPDATE grants SET username = $1, dead_reason = $1, dead_at_ms = 1", name)
    await db.run("UPDATE accounts SET is_active = FALSE")
    await db.run("UPDATE profiles SET name = $1", name)
    await db.run("UPDATE users SET name = $1", name)
    await db.run("UPDATE api_keys SET name = $1", name)
    await db.run("UPDATE webhooks SET name = $1, url = $1", name)
    await db.run("UPDATE delivery_logs SET webhook_name = $1, url = $1, error = $1, response_body = $1", name)
    await db.run("UPDATE links SET redirect_url = $1", name)
    await db.run("UPDATE attempts SET note = $1, slug = $1, status = 'failed', finished_at_ms = created_at_ms", name)
    await db.run(
        "INSERT INTO account_events (id, user_id, profile_id, account_id, platform, username, kind, reason,"
        " created_at_ms) VALUES ($1, $2, $3, $4, 'twitter', $5, 'lost', $5, 1)",
        new_id(),
        world.owner.user_id,
        world.owner.profile_id,
        account_id,
        name,
    )


def check(seen: Seen, what: str) -> None:
    """Nothing of a name is markup, and none changes the direction of what stands beside it."""
    assert seen.status in {200, 409}, f"{what}: {seen.status}"
    assert "<img src=x" not in seen.text, what
    assert "<script>" not in seen.text, what
    assert "javascript:" not in seen.text, what
    assert "49" not in re.findall(r"<h1[^>]*>(.*?)</h1>", seen.text, re.DOTALL)[0], what
    outside = re.sub(r"<bdi[^>]*>.*?</bdi>|<option.*?</option>|<[^>]*>", "", seen.text, flags=re.DOTALL)
    assert "\u202e" not in outside, what


async def test_s24_what_stands_in_an_address_is_text(world: World) -> None:
    at = await desk(world)
    names = ("q", "profile", "platform", "status", "type", "slug", "needs", "before", "after", "done")
    for given in ('"><script>alert(1)</script>', "\u202e", "\x00", "{{ 7 * 7 }}", "%(x)s"):
        for path in ("", "/accounts", "/attempts", "/profiles", "/connect", "/you"):
            for query in ({name: given} for name in names):
                seen = await at.see(f"{path}?{urlencode(query)}")
                assert seen.status in {200, 404}, f"{path} {query}"
                assert "<script>alert" not in seen.text


async def test_a_message_is_one_of_ours_and_never_a_text_of_the_address(world: World) -> None:
    at = await desk(world)
    assert "The profile is created." in words_of(await at.see("/profiles?done=profile-created"))
    assert "Send me your password" not in words_of(await at.see("/profiles?done=Send%20me%20your%20password"))
