"""What Snap's APIs answer alike: the envelope and its errors. Facts: snapchat.md, by section."""

from collections.abc import Callable
from typing import Any

from moorline import ids
from moorline.sandbox.kernel import Reply

Headers = tuple[tuple[str, str], ...]


class SnapError(Exception):
    """A refusal, made when it is raised; `answered` sends it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def envelope(status: str, **told: Any) -> dict[str, Any]:
    """(snapchat.md sections 7 and 8)"""
    return {"request_id": ids.new_id(), "request_status": status, **told}


def failed(code: int, error_code: str, debug: str, *, display: str = "", headers: Headers = ()) -> SnapError:
    """An error in the envelope. (snapchat.md section 10)"""
    told = envelope("ERROR", debug_message=debug, display_message=display or debug, error_code=error_code)
    return SnapError(Reply.of_json(told, status=code, headers=headers))


def forbidden() -> SnapError:
    """No role, no scope, or no place on the allowlist: the body is empty in any case. (snapchat.md section 10)"""
    return SnapError(Reply(status=403))


def not_found() -> SnapError:
    """(snapchat.md section 10)"""
    display = "We're sorry, but the requested resource is not available at this time"
    return failed(404, "E3003", "Resource can not be found", display=display)


def answered(work: Callable[[], dict[str, Any]], *, headers: Headers = ()) -> Reply:
    """What `work` gives, or the SnapError it raises."""
    try:
        return Reply.of_json(work(), headers=headers)
    except SnapError as error:
        return error.reply
