"""`/dashboard`: what needs a person now, what happens by itself, and the way to everything else."""

from litestar import Response, get

from moorline.access import signed_in
from moorline.accounts import accounts, listing, needing
from moorline.accounts import figures as account_figures
from moorline.accounts.listing import Filter
from moorline.connect import journal
from moorline.owners import profiles
from moorline.pages import view
from moorline.pages.dashboard import board, entries, figures, once
from moorline.pages.dashboard.accounts import told
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.request import service_of

NEEDY = 10
PROFILES = 6
ATTEMPTS = 5


@get("/dashboard", opt=signed_in(), include_in_schema=False)
async def overview(request: BoardRequest) -> Response[bytes]:
    """The first page."""
    token = request.query_params.get("once")
    if token:  # somebody signed in who opens a link for signing in may want to be another
        return once.enter(request, token)
    service, signed = service_of(request), request.auth
    caller, look = signed.caller, signed.look
    needy = await needing.in_trouble(service, caller, Filter(), limit=NEEDY)
    rows, more_profiles = await profiles.search(service.db, caller, limit=PROFILES)
    count = await accounts.count(service, caller)
    latest = await journal.list_entries(service, caller, journal.Filter(), limit=ATTEMPTS)
    values = {
        "count": count,
        "needy": told(look, needy.items),
        "more_needy": needy.before is not None,
        "renewals": await listing.renewals(service, caller, accounts_seen=count),
        "profiles": rows,
        "more_profiles": more_profiles is not None,
        "charts": figures.charts_of(look, await account_figures.read(service, caller)),
        "latest": entries.told(look, latest),
        "public_url": service.settings.public_url,
    }
    return board.page(request, signed, "overview.html", values, form_to=view.A_PLATFORM)
