"""Which ways lead on from the page of an outcome: try again, come as somebody else, back to the application."""

from typing import Literal

from moorline import clock
from moorline.connect import landing, redirects
from moorline.errors import Slug
from moorline.owners import links
from moorline.pages import signing, view
from moorline.pages.look import Look
from moorline.pages.request import (
    ATTEMPT_COOKIE_PREFIX,
    LINK_COOKIE_PREFIX,
    Visit,
    cookie_attempts,
    csrf_of,
    service_of,
)
from moorline.pages.telling import Door
from moorline.pages.words import N_, platform_title
from moorline.store import links as stored_links
from moorline.store.attempts import Attempt

AGAIN_PATH = "/connect/again"
BOARD_PATH = "/dashboard"
LINK_PATH = "/connect/link"
Way = Literal["again", "another", "back"]

_USUAL: tuple[Way, ...] = ("again", "back")
_WAYS: dict[Slug, tuple[Way, ...]] = {
    "selection_cancelled": ("back", "again"),
    "no_facebook_pages": ("again", "another"),
    "no_business_locations": ("another", "back"),
    "no_youtube_channel": ("another", "back"),
    "reconnect_account_mismatch": ("another", "back"),
    "profile_not_found": ("back",),
    "not_configured": ("back",),
    "app_misconfigured": ("back",),
}
_LABELS: dict[Slug, str] = {
    "scope_missing": N_("Ask again"),
    "no_facebook_pages": N_("Ask %(platform)s again"),
    "no_pinterest_boards": N_("Look again"),
    "reconnect_account_mismatch": N_("Try again with another account"),
}
_TRY_AGAIN, _ANOTHER_ACCOUNT = N_("Try again"), N_("Use another account")


async def of(request: Visit, look: Look, slug: Slug, attempt: Attempt | None) -> tuple[Door, ...]:
    """The ways on from a failed attempt, the best first; none for a browser that was not at it.

    Whoever is signed in to the workspace goes on to what is noted of the attempt.
    """
    if attempt is None or attempt.id not in cookie_attempts(request):
        return ()
    found: list[Door] = []
    for way in _WAYS.get(slug, _USUAL):
        if way == "back":
            if attempt.redirect_url is not None:
                found.append(back(look, redirects.failed(attempt.redirect_url, attempt, slug)))
        else:
            usual = _ANOTHER_ACCOUNT if way == "another" else _TRY_AGAIN
            label = usual if found and way == "another" else _LABELS.get(slug, usual)
            found.append(again(request, look, attempt, label=label, as_another=way == "another"))
    found[1:1] = await _board(request, look, attempt, f"attempts/{attempt.id}")
    if attempt.link_id is not None:
        # Without a live link nothing can be started again on its behalf.
        found = [door for door in found if door.is_back] + (await _link(request, look, attempt, N_("Try again")) or [])
    return tuple(found)


async def of_connected(request: Visit, look: Look, attempt: Attempt) -> tuple[Door, ...]:
    """The ways on from a finished connection: home, or another one."""
    found: list[Door] = []
    if attempt.redirect_url is not None:
        found.append(back(look, await landing.back_url(service_of(request), attempt, attempt.redirect_url)))
    found += await _board(request, look, attempt, f"accounts/{attempt.account_id}")
    if attempt.link_id is not None:
        found += await _link(request, look, attempt, N_("Connect another"))
    elif attempt.reconnect_account_id is None:
        found.append(again(request, look, attempt, label=N_("Connect another"), as_another=False))
    return tuple(found)


def link_cookie(token_hash: bytes) -> str:
    """The name of the cookie that keeps a link's token: one a link, and it opens nothing."""
    return f"{LINK_COOKIE_PREFIX}{token_hash.hex()[:16]}"


async def _link(request: Visit, look: Look, attempt: Attempt, label: str) -> list[Door]:
    """The way back to the link the attempt was started from, while it works, for a browser that had it open."""
    link = await stored_links.get(service_of(request).db, attempt.link_id or "")
    if link is None or links.state_of(link, clock.now()) != "active":
        return []
    token = request.cookies.get(link_cookie(link.token_hash), "")
    if links.hash_of(token) != link.token_hash:
        return []
    return [Door(id="link", label=look.gettext(label), url=f"{LINK_PATH}/{token}")]


async def _board(request: Visit, look: Look, attempt: Attempt, path: str) -> list[Door]:
    """The way to the dashboard, for whoever is signed in to the workspace that the attempt is of."""
    member = await signing.member_of(request)
    if member is None or member.root_id != attempt.user_id:
        return []
    label = look.gettext(N_("Back to the dashboard"))
    return [Door(id="board", label=label, url=f"{BOARD_PATH}/{path}", is_back=True)]


def again(request: Visit, look: Look, attempt: Attempt, *, label: str, as_another: bool) -> Door:
    """A form that starts the same once more. The browser must hold the attempt's cookie."""
    cookie = request.cookies.get(ATTEMPT_COOKIE_PREFIX + attempt.id, "")
    fields = [("attempt", attempt.id), ("csrf", csrf_of(cookie))]
    if as_another:
        fields.append(("as", "another"))
    return Door(
        id="another" if as_another else "again",
        label=look.gettext(label, platform=platform_title(attempt.platform)),
        url=AGAIN_PATH,
        fields=tuple(fields),
        leads_off=True,
    )


def contact(look: Look) -> tuple[Door, ...]:
    """A link to whoever the page speaks for; none where they have told no address."""
    given = look.brand.contact
    if given is None:
        return ()
    url = given if given.startswith("https://") else f"mailto:{given}"
    return (Door(id="contact", label=look.gettext("Write to %(brand)s", brand=look.brand.name), url=url),)


def back(look: Look, url: str) -> Door:
    """A link back to the application."""
    # NOTE: app is the host of the application, such as app.example.com
    return Door(id="back", label=look.gettext("Back to %(app)s", app=view.host_of(url)), url=url, is_back=True)
