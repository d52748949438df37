"""Facebook Pages: a person signs in, then picks one of the Pages they manage. Facts: docs/platforms/facebook.md."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from typing_extensions import override

from moorline import clock
from moorline.adapter import meta
from moorline.adapter.oauth import MAX_ITEMS, OAuthPlatform, OAuthSpec
from moorline.adapter.values import (
    App,
    Choice,
    Choices,
    Connection,
    Identity,
    Renews,
    Selection,
    Tokens,
    Unavailable,
)
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    NotFound,
    PlatformError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
)
from moorline.languages import N_
from moorline.wire import Http, Reply, Request

GRAPH = "https://graph.facebook.com/{version}"
VERSION = "v25.0"  # docs/platforms/facebook.md#version, checked 2026-11-23; ends 2028-07-29
PAGE_FIELDS = "id,name,username,access_token,category,tasks,fan_count,picture.type(large)"

NOT_SHARED = N_("Facebook gives this app no access to it. Tick it when Facebook asks which Pages to share.")
ONLY_VIEWED = N_("You can view it, but not post to it. Ask its owner for content access.")

# New Pages Experience repeats the classic tasks under names of its own.
_MAY_POST = {
    "CREATE_CONTENT",
    "MANAGE",
    "PROFILE_PLUS_CREATE_CONTENT",
    "PROFILE_PLUS_MANAGE",
    "PROFILE_PLUS_FULL_CONTROL",
}

Value = TypeVar("Value")


class Facebook(OAuthPlatform):
    """The Page, not the person, becomes the account; its token is the one that posts."""

    name = "facebook"
    api_hosts = ("graph.facebook.com",)
    revokes_person = True  # docs/platforms/facebook.md#disconnecting
    selection = Selection(
        step="select_page",
        path="select-page",
        noun="page",
        nothing_found="no_facebook_pages",
    )
    spec = OAuthSpec(
        authorize_url="https://www.facebook.com/{version}/dialog/oauth",
        token_url=f"{GRAPH}/oauth/access_token",
        scopes=(
            "public_profile",
            "pages_show_list",
            "pages_read_engagement",
            "pages_manage_posts",
            "business_management",
        ),
        spared_scopes=("business_management",),
        analytics_scopes=("read_insights",),
        scope_separator=",",
        renews=Renews.BY_EXCHANGE,
        version=VERSION,
        # What a person once left out is not asked again without it: docs/platforms/facebook.md#scopes
        authorize_extra={"auth_type": "rerequest"},
        reauth_extra={"auth_type": "reauthenticate"},
    )

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        return meta.judge("Facebook", reply)

    @override
    def proof(self, app: App, token: str) -> Mapping[str, str]:
        return {"appsecret_proof": meta.proof(app, token)}

    @override
    def refuses_token(self, reply: Reply) -> bool:
        return meta.refuses_token(reply)

    @override
    async def exchange(self, http: Http, app: App, *, code: str, verifier: str | None) -> Tokens:
        """Trade the code, then the short-lived token for a long-lived one: only its Page tokens have no expiry."""
        fields = {"code": code.removesuffix("#_=_"), "redirect_uri": app.redirect_uri}
        short = self.to_tokens(await self.fetch(http, self.token_request(app, fields)))
        return await self._lengthen(http, app, short)

    @override
    async def refresh(self, http: Http, app: App, tokens: Tokens) -> Tokens:
        return replace(await self._lengthen(http, app, tokens), granted=tokens.granted)

    async def _lengthen(self, http: Http, app: App, tokens: Tokens) -> Tokens:
        fields = {"grant_type": "fb_exchange_token", "fb_exchange_token": tokens.access}
        long = self.to_tokens(await self.fetch(http, self.token_request(app, fields)))
        if long.access_expires_at is not None:
            return long
        return replace(long, access_expires_at=await self._expiry(http, app, long))

    async def _expiry(self, http: Http, app: App, tokens: Tokens) -> datetime | None:
        as_app = f"{app.client_id}|{app.client_secret}"
        return to_expiry(await self._get(http, app, as_app, "debug_token", {"input_token": tokens.access}))

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        me, permissions = await asyncio.gather(
            self._get(http, app, tokens.access, "me", {"fields": "id,name,picture.type(large)"}),
            self._get(http, app, tokens.access, "me/permissions"),
        )
        granted = to_granted(permissions)
        # Without it Facebook names no Page at all, which would read as "you have none".
        if "pages_show_list" not in granted:
            raise ScopeMissing("pages_show_list", "Facebook")
        return replace(to_identity(me), granted=granted)

    @override
    async def list_choices(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> Choices:
        listed = _Listed()
        await self._add_pages(http, app, tokens, "me/accounts", listed, place=0)
        if identity.granted is None or "business_management" in identity.granted:
            await self._add_business_pages(http, app, tokens, listed)
        return listed.to_choices()

    async def _add_business_pages(self, http: Http, app: App, tokens: Tokens, listed: "_Listed") -> None:
        """Pages that a business portfolio owns or serves; me/accounts leaves out those nobody was assigned to."""
        if listed.is_full:
            return
        try:
            businesses = self._list(http, app, tokens, "me/businesses", fields="id,name", to_value=_number)
            numbers = [number async for number in businesses if number is not None]
        except (PlatformError, ScopeMissing) as error:
            _raise_unless_passing(error)
            return
        edges = [f"{number}/{edge}" for number in numbers for edge in ("owned_pages", "client_pages")]
        await asyncio.gather(
            *(self._add_business_edge(http, app, tokens, edge, listed, place=at) for at, edge in enumerate(edges, 1))
        )

    async def _add_business_edge(
        self, http: Http, app: App, tokens: Tokens, edge: str, listed: "_Listed", *, place: int
    ) -> None:
        try:
            await self._add_pages(http, app, tokens, edge, listed, place=place)
        except (PlatformError, ScopeMissing) as error:  # one business that refuses must not hide the others
            _raise_unless_passing(error)

    async def _add_pages(
        self, http: Http, app: App, tokens: Tokens, edge: str, listed: "_Listed", *, place: int
    ) -> None:
        async for entry in self._list(http, app, tokens, edge, fields=PAGE_FIELDS, to_value=to_entry):
            if entry is not None:
                listed.add(entry, place=place)
            if listed.is_full:
                return

    @override
    async def adopt(self, http: Http, app: App, tokens: Tokens, identity: Identity, choice_id: str) -> Connection:
        try:
            page = await self._get(http, app, tokens.access, quote(choice_id, safe=""), {"fields": PAGE_FIELDS})
        except UnexpectedReply as error:
            if (error.platform_code or "").partition("/")[0] == "100":
                raise NotFound("Selected page not found in available pages.") from error
            raise
        if page.get("id") != choice_id:
            raise UnexpectedReply("Facebook answered another Page than the one asked for.")
        return to_page_connection(page)

    @override
    async def revoke(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> None:
        url = self.versioned(f"{GRAPH}/{identity.platform_user_id}/permissions", app)
        query = {"access_token": tokens.access, "appsecret_proof": meta.proof(app, tokens.access)}
        reply = await http.send(Request(method="DELETE", url=url, query=query, repeatable=True))
        error = self.judge(reply)
        if error is not None:
            raise error
        if reply.json() not in (True, {"success": True}):  # the documentation names the one, libraries met the other
            raise UnexpectedReply("Facebook did not confirm the revocation.", platform_status=reply.status)

    async def _get(
        self, http: Http, app: App, token: str, path: str, query: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        signed = {**(query or {}), "access_token": token, "appsecret_proof": meta.proof(app, token)}
        url = self.versioned(f"{GRAPH}/{path}", app)
        return await self.fetch(http, Request(method="GET", url=url, query=signed, repeatable=True))

    async def _list(
        self,
        http: Http,
        app: App,
        tokens: Tokens,
        edge: str,
        *,
        fields: str,
        to_value: Callable[[Mapping[str, Any]], Value],
    ) -> AsyncIterator[Value]:
        """Every entry of a list, mapped before the next result page is asked for."""

        async def page(paging: Mapping[str, str]) -> Mapping[str, Any]:
            answer = await self._get(http, app, tokens.access, edge, {"fields": fields, **paging})
            # Not below, since `pages_of` keeps what it is given until the next result page is there.
            return {**answer, "data": _mapped(answer.get("data"), to_value)}

        async for row in meta.pages_of(page):
            yield row["value"]


class _Listed:
    """The Pages met so far, at most `MAX_ITEMS`, each once and in the order of the lists, whichever answers first.

    An entry with a token beats one without: two portfolios may share a Page.
    """

    def __init__(self) -> None:
        self._met: dict[str | None, Choice | Unavailable] = {}  # by id
        self._places: dict[str | None, int] = {}  # by id, but for the person's own: they are read first

    @property
    def is_full(self) -> bool:
        """Whether no further Page is taken."""
        return len(self._met) >= MAX_ITEMS

    def add(self, entry: Choice | Unavailable, *, place: int) -> None:
        """Take the next entry of the list that stands at `place`."""
        known = self._met.get(entry.id)
        if known is None:
            if not self.is_full:
                self._put(entry, place)
            return
        better = entry if _has_token(entry) and not _has_token(known) else known
        if place < self._place_of(known):
            del self._met[entry.id]  # to stand behind the Pages that the earlier list named before it
            self._put(better, place)
        else:
            self._met[entry.id] = better

    def to_choices(self) -> Choices:
        """Part the Pages into those that can be connected and those that cannot."""
        entries = sorted(self._met.values(), key=self._place_of)
        return Choices(
            items=tuple(entry for entry in entries if isinstance(entry, Choice)),
            unavailable=tuple(entry for entry in entries if isinstance(entry, Unavailable)),
            truncated=self.is_full,
        )

    def _put(self, entry: Choice | Unavailable, place: int) -> None:
        self._met[entry.id] = entry
        if place > 0:
            self._places[entry.id] = place

    def _place_of(self, entry: Choice | Unavailable) -> int:
        return self._places.get(entry.id, 0)


def _mapped(entries: object, to_value: Callable[[Mapping[str, Any]], object]) -> object:
    """The entries of a result page as rows with a `value`; what is no list stays, for its reader to refuse."""
    if not isinstance(entries, list):
        return entries
    return [{"value": to_value(entry)} for entry in entries if isinstance(entry, dict)]


def _raise_unless_passing(error: MoorlineError) -> None:
    """A portfolio that refuses is passed over; a rate limit or our own fault would hide Pages, so it is told."""
    if isinstance(error, PlatformRateLimited | AppMisconfigured):
        raise error


def _number(business: Mapping[str, Any]) -> str | None:
    return str(business["id"]) if business.get("id") else None


def _has_token(entry: Choice | Unavailable) -> bool:
    return isinstance(entry, Choice) or entry.reason != NOT_SHARED


def to_expiry(described: Mapping[str, Any]) -> datetime | None:
    """Map debug_token; None for a token that never ends. Raises: Refused when the token is dead by now."""
    token = described.get("data")
    if not isinstance(token, dict):
        raise UnexpectedReply("Facebook did not describe the token.")
    if token.get("is_valid") is False:  # comes with status 200, and with 0 where the instant should be
        raise Refused("Facebook no longer accepts this access.", platform_code="is_valid")
    expires_at_s = token.get("expires_at")
    return clock.from_ms(expires_at_s * 1000) if isinstance(expires_at_s, int) and expires_at_s > 0 else None


def to_granted(permissions: Mapping[str, Any]) -> tuple[str, ...]:
    """Map /me/permissions to the granted names; declined and expired ones are left out."""
    rows = permissions.get("data") or ()
    return tuple(str(row.get("permission")) for row in rows if isinstance(row, dict) and row.get("status") == "granted")


def to_identity(me: Mapping[str, Any]) -> Identity:
    """Map /me. People have no user name on Facebook, so the name stands in."""
    if not isinstance(me.get("id"), str):
        raise UnexpectedReply("Facebook did not say whose account this is.")
    name = str(me.get("name") or "").strip() or me["id"]
    return Identity(platform_user_id=me["id"], username=name, display_name=name, picture_url=_picture(me))


def to_entry(page: Mapping[str, Any]) -> Choice | Unavailable | None:
    """Map one Page to what can be picked, or to why it cannot; None without a number."""
    page_id, name, tasks = page.get("id"), _name(page), page.get("tasks")
    if not isinstance(page_id, str):
        return None
    if not page.get("access_token"):
        return Unavailable(id=page_id, name=name, reason=NOT_SHARED)
    if isinstance(tasks, list) and not _MAY_POST.intersection(map(str, tasks)):
        return Unavailable(id=page_id, name=name, reason=ONLY_VIEWED)
    shown = {"category": page.get("category"), "tasks": tasks or [], "fan_count": page.get("fan_count")}
    username = str(page["username"]) if page.get("username") else None
    return Choice(id=page_id, name=name, username=username, picture_url=_picture(page), shown=shown)


def to_page_connection(page: Mapping[str, Any]) -> Connection:
    """Map one Page with its token. Raises: NotFound when Facebook gives no token for it."""
    token = page.get("access_token")
    if not isinstance(token, str) or not token:
        raise NotFound("Selected page not found in available pages.")
    page_id, name = str(page["id"]), _name(page)
    username = str(page.get("username") or page_id)
    return Connection(
        platform_account_id=page_id,
        username=username,
        display_name=name,
        picture_url=_picture(page),
        profile_url=f"https://facebook.com/{username}",
        tokens=Tokens(access=token),
        details={"selectedPageName": name},
    )


def _name(page: Mapping[str, Any]) -> str:
    return str(page.get("name") or "").strip() or str(page.get("id"))


def _picture(node: Mapping[str, Any]) -> str | None:
    picture = node.get("picture")
    described = picture.get("data") if isinstance(picture, dict) else None
    url = described.get("url") if isinstance(described, dict) else None
    return url if isinstance(url, str) else None
