"""`/connect/link/{token}`: what somebody without any login was sent: which platforms to connect, and to what.

Opening it starts nothing, since messengers fetch links by themselves. The address stays as it was sent: it may be kept,
reloaded and opened in another browser.
"""

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath

from moorline.access import public
from moorline.connect import links as connect_links
from moorline.errors import BadRequest, MoorlineError, NotFound
from moorline.owners import links
from moorline.owners.links import Dead, LinkDead, LinkOffer
from moorline.pages import doors, telling, view
from moorline.pages.doors import LINK_PATH, link_cookie
from moorline.pages.look import Look, look_of
from moorline.pages.request import Visit, cookie_attempts, is_same_site, service_of
from moorline.pages.starts import count_start
from moorline.pages.telling import Told
from moorline.pages.visit import error_page, slug_page
from moorline.pages.words import N_, bdi, platform_title
from moorline.service import Service
from moorline.store import links as stored_links

PATH = f"{LINK_PATH}/{{token:str}}"
MAX_DONE = 50
_NEEDS = {
    "facebook": N_("A Page that you manage"),
    "instagram": N_("A professional account"),
    "youtube": N_("A channel"),
    "pinterest": N_("An account with a board"),
    "bluesky": N_("Your handle and an app password"),
    "googlebusiness": N_("A business location that you manage"),
    "telegram": N_("A channel or group that you manage"),
    "snapchat": N_("A Public Profile"),
}


@get(PATH, opt=public(), include_in_schema=False)
async def link_page(request: Visit, token: FromPath[str]) -> Response[bytes]:
    """Who asks for what, and a button for each platform; the truth about a link that is over."""
    try:
        offer = await links.read(service_of(request), token)
    except NotFound:
        return await _unknown(request)
    if offer.state != "active":
        return await _over(request, offer, offer.state)
    return await _show(request, offer, token)


@post(PATH, opt=public(), include_in_schema=False, status_code=200)
async def link_start(request: Visit, token: FromPath[str]) -> Response[bytes]:
    """Start a connection and lead to its platform. Raises: RateLimited."""
    service = service_of(request)
    if not is_same_site(request):
        return await slug_page(request, "invalid_state", status=403)
    try:
        offer = await links.read(service, token)
    except NotFound:
        return await _unknown(request)
    look = await _look(request, offer)
    if request.cookies.get(link_cookie(offer.link.token_hash)) != token:
        return _no_cookie(look, service)
    form = await request.form()
    platform = str(form.get("platform", ""))
    await count_start(request, link_id=offer.link.id)
    try:
        started = await connect_links.start(service, token, platform, language=look.language)
    except LinkDead as dead:
        return await _over(request, offer, dead.reason)
    except BadRequest:  # none of the link's buttons sends that
        return await slug_page(request, "invalid_state", status=400, look=look)
    except NotFound:
        return await slug_page(request, "profile_not_found", status=410, look=look)
    except MoorlineError as error:
        return await error_page(request, error, look=look, platform=platform)
    return view.redirect(started.url)


async def _show(request: Visit, offer: LinkOffer, token: str) -> Response[bytes]:
    service = service_of(request)
    done = await stored_links.connected(service.db, offer.link.id, by=cookie_attempts(request), limit=MAX_DONE)
    platforms = sorted(offer.platforms, key=lambda name: platform_title(name).casefold())
    values = {
        "action": request.scope["path"],
        "profile": offer.profile.name,
        "account": None if offer.account is None else offer.account.display_name,
        "platforms": [(name, _NEEDS.get(name)) for name in platforms],
        "done": done,
        "until": offer.link.expires_at,
        "uses_left": offer.uses_left,
    }
    look = await _look(request, offer)
    return view.page(look, "link.html", values, cookies=[_cookie(service, offer, token)], form_to=view.A_PLATFORM)


async def _look(request: Visit, offer: LinkOffer) -> Look:
    return await look_of(request, user_id=offer.link.user_id, language=offer.link.language)


async def _over(request: Visit, offer: LinkOffer, reason: Dead) -> Response[bytes]:
    look = await _look(request, offer)
    link, brand = offer.link, bdi(look.brand.name)
    ended = view.stamped(look, link.expires_at, look.instant(link.expires_at))
    title = {
        "expired": look.markup(N_("This link has run out")),
        "revoked": look.markup(N_("This link was withdrawn")),
        "used_up": look.markup(N_("This link was used up")),
    }[reason]
    sentence = {
        "expired": look.markup(N_("It worked until %(time)s."), time=ended),
        "revoked": look.markup(N_("%(brand)s does not take connections through it any more."), brand=brand),
        "used_up": look.markup(N_("Everything that it was for is connected.")),
    }[reason]
    told = Told(
        tone="warn",
        title=title,
        sentence=sentence,
        advice=look.markup(N_("Ask %(brand)s for a new one."), brand=brand),
        is_connected=None,
        doors=doors.contact(look),
    )
    return telling.page(look, told, status=410)


async def _unknown(request: Visit) -> Response[bytes]:
    look = await look_of(request)
    told = Told(
        tone="bad",
        title=look.gettext(N_("There is no such link")),
        sentence=look.gettext(N_("Was it copied whole? Open the link you were sent once more.")),
        is_connected=None,
    )
    return telling.page(look, told, status=404)


def _no_cookie(look: Look, service: Service) -> Response[bytes]:
    told = Told(
        tone="warn",
        title=look.gettext(N_("Your browser did not keep the note that belongs to this page")),
        sentence=look.markup(
            N_("Allow cookies for %(host)s, or open the link in your normal browser, not inside another app."),
            host=bdi(view.host_of(service.settings.public_url)),
        ),
        is_connected=False,
    )
    return telling.page(look, told, status=400)


def _cookie(service: Service, offer: LinkOffer, token: str) -> Cookie:
    return Cookie(
        key=link_cookie(offer.link.token_hash),
        value=token,
        path="/connect",
        max_age=view.COOKIE_TTL_S,
        httponly=True,
        samesite="lax",
        secure=service.settings.public_url.startswith("https://"),
    )
