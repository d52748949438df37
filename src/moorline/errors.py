"""Every error Moorline raises on purpose, one class per thing the caller can do about it.

    MoorlineError                     knows its HTTP status and its code
    |-- BadRequest 400                mend the call
    |   |-- InvalidTempToken          start again: the handle is garbage, expired or foreign
    |   `-- InvalidState              start again: the state is unknown, used or somebody else's
    |-- Unauthorized 401              send a working key
    |-- Forbidden 403                 use another key
    |-- NotFound 404                  use another id
    |-- Conflict 409                  the same thing is already under way, or was done differently
    |-- Gone 410                      ask for a new one
    |-- TooLarge 413                  send less
    |-- RateLimited 429               wait `retry_after_s`
    |-- StoreUnavailable 503          try again: the database did not answer in time
    |-- NotConfigured 500             the operator sets credentials for this platform
    |-- FlowFailed 400                the person has to do something; `slug` names it
    |   `-- ScopeMissing 500          ask again with the box ticked; 500 on a list or save call
    `-- PlatformError 500             what a platform did to a call of ours
        |-- Refused                   ask the person again: the platform refuses this code, token or password
        |-- Unreachable               try later: no answer, a time-out, a 5xx
        |-- PlatformRateLimited       try after `retry_after_s`
        |-- UnexpectedReply           tell us: an answer that no document describes
        `-- AppMisconfigured          the operator repairs the app: the platform refuses our own credentials

Messages are shown to integrators: they name the field and the repair, never a secret.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from typing_extensions import override

Slug = Literal[
    "oauth_denied",
    "selection_cancelled",
    "invalid_state",
    "session_expired",
    "token_exchange_failed",
    "profile_fetch_failed",
    "scope_missing",
    "account_not_eligible",
    "no_facebook_pages",
    "no_business_locations",
    "no_pinterest_boards",
    "no_public_profiles",
    "no_youtube_channel",
    "reconnect_account_mismatch",
    "profile_not_found",
    "platform_unavailable",
    "platform_rate_limited",
    "not_configured",
    "app_misconfigured",
    "internal_error",
]


class MoorlineError(Exception):
    """Base of the tree above. `str(error)` is the sentence integrators read."""

    status: ClassVar[int] = 500
    code: str = "internal_error"
    stage: str | None = None
    """The step of a flow that failed (`exchange`, `identify`, ...), noted by the flow for slug and log."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code

    @property
    def details(self) -> Mapping[str, object]:
        """Machine-readable extras of the answer; empty when there are none."""
        return {}


class BadRequest(MoorlineError):
    """A malformed call. `fields` maps each wrong field to a sentence about it."""

    status = 400
    code = "invalid_request"

    def __init__(self, message: str, *, code: str | None = None, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message, code=code)
        self.fields = dict(fields or {})

    @property
    @override
    def details(self) -> Mapping[str, object]:
        return {"fields": self.fields} if self.fields else {}


class InvalidTempToken(BadRequest):
    """A handle that cannot be opened; its reasons are not told apart."""

    code = "invalid_temp_token"

    def __init__(self) -> None:
        super().__init__(
            "tempToken is not valid (any more): it lives 15 minutes from the callback; start the connection again.",
            fields={"tempToken": "unknown, expired or of another connection"},
        )


class InvalidState(BadRequest):
    """A state that cannot be completed; its reasons are not told apart."""

    code = "invalid_state"

    def __init__(self) -> None:
        super().__init__(
            "state is not valid (any more): it works once, within 10 minutes, for the profile and platform it was "
            "issued for; start the connection again.",
            fields={"state": "unknown, used, expired or of another profile or platform"},
        )


class Unauthorized(MoorlineError):
    """No working key or connect token; its reasons are not told apart."""

    status = 401
    code = "unauthorized"

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Forbidden(MoorlineError):
    """The key works but may not do this."""

    status = 403
    code = "forbidden"


class NotFound(MoorlineError):
    """No such thing, or one of another tenant: told apart by nothing."""

    status = 404
    code = "not_found"


class Conflict(MoorlineError):
    """The call clashes with one under way or done before."""

    status = 409
    code = "conflict"


class Gone(MoorlineError):
    """It existed, and its time is over."""

    status = 410
    code = "gone"


class TooLarge(MoorlineError):
    """The body is larger than this server reads."""

    status = 413
    code = "body_too_large"


class RateLimited(MoorlineError):
    """Too many of something; the next is welcome after `retry_after_s` seconds.

    `limit` names the limit, which takes `most` until `reset_at_s` (Unix seconds).
    """

    status = 429
    code = "rate_limited"

    def __init__(self, message: str, *, retry_after_s: int, limit: str, most: int, reset_at_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.limit = limit
        self.most = most
        self.reset_at_s = reset_at_s

    @property
    @override
    def details(self) -> Mapping[str, object]:
        return {"limit": self.limit}


class StoreUnavailable(MoorlineError):
    """The database is busy, full or gone; nothing was changed."""

    status = 503
    code = "store_unavailable"
    retry_after_s: ClassVar[int] = 2


class NotConfigured(MoorlineError):
    """This server has no credentials for the platform; `setting` names what the operator has to set."""

    code = "not_configured"
    slug: ClassVar[Slug] = "not_configured"

    def __init__(self, platform: str, setting: str) -> None:
        super().__init__(f"{platform} is not configured on this server: {setting} is not set.")
        self.setting = setting


class FlowFailed(MoorlineError):
    """The connection cannot go on until the person does something; `slug` names it for redirect and page."""

    status = 400

    def __init__(self, slug: Slug, message: str) -> None:
        super().__init__(message, code=slug)
        self.slug = slug


class ScopeMissing(FlowFailed):
    """The person left out `scope`, without which the call cannot work."""

    status = 500

    def __init__(self, scope: str, platform: str) -> None:
        super().__init__(
            "scope_missing", f"{platform} was not allowed to grant {scope}: ask again and leave it ticked."
        )
        self.scope = scope


class PlatformError(MoorlineError):
    """What a platform answered to a call of ours, without any secret in it.

    `platform_status` is the HTTP status (None: there was no answer), `platform_code` the platform's own error code;
    both are for the log.
    """

    server: str | None = None
    """The host that did it, where it is not the platform's own but one that the account's owner chose."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        platform_status: int | None = None,
        platform_code: str | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.platform_status = platform_status
        self.platform_code = platform_code


class Refused(PlatformError):
    """The platform refuses this code, token or password: only the person can repair it."""

    code = "token_revoked"


class Unreachable(PlatformError):
    """No usable answer now: connection refused, time-out, cut off, or a 5xx."""

    code = "platform_unavailable"


class PlatformRateLimited(PlatformError):
    """The platform asks us to wait `retry_after_s` seconds (None: it did not say how long).

    `app_waits`: whatever our app would ask is meant, not this person's access alone.
    """

    code = "platform_rate_limited"

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: int | None = None,
        platform_status: int | None = None,
        platform_code: str | None = None,
        app_waits: bool = True,
    ) -> None:
        super().__init__(message, platform_status=platform_status, platform_code=platform_code)
        self.retry_after_s = retry_after_s
        self.app_waits = app_waits


class UnexpectedReply(PlatformError):
    """An answer that no document describes: not JSON, a field missing, an unknown error code."""

    code = "unexpected_reply"


class AppMisconfigured(PlatformError):
    """The platform refuses our app itself (id, secret, plan, bot token), whoever the person is."""

    code = "app_misconfigured"
