"""`/dashboard/accounts/{id}/choice`: another Page, board, location, organization or subreddit for an account."""

from dataclasses import replace
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath

from moorline.access import signed_in
from moorline.accounts import accounts, options
from moorline.adapter.values import Choices
from moorline.errors import BadRequest, Conflict, FlowFailed, MoorlineError, NotConfigured, NotFound, PlatformError
from moorline.pages import choose_list, picking, pictures, view
from moorline.pages.choose_list import PERSON, Asked
from moorline.pages.dashboard import board
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.picking import P_, Picking
from moorline.pages.request import service_of
from moorline.pages.words import N_, platform_title
from moorline.service import Service
from moorline.store.accounts import Account

PATH = "/dashboard/accounts/{account_id:str}/choice"
_UNREAD = (PlatformError, FlowFailed, NotConfigured)  # what keeps a list from being read
# What the button is called, by platform; the others have nothing to change.
BUTTONS = {
    "facebook": N_("Change Page"),
    "linkedin": N_("Change organization"),
    "pinterest": N_("Change board"),
    "googlebusiness": N_("Change location"),
    "reddit": N_("Change subreddit"),
}
_ASKS = {
    "facebook": N_("Which Page shall this account post to?"),
    "linkedin": N_("In whose name shall this account post?"),
    "pinterest": N_("Which board shall pins go to?"),
    "googlebusiness": N_("Which location shall this account stand for?"),
    "reddit": N_("Which subreddit shall posts go to?"),
}
# Where an account is set to something that is not the account itself: its details that hold it, and what it is called.
_HOLDS = {"pinterest": "defaultBoardId", "reddit": "defaultSubreddit"}
_CALLED = {"pinterest": "defaultBoardName", "reddit": "defaultSubreddit"}
_REDDIT = replace(
    picking.ANY,
    find=N_("Find a subreddit"),
    all_of=P_("%(n)s subreddit", "%(n)s subreddits"),
    matches=P_("%(n)s of %(all)s subreddits matches", "%(n)s of %(all)s subreddits match"),
    no_match=N_("No subreddit matches “%(words)s”."),
    show_all=P_("Show the one subreddit", "Show all %(n)s subreddits"),
    legend=N_("Subreddit to post to"),
    choose=N_("Choose a subreddit"),
    gone=N_("That subreddit is not available any more. Choose another one."),
    hints=("title",),
)


@get(PATH, opt=signed_in(), include_in_schema=False)
async def choice_form(request: BoardRequest, account_id: FromPath[str]) -> Response[bytes]:
    """What there is to choose, searched and a part at a time; read from the platform at most every ten minutes."""
    return await _form(request, account_id, refresh=request.query_params.get("refresh") == "true")


@post(PATH, opt=signed_in(), include_in_schema=False, status_code=200)
async def choose(request: BoardRequest, account_id: FromPath[str]) -> Response[bytes]:
    """Let the account stand for what was chosen. Its number means a place in the list that was shown."""
    service, caller, look, form = service_of(request), request.auth.caller, request.auth.look, await request.form()
    account = await _account(request, account_id)
    value, version = str(form.get("choice", "")), str(form.get("version", ""))
    said = _picking(account.platform)
    try:
        if value == PERSON and _or_person(account.platform):
            await options.choose_person(service, caller, account_id, platform=account.platform)
            return board.onward(request, f"/accounts/{account_id}", done="account-switched")
        listed = await options.list_options(service, caller, account_id, platform=account.platform)
        wanted = choose_list.choice_id(listed.choices, value)
        if not value:
            return await _form(request, account_id, problem=look.gettext(said.choose))
        if wanted is None or version != choose_list.version_of(listed.choices):
            return await _form(request, account_id, problem=look.gettext(said.gone))
        await options.choose_option(
            service,
            caller,
            account_id,
            platform=account.platform,
            noun="choice",
            is_wanted=lambda item: item.id == wanted,
        )
    except Conflict:
        problem = look.gettext(
            N_("Another account of this profile stands for that already. Disconnect one of them first.")
        )
        return await _form(request, account_id, problem=problem, status=409)
    except BadRequest:  # it is not in the list any more
        return await _form(request, account_id, problem=look.gettext(said.gone))
    except _UNREAD as error:
        return _unread(request, account, error)
    return board.onward(request, f"/accounts/{account_id}", done="account-switched")


def detail(account: Account) -> str | None:
    """What the account is set to is called, where that is not the account itself."""
    found = account.details.get(_CALLED.get(account.platform, ""))
    return None if found is None else str(found)


async def _form(
    request: BoardRequest, account_id: str, *, refresh: bool = False, problem: str | None = None, status: int = 400
) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    account = await _account(request, account_id)
    try:
        found = await options.list_options(
            service, signed.caller, account_id, platform=account.platform, refresh=refresh
        )
    except _UNREAD as error:
        return _unread(request, account, error)
    asked = Asked.of(request.query_params)
    said = _picking(account.platform)
    person = None
    if _or_person(account.platform):
        person = choose_list.row(PERSON, signed.look.gettext(N_("The person who connected it")), picture_url=None)
    values = {
        "said": said,
        "ask": _ASKS[account.platform],
        "account": account,
        "platform": platform_title(account.platform),
        "listed": choose_list.listing(
            found.choices, said, asked=asked, person=person, connected=_set_to(account, found.choices)
        ),
        "asked": asked,
        "truncated": found.choices.truncated,
        "version": choose_list.version_of(found.choices),
        "choice_picture": lambda value: _picture(service, found.choices, value),
        "further": lambda start: "?" + urlencode({"q": asked.words, "from": start}),
        "problem": problem,
    }
    return board.page(request, signed, "choice.html", values, status=200 if problem is None else status)


def _unread(request: BoardRequest, account: Account, error: MoorlineError) -> Response[bytes]:
    needs_person = error.code in {"token_revoked", "scope_missing"}
    values = {
        "account": account,
        "platform": platform_title(account.platform),
        "code": error.code,
        "needs_person": needs_person,
    }
    status = 409 if needs_person else 503
    return board.page(request, request.auth, "choice_unread.html", values, status=status, form_to=view.A_PLATFORM)


async def _account(request: BoardRequest, account_id: str) -> Account:
    """Raises: as `accounts.get`; NotFound where there is nothing to choose."""
    found = await accounts.get(service_of(request), request.auth.caller, account_id)
    if found.account.platform not in BUTTONS:
        raise NotFound("There is nothing to choose for this account.")
    return found.account


def _picking(platform: str) -> Picking:
    return _REDDIT if platform == "reddit" else picking.of(platform)


def _or_person(platform: str) -> bool:
    return platform == "linkedin"


def _set_to(account: Account, choices: Choices) -> frozenset[str]:
    """Of the choices, the one that the account is set to; some platforms tell it by its name."""
    holds = _HOLDS.get(account.platform)
    told = account.platform_account_id if holds is None else account.details.get(holds)
    return frozenset(item.id for item in choices.items if told in {item.id, item.name})


def _picture(service: Service, choices: Choices, value: str) -> str | None:
    return None if not value.isdecimal() else pictures.url(service, choices.items[int(value)].picture_url)
