"""Templates become answers with the headers every hosted page carries."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from litestar.datastructures import Cookie

from moorline.service import Service

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True, undefined=StrictUndefined
)
STYLE = (Path(__file__).with_name("static") / "moorline.css").read_bytes()
COOKIE_PREFIX = "moorline_attempt_"
COOKIE_TTL_S = 60 * 60


def page(
    service: Service,
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
    cookies: list[Cookie] | None = None,
) -> Response[bytes]:
    """A rendered page. Nothing on it comes from another origin, and no other site can frame it."""
    html = _environment.get_template(template).render(brand=service.settings.brand, **values)
    return Response(
        html.encode("utf-8", "replace"),
        status_code=status,
        media_type=MediaType.HTML,
        headers=security_headers(service),
        cookies=cookies or [],
    )


def security_headers(service: Service) -> dict[str, str]:
    """What browsers are told about every hosted page."""
    headers = {
        "content-security-policy": "default-src 'none'; style-src 'self'; img-src https:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
    }
    if service.settings.public_url.startswith("https://"):
        headers["strict-transport-security"] = "max-age=31536000"
    return headers


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
