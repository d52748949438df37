"""`/dashboard/accounts`: the list, one account with all that is known of it, and what it is called here."""

from collections.abc import Sequence

from litestar import Response, get, post
from litestar.params import FromPath

from moorline.access import signed_in
from moorline.accounts import accounts, listing, needing
from moorline.accounts.listing import Filter, Listed
from moorline.connect import journal
from moorline.errors import BadRequest
from moorline.pages import view
from moorline.pages.dashboard import board, choices, entries, health_words
from moorline.pages.dashboard.health_words import Told
from moorline.pages.dashboard.profile_select import profile_select
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.look import Look
from moorline.pages.request import service_of

PATH = "/dashboard/accounts"
A_PAGE = 30
HISTORY = 10


@get(PATH, opt=signed_in(), include_in_schema=False)
async def account_list(request: BoardRequest) -> Response[bytes]:
    """Accounts, newest first, all of them or those that need a person."""
    service, signed = service_of(request), request.auth
    kept = board.filters(request, "profile", "platform", "needs")
    asked = Filter(
        profile_id=kept.get("profile"), platform=kept.get("platform"), before=request.query_params.get("before") or None
    )
    listed_by = needing.in_trouble if kept.get("needs") == "person" else listing.newest
    page = await listed_by(service, signed.caller, asked, limit=A_PAGE)
    values = {
        "accounts": told(signed.look, page.items),
        "further": board.further("/accounts", kept, page.before),
        "kept": kept,
        "platforms": board.platforms_to_choose(service),
        "select": await profile_select(service, signed.caller, kept.get("profile")),
        "is_first": asked.before is None,
    }
    return board.page(request, signed, "accounts.html", values, form_to=view.A_PLATFORM)


@get(f"{PATH}/{{account_id:str}}", opt=signed_in(), include_in_schema=False)
async def account_page(request: BoardRequest, account_id: FromPath[str]) -> Response[bytes]:
    """One account."""
    return await _page(request, account_id)


@post(f"{PATH}/{{account_id:str}}/rename", opt=signed_in(), include_in_schema=False, status_code=200)
async def rename_account(request: BoardRequest, account_id: FromPath[str]) -> Response[bytes]:
    """Change what it is called here; the platform is told nothing."""
    service, form = service_of(request), await request.form()
    name = str(form.get("name", "")).strip()
    try:
        await accounts.rename(service, request.auth.caller, account_id, username=None, display_name=name)
    except BadRequest as error:
        if "displayName" not in error.fields:
            raise
        problem = request.auth.look.gettext(
            "Enter a name of 1 to %(most)s characters.", most=str(accounts.MAX_NAME_CHARS)
        )
        return await _page(request, account_id, name=name, problem=problem)
    return board.onward(request, f"/accounts/{account_id}", done="account-renamed")


async def _page(
    request: BoardRequest, account_id: str, *, name: str | None = None, problem: str | None = None
) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    found = await listing.get(service, signed.caller, account_id)
    entry = await accounts.get(service, signed.caller, account_id)
    history = await journal.list_entries(service, signed.caller, journal.Filter(account_id=account_id), limit=HISTORY)
    values = {
        "account": told(signed.look, [found])[0],
        "permissions": found.health.permissions,
        "choice": choices.BUTTONS.get(entry.account.platform),
        "detail": choices.detail(entry.account),
        "link": found.row.profile_url if (found.row.profile_url or "").startswith("https://") else None,
        "history": entries.told(signed.look, history),
        "name": entry.account.display_name if name is None else name[: accounts.MAX_NAME_CHARS],
        "problem": problem,
        "max_name_chars": accounts.MAX_NAME_CHARS,
    }
    status = 200 if problem is None else 400
    return board.page(request, signed, "account.html", values, status=status, form_to=view.A_PLATFORM)


def told(look: Look, items: Sequence[Listed]) -> list[tuple[Listed, Told]]:
    """Accounts, each with how it is in words."""
    return [(one, health_words.of(look, one)) for one in items]
