"""The guard before every address a person can influence: public https on port 443, or what the operator allowed."""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override
from yarl import URL

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From host name and port to IP addresses as text; raises OSError when the name has none."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ADDRESS = re.compile(r"(https?)://([^/?#@\\\s]+)([/?#][!-\[\]-~]*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::([0-9]{1,5}))?")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

# After the IANA special-purpose registries and the clouds. Written out, because `is_global` differs between
# Python versions and calls multicast, 6to4 and NAT64 global. First match wins, so narrower networks come first.
_FORBIDDEN = tuple(
    (ipaddress.ip_network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud metadata"),
        ("169.254.169.254/32", "cloud metadata"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.31.196.0/24", "reserved"),
        ("192.52.193.0/24", "reserved"),
        ("192.88.99.0/24", "6to4"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "reserved"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "IPv4 inside IPv6"),
        ("::ffff:0:0/96", "IPv4 inside IPv6"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "reserved"),
        ("3fff::/20", "for documentation"),
        ("fd00:ec2::254/128", "cloud metadata"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")


class MayNotBeReached(Exception):
    """The guard refuses; `reason` is a clause fit for a sentence, a log and an integrator's eyes."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An http or https URL taken apart once, so that map, guard and connection cannot read it differently.

    `host` is lower-case ASCII without a trailing dot or brackets; `tail` is path, query and fragment as given.
    """

    scheme: str
    host: str
    port: int
    tail: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Raises: ValueError with a clause that repeats nothing of the text."""
        whole = _ADDRESS.fullmatch(text)
        if whole is None:
            raise ValueError("it is no http or https address, or holds user information or forbidden characters")
        scheme = whole[1].lower()
        host, port = _host_and_port(whole[2])
        return cls(scheme=scheme, host=host, port=port or _DEFAULT_PORTS[scheme], tail=whole[3] or "")

    @classmethod
    def parse_prefix(cls, text: str, *, what: str) -> "Address":
        """An origin, or origin and path, without a slash at the end.

        Raises: ValueError with a sentence that says which part of `what` is wrong.
        """
        named = f'the {what} "{_shown(text)}"'
        for pattern, name in ((r"[^/?#]*//[^/?#]*@", "user information"), (r".*\?", "a query"), (r".*#", "a fragment")):
            if re.match(pattern, text):
                raise ValueError(f"{named} must not hold {name}.")
        try:
            address = cls.parse(text)
        except ValueError as error:
            raise ValueError(
                f"{named} must be an origin such as https://api.example.com, or one with a path: {error}."
            ) from None
        return replace(address, tail=address.tail.rstrip("/"))

    @property
    def origin(self) -> str:
        """Scheme, host and, unless it is the scheme's own, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def refuse_climbing(self) -> None:
        """Raises: ValueError when the path could leave the prefix it starts with, as /v1/../../x would."""
        path = re.split(r"[?#]", self.tail, maxsplit=1)[0]
        if {".", ".."} & set(re.split(r"[/\\]", unquote(path))):
            raise ValueError("its path holds a dot segment")


def _shown(text: str) -> str:
    """A URL fit for a message: without user information, query and fragment."""
    return re.sub(r"//[^/]*@", "//...@", re.split(r"[?#]", text, maxsplit=1)[0])


def _host_and_port(authority: str) -> tuple[str, int | None]:
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise ValueError("its host or port is malformed")
    port = int(parts[2]) if parts[2] else None
    if port is not None and not 1 <= port <= 65535:
        raise ValueError("its port is not between 1 and 65535")
    return _plain_host(parts[1]), port


def _plain_host(host: str) -> str:
    try:
        if host.startswith("["):
            return str(ipaddress.IPv6Address(host[1:-1]))
        # Full-width digits and ideographic full stops become ASCII here, before anything judges the host.
        plain = host if host.isascii() else URL.build(scheme="https", host=host).raw_host or ""
    except ValueError:
        plain = ""  # not its message, which repeats the host
    plain = plain.lower().removesuffix(".")
    if len(plain) > 253 or not _NAME.fullmatch(plain):
        raise ValueError("its host is no host name")
    return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundAllow:
    """What the operator lets guarded calls reach although it is private, plain http or on another port."""

    entries: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "OutboundAllow":
        """Read `host:port` entries, parted by commas or spaces. Raises: ValueError with a sentence on a wrong one."""
        return cls(entries=frozenset(_allowed(entry) for entry in re.split(r"[,\s]+", text) if entry))

    def allows(self, host: str, port: int) -> bool:
        """Whether the host, in the form `Address.host` has, is listed with this port."""
        return (host, port) in self.entries


def _allowed(entry: str) -> tuple[str, int]:
    try:
        host, port = _host_and_port(entry)
        if port is not None:
            return host, port
    except ValueError:
        pass
    raise ValueError(f'"{entry}" is not host:port, such as pds.lab.example:8443 or [fd00::1]:443.')


def why_forbidden(address: str) -> str | None:
    """What kind of address this is when no guarded call may reach it, None for a public one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "malformed"
    for network, reason in _FORBIDDEN:
        if ip in network:
            return reason
    if isinstance(ip, ipaddress.IPv6Address) and (ip.scope_id is not None or ip not in _GLOBAL_IPV6):
        return "reserved"
    return None if ip.is_global else "not public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Judges first the address as written, then the IP addresses its name stands for."""

    allow: OutboundAllow = OutboundAllow()

    def check(self, address: Address) -> None:
        """Raises: MayNotBeReached for another scheme or port, a forbidden literal, an odd spelling of one."""
        if self.allow.allows(address.host, address.port):
            return
        if address.scheme != "https":
            raise MayNotBeReached("it is not https")
        if address.port != 443:
            raise MayNotBeReached(f"port {address.port} is not 443")
        if ":" in address.host or _NUMBER.fullmatch(address.host.rpartition(".")[2]):
            _check_literal(address.host)

    def check_resolved(self, host: str, port: int, ips: list[str]) -> None:
        """Raises: MayNotBeReached when any of the addresses is forbidden: half a good answer is a trap."""
        if self.allow.allows(host, port):
            return
        for ip in ips:
            reason = why_forbidden(ip)
            if reason is not None:
                raise MayNotBeReached(f"its name stands for an address that is {reason}")


def _check_literal(host: str) -> None:
    # Resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as 127.0.0.1, so whatever ends in a number must be plain.
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise MayNotBeReached("it is an odd spelling of an IP address") from None
    reason = why_forbidden(host)
    if reason is not None:
        raise MayNotBeReached(f"the address is {reason}")


class GuardingResolver(AbstractResolver):
    """Looks a name up once per connection and hands on exactly the addresses that were checked."""

    def __init__(self, guard: Guard, resolve: Resolve) -> None:
        self._guard = guard
        self._lookup = resolve

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        ips = list(dict.fromkeys(await self._lookup(host, port)))
        if not ips:
            raise OSError("the name has no address")
        self._guard.check_resolved(host, port, ips)
        return [_result(host, ip, port) for ip in ips]

    @override
    async def close(self) -> None:
        """Nothing is held open."""


def _result(host: str, ip: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=ip,
        port=port,
        family=socket.AF_INET6 if ":" in ip else socket.AF_INET,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def guarded_connector(guard: Guard, resolve: Resolve, *, tls: ssl.SSLContext | bool) -> aiohttp.TCPConnector:
    """A connection per call and no memory for names, so that every call is judged anew."""
    resolver = GuardingResolver(guard, resolve)
    return aiohttp.TCPConnector(ssl=tls, resolver=resolver, force_close=True, use_dns_cache=False)


async def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the operating system, on a thread. Raises: OSError when the name has no address."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]
