"""Templates become answers with the headers every hosted page carries."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import MediaType, Response
from litestar.datastructures import Cookie
from markupsafe import Markup

from moorline import clock
from moorline.pages import icons, language, words
from moorline.pages.look import Look
from moorline.pages.request import ATTEMPT_COOKIE_PREFIX
from moorline.pages.static_files import static_url
from moorline.pages.tint import tint
from moorline.service import Service

A_PLATFORM = ("https://",)  # `form_to` of a page whose form leads to a platform, whichever
COOKIE_PREFIX = ATTEMPT_COOKIE_PREFIX
COOKIE_TTL_S = 60 * 60


def page(
    look: Look,
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
    cookies: list[Cookie] | None = None,
    popup: bool = False,
    form_to: tuple[str, ...] = (),
) -> Response[bytes]:
    """A rendered page. Nothing on it comes from another origin, and no other site can frame it.

    `popup`: it runs in a window that another site opened, and may tell that site how it ended. `form_to` are addresses
    that the answer to a form of this page may send the browser on to, besides our own.
    """
    html = _environment.get_template(template).render(brand=look.brand.name, look=look, **values)
    return Response(
        html.encode("utf-8", "replace"),
        status_code=status,
        media_type=MediaType.HTML,
        headers=security_headers(look, popup=popup, form_to=form_to),
        cookies=cookies or [],
    )


def security_headers(look: Look, *, popup: bool = False, form_to: tuple[str, ...] = ()) -> dict[str, str]:
    """What browsers are told about every hosted page (S22, S26)."""
    form_action = " ".join(["'self'", *sorted(_schemes(look, form_to))])
    headers = {
        "content-security-policy": f"default-src 'none'; style-src 'self' 'nonce-{look.nonce}'; script-src 'self'; "
        f"connect-src 'self'; img-src 'self' data:; form-action {form_action}; frame-ancestors 'none'; "
        "base-uri 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        # A window with any other value loses the page that opened it (tried in Chromium), and could tell it nothing.
        "cross-origin-opener-policy": "unsafe-none" if popup else "same-origin",
    }
    if look.is_https:
        headers["strict-transport-security"] = "max-age=31536000"
    return headers


def _schemes(look: Look, form_to: tuple[str, ...]) -> set[str]:
    """What a policy says of addresses that forms lead to: their schemes.

    Chromium holds every redirect after a form to the policy, also those that the address makes by itself: a naked
    origin would stop whoever is sent on from there to sign in elsewhere.
    """
    schemes = {urlsplit(url).scheme for url in form_to}
    if not look.is_https and "https" in schemes:
        schemes = (schemes - {"https"}) | {"http"}  # covers both; without https here, a sandbox has none either
    return {f"{scheme}:" for scheme in schemes}


def redirect(url: str, *, cookies: list[Cookie] | None = None) -> Response[bytes]:
    """303, so that the browser follows with GET and repeats no body (S10)."""
    return Response(
        b"",
        status_code=303,
        headers={"location": url, "cache-control": "no-store", "referrer-policy": "no-referrer"},
        cookies=cookies or [],
        media_type="text/plain",
    )


def attempt_cookie(service: Service, attempt_id: str, value: str) -> Cookie:
    """The note by which a browser is known to have been at an attempt; one per attempt, so that tabs do not clash."""
    return Cookie(
        key=COOKIE_PREFIX + attempt_id,
        value=value,
        path="/connect",
        max_age=COOKIE_TTL_S,
        httponly=True,
        samesite="lax",
        secure=service.settings.public_url.startswith("https://"),
    )


def host_of(url: str) -> str:
    """The host of an address, as people read it."""
    return urlsplit(url).hostname or url.partition(":")[0]


# --- what templates can say -------------------------------------------------------------------------------------------


def _look(context: Context) -> Look:
    look: Look = context["look"]
    return look


@pass_context
def _translated(context: Context, message: str) -> str:
    return _look(context).translated(message)


@pass_context
def _translated_plural(context: Context, one: str, many: str, count: int) -> str:
    return _look(context).translated_plural(one, many, count)


def stamped(look: Look, instant: datetime, text: str) -> Markup:
    """A `<time>` that says `text`, with the whole stamp behind it."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(clock.iso(instant), look.instant(instant), text)


@pass_context
def _ago(context: Context, instant: datetime) -> Markup:
    """A `<time>` with the whole stamp behind the words; so are the others."""
    look = _look(context)
    return stamped(look, instant, look.ago(instant))


@pass_context
def _date(context: Context, instant: datetime) -> Markup:
    look = _look(context)
    return stamped(look, instant, look.date(instant))


@pass_context
def _time(context: Context, instant: datetime) -> Markup:
    look = _look(context)
    return stamped(look, instant, look.time(instant))


@pass_context
def _instant(context: Context, instant: datetime) -> Markup:
    look = _look(context)
    return stamped(look, instant, look.instant(instant))


@pass_context
def _number(context: Context, number: float) -> str:
    return _look(context).number(number)


def _new_environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        _translated, _translated_plural, newstyle=True
    )
    made.policies["ext.i18n.trimmed"] = True  # as the texts are extracted, babel.cfg
    made.filters.update(ago=_ago, date=_date, time=_time, instant=_instant, number=_number, plain=words.plain)
    made.globals.update(
        icon=icons.icon,
        platform_icon=icons.platform_icon,
        platform_title=words.platform_title,
        static_url=static_url,
        languages=language.NAMES,
        tint=tint,
    )
    return made


_environment = _new_environment()
