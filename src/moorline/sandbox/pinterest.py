"""Pinterest, played: API v5, its consent, its boards. Facts: pinterest.md, by section."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from typing_extensions import override

from moorline.sandbox.kernel import Call, Covered, RegisteredApp, Reply, endpoint
from moorline.sandbox.oauth_platform import Parameters
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, RefreshTokens, Refusal, Refused
from moorline.sandbox.oauth_server import AccessToken, AuthorizationRequest, Grant, Tokens
from moorline.sandbox.paging import WrongToken, part
from moorline.sandbox.pinterest_world import ACCOUNTS, PRIVACIES, Board, boards
from moorline.sandbox.portraits import portrait
from moorline.sandbox.switches import SwitchedPlatform

SITE = "www.pinterest.com"
PRODUCTION = "api.pinterest.com"
TRIAL = "api-sandbox.pinterest.com"
API = (PRODUCTION, TRIAL)
PICTURES = "i.pinimg.com"

# pinterest.md section 2
SCOPES = (
    "user_accounts:read", "boards:read", "boards:write", "pins:read", "pins:write", "boards:read_secret",
    "boards:write_secret", "pins:read_secret", "pins:write_secret",
)  # fmt: skip

# pinterest.md section 8: which boards each value of `privacy` shows
_SHOWS = {
    "ALL": PRIVACIES,
    "PUBLIC": ("PUBLIC",),
    "PROTECTED": ("PROTECTED",),
    "SECRET": ("SECRET",),
    "PUBLIC_AND_SECRET": ("PUBLIC", "SECRET"),
}
_PAGE_DEFAULT, _PAGE_LARGEST = 25, 250  # pinterest.md section 8

UNAPPROVED = "unapproved"
LEGACY = "legacy"

_CONTINUOUS = RefreshTokens(
    scope="",
    lifetime_s=60 * 24 * 3600,  # pinterest.md section 4
    prefix="pinr_",  # pinterest.md section 1
    reuse_kills_grant=False,  # pinterest.md section 6: undocumented, taken as used once
)
# pinterest.md sections 4 and 6: a year, and a refresh gives an access token alone
_LEGACY_REFRESH = replace(_CONTINUOUS, lifetime_s=31_536_000, rotates=False)

_RATE_HEADERS = (("x-ratelimit-limit", "100"), ("x-ratelimit-remaining", "99"), ("x-ratelimit-reset", "1"))


class ApiError(Exception):
    """A refusal of the API. (pinterest.md section 10)"""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def reply(self) -> Reply:
        """Code, message and the word failure."""
        body = {"code": self.code, "message": self.message, "status": "failure"}
        return Reply.of_json(body, status=self.status, headers=_RATE_HEADERS)


_DEAD = (401, 2, "Authentication failed.")


class Pinterest(SwitchedPlatform):
    """Pinterest."""

    name = "pinterest"
    title = "Pinterest"
    hosts = (SITE, *API, PICTURES)
    app_flags = (UNAPPROVED, LEGACY)
    switches: ClassVar[Mapping[str, str]] = {
        "space_separated_scopes": "the consent page takes scopes parted by spaces too (pinterest.md section 2)",
        "redirect_refused_as_grant": "a wrong redirect URI is worded like a wrong app id (pinterest.md section 2)",
        "denial_description": "a denial has a description (pinterest.md section 3)",
        "grant_refused_400": "a grant that is refused is 400 with code 1 (pinterest.md section 4)",
        "grant_refused_2": "a grant that is refused is 401 with code 2 (pinterest.md section 6)",
        "grant_refused_oauth": "a grant that is refused is 400 invalid_grant (pinterest.md section 4)",
        "no_refresh_expires_at": "the token answer tells no refresh_token_expires_at (pinterest.md section 4)",
        "used_refresh_lives": "a used refresh token stays good beside the next (pinterest.md section 6)",
        "refresh_kills_access": "a refresh kills the earlier access tokens (pinterest.md section 6)",
        "account_without_id": "the account has no id, as in old answers (pinterest.md section 7)",
        "scope_refused_403": "a missing scope is 403 in place of 401 (pinterest.md section 10)",
    }
    rules: ClassVar[OAuthRules] = OAuthRules(
        scopes=SCOPES,
        scope_separators=",",  # pinterest.md section 2
        required=("response_type", "scope"),  # pinterest.md section 2: the state is echoed and not demanded
        pkce=Pkce.IGNORED,  # pinterest.md section 1
        code_lifetime_s=600,  # pinterest.md section 3 (unverified)
        client_auth=ClientAuth.BASIC,  # pinterest.md section 1
        access_lifetime_s=2_592_000,  # pinterest.md section 4
        access_prefix="pina_",  # pinterest.md section 1
        refresh=_CONTINUOUS,
    )

    @override
    def reset(self) -> None:
        """Forget every grant, token and board made."""
        super().reset()
        self._of_trial: set[str] = set()  # tokens that belong to the trial host
        self._legacy: set[str] = set()  # refresh tokens that last a year and are not replaced
        self._narrowed: dict[str, tuple[str, ...]] = {}  # what a refresh asked of the scopes, by access token
        self._made: dict[tuple[str, str], list[Board]] = {}  # boards made, by host and person

    # --- consent ------------------------------------------------------------------------------------------------------

    @endpoint("GET|POST", SITE, "/oauth/", source="pinterest.md section 2")
    async def authorize(self, call: Call) -> Reply:
        """The consent page and its form."""
        if self.on("space_separated_scopes"):
            call = replace(call, query={**call.query, "scope": call.query.get("scope", "").replace(" ", ",")})
        app = self.books.apps.get((self.name, call.query.get("client_id", "")))
        if app is not None and UNAPPROVED in app.flags:
            return self.refuse_authorization(Refused(Refusal.CLIENT_UNKNOWN, app.client_id))
        return await self.ask_consent(call)

    @override
    def approved(self, request: AuthorizationRequest, grant: Grant, code: str) -> Parameters:
        """(pinterest.md section 3)"""
        return (("code", code), *_state(request))

    @override
    def denied(self, request: AuthorizationRequest) -> Parameters:
        """As OAuth has it, since Pinterest documents nothing. (pinterest.md section 3)"""
        text = "The user denied the request"
        description: Parameters = (("error_description", text),) if self.on("denial_description") else ()
        return (("error", "access_denied"), *description, *_state(request))

    @override
    def refuse_authorization(self, refused: Refused) -> Reply:
        """A page of JSON; its status is unverified. (pinterest.md section 2)"""
        page: dict[str, Any] = {"status": "failure"}
        if refused.reason is Refusal.REDIRECT_UNREGISTERED and not self.on("redirect_refused_as_grant"):
            text = f"The provided redirect_uri {refused.subject} does not match any of the registered redirect URIs."
            page |= {"message": "You are not permitted to access that resource.", "code": 7, "data": text}
            return Reply.of_json(page, status=400)
        if refused.reason in {Refusal.CLIENT_UNKNOWN, Refusal.REDIRECT_UNREGISTERED}:
            client = refused.reason is Refusal.CLIENT_UNKNOWN
            page |= {"code": 283, "data": "Invalid Application ID" if client else "Invalid redirect URI"}
            page["message"] = "The authorization grant is invalid"
        else:
            page |= {"code": 1, "data": refused.subject, "message": "Invalid request parameters"}
        return Reply.of_json({**page, "endpoint_name": "oauth_connect"}, status=400)

    # --- tokens -------------------------------------------------------------------------------------------------------

    @endpoint("POST", API, "/v5/oauth/token", source="pinterest.md sections 4 and 6")
    async def token(self, call: Call) -> Reply:
        """A code, or a refresh token, for a pair that is good on this host alone."""
        sent = call.form()
        try:
            # Id and secret among the parameters are not looked at. (pinterest.md section 4)
            app = self.server.authenticate(call, {})
            tokens = self._redeem(app, sent, trial=call.host == TRIAL)
        except Refused as refused:
            return self._refuse_token(refused)
        return Reply.of_json(self._handed_out(sent, tokens))

    def _redeem(self, app: RegisteredApp, sent: Mapping[str, str], *, trial: bool) -> Tokens:
        refreshing = sent.get("grant_type") == "refresh_token"
        used = sent.get("refresh_token", "")
        if refreshing and self.server.grant_of(used) is not None and (used in self._of_trial) is not trial:
            raise Refused(Refusal.REFRESH_DEAD)
        wanted = self._wanted_scopes(used, sent) if refreshing else ()
        is_old_app = LEGACY in app.flags and sent.get("continuous_refresh") != "true"
        is_legacy = used in self._legacy if refreshing else is_old_app
        continuous = replace(_CONTINUOUS, used_lives=self.on("used_refresh_lives"))
        self.server.rules = replace(self.rules, refresh=_LEGACY_REFRESH if is_legacy else continuous)
        tokens = self.server.redeem(app, sent)
        if refreshing and self.on("refresh_kills_access"):
            self.server.kill_other_access(tokens.access)
        if wanted:
            self._narrowed[tokens.access.value] = wanted
        if is_legacy and tokens.refresh is not None:
            self._legacy.add(tokens.refresh)
        if trial:
            self._of_trial.update(filter(None, (tokens.access.value, tokens.refresh)))
        return tokens

    def _wanted_scopes(self, used: str, sent: Mapping[str, str]) -> tuple[str, ...]:
        """The scopes a refresh asks for; none means all. Raises Refused for more than were granted."""
        wanted = tuple(filter(None, sent.get("scope", "").split(",")))
        grant = self.server.grant_of(used)
        if grant is not None and not set(wanted) <= set(grant.granted):
            raise Refused(Refusal.PARAMETER_MISSING, "scope")
        return wanted

    def _handed_out(self, sent: Mapping[str, str], tokens: Tokens) -> dict[str, Any]:
        """Scopes parted by commas at first and by spaces on refresh, as recorded. (pinterest.md sections 4 and 6)"""
        answer: dict[str, Any] = {"access_token": tokens.access.value}
        if tokens.refresh is not None:
            answer["refresh_token"] = tokens.refresh
        answer |= {
            "response_type": sent["grant_type"],
            "token_type": "bearer",
            "expires_in": self.rules.access_lifetime_s,
        }
        if tokens.refresh is not None and tokens.refresh_expires_at is not None:
            lifetime = _LEGACY_REFRESH if tokens.refresh in self._legacy else _CONTINUOUS
            answer["refresh_token_expires_in"] = lifetime.lifetime_s
            if not self.on("no_refresh_expires_at"):
                answer["refresh_token_expires_at"] = int(tokens.refresh_expires_at.timestamp())
        separator = " " if sent["grant_type"] == "refresh_token" else ","
        return {**answer, "scope": separator.join(self._scopes(tokens.access))}

    def _refuse_token(self, refused: Refused) -> Reply:
        """(pinterest.md sections 4 and 6)"""
        if refused.reason in {Refusal.CLIENT_UNPROVEN, Refusal.CLIENT_UNKNOWN}:
            return ApiError(*_DEAD).reply()
        if refused.reason in {Refusal.PARAMETER_MISSING, Refusal.GRANT_TYPE_UNKNOWN}:
            return ApiError(400, 1, f"Invalid request parameters: {refused.subject or 'grant_type'}").reply()
        if self.on("grant_refused_oauth"):
            return Reply.of_json({"error": "invalid_grant"}, status=400)
        if self.on("grant_refused_2"):
            return ApiError(*_DEAD).reply()
        if self.on("grant_refused_400"):
            return Reply.of_json({"code": 1, "message": "Invalid refresh token."}, status=400)
        return Reply.of_json({"code": 283, "message": "The authorization grant is invalid"}, status=401)

    @endpoint("POST", API, "/v5/oauth/token/revoke", source="pinterest.md section 9", covered=Covered.REFUSED)
    async def revoke_token(self, call: Call) -> Reply:
        """For tokens of system users alone, which nobody has here."""
        try:
            self.server.authenticate(call, {})
        except Refused:
            return ApiError(*_DEAD).reply()
        return ApiError(403, 29, "You are not permitted to access that resource.").reply()

    # --- resources ----------------------------------------------------------------------------------------------------

    @endpoint("GET", API, "/v5/user_account", source="pinterest.md section 7", covered=Covered.PARTIAL)
    async def user_account(self, call: Call) -> Reply:
        """Whose token it is. Limits are played by faults only."""
        return self._answer(lambda: self._user_account(call))

    def _user_account(self, call: Call) -> dict[str, Any]:
        person = self._token(call, "user_accounts:read").grant.person
        shown = ACCOUNTS[person].shown(board_count=sum(row is not None for row in self._boards(call, person)))
        if self.on("account_without_id"):
            del shown["id"]
        return shown

    @endpoint("GET", API, "/v5/boards", source="pinterest.md section 8", covered=Covered.PARTIAL)
    async def list_boards(self, call: Call) -> Reply:
        """The boards one may pin to, secret ones with the scope for them. Limits are played by faults only."""
        return self._answer(lambda: self._list_boards(call))

    def _list_boards(self, call: Call) -> dict[str, Any]:
        token = self._token(call, "boards:read")
        wanted = _SHOWS.get(call.query.get("privacy", "ALL"))
        if wanted is None:
            raise ApiError(400, 1, "Invalid request parameters: privacy")
        visible = [privacy for privacy in wanted if privacy != "SECRET" or "boards:read_secret" in self._scopes(token)]
        rows = [row for row in self._boards(call, token.grant.person) if row is None or row.privacy in visible]
        mark = f"{token.grant.person}/{'+'.join(visible)}"
        try:
            page = part(rows, size=_page_size(call.query), token=call.query.get("bookmark") or None, mark=mark)
        except WrongToken as error:
            raise ApiError(400, 1, "Invalid request parameters: bookmark") from error
        return {"items": [board.shown() for board in page.rows], "bookmark": page.next_token}

    def _boards(self, call: Call, person: str) -> Sequence[Board | None]:
        return (*boards(person, trial=call.host == TRIAL), *self._made.get((call.host, person), ()))

    @endpoint("POST", API, "/v5/boards", source="pinterest.md section 8", covered=Covered.PARTIAL)
    async def make_board(self, call: Call) -> Reply:
        """A new board, which the list shows from then on until a reset."""
        return self._answer(lambda: self._make_board(call), status=201)

    def _make_board(self, call: Call) -> dict[str, Any]:
        token = self._token(call, "boards:write")
        sent = call.json()
        name = sent.get("name") if isinstance(sent, dict) else None
        if not isinstance(name, str) or not name:
            raise ApiError(400, 1, "Invalid request parameters: name")
        privacy = sent.get("privacy", "PUBLIC")
        if privacy not in PRIVACIES:
            raise ApiError(400, 1, "Invalid request parameters: privacy")
        if privacy == "SECRET":
            self._token(call, "boards:write_secret")
        made = self._made.setdefault((call.host, token.grant.person), [])
        board = Board(
            id=f"7300000000000{len(self._made):02d}{len(made) + 1:03d}",
            name=name,
            owner=ACCOUNTS[token.grant.person].username,
            description=str(sent["description"]) if sent.get("description") else None,
            privacy=privacy,
        )
        made.append(board)
        return board.shown()

    def _token(self, call: Call, scope: str) -> AccessToken:
        """The live token of the call, with the scope. Raises ApiError."""
        value = call.bearer() or ""
        if (value in self._of_trial) is not (call.host == TRIAL):
            raise ApiError(*_DEAD)
        try:
            token = self.server.access(value)
        except Refused as refused:
            raise ApiError(*_DEAD) from refused
        if scope not in self._scopes(token):
            raise ApiError(403 if self.on("scope_refused_403") else 401, 3, f"Insufficient scopes: {scope}")
        return token

    def _scopes(self, token: AccessToken) -> tuple[str, ...]:
        return self._narrowed.get(token.value, token.grant.granted)

    def _answer(self, work: Callable[[], dict[str, Any]], *, status: int = 200) -> Reply:
        try:
            return Reply.of_json(work(), status=status, headers=_RATE_HEADERS)
        except ApiError as error:
            return error.reply()

    @override
    def unknown(self, call: Call) -> Reply:
        """In the body of errors; code and text are unverified. (pinterest.md section 10)"""
        return ApiError(404, 404, f"No such endpoint: {call.path}").reply()

    @endpoint("GET", PICTURES, "/{path:rest}", source="pinterest.md section 7", covered=Covered.PARTIAL)
    async def portrait_of(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


def _state(request: AuthorizationRequest) -> Parameters:
    return (("state", request.state),) if "state" in request.query else ()


def _page_size(query: Mapping[str, str]) -> int:
    """(pinterest.md section 8) Raises ApiError."""
    text = query.get("page_size", str(_PAGE_DEFAULT))
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= _PAGE_LARGEST:
        raise ApiError(400, 1, f"Invalid request parameters: page_size must be from 1 to {_PAGE_LARGEST}")
    return int(text)
