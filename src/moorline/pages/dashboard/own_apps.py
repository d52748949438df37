"""`/dashboard/settings/apps`: the workspace's own registrations at platforms, used instead of this server's."""

from dataclasses import dataclass, field

from litestar import Response, get, post
from litestar.params import FromPath

from moorline.access import signed_in
from moorline.adapter.oauth import OAuthPlatform
from moorline.errors import BadRequest, Conflict
from moorline.owners import apps
from moorline.owners.apps import CredentialChange, NewCredential
from moorline.pages.dashboard import board, reserved
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.request import service_of
from moorline.pages.words import N_, platform_title
from moorline.service import Service

PATH = "/dashboard/settings/apps"
ONE = f"{PATH}/{{credential_id:str}}"
NAMED = 10
_WRONG = {
    "platform": N_("Choose a platform."),
    "clientId": N_("Enter the client id as the platform shows it; it cannot be that of this server's own app."),
    "clientSecret": N_("Enter the client secret as the platform shows it."),
    "scopes": N_("These scopes cannot be asked for: %(why)s."),
}
_TAKEN = N_("This client id is registered already. Open its page to change the secret.")
_IN_USE = N_("Accounts are renewed through this app. Disconnect them, or connect them anew through another one, first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What stands in the form for a new one; the secret is never shown again."""

    platform: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scopes: str = ""


@get(PATH, opt=signed_in(), include_in_schema=False)
async def app_list(request: BoardRequest) -> Response[bytes]:
    """Oldest first, with a form for a new one."""
    return reserved.refusal(request, "settings") or await _list(request, Form())


@post(PATH, opt=signed_in(), include_in_schema=False, status_code=200)
async def create_app(request: BoardRequest) -> Response[bytes]:
    """Register one, to be used for every new connection from now on."""
    refused = reserved.refusal(request, "settings")
    if refused is not None:
        return refused
    form = await request.form()
    given = Form(
        platform=str(form.get("platform", "")),
        client_id=str(form.get("clientId", "")).strip(),
        client_secret=str(form.get("clientSecret", "")).strip(),
        scopes=str(form.get("scopes", "")),
    )
    new = NewCredential(
        platform=given.platform,
        client_id=given.client_id,
        client_secret=given.client_secret,
        scopes=tuple(given.scopes.split()) or None,
    )
    try:
        made = await apps.create(service_of(request), request.auth.caller, new)
    except BadRequest as error:
        return await _list(request, given, wrong=_wrong(request, error))
    except Conflict:
        return await _list(request, given, wrong={"clientId": request.auth.look.gettext(_TAKEN)}, status=409)
    return board.onward(request, f"/settings/apps/{made.credential.id}", done="app-created")


@get(ONE, opt=signed_in(), include_in_schema=False)
async def app_page(request: BoardRequest, credential_id: FromPath[str]) -> Response[bytes]:
    """One of them: what to register at the platform, and what hangs on it."""
    return await _page(request, credential_id)


@post(ONE, opt=signed_in(), include_in_schema=False, status_code=200)
async def change_app(request: BoardRequest, credential_id: FromPath[str]) -> Response[bytes]:
    """Another secret (none typed: the one that is kept) and other scopes (none: the usual ones)."""
    service, caller, form = service_of(request), request.auth.caller, await request.form()
    secret, scopes = str(form.get("clientSecret", "")).strip(), str(form.get("scopes", ""))
    asked = CredentialChange(client_secret=secret or None, scopes=tuple(scopes.split()))
    await apps.get(service, caller, credential_id)
    try:
        await apps.change(service, caller, credential_id, asked)
    except BadRequest as error:
        return await _page(request, credential_id, scopes=scopes, wrong=_wrong(request, error))
    return board.onward(request, f"/settings/apps/{credential_id}", done="app-changed")


@post(f"{ONE}/switch", opt=signed_in(), include_in_schema=False, status_code=200)
async def switch_app(request: BoardRequest, credential_id: FromPath[str]) -> Response[bytes]:
    """Take it in or out of use for new connections."""
    is_on = str((await request.form()).get("to", "")) == "on"
    await apps.change(service_of(request), request.auth.caller, credential_id, CredentialChange(is_active=is_on))
    return board.onward(request, f"/settings/apps/{credential_id}", done="app-on" if is_on else "app-off")


@get(f"{ONE}/delete", opt=signed_in(), include_in_schema=False)
async def delete_app_form(request: BoardRequest, credential_id: FromPath[str]) -> Response[bytes]:
    """What goes away, before it does; with accounts behind it, what to do first."""
    return await _delete_page(request, credential_id)


@post(f"{ONE}/delete", opt=signed_in(), include_in_schema=False, status_code=200)
async def delete_app(request: BoardRequest, credential_id: FromPath[str]) -> Response[bytes]:
    """Forget it, unless something hangs on it."""
    try:
        await apps.delete(service_of(request), request.auth.caller, credential_id)
    except Conflict:
        problem = request.auth.look.gettext(_IN_USE)
        return await _delete_page(request, credential_id, problem=problem, status=409)
    return board.onward(request, "/settings/apps", done="app-deleted")


async def _list(
    request: BoardRequest, given: Form, *, wrong: dict[str, str] | None = None, status: int = 400
) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    values = {
        "apps": await apps.list_credentials(service, signed.caller),
        "platforms": _platforms(service),
        "given": given,
        "wrong": wrong or {},
        "max_chars": apps.MAX_CHARS,
    }
    return board.page(request, signed, "apps.html", values, status=status if wrong else 200)


async def _page(
    request: BoardRequest, credential_id: str, *, scopes: str | None = None, wrong: dict[str, str] | None = None
) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    told = await apps.get(service, signed.caller, credential_id)
    values = {
        "told": told,
        "credential": told.credential,
        "behind": await apps.accounts_behind(service, signed.caller, credential_id, limit=NAMED),
        "needed": apps.needed_scopes(service, told.credential.platform),
        "scopes": "\n".join(told.credential.scopes or ()) if scopes is None else scopes,
        "wrong": wrong or {},
        "max_chars": apps.MAX_CHARS,
    }
    return board.page(request, signed, "app.html", values, status=400 if wrong else 200)


async def _delete_page(
    request: BoardRequest, credential_id: str, *, problem: str | None = None, status: int = 200
) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    told = await apps.get(service, signed.caller, credential_id)
    values = {"told": told, "credential": told.credential, "problem": problem}
    return board.page(request, signed, "app_delete.html", values, status=status)


def _wrong(request: BoardRequest, error: BadRequest) -> dict[str, str]:
    """What is said at each field. Raises: the error, when it is about none of the form's."""
    found = {
        name: request.auth.look.gettext(_WRONG[name], why=reason)
        for name, reason in error.fields.items()
        if name in _WRONG
    }
    if not found:
        raise error
    return found


def _platforms(service: Service) -> list[tuple[str, str]]:
    """Those that know apps at all, by title."""
    named = [(name, platform_title(name)) for name, one in service.platforms.items() if isinstance(one, OAuthPlatform)]
    return sorted(named, key=lambda one: one[1].lower())
