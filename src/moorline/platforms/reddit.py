"""Reddit: the person is the account, a subreddit may be its default. Facts: docs/platforms/reddit.md, 2026-11-23."""

import math
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from typing_extensions import override

from moorline import __version__
from moorline.adapter.oauth import MAX_ITEMS, OAuthPlatform, OAuthSpec, judge_by_status, retry_after_s
from moorline.adapter.values import App, Choice, Choices, Connection, Identity, SecretIn, Tokens, Unavailable
from moorline.errors import (
    AppMisconfigured,
    FlowFailed,
    MoorlineError,
    NotFound,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.languages import N_
from moorline.wire import Http, Reply, Request

WWW = "https://www.reddit.com/api/v1"
API = "https://oauth.reddit.com"
PAGE_SIZE = 100  # more is cut down to it
MAX_PAGES = 150  # of one list; full ones reach `MAX_ITEMS` long before, so one that still goes on has no end

# docs/platforms/reddit.md#errors, checked 2026-11-23
_DEAD = "invalid_grant"
_NO_PERSON = "USER_REQUIRED"
_OUR_REQUEST = {"invalid_request", "invalid_scope", "unsupported_response_type"}
_NOT_THERE = {302, 403, 404}  # of one subreddit: unknown, private, banned by Reddit
_CLOSED = {"private", "restricted"}
_LONGEST_WAIT_S = 24 * 3600


class Reddit(OAuthPlatform):
    """A Reddit account; the refresh token stays the same for good."""

    name = "reddit"
    api_hosts = ("oauth.reddit.com",)
    spec = OAuthSpec(
        authorize_url=f"{WWW}/authorize",
        token_url=f"{WWW}/access_token",
        scopes=("identity", "mysubreddits", "read", "submit", "flair"),
        secret_in=SecretIn.HEADER,
        revoke_url=f"{WWW}/revoke_token",
        authorize_extra={"duration": "permanent"},  # without it there is no refresh token
    )

    @override
    def headers(self, app: App) -> Mapping[str, str]:
        # Reddit blocks the names of HTTP libraries. Whose app it is stands behind the client id; the name of a person
        # would be made up, and this one is longer than a name can be: docs/platforms/reddit.md#user-agent
        return {"User-Agent": f"web:moorline.{app.client_id}:v{__version__} (by /u/the-owner-of-this-app)"}

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        """An answer of www.reddit.com, where it is our app that asks. A refusal may come with HTTP 200."""
        number, name = _error(reply)
        status = number if number is not None and reply.status < 300 else reply.status
        passing = _judge_passing(reply, status)
        if passing is not None:
            return passing
        if name == _DEAD or (status == 400 and number == 400):
            told = name or str(number)
            return Refused(f"Reddit refused: {told}.", platform_status=reply.status, platform_code=told)
        if name is not None or status == 401:
            told = name or "its client id or secret"
            return AppMisconfigured(
                f"Reddit refuses this app: {told}.", platform_status=reply.status, platform_code=name
            )
        if status == 403:
            return _blocked(reply)
        return None if status < 300 else judge_by_status("Reddit", reply)

    @override
    def refuses_token(self, reply: Reply) -> bool:
        return reply.status == 401  # `judge` reads the sign-in's answers, where 401 is about the app

    @override
    def denial(self, code: str, description: str) -> MoorlineError | None:
        if code in _OUR_REQUEST:
            return AppMisconfigured(f"Reddit refuses the request of this app: {code}.", platform_code=code)
        return None

    @override
    async def exchange(self, http: Http, app: App, *, code: str, verifier: str | None) -> Tokens:
        # Reddit ends the callback's address with "#_", which sticks to a code that somebody copies.
        return await super().exchange(http, app, code=code.removesuffix("#_"), verifier=verifier)

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        identity = to_identity(await self._get(http, app, tokens, "/api/v1/me", scope="identity"))
        if tokens.refresh is None:  # the connection would be dead within a day
            raise UnexpectedReply("Reddit gave no refresh token, although permanent access was asked for.")
        return identity

    @override
    async def list_choices(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> Choices:
        found: dict[str, Choice | Unavailable] = {}
        truncated = False
        async for subreddit_id, entry in self._entries(http, app, tokens):
            if subreddit_id not in found and len(found) >= MAX_ITEMS:
                truncated = True
                break
            if not isinstance(found.get(subreddit_id), Choice):  # what may be picked in one list may be picked
                found[subreddit_id] = entry
        return Choices(
            items=tuple(entry for entry in found.values() if isinstance(entry, Choice)),
            unavailable=tuple(entry for entry in found.values() if isinstance(entry, Unavailable)),
            truncated=truncated,
        )

    @override
    async def adopt(self, http: Http, app: App, tokens: Tokens, identity: Identity, choice_id: str) -> Connection:
        """The person's account with this default: found in the lists, whose rows have the name, then asked for."""
        async for subreddit_id, entry in self._entries(http, app, tokens):
            if subreddit_id == choice_id and isinstance(entry, Choice):
                proven = await self._subreddit(http, app, tokens, entry)
                return replace(self.person(identity), details={"defaultSubreddit": proven.name})
        raise _not_found()

    async def _subreddit(self, http: Http, app: App, tokens: Tokens, listed: Choice) -> Choice:
        """The subreddit as it is now. Raises: NotFound when it is gone, or the person may not post there."""
        try:
            about = await self._get(http, app, tokens, f"/r/{quote(listed.name, safe='')}/about", scope="read")
        except UnexpectedReply as error:
            if error.platform_status in _NOT_THERE:
                raise _not_found() from error
            raise
        subreddit_id, entry = to_entry(about)
        if subreddit_id != listed.id:
            raise UnexpectedReply("Reddit answered another subreddit than the one asked for.")
        if isinstance(entry, Unavailable):
            raise _not_found()
        return entry

    async def _entries(self, http: Http, app: App, tokens: Tokens) -> AsyncIterator[tuple[str, Choice | Unavailable]]:
        """Every subreddit the person reads or moderates, in Reddit's order, over all result pages; many come twice."""
        for which in ("subscriber", "moderator"):
            query, followed = {"limit": str(PAGE_SIZE)}, set[str]()
            while True:
                entries, after = to_page(
                    await self._get(http, app, tokens, f"/subreddits/mine/{which}", query, scope="mysubreddits")
                )
                for entry in entries:
                    yield entry
                if after is None:  # nothing else ends the list: pages may be short, or empty
                    break
                if after in followed or len(followed) + 1 >= MAX_PAGES:
                    raise UnexpectedReply("Reddit's list of subreddits does not come to an end.")
                followed.add(after)
                query = {**query, "after": after}

    async def _get(
        self, http: Http, app: App, tokens: Tokens, path: str, query: Mapping[str, str] | None = None, *, scope: str
    ) -> Mapping[str, Any]:
        if tokens.granted is not None and scope not in tokens.granted:
            raise ScopeMissing(scope, "Reddit")
        request = Request(
            method="GET",
            url=f"{API}{path}",
            query={"raw_json": "1", **(query or {})},  # else & in addresses and titles comes as &amp;
            headers=self.headers(app),
            bearer=tokens.access,
            repeatable=True,
        )
        reply = await http.send(request)
        error = _judge_call(reply, scope)
        if error is not None:
            raise error
        return reply.json_object()


def to_identity(me: Mapping[str, Any]) -> Identity:
    """Map /api/v1/me. Raises: UnexpectedReply for a token without person, which has no `id`; FlowFailed."""
    person_id, username = me.get("id"), _text(me.get("name"))
    if not isinstance(person_id, str) or not person_id or not username:
        raise UnexpectedReply("Reddit did not say whose account this is.")
    if me.get("is_suspended") is True:
        raise FlowFailed("account_not_eligible", "Reddit suspended this account.")
    profile = me.get("subreddit")
    title = _text(profile.get("title")) if isinstance(profile, dict) else ""
    return Identity(
        platform_user_id=person_id,
        username=username,
        display_name=title or username,
        picture_url=_text(me.get("snoovatar_img")) or _text(me.get("icon_img")) or None,
        profile_url=f"https://reddit.com/user/{quote(username, safe='')}",
    )


def to_page(listing: Mapping[str, Any]) -> tuple[list[tuple[str, Choice | Unavailable]], str | None]:
    """The entries of one result page, and where the next begins. Raises: UnexpectedReply."""
    page = listing.get("data")
    children = page.get("children") if isinstance(page, dict) else None
    if not isinstance(page, dict) or not isinstance(children, list):
        raise UnexpectedReply("Reddit's list of subreddits has no rows, not even none.")
    after = page.get("after")
    if after is not None and (not isinstance(after, str) or not after):
        raise UnexpectedReply("Reddit's list of subreddits names a next page that cannot be asked for.")
    return [to_entry(child) for child in children], after


def to_entry(thing: object) -> tuple[str, Choice | Unavailable]:
    """Map one subreddit to its id, and what can be picked or why it cannot. Raises: UnexpectedReply."""
    row = thing.get("data") if isinstance(thing, dict) and thing.get("kind") == "t5" else None
    subreddit_id = row.get("id") if isinstance(row, dict) else None
    name = _text(row.get("display_name")) if isinstance(row, dict) else ""  # its `name` is the id again, with t5_
    if not isinstance(row, dict) or not isinstance(subreddit_id, str) or not subreddit_id or not name:
        raise UnexpectedReply("Reddit answered a subreddit without id or name.")
    reason = _why_not(row)
    if reason is not None:
        return subreddit_id, Unavailable(id=subreddit_id, name=name, reason=reason)
    shown = {
        "title": _text(row.get("title")) or name,
        "url": _text(row.get("url")) or f"/r/{name}/",
        "over18": row.get("over18") is True,
    }
    return subreddit_id, Choice(id=subreddit_id, name=name, shown=shown)


def _why_not(row: Mapping[str, Any]) -> str | None:
    kind = _text(row.get("subreddit_type"))
    if kind == "user":
        return N_("It is somebody's profile. Pick a subreddit.")
    if row.get("user_is_banned") is True:
        return N_("You are banned there. Ask its moderators, or pick another subreddit.")
    is_let_in = row.get("user_is_moderator") is True or row.get("user_is_contributor") is True
    if kind in _CLOSED and not is_let_in:
        return N_("Only approved members post there. Ask its moderators to approve you.")
    return None


def _not_found() -> NotFound:
    return NotFound("Selected subreddit not found in available subreddits.")


def _judge_call(reply: Reply, scope: str) -> MoorlineError | None:
    """An answer of oauth.reddit.com, where it is the person's access that asks, within one scope."""
    if reply.status < 300:
        return None
    body, challenge = reply.json_or_empty(), reply.headers.get("www-authenticate", "")
    if reply.status == 403 and "insufficient_scope" in challenge:
        return ScopeMissing(scope, "Reddit")
    if reply.status == 403 and body.get("reason") == _NO_PERSON:
        return Refused("Reddit sees no person behind this access.", platform_status=403, platform_code=_NO_PERSON)
    if reply.status == 403 and reply.body and not body:
        return _blocked(reply)
    return _judge_passing(reply, reply.status) or judge_by_status("Reddit", reply)


def _judge_passing(reply: Reply, status: int) -> MoorlineError | None:
    """What goes by with time, on both hosts."""
    if status == 429:
        return PlatformRateLimited("Reddit asks us to wait.", retry_after_s=_wait_s(reply), platform_status=status)
    if status == 408 or status >= 500:
        return Unreachable(f"Reddit answered {status}.", platform_status=status)
    return None


def _blocked(reply: Reply) -> MoorlineError:
    """A page of HTML that keeps off a User-Agent or an address; it says nothing about the person."""
    if "retry-after" in reply.headers:
        return PlatformRateLimited(
            "Reddit asks us to wait.", retry_after_s=_wait_s(reply), platform_status=reply.status
        )
    return AppMisconfigured(
        "Reddit blocks this server: its address, or the app.", platform_status=reply.status, platform_code="blocked"
    )


def _error(reply: Reply) -> tuple[int | None, str | None]:
    """`error` of a body: a status once more, or OAuth's name, which is told only when it looks like one."""
    error = reply.json_or_empty().get("error")
    if isinstance(error, int) and 400 <= error < 600:
        return error, None
    if not isinstance(error, str) or not error:
        return None, None
    return None, error if re.fullmatch(r"[a-z_]{1,40}", error) else "error"


def _wait_s(reply: Reply) -> int | None:
    """Seconds of `Retry-After`, else until Reddit's window ends; a day at most, None when neither is told."""
    wait_s, reset = retry_after_s(reply), reply.headers.get("x-ratelimit-reset", "")
    if not wait_s and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", reset):
        wait_s = math.ceil(float(reset))
    return None if wait_s is None else min(max(wait_s, 1), _LONGEST_WAIT_S)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
