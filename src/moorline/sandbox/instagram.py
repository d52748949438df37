"""Instagram with its own login, played. Facts: the platform sheet instagram.md, named by section."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from typing_extensions import override

from moorline.sandbox import screens
from moorline.sandbox.graph import GraphError, read_fields
from moorline.sandbox.instagram_accounts import ACCOUNTS, Account, app_scoped_id, picture_url
from moorline.sandbox.kernel import Call, Covered, Reply, endpoint
from moorline.sandbox.meta_login import (
    CODE_LIFE_S,
    CODE_TEXT,
    REDIRECT_TEXT,
    SHARED_SWITCHES,
    SHORT_LIFE_S,
    MetaLogin,
)
from moorline.sandbox.multipart import read_multipart
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, Refusal, Refused
from moorline.sandbox.oauth_server import AccessToken, AuthorizationRequest
from moorline.sandbox.portraits import portrait

SITE = "www.instagram.com"
API = "api.instagram.com"
GRAPH = "graph.instagram.com"
PICTURES = "scontent.cdninstagram.com"

# instagram.md section 2
SCOPES = (
    "instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_insights",
    "instagram_business_manage_comments", "instagram_business_manage_messages",
)  # fmt: skip
# instagram.md section 7
FIELDS = (
    "id", "user_id", "username", "name", "profile_picture_url", "account_type", "followers_count", "follows_count",
    "media_count",
)  # fmt: skip


class Instagram(MetaLogin):
    """Instagram. `none` has a personal account, which the consent page turns away. (instagram.md section 7)"""

    name = "instagram"
    title = "Instagram"
    hosts = (SITE, API, GRAPH, PICTURES)
    exchange_grant = "ig_exchange_token"
    refresh_grant = "ig_refresh_token"
    basic_scope = "instagram_business_basic"
    error_kind = "IGApiException"  # instagram.md section 6
    switches: ClassVar[Mapping[str, str]] = {
        **SHARED_SWITCHES,
        "flat_exchange": "the code exchange answers flat, with user_id a number and permissions a list",
        "scoped_exchange_id": "the user_id of the code exchange is the app-scoped id",
        "used_code_told": "a used code is told from an unknown one",
        "refresh_without_permissions": "a refresh does not tell the permissions",
        "wrapped_profile": "the profile comes in a list under data",
        "numeric_profile_id": "the profile's user_id is a number",
        "mixed_case_account_type": "account_type is Business or Media_Creator",
        "versioned_me_unsupported": "the profile answers without a version only",
        "personal_accounts_consent": "personal accounts get through the consent page and are refused by the API",
        "permissions_deletable": "DELETE of me/permissions ends the grant",
    }
    rules: ClassVar[OAuthRules] = OAuthRules(
        scopes=SCOPES,
        scope_separators=", ",  # instagram.md section 2: comma, space also documented
        required=("response_type", "scope"),  # instagram.md section 2: state is required by callers, not by Instagram
        pkce=Pkce.IGNORED,  # instagram.md section 1
        code_lifetime_s=CODE_LIFE_S,
        code_prefix="AQB",  # instagram.md section 3
        client_auth=ClientAuth.BODY,  # instagram.md section 1
        access_lifetime_s=SHORT_LIFE_S,
        access_prefix="IGAA",  # instagram.md section 1
        redirect_fragment="#_",  # instagram.md section 3
        denial_fragment=False,  # instagram.md section 3
    )

    # --- login --------------------------------------------------------------------------------------------------------

    @endpoint("GET|POST", (SITE, API), "/oauth/authorize", source="instagram.md section 2")
    async def authorize(self, call: Call) -> Reply:
        """The consent page and its form; api.instagram.com is the older reference's host."""
        return await self.ask_consent(call)

    @override
    def refuse_authorization(self, refused: Refused) -> Reply:
        """Pages of Instagram's own; exact markup and status are unverified. (instagram.md section 2)"""
        headline = _PAGES.get(refused.reason, "Invalid Request")
        text = "The request of the app that sent you here cannot be used."
        return screens.error_page(self.title, headline=headline, text=text, refused=refused)

    @override
    def turn_away(self, request: AuthorizationRequest, person: str) -> Reply | None:
        """Personal accounts cannot consent. (instagram.md section 7)"""
        if ACCOUNTS[person].kind is not None or self.on("personal_accounts_consent"):
            return None
        return screens.error_page(
            self.title,
            headline="You need a professional account",
            text="Only Business and Creator accounts can be connected. Convert this account in the Instagram app.",
            refused=Refused(Refusal.PERSON_TURNED_AWAY, person),
        )

    # --- tokens -------------------------------------------------------------------------------------------------------

    @endpoint("POST", API, "/oauth/access_token", source="instagram.md section 4")
    async def code_exchange(self, call: Call) -> Reply:
        """An hour's token for a code; form or multipart, never JSON."""
        return self.trade_code(call, call.form() or read_multipart(call))

    @override
    def short_answer(self, token: AccessToken) -> dict[str, Any]:
        """Two shapes are known. (instagram.md section 4)"""
        grant = token.grant
        user_id = app_scoped_id(grant) if self.on("scoped_exchange_id") else ACCOUNTS[grant.person].id
        if self.on("flat_exchange"):
            return {"access_token": token.value, "user_id": int(user_id), "permissions": list(grant.granted)}
        row = {"access_token": token.value, "user_id": user_id, "permissions": ",".join(grant.granted)}
        return {"data": [row]}

    @override
    def code_error(self, refused: Refused) -> tuple[str, int, str]:
        """A wrong secret is told as a wrong redirect URI. (instagram.md section 4; missing fields are unverified)"""
        text = _CODE_ERRORS.get(refused.reason, f"Missing required field {refused.subject}")
        if refused.reason is Refusal.CODE_USED and self.on("used_code_told"):
            text = "This authorization code has been used"
        return text, 101 if refused.reason is Refusal.CLIENT_UNKNOWN else 100, text

    @endpoint("GET", GRAPH, "/access_token", source="instagram.md section 5")
    async def long_exchange(self, call: Call) -> Reply:
        """Sixty days for a live short token and the secret."""
        return self.graph_answer(lambda: self.trade_short_token(call))

    @endpoint("GET", GRAPH, "/refresh_access_token", source="instagram.md section 6")
    async def refresh(self, call: Call) -> Reply:
        """Sixty days anew."""
        return self.graph_answer(lambda: self._refresh(call))

    def _refresh(self, call: Call) -> dict[str, Any]:
        token = self.renew(call)
        permissions = {"permissions": ",".join(token.grant.granted)}
        return {**self.handed_out(token), **({} if self.on("refresh_without_permissions") else permissions)}

    # --- the account --------------------------------------------------------------------------------------------------

    @endpoint("GET", GRAPH, "/me", source="instagram.md section 7")
    @endpoint("GET", GRAPH, "/{version:version}/me", source="instagram.md section 7")
    async def me(self, call: Call) -> Reply:
        """The professional account behind the token."""
        reply = self.graph_answer(lambda: self._me(call))
        usage = '{"0":[{"type":"instagram","call_count":1,"total_time":1,"estimated_time_to_regain_access":0}]}'
        return replace(reply, headers=(*reply.headers, ("x-business-use-case-usage", usage)))

    def _me(self, call: Call) -> dict[str, Any]:
        token = self.caller(call)
        if "version" in call.params and self.on("versioned_me_unsupported"):
            raise self.unsupported("get")
        self.check_scope(token)
        account = ACCOUNTS[token.grant.person]
        if account.kind is None:
            raise GraphError(10, "(#10) The user is not an Instagram Business", kind=self.error_kind)
        fields = read_fields(call.query.get("fields"), known=FIELDS, default=("id",), node="IGUser")
        values = self._shown(account, account.kind) | {"id": app_scoped_id(token.grant)}
        profile = {name: values[name] for name in fields if values.get(name) is not None}
        return {"data": [profile]} if self.on("wrapped_profile") else profile

    def _shown(self, account: Account, kind: str) -> dict[str, Any]:
        return {
            "user_id": int(account.id) if self.on("numeric_profile_id") else account.id,
            "username": account.username,
            "name": account.name,
            "profile_picture_url": picture_url(account) if account.has_picture else None,
            "account_type": kind.title() if self.on("mixed_case_account_type") else kind,
            "followers_count": account.followers,
            "follows_count": 96,
            "media_count": 412,
        }

    @endpoint("DELETE", GRAPH, "/me/permissions", source="instagram.md section 9", covered=Covered.PARTIAL)
    @endpoint("DELETE", GRAPH, "/{version:version}/me/permissions", source="instagram.md section 9")
    async def remove_app(self, call: Call) -> Reply:
        """No documented endpoint, so refused unless switched on."""
        return self.graph_answer(lambda: self._remove(call))

    def _remove(self, call: Call) -> dict[str, Any]:
        token = self.caller(call)
        if not self.on("permissions_deletable"):
            raise self.unsupported(call.method)
        token.grant.revoked = True
        return {"success": True}

    @endpoint("GET", PICTURES, "/v/portraits/{file}", source="instagram.md section 7", covered=Covered.PARTIAL)
    async def portrait_of(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


_PAGES = {
    Refusal.CLIENT_UNKNOWN: "Invalid platform app",
    Refusal.REDIRECT_UNREGISTERED: "Invalid redirect_uri",
    Refusal.SCOPE_UNKNOWN: "Invalid scope",
}

_CODE_ERRORS = {
    Refusal.CLIENT_UNKNOWN: "Invalid platform app",
    Refusal.CLIENT_UNPROVEN: REDIRECT_TEXT,
    Refusal.REDIRECT_DIFFERS: REDIRECT_TEXT,
    Refusal.CODE_UNKNOWN: CODE_TEXT,
    Refusal.CODE_USED: CODE_TEXT,
    Refusal.CODE_EXPIRED: CODE_TEXT,
    Refusal.GRANT_TYPE_UNKNOWN: "Invalid grant_type",
}
