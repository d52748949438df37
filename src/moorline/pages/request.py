"""A browser's request, as pages see it: the service behind it, its attempt cookies, where its forms come from."""

import hashlib
import hmac
import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from moorline.connect.tickets import InvalidHandle, Kind, read
from moorline.service import Service

Visit = Request[Any, Any, Any]
ATTEMPT_COOKIE_PREFIX = "moorline_attempt_"
LINK_COOKIE_PREFIX = "moorline_link_"
_NEIGHBOURS = 64  # an IPv6 client has a whole network of addresses of this length
_IN_BRACKETS_OR_WITH_PORT = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


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
    """Where the request came from, as our own proxies say; what a client writes itself counts for nothing (S53).

    Its port does not belong to it; what our proxy says that is no address is the proxy's own doing and counts as it.
    """
    peer = "" if request.client is None else request.client.host
    proxies = service_of(request).settings.trusted_proxies
    told = [part.strip() for line in request.headers.getall("x-forwarded-for", []) for part in line.split(",")]
    seen = [*told, peer]  # nearest last
    address = _address_of(seen[-1 - min(proxies, len(seen) - 1)]) or _address_of(peer)
    if address is None:
        return peer[:64]
    if isinstance(address, IPv6Address):
        return str(int(address) >> (128 - _NEIGHBOURS))
    return str(address)


def _address_of(text: str) -> IPv4Address | IPv6Address | None:
    found = _IN_BRACKETS_OR_WITH_PORT.fullmatch(text)
    try:
        address = ip_address(text if found is None else found[1] or found[2])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


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
