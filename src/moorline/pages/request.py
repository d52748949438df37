"""A browser's request, as pages see it: the service behind it, its attempt cookies, where its forms come from."""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from moorline.connect.tickets import InvalidHandle, Kind, read
from moorline.limits import clients
from moorline.limits.counting import Use, note
from moorline.service import Service

Visit = Request[Any, Any, Any]
ATTEMPT_COOKIE_PREFIX = "moorline_attempt_"
LINK_COOKIE_PREFIX = "moorline_link_"


def service_of(request: Visit) -> Service:
    """The service behind a request."""
    service: Service = request.app.state.service
    return service


def cookie_attempts(request: Visit) -> frozenset[str]:
    """The attempts this browser was at, by its cookies."""
    vault = service_of(request).vault
    found: set[str] = set()
    for name, value in request.cookies.items():
        if name.startswith(ATTEMPT_COOKIE_PREFIX):
            try:
                found.add(read(vault, Kind.COOKIE, value).attempt_id)
            except InvalidHandle:
                continue
    return frozenset(found)


def client_of(request: Visit) -> str:
    """Where the request came from, as our own proxies say (S53)."""
    peer = "" if request.client is None else request.client.host
    forwarded = request.headers.getall("x-forwarded-for", [])
    return clients.client_of(peer, forwarded, proxies=service_of(request).settings.trusted_proxies)


async def count(request: Visit, *uses: Use) -> None:
    """Count what has a limit, and note for the answer's headers what is left. Raises: RateLimited."""
    note(request.scope, await service_of(request).limits.count(*uses))


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
