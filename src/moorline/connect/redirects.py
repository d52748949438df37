"""Every URL a browser is sent to at the end of a flow, and which redirect_url may be one. Pure; tested as a table."""

import json
import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from moorline.adapter.values import Selection
from moorline.errors import BadRequest, Slug
from moorline.store.accounts import Account
from moorline.store.attempts import Attempt

MAX_URL_CHARS = 2000
MAX_NAME_CHARS = 100
MAX_LIST_CHARS = 4000  # encoded; with the rest of the address it stays below the 8 kB common servers take
# Schemes a browser runs, shows or hands to the machine itself instead of to an app.
_NO_APP_SCHEMES = {
    "about", "blob", "chrome", "chrome-extension", "content", "data", "file", "filesystem", "ftp", "intent",
    "javascript", "jar", "mailto", "moz-extension", "resource", "sms", "tel", "vbscript", "view-source", "ws", "wss",
}  # fmt: skip

SENTENCES: Mapping[Slug, str] = {
    "oauth_denied": "You chose not to give permission.",
    "selection_cancelled": "You left without choosing, so nothing was saved.",
    "invalid_state": "This page was opened in another browser, used before, or not started here.",
    "session_expired": "A connection has to be finished within a few minutes, and that time is over.",
    "token_exchange_failed": "You allowed access, but the platform then refused to finish the sign-in.",
    "profile_fetch_failed": "The platform let you in, but did not tell us which account it is.",
    "scope_missing": "A permission that is needed was left out.",
    "account_not_eligible": "This account cannot be connected.",
    "no_facebook_pages": "Your Facebook account shared no Page that can be connected.",
    "no_business_locations": "Your Google account manages no business location.",
    "no_pinterest_boards": "Your Pinterest account has no board yet.",
    "no_public_profiles": "Snapchat showed us no Public Profile for your account.",
    "no_youtube_channel": "The Google account you chose has no channel.",
    "reconnect_account_mismatch": "You signed in as another account than the one to be renewed; nothing was changed.",
    "profile_not_found": "The place that was to receive this connection is gone.",
    "platform_unavailable": "The platform is not answering; your account is fine.",
    "platform_rate_limited": "The platform asks us to wait a little.",
    "not_configured": "This platform is not set up here yet.",
    "app_misconfigured": "The platform does not accept this application; only its operator can repair that.",
    "internal_error": "Something went wrong on our side, and we wrote down what happened.",
}


def check_redirect_url(url: str, allowlist: tuple[str, ...] | None = None) -> str:
    """The URL as it was given, if a browser may be sent there.

    Absolute; https, http on loopback, or an app scheme; ASCII, without userinfo, backslash or control characters. With
    an allowlist: the same scheme, host and port as an entry, and its path or one below it.
    Raises: BadRequest naming `redirect_url` and the reason.
    """
    reason = _wrong_with(url)
    if reason is None and allowlist is not None and not any(_covers(entry, url) for entry in allowlist):
        reason = "is not on this API key's list of allowed addresses"
    if reason is not None:
        raise BadRequest(f"redirect_url {reason}.", code="invalid_redirect_url", fields={"redirect_url": reason})
    return url


def check_opener_origin(origin: str, allowlist: tuple[str, ...] | None = None) -> str:
    """The origin of a page that opens a popup, as it was given.

    An origin alone, https or http on loopback; with an allowlist, that of one of its entries.
    Raises: BadRequest naming `openerOrigin` and the reason.
    """
    reason = _wrong_with(origin)
    parts = urlsplit(origin) if reason is None else None
    if parts is not None and (parts.scheme not in {"http", "https"} or origin != f"{parts.scheme}://{parts.netloc}"):
        reason = "must be an origin alone, such as https://app.example.com"
    if parts is not None and reason is None and origin != origin.lower():
        reason = "must be in lower case, as browsers tell it"
    if parts is not None and reason is None and re.search(r":$|^https:.*:443$|^http:.*:80$", origin):
        reason = "must leave out the usual port, as browsers do"
    allowed = allowlist is None or origin in {
        f"{one.scheme}://{one.netloc}".lower() for one in map(urlsplit, allowlist)
    }
    if reason is None and not allowed:
        reason = "is not on this API key's list of allowed addresses"
    if reason is not None:
        raise BadRequest(f"openerOrigin {reason}.", code="invalid_opener_origin", fields={"openerOrigin": reason})
    return origin


def _wrong_with(url: str) -> str | None:
    if len(url) > MAX_URL_CHARS:
        return f"is longer than {MAX_URL_CHARS} characters"
    # A backslash reads as a slash in browsers, so "https:\\evil" would leave the host that was checked.
    if not re.fullmatch(r"[!#-\[\]^_`a-z{|}~]+", url):
        return "must be ASCII without spaces, quotes, backslashes and control characters (write them percent-encoded)"
    scheme, separator, rest = url.partition(":")
    scheme = scheme.lower()
    if not separator or not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme):
        return "must be absolute, such as https://app.example.com/connected"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if scheme not in {"http", "https"}:
        return _wrong_with_app_scheme(scheme, rest)
    if not rest.startswith("//") or not host or rest.startswith("///"):
        return "must name a host after ://"
    if "@" in parts.netloc:
        return "must not carry a user name or password"
    if not _is_plain_host(parts.netloc, host):
        return "must name its host in plain letters, digits, dots and hyphens, or as a whole IP address"
    if scheme == "http" and not _is_loopback(host):
        return "must be https (http only on localhost, 127.0.0.1 or [::1])"
    return None


def _wrong_with_app_scheme(scheme: str, rest: str) -> str | None:
    if scheme in _NO_APP_SCHEMES:
        return f"may not use the scheme {scheme}:"
    return None if rest.strip("/") else "names an app scheme but nothing after it"


def _is_plain_host(netloc: str, host: str) -> bool:
    """Whether every browser reads this host as we do: nothing encoded, no number that it would take for an IPv4."""
    if not re.fullmatch(r"([a-z0-9_-][a-z0-9._-]*|\[[0-9a-f:.]+\])(:\d*)?", netloc, re.IGNORECASE):
        return False
    # Browsers read a host that ends in a number as IPv4, also with parts missing, in hex or in octal.
    if ":" in host or re.fullmatch(r"\d+|0x[0-9a-f]*", host.rstrip(".").rpartition(".")[2]):
        try:
            ip_address(host)
        except ValueError:
            return False
    return True


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _covers(entry: str, url: str) -> bool:
    allowed, asked = urlsplit(entry), urlsplit(url)
    if (allowed.scheme.lower(), allowed.netloc.lower()) != (asked.scheme.lower(), asked.netloc.lower()):
        return False
    # Dot segments, also encoded or with a parameter, would climb out of the allowed path after the comparison; so would
    # an encoded slash that the server there decodes.
    if re.search(r"(^|/)(\.|%2e){1,2}(;[^/]*)?(/|$)|%2f|%5c", asked.path, re.IGNORECASE):
        return False
    base = allowed.path.rstrip("/")
    return asked.path in (allowed.path, base) or asked.path.startswith(f"{base}/")


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """The URL with parameters added at the end of its query; its own query and fragment stay byte for byte."""
    head, hash_sign, fragment = url.partition("#")
    joint = "" if head.endswith(("?", "&")) else "&" if "?" in head else "?"
    return f"{head}{joint}{urlencode(parameters)}{hash_sign}{fragment}"


def connected(url: str, account: Account, picks: Selection | None) -> str:
    """Where a finished connection goes. A chosen thing is called by its name there, a person by the user name."""
    further = {} if picks is None else picks.success_parameters
    told = {
        parameter: _name(str(account.details[detail]))
        for parameter, detail in further.items()
        if detail in account.details
    }
    return with_query(
        url,
        {
            "connected": account.platform,
            "profileId": account.profile_id,
            "accountId": account.id,
            "username": _name(account.username if picks is None else account.display_name),
            **told,
        },
    )


def failed(url: str, attempt: Attempt, slug: Slug) -> str:
    """Where a failed connection goes."""
    return with_query(
        url,
        {
            "error": slug,
            "error_description": SENTENCES[slug],
            "platform": attempt.platform,
            "profileId": attempt.profile_id,
        },
    )


def selection_fields(attempt: Attempt, step: str, carried: Mapping[str, str], *, connect_token: str) -> dict[str, str]:
    """The documented parameters of an open selection, in their documented order.

    `carried` is what this platform's redirect has of the selection itself.
    """
    return {
        "profileId": attempt.profile_id,
        **carried,
        "connect_token": connect_token,
        "platform": attempt.platform,
        "step": step,
    }


def user_profile(identity: Mapping[str, Any]) -> dict[str, Any]:
    """The person as every platform's documented `userProfile` names them: `name` and `displayName` are the same."""
    picture_url = identity["picture_url"]
    return {
        "id": identity["platform_user_id"],
        "name": _name(identity["display_name"]),
        "username": _name(identity["username"]),
        "displayName": _name(identity["display_name"]),
        "profilePicture": picture_url if picture_url and len(picture_url) <= MAX_URL_CHARS else None,
    }


def _name(text: str) -> str:
    """A name as an address carries it: one that servers on the way refuse would lose the whole answer."""
    return text if len(text) <= MAX_NAME_CHARS else f"{text[: MAX_NAME_CHARS - 1]}…"


def to_json(value: object) -> str:
    """The JSON text of a parameter."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def list_to_json(items: Iterable[Mapping[str, Any]]) -> str:
    """The JSON text of a list in an address: as many whole items as servers on the way take; the API lists them all."""
    texts, chars = [], 0
    for item in items:
        text = to_json(item)
        chars += len(quote(text)) + 3
        if chars > MAX_LIST_CHARS:
            break
        texts.append(text)
    return f"[{','.join(texts)}]"


def page(public_url: str, path: str, parameters: Mapping[str, str] | None = None) -> str:
    """A hosted page under the public URL."""
    query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
    return f"{public_url}/connect/{path}{query}"
