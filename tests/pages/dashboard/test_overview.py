"""`/dashboard`: what needs a person first, then what happens by itself, then the rest."""

from tests.harness import World, on_both_engines
from tests.pages.dashboard.desk import desk, forms_of, words_of
from tests.pages.dashboard.test_accounts import account_of, revoked


async def test_the_first_page_of_an_empty_workspace_teaches(world: World) -> None:
    told = words_of(await (await desk(world)).see())
    assert "No account is connected yet." in told
    assert f"{world.base_url}/api/v1/connect/facebook?profileId={world.owner.profile_id}" in told


@on_both_engines
async def test_the_order_is_what_needs_somebody_what_comes_by_itself_and_the_rest(world: World) -> None:
    await account_of(world)
    lost = await account_of(world, "reddit")
    await world.new_profile("Second")
    at = await desk(world)
    assert "All 2 accounts work." in words_of(await at.see())
    await revoked(world, lost)
    page = await at.see()
    told = words_of(page)
    parts = (
        "What needs somebody now",
        "Not working since",
        "What happens by itself in 7 days",
        "1 account on X (Twitter) is renewed.",
        "Accounts by profile",
        "2 accounts",
        "Second 0 accounts",
        "Latest",
        "All attempts",
    )
    found = [told.index(part) for part in parts]
    assert found == sorted(found)
    assert "on Reddit is renewed" not in told
    assert [form.action.rpartition("/")[2] for form in forms_of(page)][2:] == ["reconnect"]


async def test_no_more_is_read_than_is_shown(world: World) -> None:
    first = await account_of(world)
    row = await world.service.db.one("SELECT grant_id FROM accounts WHERE id = $1", first)
    assert row is not None
    await world.service.db.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
        " INSERT INTO accounts (id, user_id, profile_id, grant_id, platform, platform_account_id, username,"
        " display_name, is_active, details, created_at_ms, updated_at_ms)"
        " SELECT printf('%024x', i), $1, $2, $3, 'twitter', 'copy ' || i, 'u', 'copy ' || i, i % 2 = 0, '{}', i, i"
        " FROM n",
        world.owner.user_id,
        world.owner.profile_id,
        row["grant_id"],
    )
    at = await desk(world)
    page = await at.see()
    assert words_of(page).count("Not working") <= 20
    assert "Show all that need somebody" in words_of(page)
    assert "3,001 accounts on X (Twitter) are renewed." not in words_of(page), "half of them are switched off"
    assert len(page.text) < 60_000
    assert len((await at.see("/accounts")).text) < 100_000
