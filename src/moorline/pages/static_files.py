"""`/connect/static/...`: the stylesheet, the script and the icons, read once and named by what is in them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from litestar import Response, get
from litestar.params import FromPath

from moorline.access import public
from moorline.pages.request import Visit

PREFIX = "/connect/static"
FOR_OTHERS = "connect.js"  # pages of integrators load it
_FOLDER = Path(__file__).with_name("static")
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOREVER = "public, max-age=31536000, immutable"
_NO_TIME = "no-cache"
_AN_HOUR = "public, max-age=3600"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """`version` changes with the content."""

    content: bytes
    media_type: str
    version: str


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(content=content, media_type=_TYPES[path.suffix], version=hashlib.sha256(content).hexdigest()[:12])


FILES = {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}


def static_url(name: str) -> str:
    """The address of a file, which may be kept for ever. Raises: KeyError for a file that is not there."""
    return f"{PREFIX}/{name}?v={FILES[name].version}"


@get("/connect/static/{name:str}", opt=public(), include_in_schema=False)
async def static_file(request: Visit, name: FromPath[str]) -> Response[bytes]:
    """One file; for ever under the address of its version, for an hour under the one without.

    Under the address of another version it is not kept: that one serves beside this one, and knows the right content.
    """
    found = FILES.get(name)
    if found is None:
        return Response(b"", status_code=404, media_type="text/plain")
    version = request.query_params.get("v")
    headers = {
        "cache-control": (_FOREVER if version == found.version else _NO_TIME) if version else _AN_HOUR,
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "cross-origin" if name == FOR_OTHERS else "same-origin",
    }
    return Response(found.content, media_type=found.media_type, headers=headers)
