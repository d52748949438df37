"""What Instagram Login and Threads share: an hour's token, its trade for sixty days, and a token that renews itself."""

import hmac
from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from typing_extensions import override

from moorline.sandbox.graph import NO_TOKEN, UNPARSED, GraphError, session_expired
from moorline.sandbox.kernel import Call, RegisteredApp, Reply
from moorline.sandbox.oauth_platform import Parameters
from moorline.sandbox.oauth_rules import Refusal, Refused
from moorline.sandbox.oauth_server import AccessToken, AuthorizationRequest, Grant
from moorline.sandbox.switches import SwitchedPlatform

SHORT_LIFE_S = 3600  # instagram.md section 4, threads.md section 4
LONG_LIFE_S = 5_183_944  # instagram.md section 5, threads.md section 5
YOUNGEST_RENEWED = timedelta(hours=24)  # instagram.md section 6, threads.md section 6
CODE_LIFE_S = 3600  # instagram.md section 3, threads.md section 3

REDIRECT_TEXT = (
    "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the "
    "OAuth dialog request"
)
CODE_TEXT = "Matching code was not found or was already used"
SECRET_TEXT = "Error validating client secret"
_INVALIDATED = (
    "Error validating access token: The session has been invalidated because the user changed their password or the "
    "session was changed for security reasons."
)
_USAGE = '{"call_count":1,"total_time":1,"total_cputime":1}'

SHARED_SWITCHES: Mapping[str, str] = {
    "graph_token_errors": "a refused code exchange answers in Graph's envelope",
    "refresh_keeps_token": "a refresh answers with the same token, extended",
    "refresh_ends_old_token": "a refresh kills the token it was asked with",
}


class MetaLogin(SwitchedPlatform):
    """Subclasses declare the endpoints; all answers of the Graph hosts go through `graph_answer`."""

    exchange_grant: ClassVar[str]
    refresh_grant: ClassVar[str]
    basic_scope: ClassVar[str]
    error_kind: ClassVar[str] = "OAuthException"  # of requests that do not suit the token

    # --- the callback -------------------------------------------------------------------------------------------------

    @override
    def approved(self, request: AuthorizationRequest, grant: Grant, code: str) -> Parameters:
        """Code, then state if there was one. (instagram.md section 3, threads.md section 3)"""
        return (("code", code), *_state(request))

    @override
    def denied(self, request: AuthorizationRequest) -> Parameters:
        """(instagram.md section 3, threads.md section 3)"""
        return (
            ("error", "access_denied"),
            ("error_reason", "user_denied"),
            ("error_description", "The user denied your request"),
            *_state(request),
        )

    # --- tokens -------------------------------------------------------------------------------------------------------

    def trade_code(self, call: Call, sent: Mapping[str, str]) -> Reply:
        """The token endpoint's answer to a code."""
        try:
            token = self.server.redeem(self.server.authenticate(call, sent), sent).access
        except Refused as refused:
            return self._refuse_code(refused)
        return Reply.of_json(self.short_answer(token))

    @abstractmethod
    def short_answer(self, token: AccessToken) -> dict[str, Any]:
        """What the code exchange answers with."""

    @abstractmethod
    def code_error(self, refused: Refused) -> tuple[str, int, str]:
        """Flat message, Graph's code and Graph's message of a refused code exchange."""

    def _refuse_code(self, refused: Refused) -> Reply:
        """The flat body, not Graph's, unless switched. (instagram.md section 4, threads.md section 4)"""
        flat, code, message = self.code_error(refused)
        if self.on("graph_token_errors"):
            return GraphError(code, message).reply()
        return Reply.of_json({"error_type": "OAuthException", "code": 400, "error_message": flat}, status=400)

    def trade_short_token(self, call: Call) -> dict[str, Any]:
        """Sixty days for an hour's live token and its app's secret. Raises GraphError.

        (instagram.md section 5, threads.md section 5; the code of "Session key invalid" is unverified)
        """
        self._check_grant_type(call, self.exchange_grant)
        token = self.caller(call)
        secret = self.app_of(token.grant).client_secret
        if not hmac.compare_digest(secret.encode(), call.query.get("client_secret", "").encode()):
            raise GraphError(100, SECRET_TEXT)
        if is_long(token):
            raise GraphError(100, "Session key invalid")
        return self.handed_out(self.server.issue_access(token.grant, LONG_LIFE_S))

    def renew(self, call: Call) -> AccessToken:
        """The sixty days anew, for a long-lived token of at least a day. Raises GraphError.

        (instagram.md section 6, threads.md section 6; the answers to a short and to a young token are unverified)
        """
        self._check_grant_type(call, self.refresh_grant)
        token = self.caller(call)
        self.check_scope(token)
        if not is_long(token):
            raise self.unsupported("get")
        if self.books.clock.now() - token.issued_at < YOUNGEST_RENEWED:
            raise GraphError(100, "The access token was issued less than 24 hours ago.", kind=self.error_kind)
        if self.on("refresh_keeps_token"):
            return self.server.extend_access(token, LONG_LIFE_S)
        if self.on("refresh_ends_old_token"):
            self.server.revoke_token(self.app_of(token.grant), token.value)
        return self.server.issue_access(token.grant, LONG_LIFE_S)

    def handed_out(self, token: AccessToken) -> dict[str, Any]:
        """The answer with a long-lived token. (instagram.md section 5, threads.md section 5)"""
        return {"access_token": token.value, "token_type": "bearer", "expires_in": LONG_LIFE_S}

    def _check_grant_type(self, call: Call, expected: str) -> None:
        """(unverified wording)"""
        if call.query.get("grant_type") != expected:
            raise GraphError(100, "Invalid grant_type parameter.", kind=self.error_kind)

    # --- who calls ----------------------------------------------------------------------------------------------------

    def caller(self, call: Call) -> AccessToken:
        """The live token of the call, from the query or the Bearer header. Raises GraphError."""
        value = call.query.get("access_token") or call.bearer()
        if not value:
            raise GraphError(2500, NO_TOKEN)
        return self.live(value)

    def live(self, value: str) -> AccessToken:
        """The token of this value. Raises GraphError 190 with the subcode that tells why it is dead."""
        try:
            return self.server.access(value)
        except Refused as refused:
            raise self._dead(refused, self.server.peek(value)) from refused

    def _dead(self, refused: Refused, token: AccessToken | None) -> GraphError:
        if token is None:
            return GraphError(190, UNPARSED)
        if refused.reason is Refusal.TOKEN_EXPIRED:
            return session_expired(token.expires_at, self.books.clock.now())
        return GraphError(190, _INVALIDATED, subcode=460)

    def check_scope(self, token: AccessToken) -> None:
        """Raises GraphError 10 for a token without the basic scope."""
        if self.basic_scope not in token.grant.granted:
            raise GraphError(10, f"(#10) Application does not have permission for this action: {self.basic_scope}")

    def app_of(self, grant: Grant) -> RegisteredApp:
        """The app the person gave the grant to."""
        return self.books.apps[self.name, grant.client_id]

    # --- every answer -------------------------------------------------------------------------------------------------

    def graph_answer(self, work: Callable[[], dict[str, Any]]) -> Reply:
        """What `work` gives, or the GraphError it raises, with the usage header of every Graph answer."""
        headers = self.usage_headers()
        try:
            return Reply.of_json(work(), headers=headers)
        except GraphError as error:
            return error.reply(headers=headers)

    def usage_headers(self) -> tuple[tuple[str, str], ...]:
        """(instagram.md section 10, threads.md section 10)"""
        return (("x-app-usage", _USAGE),)

    def unsupported(self, method: str) -> GraphError:
        """A method, version or token that does not suit the path. (instagram.md section 6)"""
        return GraphError(100, f"Unsupported request - method type: {method.lower()}", kind=self.error_kind)

    @override
    def unknown(self, call: Call) -> Reply:
        """The code of an invalid parameter; the text for an unknown path is unverified. (facebook.md section 10)"""
        return GraphError(100, f"Unknown path components: {call.path}").reply()

    @override
    def wrong_method(self, call: Call, allowed: tuple[str, ...]) -> Reply:
        """Tokens are traded and renewed by GET only. (instagram.md sections 5 and 6)"""
        return self.unsupported(call.method).reply()


def is_long(token: AccessToken) -> bool:
    """Whether the token came from the second exchange or a refresh."""
    return token.expires_at - token.issued_at > timedelta(seconds=SHORT_LIFE_S)


def _state(request: AuthorizationRequest) -> Parameters:
    return (("state", request.state),) if "state" in request.query else ()
