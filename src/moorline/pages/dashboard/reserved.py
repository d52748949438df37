"""What somebody is told who opens a part of the dashboard that is not for them."""

from litestar import Response

from moorline.pages.dashboard import board, navigation
from moorline.pages.dashboard.session import BoardRequest


def refusal(request: BoardRequest, part: str) -> Response[bytes] | None:
    """The page for somebody who may not open this part; None for who may."""
    if navigation.may_open(request.auth, part):
        return None
    values = {"is_owners": part in navigation.OWNERS}
    return board.page(request, request.auth, "reserved.html", values, status=403)
