"""What is shown this once: a key, a secret, an address that is a secret by itself."""

from dataclasses import dataclass, field

from litestar import Response
from markupsafe import Markup

from moorline.pages import qr
from moorline.pages.dashboard import board
from moorline.pages.dashboard.session import BoardRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`text` is the secret and `label` what it is; `about` is somebody's own name for it, or empty.

    `back` is the path below /dashboard where one goes on, and `onward` what its button says.
    """

    title: str
    about: str = ""
    label: str
    text: str = field(repr=False)
    more: str | Markup = ""
    back: str
    onward: str
    has_picture: bool = False


def page(request: BoardRequest, told: Shown) -> Response[bytes]:
    """It answers the form that made it, so no address leads to it again, and nothing keeps it."""
    values = {"told": told, "picture": qr.draw(told.text) if told.has_picture else None}
    return board.page(request, request.auth, "shown.html", values)
