"""The chooser as a page: `templates/choose.html` and what it tells.

It is answered uncompressed, on purpose: it carries a form's token beside the words of the search, which somebody else
may have put into a link, and what such a page shrinks to would tell the token letter by letter (the attack called
BREACH). A hundred rows and the stylesheet are below 60 KiB as they are.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from litestar import Response
from markupsafe import Markup

from moorline import clock
from moorline.connect import landing, redirects, selection
from moorline.errors import Slug
from moorline.pages import choose_list, picking, pictures, view, words
from moorline.pages.choose_list import PERSON, Asked, Row
from moorline.pages.look import Look, look_of
from moorline.pages.picking import Picking
from moorline.pages.request import Visit, csrf_of, service_of
from moorline.pages.visit import slug_page
from moorline.service import Service
from moorline.store import accounts, attempts, profiles
from moorline.store.selections import OpenSelection

WARN_BEFORE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a choice was not saved: a text, not yet translated, or the failure of a platform, told in its own words."""

    status: int
    text: str | None = None
    slug: Slug | None = None


async def show(
    request: Visit,
    opened: OpenSelection,
    cookie: str,
    *,
    asked: Asked,
    problem: Problem | None = None,
    chosen: str = "",
) -> Response[bytes]:
    """The page, or the one of a profile that is gone. `chosen` is the value of the row that was chosen before."""
    service = service_of(request)
    profile = await profiles.get(service.db, opened.user_id, opened.profile_id)
    if profile is None:
        return await slug_page(request, "profile_not_found", status=404, attempt_id=opened.attempt_id)
    attempt = await attempts.get(service.db, opened.attempt_id)
    look = await look_of(request, user_id=opened.user_id, language=None if attempt is None else attempt.language)
    choices, said = selection.listed(opened), picking.of(opened.platform)
    connected = await _connected(service, opened)
    person = _person_row(service, opened, connected)
    listed = choose_list.listing(choices, said, asked=asked, person=person, connected=connected)
    only = listed.first if listed.all_count == 1 else None
    values = {
        "said": said,
        "company": said.company or words.platform_title(opened.platform),
        "profile": profile.name,
        "person": opened.identity["display_name"],
        "letter_of": choose_list.letter_of,
        "person_picture": pictures.of_choice(opened.attempt_id, None, opened.identity["picture_url"]),
        "listed": listed,
        "asked": asked,
        "truncated": choices.truncated,
        "version": choose_list.version_of(choices),
        "chosen": only.value if only is not None else chosen,
        "ask": _question(look, opened, said, all_count=listed.all_count),
        "connect": _button(look, said, only),
        "problem": problem and problem.text and look.gettext(problem.text),
        "failure": problem and problem.slug and words.of(look, problem.slug, platform=opened.platform),
        "path": request.scope["path"],
        "attempt_id": opened.attempt_id,
        "pictures": f"{pictures.PREFIX}/{opened.attempt_id}",
        "csrf": csrf_of(cookie),
        "until": opened.expires_at,
        "warn_in_s": max(int((opened.expires_at - WARN_BEFORE - clock.now()).total_seconds()), 0),
    }
    return view.page(
        look,
        "choose.html",
        values,
        status=200 if problem is None else problem.status,
        popup=attempt is not None and attempt.opener_origin is not None,
        form_to=(*view.A_PLATFORM, *([opened.redirect_url] if opened.redirect_url else [])),
    )


def clean_url(service: Service, opened: OpenSelection) -> str:
    """The address of the page, without a handle."""
    picks = landing.picks_of(service, opened.platform)
    path = f"{opened.platform}/{'' if picks is None else picks.path}"
    return redirects.page(service.settings.public_url, path, {"attempt": opened.attempt_id})


def offers_person(service: Service, opened: OpenSelection) -> bool:
    """Whether the person's own account may be chosen."""
    picks = landing.picks_of(service, opened.platform)
    return picks is not None and picks.or_person


def _person_row(service: Service, opened: OpenSelection, connected: Collection[str]) -> Row | None:
    if not offers_person(service, opened):
        return None
    identity = opened.identity
    return choose_list.row(
        PERSON,
        identity["display_name"],
        picture_url=identity["picture_url"],
        is_connected=identity["platform_user_id"] in connected,
    )


async def _connected(service: Service, opened: OpenSelection) -> frozenset[str]:
    """What the profile has of this platform: ids of choices, and of the person."""
    detail = picking.of(opened.platform).detail
    held = await accounts.things_of_profile(service.db, opened.profile_id, opened.platform)
    return frozenset(str(details.get(detail)) if detail else platform_id for platform_id, details in held)


def _question(look: Look, opened: OpenSelection, said: Picking, *, all_count: int) -> str:
    if all_count > 0:
        return look.gettext(said.ask_one if all_count == 1 else said.ask)
    unusable_count = len(selection.listed(opened).unavailable)
    return look.ngettext(*said.none_usable, unusable_count) if unusable_count else look.gettext(said.none_at_all)


def _button(look: Look, said: Picking, only: Row | None) -> str | Markup:
    """What there is one of is called by its name."""
    if only is None or only.is_nameless:
        return look.gettext(said.connect)
    return look.markup(words.N_("Connect %(name)s"), name=words.bdi(only.name))
