"""`/dashboard/attempts`: the connection log, and every step of one attempt."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from litestar import Response, get
from litestar.params import FromPath
from markupsafe import Markup

from moorline import ids
from moorline.access import signed_in
from moorline.accounts import accounts
from moorline.connect import journal, steps
from moorline.connect.steps import Step
from moorline.errors import NotFound, Slug
from moorline.owners import people
from moorline.owners.caller import Caller
from moorline.pages import view, words
from moorline.pages.dashboard import board, entries
from moorline.pages.dashboard.profile_select import profile_named, profile_select
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.look import Look
from moorline.pages.request import service_of
from moorline.pages.words import N_, bdi, platform_title
from moorline.service import Service
from moorline.store.accounts import Account
from moorline.store.attempts import Attempt

PATH = "/dashboard/attempts"
A_PAGE = 30
_STEPS: dict[steps.Name, str] = {
    "started": N_("Started by %(who)s"),
    "returned": N_("Came back from %(platform)s"),
    "exchanged": N_("%(platform)s gave access"),
    "identified": N_("Signed in as %(told)s"),
    "listed": N_("The list was read: %(told)s"),
    "chosen": N_("Chose %(told)s"),
    "connected": N_("Saved"),
    "failed": N_("Failed"),
}
# Who can repair it.
_PLATFORM, _OPERATOR = N_("%(platform)s, or time."), N_("Whoever runs this service.")
_PERSON = N_("The person who connects.")
_REPAIR: dict[Slug, str] = {
    "token_exchange_failed": _PLATFORM,
    "profile_fetch_failed": _PLATFORM,
    "platform_unavailable": _PLATFORM,
    "platform_rate_limited": _PLATFORM,
    "profile_not_found": N_("You: the profile was deleted."),
    "not_configured": _OPERATOR,
    "app_misconfigured": _OPERATOR,
    "internal_error": _OPERATOR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldStep:
    """A step in words; `at` is its time of day, `after_s` the time since the one before."""

    step: Step
    at: Markup
    after_s: float
    words: Markup


@get(PATH, opt=signed_in(), include_in_schema=False)
async def attempt_list(request: BoardRequest) -> Response[bytes]:
    """Newest first. The id that somebody quotes leads straight to its attempt."""
    service, signed = service_of(request), request.auth
    quoted = request.query_params.get("q", "").strip().lower()
    if ids.is_id(quoted):
        return view.redirect(board.address(request, f"/attempts/{quoted}"))
    kept = board.filters(request, "profile", "platform", "type", "status", "slug")
    asked = journal.Filter(
        profile_id=kept.get("profile"),
        platform=kept.get("platform"),
        type=_among(kept.get("type"), journal.Type),
        status=_among(kept.get("status"), journal.TOLD),
        slug=_among(kept.get("slug"), Slug),
        before=request.query_params.get("before") or None,
    )
    found = await journal.list_entries(service, signed.caller, asked, limit=A_PAGE + 1)
    shown = found[:A_PAGE]
    values = {
        "entries": entries.told(signed.look, shown),
        "further": board.further("/attempts", kept, shown[-1].id if len(found) > A_PAGE else None),
        "kept": kept,
        "is_filtered": bool(kept) or asked.before is not None,
        "quoted": quoted[:100],
        "platforms": board.platforms_to_choose(service),
        "statuses": [(name, signed.look.gettext(text)) for name, text in entries.STATUSES.items()],
        "types": [(name, signed.look.gettext(text)) for name, text in entries.TYPES.items()],
        "slugs": [(slug, signed.look.gettext(text)) for slug, text in entries.WHY.items()],
        "select": await profile_select(service, signed.caller, kept.get("profile")),
        "public_url": service.settings.public_url,
    }
    return board.page(request, signed, "attempts.html", values)


@get(f"{PATH}/{{attempt_id:str}}", opt=signed_in(), include_in_schema=False)
async def attempt_page(request: BoardRequest, attempt_id: FromPath[str]) -> Response[bytes]:
    """One attempt with its timeline."""
    service, signed = service_of(request), request.auth
    attempt = await journal.get(service, signed.caller, attempt_id)
    look, platform = signed.look, platform_title(attempt.platform)
    slug = entries.slug_named(attempt.slug) if attempt.status == "failed" else None
    values = {
        "attempt": attempt,
        "told": entries.told(look, [journal.entry_of(attempt)])[0],
        "profile": await profile_named(service, signed.caller, attempt.profile_id),
        "account": await _account(service, signed.caller, attempt),
        "steps": list(_told_steps(look, attempt, await _who(service, look, attempt))),
        "slug": slug,
        "said": None if slug is None else words.of(look, slug, platform=attempt.platform),
        "repair": None if slug is None else look.markup(_REPAIR.get(slug, _PERSON), platform=platform),
    }
    return board.page(request, signed, "attempt.html", values)


async def _account(service: Service, caller: Caller, attempt: Attempt) -> Account | None:
    """What was connected, while it is there and the person may see it."""
    if attempt.account_id is None:
        return None
    try:
        return (await accounts.get(service, caller, attempt.account_id)).account
    except NotFound:
        return None


async def _who(service: Service, look: Look, attempt: Attempt) -> Markup:
    found = await people.doer(
        service.db,
        attempt.user_id,
        key_id=attempt.key_id,
        member_id=attempt.member_id,
        link_id=attempt.link_id,
    )
    if found.kind == "link":
        return look.markup(N_("somebody with a connect link"))
    if found.kind == "key":
        preview = found.name or attempt.key_id or ""
        return look.markup(N_("the API key %(key)s"), key=Markup('<code dir="ltr">{}</code>').format(preview))
    return look.markup(N_("somebody who is gone")) if found.name is None else bdi(found.name)


def _told_steps(look: Look, attempt: Attempt, who: Markup) -> Iterator[ToldStep]:
    before = attempt.created_at
    for step in steps.of(attempt):
        text = look.markup(_STEPS[step.name], who=who, platform=platform_title(attempt.platform), told=bdi(step.told))
        at = view.stamped(look, step.at, f"{step.at:%H:%M:%S}")
        yield ToldStep(step=step, at=at, after_s=max((step.at - before).total_seconds(), 0.0), words=text)
        before = step.at


def _among(text: str | None, kind: object) -> Any:
    """The text, if it is one of the words of a Literal; None for all else, as a list is asked for by hand."""
    return text if text in get_args(kind) else None
