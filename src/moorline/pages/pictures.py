"""`/connect/pictures/...`: pictures of people, Pages and brands, fetched by us: pages load nothing from elsewhere.

A page names a picture in one of two ways: by attempt and place in its list, which the attempt's cookie opens and which
is short enough for a hundred rows; or by its address with a signature of ours. What cannot be had, or may not be shown,
is an empty picture, behind which the first letter of the name stands: never an error, never a gap.
"""

import asyncio
import base64
import binascii
import re
from typing import Annotated, TypeGuard
from urllib.parse import quote, urljoin

from litestar import Response, get
from litestar.params import FromPath, QueryParameter

from moorline import clock
from moorline.access import public
from moorline.errors import Unreachable
from moorline.pages.request import Visit, cookie_attempts, service_of
from moorline.service import Service
from moorline.store import selections
from moorline.vault import Vault
from moorline.wire import Request

PREFIX = "/connect/pictures"
PERSON = "person"  # in place of a number: who gave the consent
MAX_BYTES = 512 * 1024
TIMEOUT_S = 5.0
MAX_REDIRECTS = 3
MAX_URL_CHARS = 2000
AT_ONCE = 32  # fetched by one process; what comes beyond that shows its letter
KEPT_S = 3600

# The smallest of all: one transparent pixel.
EMPTY = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR42mNgAAIAAAUAAen63NgAAAAASUVORK5CYII=")
_ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/gif"
_ABOUT = "pictures|url"
_HEAD_BYTES = 16  # are enough to know the kind
_KINDS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), "image/avif"),
)


class _Doors:
    """How many fetches are under way."""

    def __init__(self) -> None:
        self.taken = 0


_doors = _Doors()


def url(service: Service, address: str | None) -> str | None:
    """Where our pages show the picture at an https address; None for anything else."""
    if not _is_https(address):
        return None
    return f"{PREFIX}/{_signature(service.vault, address)}?of={quote(address, safe='/:')}"


def of_choice(attempt_id: str, number: int | None, address: str | None) -> str | None:
    """Where the chooser shows the picture of one of its rows (None: of the person); None when it has none."""
    if not _is_https(address):
        return None
    return f"{PREFIX}/{attempt_id}/{PERSON if number is None else number}"


@get("/connect/pictures/{signature:str}", opt=public(), include_in_schema=False)
async def signed_picture(
    request: Visit, signature: FromPath[str], of: Annotated[str, QueryParameter(name="of")] = ""
) -> Response[bytes]:
    """A picture whose address we signed."""
    service = service_of(request)
    return await _answer(service, of if _is_signed(service.vault, of, signature) else None)


@get("/connect/pictures/{attempt_id:str}/{number:str}", opt=public(), include_in_schema=False)
async def listed_picture(request: Visit, attempt_id: FromPath[str], number: FromPath[str]) -> Response[bytes]:
    """A picture of an open choice, for the browser that is at it."""
    service, address = service_of(request), None
    if attempt_id in cookie_attempts(request) and re.fullmatch(rf"[0-9]{{1,6}}|{PERSON}", number):
        place = None if number == PERSON else int(number)
        address = await selections.picture_url(service.db, attempt_id, place, clock.now())
    return await _answer(service, address)


async def _answer(service: Service, address: str | None) -> Response[bytes]:
    found = await _fetch(service, address) if _is_https(address) else None
    content, media_type = found or (EMPTY, "image/png")
    headers = {
        "cache-control": "no-store" if found is None else f"private, max-age={KEPT_S}",
        "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
    }
    return Response(content, media_type=media_type, headers=headers)


async def _fetch(service: Service, address: str) -> tuple[bytes, str] | None:
    """The picture and its media type; None when there is none to be had."""
    if _doors.taken >= AT_ONCE:
        return None
    _doors.taken += 1
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await _follow(service, address)
    except (Unreachable, TimeoutError):
        return None
    finally:
        _doors.taken -= 1


async def _follow(service: Service, address: str) -> tuple[bytes, str] | None:
    """The picture at the end of at most three redirects, each of them judged by the guard anew. Raises: Unreachable."""
    for _ in range(1 + MAX_REDIRECTS):
        moved, content = await _ask(service, address)
        if moved is None:
            media_type = kind_of(content)
            return None if media_type is None else (content, media_type)
        try:
            address = urljoin(address, moved)
        except ValueError:  # there are addresses it cannot take apart
            return None
    return None


async def _ask(service: Service, address: str) -> tuple[str | None, bytes]:
    """Where it moved to, or what is there: empty when it is no picture, or too large. Raises: Unreachable."""
    request = Request(method="GET", url=address, headers={"accept": _ACCEPT}, guarded=True, timeout_s=TIMEOUT_S)
    async with service.http.stream(request) as answer:
        if answer.status in {301, 302, 303, 307, 308}:
            return dict(answer.headers).get("location", ""), b""
        if answer.status != 200:
            return None, b""
        content = bytearray()
        async for chunk in answer.chunks:
            content += chunk
            if len(content) > MAX_BYTES or (len(content) >= _HEAD_BYTES and kind_of(content) is None):
                return None, b""
        return None, bytes(content)


def kind_of(content: bytes | bytearray) -> str | None:
    """The media type by what the content begins with, whatever was said of it; None for SVG and all else."""
    return next((media_type for pattern, media_type in _KINDS if pattern.match(content)), None)


def _is_https(address: str | None) -> TypeGuard[str]:
    return address is not None and len(address) <= MAX_URL_CHARS and address.startswith("https://")


def _signature(vault: Vault, address: str) -> str:
    return base64.urlsafe_b64encode(vault.sign(address.encode(), about=_ABOUT)).rstrip(b"=").decode()


def _is_signed(vault: Vault, address: str, signature: str) -> bool:
    try:
        given = base64.b64decode(f"{signature}==", altchars=b"-_", validate=True)
        return vault.is_signed(address.encode(), given, about=_ABOUT)
    except (binascii.Error, ValueError):  # no base64, or an address with half a surrogate
        return False
