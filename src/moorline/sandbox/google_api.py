"""What Google's APIs answer alike: the error object, bearer tokens, page sizes. Facts: the two Google sheets."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from moorline.sandbox.google_server import GoogleServer
from moorline.sandbox.kernel import Call, Reply
from moorline.sandbox.oauth_rules import Refusal, Refused
from moorline.sandbox.oauth_server import Grant
from moorline.sandbox.paging import WrongToken

API_DISABLED = "api_disabled"

_NO_TOKEN = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
_IN_HEADER = {"location": "Authorization", "locationType": "header"}


class ApiError(Exception):
    """A refusal in the error object of Google's APIs; `reason` fills its `errors`. (youtube.md section 10)"""

    def __init__(
        self,
        code: int,
        status: str,
        message: str,
        *,
        reason: str = "",
        domain: str = "global",
        place: Mapping[str, str] | None = None,
        details: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.error: dict[str, Any] = {"code": code, "message": message}
        if reason:
            self.error["errors"] = [{"message": message, "domain": domain, "reason": reason, **(place or {})}]
        if status:
            self.error["status"] = status
        if details:
            self.error["details"] = list(details)

    def reply(self) -> Reply:
        """The object, under `error`; OAuth errors have a text there. (youtube.md section 10)"""
        return Reply.of_json({"error": self.error}, status=self.code)


def error_info(reason: str, **metadata: str) -> dict[str, Any]:
    """An ErrorInfo of `details`; its values are texts, numbers too. (googlebusiness.md section 10)"""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": "googleapis.com", "metadata": metadata}


def invalid_argument(message: str = "Request contains an invalid argument.", *, reason: str = "") -> ApiError:
    """(googlebusiness.md section 10)"""
    return ApiError(400, "INVALID_ARGUMENT", message, reason=reason)


def answered(work: Callable[[], dict[str, Any]]) -> Reply:
    """What `work` gives, or the ApiError it raises; a page token of another list is an invalid argument."""
    try:
        return Reply.of_json(work())
    except ApiError as error:
        return error.reply()
    except WrongToken:
        return invalid_argument("The request specifies an invalid page token.", reason="invalidPageToken").reply()


def authorized(server: GoogleServer, call: Call, *, scopes: Collection[str], service: str) -> Grant:
    """The grant behind the call's bearer token, which needs one of `scopes`. Raises ApiError."""
    try:
        grant = server.access(call.bearer() or "").grant
    except Refused as refused:
        expired = refused.reason is Refusal.TOKEN_EXPIRED
        details = [error_info("ACCESS_TOKEN_EXPIRED", service=service)] if expired else []
        raise ApiError(
            401, "UNAUTHENTICATED", _NO_TOKEN, reason="authError", place=_IN_HEADER, details=details
        ) from refused
    if API_DISABLED in server.app_of(grant).flags:
        message = f"{service} has not been used in project {grant.client_id} before or it is disabled."
        details = [error_info("SERVICE_DISABLED", service=service, consumer=f"projects/{grant.client_id}")]
        raise ApiError(
            403, "PERMISSION_DENIED", message, reason="accessNotConfigured", domain="usageLimits", details=details
        )
    if not set(scopes) & set(grant.granted):
        raise ApiError(
            403,
            "PERMISSION_DENIED",
            "Request had insufficient authentication scopes.",
            reason="insufficientPermissions",
            details=[error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", service=service)],
        )
    return grant


def page_size(text: str | None, *, default: int, largest: int) -> int:
    """How many rows to give; more than the largest is the largest, 0 the default. Raises ApiError."""
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise invalid_argument()
    return min(int(text), largest) or default
