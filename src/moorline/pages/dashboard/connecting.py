"""`/dashboard/connect`: every platform, ready to be connected to a profile, or what it still needs."""

from litestar import Response, get, post

from moorline.access import signed_in
from moorline.connect import begin
from moorline.connect.begin import Offer
from moorline.connect.start import StartCall
from moorline.errors import NotConfigured, PlatformError
from moorline.owners import profiles
from moorline.pages import view
from moorline.pages.dashboard import board
from moorline.pages.dashboard.profile_select import profile_select
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.request import service_of
from moorline.pages.words import N_, platform_title

PATH = "/dashboard/connect"


@get(PATH, opt=signed_in(), include_in_schema=False)
async def connect_page(request: BoardRequest) -> Response[bytes]:
    """A button for every platform. `?profile=` names the one that receives the accounts; else it is the default."""
    return await _page(request, request.query_params.get("profile", ""))


@post(PATH, opt=signed_in(), include_in_schema=False, status_code=200)
async def connect(request: BoardRequest) -> Response[bytes]:
    """Begin, and go to the platform, or to our own page for one that has none."""
    form = await request.form()
    return await go(request, str(form.get("platform", "")), str(form.get("profile", "")))


async def go(
    request: BoardRequest, platform: str, profile_id: str, *, reconnect_account_id: str | None = None
) -> Response[bytes]:
    """Start an attempt of the signed-in person, and send the browser to where it goes on.

    Raises: as `start`, but for what the platform or the settings are short of: that is told on the page.
    """
    service, signed = service_of(request), request.auth
    call = StartCall(platform=platform, profile_id=profile_id, reconnect_account_id=reconnect_account_id)
    try:
        started = await begin.begin(service, signed.caller, call)
    except NotConfigured:
        problem = signed.look.gettext(
            N_("%(platform)s is not set up yet: see below what it needs."), platform=platform_title(platform)
        )
        return await _page(request, profile_id, problem=problem)
    except PlatformError as error:
        problem = signed.look.gettext(
            N_("%(platform)s could not be asked (%(code)s). Try again in a moment."),
            platform=platform_title(platform),
            code=error.code,
        )
        return await _page(request, profile_id, problem=problem)
    return view.redirect(started.url)


async def _page(request: BoardRequest, profile_id: str, *, problem: str | None = None) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    select = await profile_select(service, signed.caller, profile_id)
    values = {
        "offers": sorted(await begin.offers(service, signed.caller), key=_place),
        "select": select,
        "profile": select.chosen or await profiles.usual(service.db, signed.caller),
        "problem": problem,
    }
    status = 200 if problem is None else 400
    return board.page(request, signed, "connect.html", values, status=status, form_to=view.A_PLATFORM)


def _place(offer: Offer) -> tuple[bool, str]:
    """Those that can be connected first, then in the order of their names."""
    return bool(offer.needs), platform_title(offer.platform).lower()
