"""Facebook Pages: a person signs in, then picks one of the Pages they manage. Facts: docs/platforms/facebook.md."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from typing_extensions import override

from moorline import clock
from moorline.adapter import meta
from moorline.adapter.oauth import OAuthPlatform, OAuthSpec
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
from moorline.wire import Http, Reply, Request

GRAPH = "https://graph.facebook.com/{version}"
VERSION = "v25.0"  # docs/platforms/facebook.md#version, checked 2026-11-23; ends 2028-07-29
PAGE_FIELDS = "id,name,username,access_token,category,tasks,fan_count,picture.type(large)"

# New Pages Experience repeats the classic tasks under names of its own.
_MAY_POST = {
    "CREATE_CONTENT",
    "MANAGE",
    "PROFILE_PLUS_CREATE_CONTENT",
    "PROFILE_PLUS_MANAGE",
    "PROFILE_PLUS_FULL_CONTROL",
}


class Facebook(OAuthPlatform):
    """The Page, not the person, becomes the account; its token is the one that posts."""

    name = "facebook"
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
        scope_separator=",",
        renews=Renews.BY_EXCHANGE,
        version=VERSION,
        # What a person once left out is not asked again without it: docs/platforms/facebook.md#scopes
        authorize_extra={"auth_type": "rerequest"},
    )

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        return meta.judge("Facebook", reply)

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
        pages = await self._list(http, app, tokens, "me/accounts", PAGE_FIELDS)
        if identity.granted is None or "business_management" in identity.granted:
            pages += await self._business_pages(http, app, tokens)
        return to_choices(_each_once(pages))

    async def _business_pages(self, http: Http, app: App, tokens: Tokens) -> list[Mapping[str, Any]]:
        """Pages that a business portfolio owns or serves; me/accounts leaves out those nobody was assigned to."""
        try:
            businesses = await self._list(http, app, tokens, "me/businesses", "id,name")
        except (PlatformError, ScopeMissing) as error:
            return _unless_passing(error)
        numbers = [str(business["id"]) for business in businesses if business.get("id")]
        edges = [f"{number}/{edge}" for number in numbers for edge in ("owned_pages", "client_pages")]
        found = await asyncio.gather(*(self._business_edge(http, app, tokens, edge) for edge in edges))
        return [page for pages in found for page in pages]

    async def _business_edge(self, http: Http, app: App, tokens: Tokens, edge: str) -> list[Mapping[str, Any]]:
        try:
            return await self._list(http, app, tokens, edge, PAGE_FIELDS)
        except (PlatformError, ScopeMissing) as error:  # one business that refuses must not hide the others
            return _unless_passing(error)

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

    async def _list(self, http: Http, app: App, tokens: Tokens, edge: str, fields: str) -> list[Mapping[str, Any]]:
        async def page(paging: Mapping[str, str]) -> Mapping[str, Any]:
            return await self._get(http, app, tokens.access, edge, {"fields": fields, **paging})

        return [entry async for entry in meta.pages_of(page)]


def _unless_passing(error: MoorlineError) -> list[Mapping[str, Any]]:
    """Nothing, when a business edge refuses for good; a rate limit or our own fault would hide Pages, so it is told."""
    if isinstance(error, PlatformRateLimited | AppMisconfigured):
        raise error
    return []


def _each_once(pages: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Every Page in the order first met. An entry with a token beats one without: two portfolios may share a Page."""
    found: dict[str, Mapping[str, Any]] = {}
    for page in pages:
        page_id = page.get("id")
        if isinstance(page_id, str) and not found.get(page_id, {}).get("access_token"):
            found[page_id] = page
    return list(found.values())


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


def to_choices(pages: Iterable[Mapping[str, Any]]) -> Choices:
    """Part the Pages into those that can be connected and those that cannot, with the reason."""
    items, unavailable = [], []
    for page in pages:
        page_id, name = str(page.get("id")), _name(page)
        tasks = page.get("tasks")
        if not page.get("access_token"):
            reason = "Facebook gives this app no access to it. Tick it when Facebook asks which Pages to share."
            unavailable.append(Unavailable(id=page_id, name=name, reason=reason))
        elif isinstance(tasks, list) and not _MAY_POST.intersection(map(str, tasks)):
            reason = "You can view it, but not post to it. Ask its owner for content access."
            unavailable.append(Unavailable(id=page_id, name=name, reason=reason))
        else:
            shown = {"category": page.get("category"), "tasks": tasks or [], "fan_count": page.get("fan_count")}
            username = str(page["username"]) if page.get("username") else None
            items.append(Choice(id=page_id, name=name, username=username, picture_url=_picture(page), shown=shown))
    return Choices(
        items=tuple(items),
        unavailable=tuple(unavailable),
        truncated=len(items) + len(unavailable) >= meta.MAX_ITEMS,
    )


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
