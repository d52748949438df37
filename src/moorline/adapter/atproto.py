"""Which account a Bluesky identifier means, and which server (PDS) holds it. Facts: docs/platforms/bluesky.md."""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from moorline import clock
from moorline.adapter.app_password import UnknownAccount
from moorline.errors import BadRequest, PlatformError, PlatformRateLimited, UnexpectedReply, Unreachable
from moorline.wire import Http, Reply, Request

# docs/platforms/bluesky.md#hosts, checked 2026-11-23
ENTRYWAY = "https://bsky.social"
DIRECTORY = "https://plc.directory"
DID_DOCUMENT_TYPES = "application/did+ld+json,application/json"
BROKEN_HANDLE = "handle.invalid"

WELL_KNOWN_TIMEOUT_S = 5.0
SERVER_TIMEOUT_S = 10.0

# The longest window a server counts in is a day: docs/platforms/bluesky.md#limits, checked 2026-11-23
LONGEST_WAIT_S = 86_400

# Unicode's control, format (bidi marks, zero-width) and surrogate characters.
INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
LONGEST_IDENTIFIER = 320

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HANDLE = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_DID_PLC = re.compile(r"did:plc:[a-z2-7]{24}")
_DID_WEB = re.compile(rf"did:web:({_LABEL}(?:\.{_LABEL})*)(?:%3A([0-9]{{1,5}}))?")
_PASTED_ADDRESS = re.compile(r"(?:https?|at)://", re.IGNORECASE)
_PROFILE_ADDRESS = re.compile(r"(?:www\.)?bsky\.app/profile/", re.IGNORECASE)

AnError = TypeVar("AnError", bound=PlatformError)
TxtResolver = Callable[[str], Awaitable[list[str]]]
"""Answers the TXT records of a name, the parts of each joined; [] when there are none. Raises: Unreachable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A DID document, as far as it concerns us: the handles it claims, and the origin of the account's server."""

    did: str
    handles: tuple[str, ...]
    pds: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where an identifier signs in, and as whom.

    `did` is None for an e-mail, which only its server can look up. `handle` is None unless handle and DID point at
    each other.
    """

    pds: str
    sign_in_as: str
    did: str | None = None
    handle: str | None = None


class Directory:
    """Looks identifiers up; with `resolve_txt` it asks DNS before the well-known file."""

    def __init__(self, resolve_txt: TxtResolver | None = None) -> None:
        self._resolve_txt = resolve_txt

    async def find(self, http: Http, identifier: str) -> Home:
        """The home of a cleaned identifier.

        Raises: BadRequest (`unknown_handle`), Unreachable, PlatformRateLimited, UnexpectedReply.
        """
        if "@" in identifier:
            return Home(pds=ENTRYWAY, sign_in_as=identifier)
        if identifier.startswith("did:"):
            document = await fetch_document(http, identifier)
            handle = await self._proven_handle(http, document)
        else:
            document = await fetch_document(http, await self.did_of(http, identifier))
            handle = identifier if identifier in document.handles else None
        if document.pds is None:
            raise UnexpectedReply("This Bluesky account's DID document names no https server (PDS).")
        return Home(pds=document.pds, sign_in_as=document.did, did=document.did, handle=handle)

    async def did_of(self, http: Http, handle: str) -> str:
        """The DID a handle points at: by DNS if a resolver is there, by its well-known file, by bsky.social.

        Raises: BadRequest (`unknown_handle`), Unreachable, PlatformRateLimited, UnexpectedReply.
        """
        if len(handle) > 253 or not _HANDLE.fullmatch(handle) or handle == BROKEN_HANDLE:
            raise unknown_handle(handle)
        return (
            await self._did_in_dns(handle)
            or await _did_in_well_known_file(http, handle)
            or await _did_at_entryway(http, handle)
        )

    async def _did_in_dns(self, handle: str) -> str | None:
        if self._resolve_txt is None:
            return None
        try:
            records = await self._resolve_txt(f"_atproto.{handle}")
        except Unreachable:
            return None
        dids = [record.removeprefix("did=") for record in records if record.startswith("did=")]
        # Two claims are none: nobody can say which is meant.
        return dids[0] if len(dids) == 1 and is_did(dids[0]) else None

    async def _proven_handle(self, http: Http, document: Document) -> str | None:
        if not document.handles:
            return None
        handle = document.handles[0]
        try:
            return handle if await self.did_of(http, handle) == document.did else None
        except (BadRequest, PlatformError):
            # A handle that cannot be looked up is an unproven one; the account is known by its DID.
            return None


def clean_identifier(text: str) -> str:
    """A handle, DID or e-mail as people paste it, brought to the form the network knows.

    Raises: BadRequest when nothing is left, or more than any name has.
    """
    kept = "".join(char for char in text if not char.isspace() and unicodedata.category(char) not in INVISIBLE)
    is_address = _PASTED_ADDRESS.match(kept) or _PROFILE_ADDRESS.match(kept)
    bare = _PROFILE_ADDRESS.sub("", _PASTED_ADDRESS.sub("", kept, count=1), count=1)
    if is_address:
        bare = re.split(r"[/?#]", bare, maxsplit=1)[0]
    name = bare.lstrip("@").rstrip(".").lower()
    if not name:
        raise BadRequest("Enter your handle or e-mail.", fields={"identifier": "is empty"})
    if len(name) > LONGEST_IDENTIFIER:
        raise unknown_handle(name)
    if name.startswith("did:"):
        return name.replace("%3a", "%3A")
    return name if "." in name or "@" in name else f"{name}.bsky.social"


def is_did(text: str) -> bool:
    """Whether it is a DID of one of the two kinds the network uses."""
    return bool(_DID_PLC.fullmatch(text) or _DID_WEB.fullmatch(text))


def unknown_handle(name: str) -> UnknownAccount:
    """The refusal for a name nobody knows; long ones are cut."""
    shown = name[:100]
    return UnknownAccount(
        f"We found no Bluesky account {shown}. Check the spelling.",
        name=shown,
        reason="no Bluesky account has this handle",
    )


def https_origin(url: object) -> str | None:
    """The origin of a bare https URL (`https://host` or `https://host:port`); None for everything else."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    plain = parts.path in {"", "/"} and not parts.query and not parts.fragment and "@" not in parts.netloc
    if parts.scheme != "https" or host is None or not plain or not _HOST.fullmatch(host):
        return None
    return f"https://{host}" if port in {None, 443} else f"https://{host}:{port}"


def parse_document(raw: object, did: str) -> Document | None:
    """A DID document that is about this DID; None when it is about another or is none."""
    if not isinstance(raw, dict) or raw.get("id") != did:
        return None
    names = [name for name in _list(raw.get("alsoKnownAs")) if isinstance(name, str) and name.startswith("at://")]
    services = [service for service in _list(raw.get("service")) if isinstance(service, dict)]
    servers = [https_origin(service.get("serviceEndpoint")) for service in services if _is_pds(service, did)]
    return Document(
        did=did,
        handles=tuple(name.removeprefix("at://").lower() for name in names),
        pds=servers[0] if servers else None,
    )


async def fetch_document(http: Http, did: str) -> Document:
    """The document of a DID from where its kind is kept.

    Raises: BadRequest (`unknown_handle`) for an unknown, deleted or malformed DID; Unreachable; PlatformRateLimited;
    UnexpectedReply.
    """
    reply = await ask(http, _document_request(did))
    if reply.status in {404, 410}:
        raise unknown_handle(did)
    document = parse_document(reply.json_object(), did) if reply.status == 200 else None
    if document is None:
        raise UnexpectedReply("The DID document of this account cannot be read.", platform_status=reply.status)
    return document


async def ask(http: Http, request: Request) -> Reply:
    """Send; an answer that only means "later" is raised, naming the server.

    Raises: Unreachable (no answer, or a 5xx), PlatformRateLimited.
    """
    host = urlsplit(request.url).netloc
    # Guarded are the calls to a server that the account's owner chose.
    server = f"The server of this account ({host})" if request.guarded else f"Bluesky's server {host}"
    try:
        reply = await http.send(request)
    except Unreachable as error:
        raise _by(request, Unreachable(f"{server} does not answer.")) from error
    if reply.status == 429:
        limited = PlatformRateLimited(
            f"{server} asks to wait before the next attempt.",
            retry_after_s=_seconds_until_reset(reply),
            platform_status=429,
            platform_code=error_name(reply),
        )
        raise _by(request, limited)
    if reply.status >= 500:
        broken = Unreachable(
            f"{server} is out of order (status {reply.status}).",
            platform_status=reply.status,
            platform_code=error_name(reply),
        )
        raise _by(request, broken)
    return reply


def _by(request: Request, error: AnError) -> AnError:
    if request.guarded:
        error.server = urlsplit(request.url).netloc
    return error


def error_name(reply: Reply) -> str | None:
    """The `error` of an answer when it can be a name; anything else might repeat what we sent."""
    name = reply.json_or_empty().get("error")
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z]{1,40}", name) else None


def _document_request(did: str) -> Request:
    if _DID_PLC.fullmatch(did):
        return Request(method="GET", url=f"{DIRECTORY}/{did}", headers={"Accept": DID_DOCUMENT_TYPES}, repeatable=True)
    web = _DID_WEB.fullmatch(did)
    origin = https_origin(f"https://{web[1]}:{web[2] or 443}") if web else None
    if origin is None:
        raise unknown_handle(did)
    return Request(
        method="GET",
        url=f"{origin}/.well-known/did.json",
        headers={"Accept": DID_DOCUMENT_TYPES},
        repeatable=True,
        guarded=True,
        timeout_s=WELL_KNOWN_TIMEOUT_S,
    )


async def _did_in_well_known_file(http: Http, handle: str) -> str | None:
    url = f"https://{handle}/.well-known/atproto-did"
    try:
        reply = await http.send(Request(method="GET", url=url, guarded=True, timeout_s=WELL_KNOWN_TIMEOUT_S))
    except Unreachable:
        return None
    lines = reply.body.decode("utf-8", "replace").strip().splitlines()
    did = lines[0].strip() if lines else ""
    return did if reply.status == 200 and is_did(did) else None


async def _did_at_entryway(http: Http, handle: str) -> str:
    url = f"{ENTRYWAY}/xrpc/com.atproto.identity.resolveHandle"
    reply = await ask(http, Request(method="GET", url=url, query={"handle": handle}, repeatable=True))
    if reply.status in {400, 404}:
        raise unknown_handle(handle)
    did = reply.json_object().get("did")
    if reply.status != 200 or not isinstance(did, str) or not is_did(did):
        raise UnexpectedReply("bsky.social resolved the handle to nothing usable.", platform_status=reply.status)
    return did


def _seconds_until_reset(reply: Reply) -> int | None:
    reset = reply.headers.get("ratelimit-reset", "")
    if not re.fullmatch(r"[0-9]{1,12}", reset):
        return None
    return min(max(int(reset) - int(clock.now().timestamp()), 1), LONGEST_WAIT_S)


def _is_pds(service: Mapping[str, Any], did: str) -> bool:
    return (
        str(service.get("id")) in {"#atproto_pds", f"{did}#atproto_pds"}
        and service.get("type") == "AtprotoPersonalDataServer"
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
