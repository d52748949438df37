"""`/dashboard/accounts/{id}/disconnect` and `/reconnect`: the two things that are done about an account."""

from litestar import Response, get, post
from litestar.params import FromPath

from moorline.access import signed_in
from moorline.accounts import accounts, listing
from moorline.pages.dashboard import board
from moorline.pages.dashboard.connecting import go
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.request import service_of
from moorline.pages.words import platform_title

PATH = "/dashboard/accounts/{account_id:str}"
NAMED = 5


@get(f"{PATH}/disconnect", opt=signed_in(), include_in_schema=False)
async def disconnect_form(request: BoardRequest, account_id: FromPath[str]) -> Response[bytes]:
    """What goes away, before it does."""
    service, signed = service_of(request), request.auth
    found = await accounts.get(service, signed.caller, account_id)
    beside = await listing.beside(service, signed.caller, account_id, limit=NAMED + 1)
    values = {
        "entry": found,
        "platform": platform_title(found.account.platform),
        "beside": beside[:NAMED],
        "and_more": len(beside) > NAMED,
    }
    return board.page(request, signed, "disconnect.html", values)


@post(f"{PATH}/disconnect", opt=signed_in(), include_in_schema=False, status_code=200)
async def disconnect(request: BoardRequest, account_id: FromPath[str]) -> Response[bytes]:
    """Disconnect; twice at once is one that is told and one that finds nothing."""
    await accounts.disconnect(service_of(request), request.auth.caller, account_id)
    return board.onward(request, "/accounts", done="account-disconnected")


@post(f"{PATH}/reconnect", opt=signed_in(), include_in_schema=False, status_code=200)
async def reconnect(request: BoardRequest, account_id: FromPath[str]) -> Response[bytes]:
    """To the platform, to renew the permission of this very account."""
    found = await accounts.get(service_of(request), request.auth.caller, account_id)
    account = found.account
    return await go(request, account.platform, account.profile_id, reconnect_account_id=account.id)
