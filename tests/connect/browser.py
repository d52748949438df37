"""Which host a browser goes to, read as https://url.spec.whatwg.org/ tells browsers to (hosts of http and https)."""

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import unquote_to_bytes

FORBIDDEN_IN_A_HOST = set("\x00\t\n\r #/:<>?@[\\]^|%\x7f") | {chr(code) for code in range(32)}


class BrowserRefuses(Exception):
    """A browser shows an error instead of going anywhere."""


def host_a_browser_goes_to(url: str) -> str:
    """The host, numbers as the IPv4 address they are taken for. Raises: BrowserRefuses."""
    text = re.sub(r"[\t\n\r]", "", url.strip("".join(map(chr, range(33)))))
    match = re.match(r"(?i)https?:[/\\]*", text)
    if match is None:
        raise BrowserRefuses(text)
    authority = re.split(r"[/\\?#]", text[match.end() :], maxsplit=1)[0]
    host_and_port = authority.rpartition("@")[2]
    host = re.sub(r":\d*$", "", host_and_port)
    if host.startswith("["):
        if not host.endswith("]"):
            raise BrowserRefuses(host)
        return _ipv6(host[1:-1])
    decoded = unquote_to_bytes(host).decode("utf-8", "replace").lower()
    if not decoded or FORBIDDEN_IN_A_HOST & set(decoded):
        raise BrowserRefuses(host)
    return _ipv4(decoded) if _ends_in_a_number(decoded) else decoded


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text)) if "%" not in text else ""
    except ValueError as error:
        raise BrowserRefuses(text) from error


def _ends_in_a_number(host: str) -> bool:
    last = host.removesuffix(".").rpartition(".")[2]
    return re.fullmatch(r"\d+|0x[0-9a-f]*", last) is not None


def _ipv4(host: str) -> str:
    """Up to four parts in decimal, octal or hex; the last fills what is left."""
    parts = [_number(part) for part in host.removesuffix(".").split(".")]
    if len(parts) > 4 or any(part > 255 for part in parts[:-1]) or parts[-1] >= 256 ** (5 - len(parts)):
        raise BrowserRefuses(host)
    value = parts[-1] + sum(part * 256 ** (3 - place) for place, part in enumerate(parts[:-1]))
    return str(IPv4Address(value))


def _number(text: str) -> int:
    base = 16 if text.startswith("0x") else 8 if len(text) > 1 and text.startswith("0") else 10
    digits = text.removeprefix("0x") if base == 16 else text
    try:
        return int(digits or "0", base) if text else int(text)
    except ValueError as error:
        raise BrowserRefuses(text) from error
