"""Reddit, played: the account and its subreddits. Facts: reddit.md, by section."""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

from typing_extensions import override

from moorline.sandbox.kernel import Call, Covered, Reply, endpoint
from moorline.sandbox.oauth_rules import Refused
from moorline.sandbox.oauth_server import Grant
from moorline.sandbox.portraits import portrait
from moorline.sandbox.reddit_login import SITE, RedditLogin
from moorline.sandbox.reddit_world import BANNED, REDDITORS, Subreddit, everything, listing, subreddits

API = "oauth.reddit.com"
PICTURES = ("styles.redditmedia.com", "i.redd.it")
LIMIT_DEFAULT, LIMIT_LARGEST = 25, 100  # reddit.md section 8
WINDOW_S, BUDGET = 600, 1000  # reddit.md section 10

_FULLNAME = re.compile(r"t5_[0-9a-z]{1,13}")


class ApiError(Exception):
    """A refusal of the API. (reddit.md section 10)"""

    def __init__(self, status: int, message: str, *, challenge: str = "", **further: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.challenge = challenge
        self.further = further

    def reply(self) -> Reply:
        """Message and number; the limits are not told on errors."""
        headers = (("www-authenticate", f'Bearer realm="reddit", error="{self.challenge}"'),) if self.challenge else ()
        body = {**self.further, "message": self.message, "error": self.status}
        return Reply.of_json(body, status=self.status, headers=headers)


class Reddit(RedditLogin):
    """Reddit."""

    name = "reddit"
    hosts = (SITE, API, *PICTURES)

    @override
    def reset(self) -> None:
        """Forget every grant and token, and what was counted."""
        super().reset()
        self._counted: dict[tuple[str, str], tuple[int, int]] = {}  # window and calls, by client and person

    @endpoint("GET", API, "/api/v1/me", source="reddit.md section 7", covered=Covered.PARTIAL)
    async def me(self, call: Call) -> Reply:
        """Whose token it is; one of nobody gets the features alone. Limits are counted and not enforced."""
        return self._answer(call, "identity", _me)

    @endpoint("GET", API, "/subreddits/mine/subscriber", source="reddit.md section 8", covered=Covered.PARTIAL)
    @endpoint("GET", API, "/subreddits/mine/moderator", source="reddit.md section 8", covered=Covered.PARTIAL)
    @endpoint("GET", API, "/subreddits/mine/contributor", source="reddit.md section 8", covered=Covered.PARTIAL)
    @endpoint("GET", API, "/subreddits/mine/streams", source="reddit.md section 8", covered=Covered.PARTIAL)
    async def mine(self, call: Call) -> Reply:
        """The person's subreddits of one kind, forwards only. Limits are counted and not enforced."""
        return self._answer(call, "mysubreddits", lambda grant: _mine(call, grant))

    @endpoint("GET", API, "/r/{subreddit}/about", source="reddit.md section 8", covered=Covered.PARTIAL)
    async def about(self, call: Call) -> Reply:
        """One subreddit. Bodies of refusals are unverified; limits are counted and not enforced."""
        return self._answer(call, "read", lambda grant: self._about(call.params["subreddit"].lower(), grant))

    def _about(self, name: str, grant: Grant) -> dict[str, Any]:
        held = {row.name.lower(): row for row in subreddits(grant.person)} if grant.person else {}
        found = held.get(name) or everything().get(name)
        if name == BANNED:
            raise self._unavailable(404, "Not Found", "banned")
        if found is None:
            raise ApiError(404, "Not Found")
        if found.kind == "private" and not found.roles:
            raise self._unavailable(403, "Forbidden", "private")
        return found.shown()

    def _unavailable(self, status: int, message: str, reason: str) -> ApiError:
        return ApiError(status, message, **({} if self.on("about_without_reason") else {"reason": reason}))

    # --- every answer -------------------------------------------------------------------------------------------------

    def _answer(self, call: Call, scope: str, work: Callable[[Grant], dict[str, Any]]) -> Reply:
        blocked = self.blocked(call)
        if blocked is not None:
            return blocked
        try:
            grant = self._grant(call, scope)
            told = work(grant)
        except ApiError as error:
            return self._refuse(call, error)
        shown = told if call.query.get("raw_json") == "1" else _escaped(told)
        return Reply.of_json(shown, headers=self._limits(grant))

    def _grant(self, call: Call, scope: str) -> Grant:
        """The grant behind the call's live token, which has the scope. Raises ApiError. (reddit.md section 10)"""
        try:
            grant = self.server.access(call.bearer() or "").grant
        except Refused as refused:
            raise ApiError(401, "Unauthorized", challenge="invalid_token") from refused
        if scope not in grant.granted:
            raise ApiError(403, "Forbidden", challenge="insufficient_scope")
        return grant

    def _refuse(self, call: Call, error: ApiError) -> Reply:
        if error.status == 404 and "reason" not in error.further and self.on("unknown_redirects"):
            return Reply.redirect(f"https://{API}/subreddits/search?q={call.params['subreddit']}")
        if error.status == 401 and self.on("unauthorized_page"):
            page = Reply.of_html("<!doctype html><html><body><h1>401 Unauthorized</h1></body></html>", status=401)
            challenges = [header for header in error.reply().headers if header[0] == "www-authenticate"]
            return Reply(status=401, body=page.body, headers=(*page.headers, *challenges))
        return error.reply()

    def _limits(self, grant: Grant) -> tuple[tuple[str, str], ...]:
        """Calls of this client and person in the running window. (reddit.md section 10)"""
        window, passed_s = divmod(int(self.books.clock.now().timestamp()), WINDOW_S)
        counted_in, count = self._counted.get((grant.client_id, grant.person), (window, 0))
        used = count + 1 if counted_in == window else 1
        self._counted[grant.client_id, grant.person] = (window, used)
        return (
            ("x-ratelimit-used", str(used)),
            ("x-ratelimit-remaining", f"{max(BUDGET - used, 0)}.0"),
            ("x-ratelimit-reset", str(WINDOW_S - passed_s)),
        )

    @endpoint("GET", PICTURES, "/{path:rest}", source="reddit.md section 7", covered=Covered.PARTIAL)
    async def portrait_of(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


def _me(grant: Grant) -> dict[str, Any]:
    features = {"features": {"modmail_harassment_filter": True}}
    if not grant.person:
        return features
    return {**REDDITORS[grant.person].shown(client_id=grant.client_id), **features}


def _mine(call: Call, grant: Grant) -> dict[str, Any]:
    """A listing whose `after` is the fullname of its last row while rows are left. Raises ApiError."""
    if not grant.person:
        further = {"explanation": "Please log in to do that.", "reason": "USER_REQUIRED"}
        raise ApiError(403, "Forbidden", **further)
    where = call.path.rpartition("/")[2]
    rows = listing(grant.person, where)
    position = _position([row.id if row is not None else "" for row in rows], call.query.get("after"))
    limit = _limit(call.query)
    taken: list[Subreddit] = []
    while position < len(rows) and len(taken) < limit:
        row = rows[position]
        position += 1
        if row is not None:
            taken.append(row)
        elif taken:
            break
    after = f"t5_{taken[-1].id}" if taken and any(row is not None for row in rows[position:]) else None
    listed = {"after": after, "before": None, "dist": len(taken), "modhash": None, "geo_filter": ""}
    return {"kind": "Listing", "data": {**listed, "children": [row.shown(where=where) for row in taken]}}


def _position(row_ids: list[str], after: str | None) -> int:
    """Where the rows behind `after` begin; beyond the end for one that is not in the list. Raises ApiError."""
    if not after:
        return 0
    if _FULLNAME.fullmatch(after) is None:
        raise ApiError(400, "Bad Request")
    wanted = after.removeprefix("t5_")
    return row_ids.index(wanted) + 1 if wanted in row_ids else len(row_ids)


def _limit(query: Mapping[str, str]) -> int:
    """Larger ones are clamped, and what is no number is passed over. (reddit.md section 8)"""
    text = query.get("limit", "")
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        return LIMIT_DEFAULT
    return min(int(text), LIMIT_LARGEST)


def _escaped(value: Any) -> Any:
    """Without `raw_json` three characters arrive as entities. (reddit.md section 7)"""
    if isinstance(value, dict):
        return {name: _escaped(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return html.escape(value, quote=False) if isinstance(value, str) else value
