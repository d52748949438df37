"""Pinterest: a person signs in, then picks the board for their pins. Facts: docs/platforms/pinterest.md, 2026-11-23."""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from typing_extensions import override

from moorline import clock
from moorline.adapter.oauth import MAX_ITEMS, OAuthPlatform, OAuthSpec, judge_by_status, retry_after_s
from moorline.adapter.values import (
    App,
    Choice,
    Choices,
    Connection,
    Identity,
    Renews,
    SecretIn,
    Selection,
    Tokens,
    Unavailable,
)
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    NotFound,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
)
from moorline.languages import N_
from moorline.wire import Http, Reply, Request

API = "https://{version}.pinterest.com/v5"
HOST = "api"  # `api-sandbox` for an app on Trial access: docs/platforms/pinterest.md#addresses
PAGE_SIZE = 250
MAX_PAGES = 150  # full ones reach `MAX_ITEMS` long before, so a list that still goes on has no end

# docs/platforms/pinterest.md#errors, checked 2026-11-23
_BAD_CREDENTIALS = {"2", "invalid_client", "unauthorized_client"}
_SCOPE = "3"
_RATE_LIMIT = "8"
_NOT_PERMITTED = {"7", "29", "403"}

_WRITES_SECRET = {"boards:write_secret", "pins:write_secret"}
_LONGEST_WAIT_S = 24 * 3600  # the longest span Pinterest counts in
_FIRST_INSTANT_S = 10**9  # a number from here on is a second since 1970, not a wait


class Pinterest(OAuthPlatform):
    """The person is the account, a board its default; every refresh gives another refresh token."""

    name = "pinterest"
    api_hosts = ("{version}.pinterest.com",)
    selection = Selection(
        step="select_board",
        path="select-board",
        noun="board",
        nothing_found="no_pinterest_boards",
        success_parameters={"board": "defaultBoardName"},
    )
    spec = OAuthSpec(
        authorize_url="https://www.pinterest.com/oauth/",
        token_url=f"{API}/oauth/token",
        scopes=("user_accounts:read", "boards:read", "boards:write", "pins:read", "pins:write"),
        scope_separator=",",
        secret_in=SecretIn.HEADER,
        version=HOST,
    )

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        if reply.status < 400:
            return None
        code, status = _error_code(reply), reply.status
        if status == 429 or (status < 500 and code == _RATE_LIMIT):
            return PlatformRateLimited(
                "Pinterest asks us to wait.", retry_after_s=_wait_s(reply), platform_status=status, platform_code=code
            )
        if status in {401, 403} and code == _SCOPE:
            return ScopeMissing(f"a permission ({code})", "Pinterest")
        if status == 403 and code in _NOT_PERMITTED:
            return AppMisconfigured(
                f"Pinterest does not permit this app to do that: {code}.", platform_status=status, platform_code=code
            )
        if code is None or status >= 500:
            return judge_by_status("Pinterest", reply)
        error = Refused if status == 401 else UnexpectedReply
        return error(f"Pinterest answered {status}: {code}.", platform_status=status, platform_code=code)

    @override
    async def exchange(self, http: Http, app: App, *, code: str, verifier: str | None) -> Tokens:
        """Trade the code. Pinterest knows no PKCE; the last field is for apps from before 2025-09-25."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": app.redirect_uri,
            "continuous_refresh": "true",
        }
        return self.to_tokens(await self._trade(http, app, fields))

    @override
    async def refresh(self, http: Http, app: App, tokens: Tokens) -> Tokens:
        if self.spec.renews is not Renews.BY_REFRESH_TOKEN or tokens.refresh is None:
            return await super().refresh(http, app, tokens)  # which tells that nothing can be renewed
        fields = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
        return self.to_tokens(await self._trade(http, app, fields), before=tokens)

    async def _trade(self, http: Http, app: App, fields: Mapping[str, str]) -> Mapping[str, Any]:
        reply = await http.send(self.token_request(app, fields))
        error = self._judge_trade(reply)
        if error is not None:
            raise error
        return reply.json_object()

    def _judge_trade(self, reply: Reply) -> MoorlineError | None:
        """What the token endpoint means, whose 2 is about our credentials and not about the person's access."""
        code, status = _error_code(reply), reply.status
        if status not in {400, 401} or code in {None, _RATE_LIMIT}:
            return self.judge(reply)
        if code in _BAD_CREDENTIALS:
            return AppMisconfigured(
                f"Pinterest refuses this app: {code}. Check its secret, then try again.",
                platform_status=status,
                platform_code=code,
            )
        return Refused(f"Pinterest refused: {code}.", platform_status=status, platform_code=code)

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        granted = self._granted(app, tokens)
        for scope in ("user_accounts:read", "boards:read"):
            if scope not in granted:
                raise ScopeMissing(scope, "Pinterest")
        return to_identity(await self._get(http, app, tokens, "user_account"))

    @override
    async def list_choices(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> Choices:
        granted, truncated = self._granted(app, tokens), False
        found: dict[str, Choice | Unavailable] = {}
        async for board in self._boards(http, app, tokens):
            if len(found) >= MAX_ITEMS:
                truncated = True
                break
            found.setdefault(board["id"], to_entry(board, granted))
        return Choices(
            items=tuple(entry for entry in found.values() if isinstance(entry, Choice)),
            unavailable=tuple(entry for entry in found.values() if isinstance(entry, Unavailable)),
            truncated=truncated,
        )

    @override
    async def adopt(self, http: Http, app: App, tokens: Tokens, identity: Identity, choice_id: str) -> Connection:
        """Proven by the list: it has the boards shared with the person too, and no stranger's."""
        async for board in self._boards(http, app, tokens):
            if board["id"] == choice_id:
                entry = to_entry(board, self._granted(app, tokens))
                if isinstance(entry, Unavailable):
                    break
                details = {"defaultBoardId": entry.id, "defaultBoardName": entry.name}
                return replace(self.person(identity), details=details)
        raise NotFound("Selected board not found in available boards.")

    async def _boards(self, http: Http, app: App, tokens: Tokens) -> AsyncIterator[Mapping[str, Any]]:
        """Every board of the person, in Pinterest's order, over all result pages; `id` is there and a string."""
        query, followed = {"page_size": str(PAGE_SIZE)}, set[str]()
        while True:
            page = await self._get(http, app, tokens, "boards", query)
            for board in to_boards(page):
                yield board
            bookmark = page.get("bookmark")
            if bookmark is None or bookmark == "":  # nothing else ends the list: pages may be short, or empty
                return
            if not isinstance(bookmark, str) or bookmark in followed or len(followed) + 1 >= MAX_PAGES:
                raise UnexpectedReply("Pinterest's list of boards does not come to an end.")
            followed.add(bookmark)
            query = {**query, "bookmark": bookmark}

    async def _get(
        self, http: Http, app: App, tokens: Tokens, path: str, query: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        url = self.versioned(f"{API}/{path}", app)
        request = Request(method="GET", url=url, query=query or {}, bearer=tokens.access, repeatable=True)
        return await self.fetch(http, request)

    def _granted(self, app: App, tokens: Tokens) -> tuple[str, ...]:
        """What was granted; where Pinterest did not say, what was asked for."""
        return (app.scopes or self.spec.scopes) if tokens.granted is None else tokens.granted


def to_identity(me: Mapping[str, Any]) -> Identity:
    """Map /v5/user_account. Raises: UnexpectedReply without `id`: a name can change hands, so it cannot stand in."""
    number = me.get("id")
    if not isinstance(number, str) or not number:
        raise UnexpectedReply("Pinterest did not say whose account this is.")
    handle, name = _text(me.get("username")), _text(me.get("business_name"))
    return Identity(
        platform_user_id=number,
        username=handle or name or number,
        display_name=name or handle or number,
        picture_url=_text(me.get("profile_image")) or None,
        profile_url=f"https://pinterest.com/{quote(handle, safe='')}" if handle else None,
    )


def to_boards(page: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The boards of one result page. Raises: UnexpectedReply without a list of boards that have a number each."""
    boards = page.get("items")
    if not isinstance(boards, list):
        raise UnexpectedReply("Pinterest's list of boards has no items, not even none.")
    if not all(isinstance(board, dict) and isinstance(board.get("id"), str) and board["id"] for board in boards):
        raise UnexpectedReply("Pinterest's list has a board without a number.")
    return boards


def to_entry(board: Mapping[str, Any], granted: Collection[str]) -> Choice | Unavailable:
    """Map one board to what can be picked, or to why it cannot."""
    board_id, privacy = str(board["id"]), _text(board.get("privacy"))
    name = _text(board.get("name")) or board_id
    if board.get("is_ads_only") is True:
        reason = N_("It holds pins for ads only. Pick another board.")
        return Unavailable(id=board_id, name=name, reason=reason)
    if privacy == "SECRET" and not _WRITES_SECRET.issubset(granted):
        reason = N_("It is a private board, and this app may not pin to those. Make it public, or pick another board.")
        return Unavailable(id=board_id, name=name, reason=reason)
    media, pins = board.get("media"), board.get("pin_count")
    return Choice(
        id=board_id,
        name=name,
        picture_url=_text(media.get("image_cover_url")) or None if isinstance(media, dict) else None,
        shown={"description": _text(board.get("description")), "privacy": privacy},
        item_count=pins if isinstance(pins, int) else None,
    )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _error_code(reply: Reply) -> str | None:
    """Pinterest's number of an error, or OAuth's name where there is that instead; None for anything else."""
    body = reply.json_or_empty()
    code = body.get("code") or body.get("error")
    told = str(code) if isinstance(code, int | str) else ""
    return told if re.fullmatch(r"[0-9]{1,6}|[a-z_]{1,40}", told) else None


def _wait_s(reply: Reply) -> int | None:
    """How long to wait, a day at most. The unit of `x-ratelimit-reset` is not documented: taken as seconds to wait."""
    wait_s, reset = retry_after_s(reply), reply.headers.get("x-ratelimit-reset", "")
    if wait_s is None and re.fullmatch(r"[0-9]{1,12}", reset):
        wait_s = int(reset)
        if wait_s >= _FIRST_INSTANT_S:
            wait_s -= int(clock.now().timestamp())
    return None if wait_s is None else min(max(wait_s, 1), _LONGEST_WAIT_S)
