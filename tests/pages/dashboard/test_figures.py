"""The charts of the first page: what they find, and when there is too little to draw."""

from datetime import UTC, datetime, timedelta

import pytest

from moorline.accounts.figures import DAYS, WEEKS, Figures, Outcomes
from moorline.ids import new_id
from moorline.pages.dashboard import figures
from tests.harness import World, on_both_engines
from tests.pages.dashboard.desk import desk, member_desk, words_of
from tests.pages.looks import a_look

START = datetime(2026, 3, 4, tzinfo=UTC)


def found(
    days: dict[int, tuple[int, int]], platforms: dict[str, tuple[int, int]], weeks: dict[int, int] | None = None
) -> Figures:
    def outcomes(pair: tuple[int, int]) -> Outcomes:
        return Outcomes(connected=pair[0], failed=pair[1])

    return Figures(
        days=tuple((START + timedelta(days=number), outcomes(days.get(number, (0, 0)))) for number in range(DAYS)),
        platforms=tuple((name, outcomes(pair)) for name, pair in platforms.items()),
        weeks=tuple((START + timedelta(weeks=number), (weeks or {}).get(number, 0)) for number in range(WEEKS)),
    )


MANY = found(
    {number: (number, 1) for number in range(1, 11)},
    {"twitter": (30, 2), "reddit": (20, 4), "youtube": (3, 0), "facebook": (1, 4), "tiktok": (1, 0)},
    {0: 1, 2: 3, 4: 1, 6: 1, 11: 2},
)


def test_each_tells_its_finding_draws_it_and_has_the_numbers_as_a_table() -> None:
    days, platforms, weeks = figures.charts_of(a_look(), MANY)
    assert days.title == "Connections: 85 % of 65 attempts of 30 days connected"
    assert days.drawing.count('class="bar good"') == 10
    assert days.most == "Most on one day: 11"
    assert days.has_legend
    assert [row[1:] for row in days.rows][:2] == [("1", "1"), ("2", "1")]
    assert platforms.title == "Platforms: most failures on Reddit, 17 % of its 24 attempts"
    assert [bar.said for bar in platforms.bars][2:4] == ["3 attempts, none failed", "5 attempts, 80 % failed"]
    assert weeks.title == "Ends: 8 accounts need somebody in the next 12 weeks"
    assert weeks.drawing.count('class="bar good"') == 5
    assert len(weeks.rows) == 5


def test_under_five_values_the_sentence_says_it_all() -> None:
    few = found(dict.fromkeys(range(4), (1, 0)), {"twitter": (4, 0)}, {1: 1})
    charts = figures.charts_of(a_look(), few)
    assert [chart.title for chart in charts] == [
        "Connections: 100 % of 4 attempts of 30 days connected",
        "Platforms: no attempt failed in 30 days",
        "Ends: 1 account needs somebody in the next 12 weeks",
    ]
    assert not any(chart.drawing or chart.bars or chart.has_legend or chart.most for chart in charts)


def test_of_nothing_nothing_is_told() -> None:
    assert figures.charts_of(a_look(), found({}, {})) == []


@pytest.mark.parametrize(("pair", "share"), [((999, 1), "99"), ((1, 999), "1"), ((0, 5), "0"), ((5, 0), "100")])
def test_a_share_is_never_rounded_to_all_or_nothing(pair: tuple[int, int], share: str) -> None:
    first = figures.charts_of(a_look(), found({1: pair}, {"reddit": pair}))[0]
    assert f" {share} % of " in first.title


@on_both_engines
async def test_the_first_page_shows_what_the_store_counts_for_who_may_see_it(world: World) -> None:
    platforms = ("twitter", "reddit", "youtube", "facebook", "tiktok", "linkedin")
    now = int(datetime.now(UTC).timestamp() * 1000)
    for number, platform in enumerate(platforms * 2):
        await world.service.db.run(
            "INSERT INTO attempts (id, user_id, profile_id, platform, app_id, redirect_uri, headless, state_hash,"
            " status, created_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4, 'a', 'b', FALSE, $5, $6, $7, $7)",
            new_id(),
            world.owner.user_id,
            world.owner.profile_id,
            platform,
            str(number).encode(),
            "failed" if number % 4 == 0 else "connected",
            now - number * 24 * 3600 * 1000,
        )
    at = await desk(world)
    page = await at.see()
    told = words_of(page)
    assert "Connections: 75 % of 12 attempts of 30 days connected" in told
    assert "2 attempts, 50 % failed" in told
    assert page.text.count('<svg class="chart plot"') == 1
    assert page.text.count('<svg class="chart lying"') == 6
    assert "The numbers" in told
    member = await member_desk(world, await world.new_profile("Mine"))
    assert "Connections:" not in words_of(await member.see())
