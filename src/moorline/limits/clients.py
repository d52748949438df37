"""Where a request came from, as our own proxies say."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

_NEIGHBOURS = 64  # an IPv6 client has a whole network of addresses of this length
_IN_BRACKETS_OR_WITH_PORT = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


def client_of(peer: str, forwarded: Sequence[str], *, proxies: int) -> str:
    """Whom to count: what a client writes itself counts for nothing.

    `peer` is who is connected, `forwarded` every `X-Forwarded-For` in order, `proxies` how many of ours stand before
    the service and add to it. A port does not belong to a client; what our proxy says that is no address is the proxy's
    own doing and counts as it.
    """
    told = [part.strip() for line in forwarded for part in line.split(",")] if proxies else []
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
