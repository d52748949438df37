"""Facebook, played: what a token opens, from the person to their Pages. Facts: facebook.md, by section."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from moorline import ids
from moorline.sandbox import world
from moorline.sandbox.facebook_instagram import SCOPE as INSTAGRAM_SCOPE
from moorline.sandbox.facebook_instagram import account_node, linked_account, linked_field
from moorline.sandbox.facebook_login import GRAPH, SITE, FacebookLogin, V
from moorline.sandbox.facebook_pages import LIST_DEFAULT, PAGE_FIELDS, Business, Page, holdings, picture
from moorline.sandbox.facebook_tokens import PageToken, app_user_id
from moorline.sandbox.graph import GraphError, cut, read_fields, serving_version
from moorline.sandbox.kernel import Call, Covered, Reply, endpoint
from moorline.sandbox.oauth_server import AccessToken, Grant
from moorline.sandbox.portraits import portrait

USER_FIELDS = ("id", "name", "first_name", "last_name", "email", "picture")
PICTURES = "platform-lookaside.fbsbx.com"


class Facebook(FacebookLogin):
    """Facebook."""

    name = "facebook"
    hosts = (SITE, GRAPH, PICTURES)

    # --- the person ---------------------------------------------------------------------------------------------------

    @endpoint("GET", GRAPH, f"{V}/me", source="facebook.md section 7")
    async def me(self, call: Call) -> Reply:
        """The person; with a Page's token, the Page."""
        return self.graph_answer(call, lambda: self._node(call, "me"))

    @endpoint("GET", GRAPH, f"{V}/me/permissions", source="facebook.md section 7")
    async def permissions(self, call: Call) -> Reply:
        """What the person granted and declined."""
        return self.graph_answer(call, lambda: self._permissions(call))

    def _permissions(self, call: Call) -> dict[str, Any]:
        grant = self.tokens.user(call, call.query, edge="permissions").grant
        granted = [{"permission": scope, "status": "granted"} for scope in grant.granted]
        declined = [{"permission": scope, "status": "declined"} for scope in grant.declined]
        return {"data": [*granted, *declined]}

    @endpoint("DELETE", GRAPH, f"{V}/{{user_id}}/permissions", source="facebook.md section 9")
    async def remove_app(self, call: Call) -> Reply:
        """End the person's whole grant, and with it every token of theirs and their Pages'."""
        return self.graph_answer(call, lambda: self._remove(call, None))

    @endpoint("DELETE", GRAPH, f"{V}/{{user_id}}/permissions/{{permission}}", source="facebook.md section 9")
    async def remove_permission(self, call: Call) -> Reply:
        """Take one permission back."""
        return self.graph_answer(call, lambda: self._remove(call, call.params["permission"]))

    def _remove(self, call: Call, permission: str | None) -> dict[str, Any]:
        sent = _sent(call)
        grant = self.tokens.user(call, sent, edge="permissions").grant
        if call.params["user_id"] not in {"me", app_user_id(grant)}:
            raise _no_such(call.params["user_id"])
        if permission is None:
            grant.revoked = True
        elif permission not in grant.granted or permission in self.rules.always_granted:
            raise GraphError(100, "(#100) Invalid parameter")
        else:
            grant.granted = tuple(scope for scope in grant.granted if scope != permission)
            grant.declined = (*grant.declined, permission)
        return {"success": True}

    # --- Pages --------------------------------------------------------------------------------------------------------

    @endpoint("GET", GRAPH, f"{V}/me/accounts", source="facebook.md section 8")
    async def accounts(self, call: Call) -> Reply:
        """The person's Pages; empty without pages_show_list."""
        return self.graph_answer(call, lambda: self._accounts(call))

    def _accounts(self, call: Call) -> dict[str, Any]:
        user = self.tokens.user(call, call.query, edge="accounts")
        granted = user.grant.granted
        rows = [
            page
            for page in (holdings(user.grant.person).direct if "pages_show_list" in granted else ())
            if page is None or page.business is None or "business_management" in granted
        ]
        return self._page_list(call, user, rows)

    @endpoint("GET", GRAPH, f"{V}/me/businesses", source="facebook.md section 8")
    async def businesses(self, call: Call) -> Reply:
        """The business portfolios the person works in."""
        return self.graph_answer(call, lambda: self._businesses(call))

    def _businesses(self, call: Call) -> dict[str, Any]:
        user = self._business_user(call, edge="businesses")
        fields = read_fields(
            call.query.get("fields"), known=("id", "name"), default=("id", "name"), node="BusinessUser"
        )
        rows = [{"id": business.id, "name": business.name} for business in holdings(user.grant.person).businesses]
        return self._edge(call, user, rows, lambda row: {name: row[name] for name in fields})

    @endpoint("GET", GRAPH, f"{V}/{{business_id}}/owned_pages", source="facebook.md section 8")
    async def owned_pages(self, call: Call) -> Reply:
        """The Pages a business owns."""
        return self.graph_answer(call, lambda: self._business_pages(call, lambda business: business.owned))

    @endpoint("GET", GRAPH, f"{V}/{{business_id}}/client_pages", source="facebook.md section 8")
    async def client_pages(self, call: Call) -> Reply:
        """The Pages a business works on for others; one of them comes without a token."""
        return self.graph_answer(call, lambda: self._business_pages(call, lambda b: (*b.client, *b.foreign)))

    def _business_pages(self, call: Call, chosen: Callable[[Business], tuple[Page, ...]]) -> dict[str, Any]:
        user = self._business_user(call, edge=call.path.rpartition("/")[2])
        for business in holdings(user.grant.person).businesses:
            if business.id == call.params["business_id"]:
                return self._page_list(call, user, chosen(business), foreign=business.foreign)
        raise _no_such(call.params["business_id"])

    def _business_user(self, call: Call, *, edge: str) -> AccessToken:
        user = self.tokens.user(call, call.query, edge=edge)
        if "business_management" not in user.grant.granted:
            raise _permission_missing("business_management")
        return user

    def _page_list(
        self, call: Call, user: AccessToken, rows: Sequence[Page | None], *, foreign: Sequence[Page] = ()
    ) -> dict[str, Any]:
        fields = read_fields(call.query.get("fields"), known=PAGE_FIELDS, default=LIST_DEFAULT, node="Page")

        def shown(page: Page) -> dict[str, Any]:
            has_token = "access_token" in fields and page not in foreign
            token = self.tokens.page_token(user, page) if has_token else None
            return page.shown(fields, access_token=token) | _linked(call, user.grant, page)

        return self._edge(call, user, rows, shown)

    def _edge(
        self, call: Call, user: AccessToken, rows: Sequence[Any], shown: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        """One page of results; `next` is a whole URL of the real host, token included. (facebook.md section 8)"""
        if not rows:
            return {"data": []}
        part = cut(rows, call.query)
        paging: dict[str, Any] = {"cursors": {"before": part.before, "after": part.after}}
        if part.has_next:
            kept = {name: value for name, value in call.query.items() if name in {"fields", "limit"}}
            query = urlencode({"access_token": user.value, **kept, "after": part.after})
            version = serving_version(call.params["version"], self.books.clock.now())
            path = call.path.removeprefix("/" + call.params["version"])
            paging["next"] = f"https://{GRAPH}/{version}{path}?{query}"
        return {"data": [shown(row) for row in part.rows], "paging": paging}

    @endpoint("POST", GRAPH, f"{V}/{{page_id}}/feed", source="facebook.md section 11", covered=Covered.PARTIAL)
    async def publish(self, call: Call) -> Reply:
        """Publish a text as a Page; nothing is kept. Only the Page's own token may."""
        return self.graph_answer(call, lambda: self._publish(call))

    def _publish(self, call: Call) -> dict[str, Any]:
        sent = _sent(call)
        actor = self.tokens.actor(call, sent)
        if not isinstance(actor, PageToken) or actor.page.id != call.params["page_id"]:
            raise _permission_missing("pages_manage_posts with the Page's own access token")
        if "pages_manage_posts" not in actor.grant.granted:
            raise _permission_missing("pages_manage_posts")
        if not {"CREATE_CONTENT", "MANAGE"} & set(actor.page.tasks):  # facebook.md section 8
            raise _permission_missing("the CREATE_CONTENT task on the Page")
        if not sent.get("message"):
            raise GraphError(100, "(#100) Invalid parameter: message")
        return {"id": f"{actor.page.id}_{int(ids.new_id()[8:], 16) % 10**15:015d}"}

    @endpoint("GET", GRAPH, f"{V}/{{node_id}}", source="facebook.md section 8", covered=Covered.PARTIAL)
    async def node(self, call: Call) -> Reply:
        """A Page, the person, or with its Page's token an Instagram account, by id. (instagram.md section 8)"""
        return self.graph_answer(call, lambda: self._node(call, call.params["node_id"]))

    def _node(self, call: Call, node_id: str) -> dict[str, Any]:
        actor = self.tokens.actor(call, call.query)
        if isinstance(actor, PageToken):
            account = linked_account(actor.page)
            if account is not None and node_id == account.id and INSTAGRAM_SCOPE in actor.grant.granted:
                return account_node(account, call.query.get("fields"))
            if node_id not in {"me", actor.page.id}:
                raise _no_such(node_id)
            return self._page_node(call, actor.grant, actor.page, token=actor.value)
        if node_id in {"me", app_user_id(actor.grant)}:
            return self._user_node(call, actor.grant)
        granted = actor.grant.granted
        visible = holdings(actor.grant.person).pages(with_businesses="business_management" in granted)
        for page in visible if "pages_show_list" in granted else ():
            if page.id == node_id:
                return self._page_node(call, actor.grant, page, token=self.tokens.page_token(actor, page))
        raise _no_such(node_id)

    def _page_node(self, call: Call, grant: Grant, page: Page, *, token: str) -> dict[str, Any]:
        fields = read_fields(call.query.get("fields"), known=PAGE_FIELDS, default=("id", "name"), node="Page")
        return page.shown(fields, access_token=token) | _linked(call, grant, page)

    def _user_node(self, call: Call, grant: Grant) -> dict[str, Any]:
        fields = read_fields(call.query.get("fields"), known=USER_FIELDS, default=("id", "name"), node="User")
        person = world.person(grant.person)
        if person is None:
            raise _no_such(grant.person)
        first, _, last = person.name.partition(" ")
        user_id = app_user_id(grant)
        values: dict[str, Any] = {"id": user_id, "name": person.name, "first_name": first, "last_name": last}
        values["picture"] = picture(user_id)
        if "email" in grant.granted:
            values["email"] = person.email
        return {name: values[name] for name in fields if name in values}

    @endpoint("GET", PICTURES, "/platform/profilepic/", source="facebook.md section 7", covered=Covered.PARTIAL)
    async def portrait_of(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


def _linked(call: Call, grant: Grant, page: Page) -> dict[str, Any]:
    """The linked Instagram account, if asked for and granted. (instagram.md section 8)"""
    return linked_field(page, call.query.get("fields")) if INSTAGRAM_SCOPE in grant.granted else {}


def _sent(call: Call) -> dict[str, str]:
    """Parameters of a call that may carry them in the query, a form or JSON."""
    parsed = call.json()
    texts = (
        {name: value for name, value in parsed.items() if isinstance(value, str)} if isinstance(parsed, dict) else {}
    )
    return {**call.query, **call.form(), **texts}


def _no_such(node_id: str) -> GraphError:
    reason = "does not exist, cannot be loaded due to missing permissions, or does not support this operation"
    return GraphError(100, f"Unsupported request. Object with ID '{node_id}' {reason}.")


def _permission_missing(what: str) -> GraphError:
    """(facebook.md sections 10 and 11)"""
    return GraphError(200, f"(#200) Permissions error: this call requires {what}.", status=403)
