"""The charts of the first page: what each found, in a sentence, then the drawing, then the same numbers as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from moorline.accounts.figures import Figures, Outcomes
from moorline.pages import view
from moorline.pages.dashboard import charts
from moorline.pages.look import Look
from moorline.pages.words import N_, platform_title

_NOTHING = Markup()
FEWEST = 5  # values below which a sentence says it all
_CONNECTED, _FAILED = N_("Connected"), N_("Failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A lying bar with its words: a platform, how many, and the share that failed."""

    platform: str
    drawing: Markup
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`title` states the finding. `drawing` and `bars` are empty where there are too few values.

    `legend` says what is hatched and what is not; `heads` and `rows` are the table.
    """

    title: str
    drawing: Markup = _NOTHING
    bars: tuple[Bar, ...] = ()
    first: Markup = _NOTHING
    last: Markup = _NOTHING
    most: str = ""
    has_legend: bool = False
    heads: tuple[str, ...]
    rows: tuple[tuple[Markup | str, ...], ...]


def charts_of(look: Look, found: Figures) -> list[Chart]:
    """Those that have something to tell."""
    made = [_days(look, found)]
    if found.platforms:
        made.append(_platforms(look, found))
    if found.weeks and (found.platforms or any(count for _, count in found.weeks)):
        made.append(_weeks(look, found))
    return made if len(made) > 1 else []


def _days(look: Look, found: Figures) -> Chart:
    total = _total([outcomes for _, outcomes in found.days])
    title = look.ngettext(
        "Connections: %(share)s %% of %(n)s attempt of 30 days connected",
        "Connections: %(share)s %% of %(n)s attempts of 30 days connected",
        total.all,
        share=_share(look, total.connected, total.all),
    )
    if not total.all:
        title = look.gettext(N_("Connections: nobody finished one in 30 days"))
    some = [(start, outcomes) for start, outcomes in found.days if outcomes.all]
    most = max((outcomes.all for _, outcomes in some), default=0)
    is_drawn = len(some) >= FEWEST
    pairs = [(outcomes.connected, outcomes.failed) for _, outcomes in found.days]
    return Chart(
        title=title,
        drawing=charts.columns(pairs, label=title, name="days") if is_drawn else _NOTHING,
        first=_date(look, found.days[0][0]),
        last=_date(look, found.days[-1][0]),
        most=look.ngettext("Most on one day: %(n)s", "Most on one day: %(n)s", most) if is_drawn else "",
        has_legend=is_drawn,
        heads=(look.gettext(N_("Day")), look.gettext(_CONNECTED), look.gettext(_FAILED)),
        rows=tuple(
            (_date(look, start), look.number(outcomes.connected), look.number(outcomes.failed))
            for start, outcomes in some
        ),
    )


def _platforms(look: Look, found: Figures) -> Chart:
    worst, outcomes = max(found.platforms, key=lambda one: (one[1].failed, one[0]))
    if outcomes.failed:
        title = look.gettext(
            N_("Platforms: most failures on %(platform)s, %(share)s %% of its %(n)s attempts"),
            platform=platform_title(worst),
            share=_share(look, outcomes.failed, outcomes.all),
            n=look.number(outcomes.all),
        )
    else:
        title = look.gettext(N_("Platforms: no attempt failed in 30 days"))
    most = found.platforms[0][1].all
    is_drawn = len(found.platforms) >= FEWEST
    bars = tuple(
        Bar(
            platform=name,
            drawing=charts.bar((one.connected, one.failed), most=most, name=f"of{name}"),
            said=_said(look, one),
        )
        for name, one in found.platforms
    )
    return Chart(
        title=title,
        bars=bars if is_drawn else (),
        has_legend=is_drawn,
        heads=(look.gettext(N_("Platform")), look.gettext(_CONNECTED), look.gettext(_FAILED)),
        rows=tuple(
            (platform_title(name), look.number(one.connected), look.number(one.failed)) for name, one in found.platforms
        ),
    )


def _weeks(look: Look, found: Figures) -> Chart:
    total = sum(count for _, count in found.weeks)
    title = look.gettext(N_("Ends: no account needs somebody in the next 12 weeks"))
    if total:
        title = look.ngettext(
            "Ends: %(n)s account needs somebody in the next 12 weeks",
            "Ends: %(n)s accounts need somebody in the next 12 weeks",
            total,
        )
    some = [(start, count) for start, count in found.weeks if count]
    is_drawn = len(some) >= FEWEST
    most = max((count for _, count in some), default=0)
    return Chart(
        title=title,
        drawing=charts.columns([(count, 0) for _, count in found.weeks], label=title, name="weeks")
        if is_drawn
        else _NOTHING,
        first=_date(look, found.weeks[0][0]),
        last=_date(look, found.weeks[-1][0]),
        most=look.ngettext("Most in one week: %(n)s", "Most in one week: %(n)s", most) if is_drawn else "",
        heads=(look.gettext(N_("Week from")), look.gettext(N_("Accounts"))),
        rows=tuple((_date(look, start), look.number(count)) for start, count in some),
    )


def _said(look: Look, one: Outcomes) -> str:
    if not one.failed:
        return look.ngettext("%(n)s attempt, none failed", "%(n)s attempts, none failed", one.all)
    return look.ngettext(
        "%(n)s attempt, %(share)s %% failed",
        "%(n)s attempts, %(share)s %% failed",
        one.all,
        share=_share(look, one.failed, one.all),
    )


def _total(several: Sequence[Outcomes]) -> Outcomes:
    return Outcomes(connected=sum(one.connected for one in several), failed=sum(one.failed for one in several))


def _share(look: Look, part: int, whole: int) -> str:
    """Whole percent; never 0 or 100 for what is neither."""
    if not whole:
        return look.number(0)
    rounded = round(100 * part / whole)
    return look.number(min(max(rounded, 1), 99) if 0 < part < whole else rounded)


def _date(look: Look, instant: datetime) -> Markup:
    return view.stamped(look, instant, look.date(instant))
