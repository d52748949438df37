"""What may go through the proxy: which host and path, which headers on the way out and on the way back."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, unquote_plus, urlsplit

from moorline.errors import BadRequest

READING = "GET"
MAX_ADDRESS_CHARS = 8192

_VISIBLE = re.compile(r"[!-\[\]-~]*")  # ASCII without spaces and without the backslash, which browsers read as a slash
_LOOKS_LIKE_A_HOST = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z]{2,63}(?::[0-9]*)?|[0-9]+(?:\.[0-9]+){3}(?::[0-9]*)?|.*@.*")
_CREDENTIALS = {"access_token", "oauth_token", "appsecret_proof", "client_secret"}

_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
}
# Ours, the caller's own, and what is set anew for the platform. Half an answer (Range) could hold half a token.
_NOT_SENT = {
    "accept-encoding",
    "authorization",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "idempotency-key",
    "if-range",
    "origin",
    "range",
    "referer",
    "true-client-ip",
    "user-agent",
    "via",
    "x-api-key",
    "x-connect-token",
    "x-real-ip",
    "x-request-id",
    "x-temp-token",
}
_NOT_SENT_STARTS = ("x-forwarded-", "cf-", "sec-")
_OTHER_METHOD = {"x-http-method", "x-http-method-override", "x-method-override"}
# What speaks of the platform's own origin, or is set anew by ours.
_NOT_ANSWERED = {
    "alt-svc",
    "cache-control",
    "clear-site-data",
    "content-security-policy",
    "content-security-policy-report-only",
    "date",
    "nel",
    "refresh",
    "report-to",
    "server",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "x-content-type-options",
}
_NOT_ANSWERED_STARTS = ("access-control-", "x-platform-")
_OF_OURS = ("x-ratelimit-", "x-request-id")  # our own stand in every answer, so the platform's get another name


def target(hosts: Mapping[str, str], path: str, query: str, *, method: str, closed: re.Pattern[str]) -> str:
    """The address of a call. `hosts` maps the allowed names to their origins, the usual one first.

    `path` begins with one of the names, else it is one of the first; path and query are percent-encoded. Raises:
    BadRequest.
    """
    if not _VISIBLE.fullmatch(path) or "#" in path or "?" in path or len(path) + len(query) > MAX_ADDRESS_CHARS:
        raise _wrong("has characters that belong percent-encoded, or is too long")
    first, slash, rest = path.partition("/")
    name = first.lower()
    if slash and name in hosts:
        path = rest
    elif slash and _LOOKS_LIKE_A_HOST.fullmatch(name):
        raise BadRequest(
            f"This account's token is sent to no other host than {', '.join(hosts)}.",
            code="host_not_allowed",
            fields={"path": f"begins with one of {', '.join(hosts)}, or with none"},
        )
    else:
        name = next(iter(hosts))
    _refuse_climbing(path, closed)
    kept = _kept_query(query, method)
    return f"{hosts[name]}/{path}" + (f"?{kept}" if kept else "")


def _refuse_climbing(path: str, closed: re.Pattern[str]) -> None:
    seen = "/" + path
    for _ in range(3):  # as written, and decoded as often as two servers in a row could
        if "\\" in seen or "//" in seen or not seen.isprintable() or {".", ".."} & set(seen.split("/")):
            raise _wrong("holds a dot segment, a backslash, a control character or two slashes in a row")
        if closed.search(seen):
            raise BadRequest(
                "Calls that hand out tokens, or end them, do not go through the proxy.",
                code="path_not_allowed",
                fields={"path": "hands out tokens, or ends them"},
            )
        seen = unquote(seen)


def _wrong(what: str) -> BadRequest:
    return BadRequest(f"The path {what}.", fields={"path": what})


def _kept_query(query: str, method: str) -> str:
    """The query as written, without credentials. Raises: BadRequest where it turns a read into something else."""
    if not _VISIBLE.fullmatch(query):
        raise BadRequest("The query has characters that belong percent-encoded.", fields={"query": "not encoded"})
    pairs = [(unquote_plus(pair.partition("=")[0]).strip().lower(), pair) for pair in query.split("&") if pair]
    if method == READING and any(name in {"method", "_method"} for name, _ in pairs):
        raise BadRequest("A GET may not ask for another method in its query.", fields={"method": "not with GET"})
    return "&".join(pair for name, pair in pairs if name not in _CREDENTIALS)


def sent_headers(given: Iterable[tuple[str, str]], *, method: str, streamed: bool) -> dict[str, str]:
    """The caller's headers that go on to the platform, by lower-case name; the length only of a streamed body."""
    headers = [(name.lower(), value) for name, value in given]
    dropped = _HOP_BY_HOP | _NOT_SENT | _named_by_connection(headers)
    if streamed:
        dropped -= {"content-length"}
    if method == READING:
        dropped |= _OTHER_METHOD | {"content-type", "content-encoding"}
    kept: dict[str, str] = {}
    for name, value in headers:
        if name not in dropped and not name.startswith(_NOT_SENT_STARTS):
            kept[name] = f"{kept[name]}, {value}" if name in kept else value
    return kept


def answered_headers(
    given: Iterable[tuple[str, str]], hosts: Mapping[str, str], *, status: int
) -> list[tuple[str, str]]:
    """The platform's headers that go back to the caller, and ours."""
    headers = list(given)
    dropped = _HOP_BY_HOP | _NOT_ANSWERED | _named_by_connection(headers)
    kept = []
    for name, value in headers:
        if name in dropped or name.startswith(_NOT_ANSWERED_STARTS):
            continue
        if name in {"location", "content-location"} and not _leads_to(value, hosts):
            continue
        kept.append((f"x-platform-{name.removeprefix('x-')}" if name.startswith(_OF_OURS) else name, value))
    return [
        *kept,
        ("x-platform-status", str(status)),
        ("cache-control", "no-store"),
        ("content-security-policy", "sandbox; default-src 'none'"),  # a platform's HTML is no page of ours
        ("x-content-type-options", "nosniff"),
    ]


def _named_by_connection(headers: Iterable[tuple[str, str]]) -> set[str]:
    return {option.strip().lower() for name, value in headers if name == "connection" for option in value.split(",")}


def _leads_to(address: str, hosts: Mapping[str, str]) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    named = parts.hostname if port in {None, 443} else f"{parts.hostname}:{port}"
    return parts.scheme == "https" and "@" not in parts.netloc and "\\" not in address and named in hosts
