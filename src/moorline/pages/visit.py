"""A browser's visit: its service, its attempt cookies, its forms."""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response

from moorline.connect.redirects import SENTENCES
from moorline.connect.tickets import InvalidHandle, Kind, read
from moorline.errors import Slug
from moorline.pages import view, words
from moorline.service import Service

Visit = Request[Any, Any, Any]


def service_of(request: Visit) -> Service:
    """The service behind a request."""
    service: Service = request.app.state.service
    return service


def cookie_attempts(request: Visit) -> frozenset[str]:
    """The attempts this browser was at, by its cookies."""
    vault = service_of(request).vault
    found: set[str] = set()
    for name, value in request.cookies.items():
        if name.startswith(view.COOKIE_PREFIX):
            try:
                found.add(read(vault, Kind.COOKIE, value).attempt_id)
            except InvalidHandle:
                continue
    return frozenset(found)


def is_same_site(request: Visit) -> bool:
    """Whether a form was sent from our own pages (S25), as far as the browser says.

    Browsers of today say so in Sec-Fetch-Site. Others send an Origin, which our own Referrer-Policy makes `null`; then
    the form's CSRF token, or its state, is what decides.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    public = urlsplit(service_of(request).settings.public_url)
    return request.headers.get("origin", "null") in {"null", f"{public.scheme}://{public.netloc}"}


def csrf_of(cookie_value: str) -> str:
    """What a form must repeat: made of the attempt's cookie, which no other site can read."""
    return hashlib.sha256(b"csrf\x00" + cookie_value.encode()).hexdigest()


def csrf_matches(cookie_value: str, given: str) -> bool:
    """Constant-time comparison."""
    return hmac.compare_digest(csrf_of(cookie_value).encode(), given.encode("utf-8", "replace"))


def slug_page(
    request: Visit, slug: Slug, *, status: int, attempt_id: str | None = None, back_url: str | None = None
) -> Response[bytes]:
    """The page of a failure."""
    said = words.of(slug)
    values = {
        "good": False,
        "title": said.title,
        "sentence": said.sentence,
        "advice": said.advice,
        "attempt_id": attempt_id,
        "back_url": back_url,
        "back_host": None if back_url is None else view.host_of(back_url),
    }
    return view.page(service_of(request), "outcome.html", values, status=status)


def known_slug(text: str) -> Slug:
    """The slug, if it is one of the list."""
    for slug in SENTENCES:
        if slug == text:
            return slug
    return "internal_error"
