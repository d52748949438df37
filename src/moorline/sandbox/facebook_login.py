"""Facebook Login, played: the dialog, its tokens, what all Graph answers share. Facts: facebook.md, by section."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from typing_extensions import override

from moorline.sandbox import screens
from moorline.sandbox.facebook_tokens import (
    LONG_LIFE_S,
    REQUIRE_APP_SECRET,
    SHORT_LIFE_S,
    FacebookTokens,
    PageToken,
    is_long,
)
from moorline.sandbox.graph import UNPARSED, GraphError, serving_version
from moorline.sandbox.kernel import Call, Covered, Reply, endpoint
from moorline.sandbox.oauth_platform import OAuthPlatform, Parameters
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, Refusal, Refused
from moorline.sandbox.oauth_server import AccessToken, AuthorizationRequest, Grant

SITE = "www.facebook.com"
GRAPH = "graph.facebook.com"
V = "/{version:version}"

# facebook.md section 2; the rest are Meta's further permissions of the same dialog
SCOPES = (
    "public_profile", "pages_show_list", "pages_read_engagement", "business_management", "pages_manage_posts",
    "pages_manage_engagement", "pages_read_user_content", "read_insights", "email", "pages_manage_metadata",
    "pages_messaging", "pages_manage_ads", "publish_video", "ads_read", "ads_management", "leads_retrieval",
    "catalog_management", "instagram_basic", "instagram_content_publish", "instagram_manage_insights",
    "instagram_manage_comments", "instagram_manage_messages",
)  # fmt: skip


class FacebookLogin(OAuthPlatform):
    """Everything up to a token; `Facebook` adds what the token opens."""

    title = "Facebook"
    app_flags = (REQUIRE_APP_SECRET,)
    rules: ClassVar[OAuthRules] = OAuthRules(
        scopes=SCOPES,
        scope_separators=", ",  # facebook.md section 2: comma, space also accepted
        required=(),  # facebook.md section 2: response_type defaults to code, state is optional at Meta
        always_granted=("public_profile",),  # facebook.md section 2
        ask_again=("auth_type", "rerequest"),  # facebook.md section 2
        pkce=Pkce.IGNORED,  # facebook.md section 1
        code_lifetime_s=600,  # facebook.md section 4 (unverified)
        client_auth=ClientAuth.BODY,  # facebook.md section 1
        access_lifetime_s=SHORT_LIFE_S,
        access_prefix="EAAB",  # facebook.md section 4
        grant_type_optional=True,  # facebook.md section 4
        shared_consent=True,  # facebook.md sections 7 and 9: permissions are the person's and the app's
        redirect_fragment="#_=_",  # facebook.md section 3
    )

    @override
    def reset(self) -> None:
        """Forget every grant and token."""
        super().reset()
        self.tokens = FacebookTokens(self.server)

    # --- login --------------------------------------------------------------------------------------------------------

    @endpoint("GET|POST", SITE, f"{V}/dialog/oauth", source="facebook.md section 2", covered=Covered.PARTIAL)
    async def dialog(self, call: Call) -> Reply:
        """The consent page and its form. A `config_id` is refused: the sandbox has no Login for Business setups."""
        if "config_id" in call.query:
            return self.refuse_authorization(Refused(Refusal.REQUEST_INVALID, "config_id"))
        return await self.ask_consent(call)

    @override
    def approved(self, request: AuthorizationRequest, grant: Grant, code: str) -> Parameters:
        """The code, and the scopes where asked for. (facebook.md sections 2 and 3)"""
        scopes: Parameters = ()
        if request.query.get("return_scopes") == "true":
            granted, denied = ",".join(grant.granted), ",".join(grant.declined)
            scopes = (("granted_scopes", granted), ("denied_scopes", denied))
        return (("code", code), *scopes, *_state(request))

    @override
    def denied(self, request: AuthorizationRequest) -> Parameters:
        """(facebook.md section 3)"""
        return (
            ("error", "access_denied"),
            ("error_code", "200"),
            ("error_description", "Permissions error"),
            ("error_reason", "user_denied"),
            *_state(request),
        )

    @override
    def refuse_authorization(self, refused: Refused) -> Reply:
        """Pages of Facebook's own; exact markup and status are unverified. (facebook.md section 2)"""
        headline, text = _DIALOG_PAGES.get(refused.reason, _DIALOG_PAGES[Refusal.REQUEST_INVALID])
        return screens.error_page(self.title, headline=headline, text=text, refused=refused)

    # --- tokens -------------------------------------------------------------------------------------------------------

    @endpoint("GET|POST", GRAPH, f"{V}/oauth/access_token", source="facebook.md sections 4 and 5")
    async def access_token(self, call: Call) -> Reply:
        """A code, or a live user token, for a user token."""
        sent = dict(call.query) if call.method == "GET" else call.form()
        try:
            app = self.server.authenticate(call, sent)
            if sent.get("grant_type") == "fb_exchange_token":
                return self.graph_answer(call, lambda: self._exchange(app.client_id, sent.get("fb_exchange_token")))
            token = self.server.redeem(app, sent).access
        except Refused as refused:
            return self._refuse_token(call, refused)
        return self.graph_answer(call, lambda: self._handed_out(token))

    def _exchange(self, client_id: str, value: str | None) -> dict[str, Any]:
        """A long-lived token; one younger than a day comes back as it is. (facebook.md sections 5 and 6)"""
        if not value:
            raise GraphError(100, "Missing fb_exchange_token parameter.")
        token = self.tokens.live(value)
        if isinstance(token, PageToken) or token.grant.client_id != client_id:
            raise GraphError(190, UNPARSED)
        if is_long(token) and self.books.clock.now() - token.issued_at < timedelta(days=1):
            return self._handed_out(token)
        return self._handed_out(self.server.issue_access(token.grant, LONG_LIFE_S))

    def _handed_out(self, token: AccessToken) -> dict[str, Any]:
        expires_in_s = int((token.expires_at - self.books.clock.now()).total_seconds() + 0.5)
        return {"access_token": token.value, "token_type": "bearer", "expires_in": expires_in_s}

    def _refuse_token(self, call: Call, refused: Refused) -> Reply:
        """(facebook.md section 4)"""
        code, subcode, message = _TOKEN_ERRORS.get(refused.reason, (100, None, f"Missing {refused.subject} parameter."))
        if refused.reason is Refusal.PARAMETER_MISSING and refused.subject == "redirect_uri":
            code = 191
        headers = self._headers(call)
        if refused.reason in _CODE_ERRORS:
            headers += (("www-authenticate", f'OAuth "Facebook Platform" "invalid_code" "{message}"'),)
        return GraphError(code, message, subcode=subcode).reply(headers=headers)

    @endpoint("GET", GRAPH, f"{V}/debug_token", source="facebook.md section 6", covered=Covered.PARTIAL)
    async def debug_token(self, call: Call) -> Reply:
        """What a token is; for the app's own token only, and granular scopes without target ids."""
        return self.graph_answer(call, lambda: self._debug(call))

    def _debug(self, call: Call) -> dict[str, Any]:
        viewer = self.tokens.app_of_app_token(call.query.get("access_token") or call.bearer() or "")
        if not call.query.get("input_token"):
            raise GraphError(100, "(#100) The parameter input_token is required")
        return {"data": self.tokens.describe(call.query["input_token"], viewer)}

    # --- every answer -------------------------------------------------------------------------------------------------

    def graph_answer(self, call: Call, work: Callable[[], dict[str, Any]]) -> Reply:
        """What `work` gives, or the GraphError it raises, with the headers of every Graph answer."""
        try:
            return Reply.of_json(work(), headers=self._headers(call))
        except GraphError as error:
            return error.reply(headers=self._headers(call))

    def _headers(self, call: Call) -> tuple[tuple[str, str], ...]:
        """(facebook.md sections 1 and 10)"""
        version = serving_version(call.params["version"], self.books.clock.now())
        return (
            ("facebook-api-version", version),
            ("x-app-usage", '{"call_count":1,"total_time":1,"total_cputime":1}'),
        )

    @override
    def unknown(self, call: Call) -> Reply:
        """The code of an invalid parameter; the text for an unknown path is unverified. (facebook.md section 10)"""
        return GraphError(100, f"Unknown path components: {call.path}").reply()


def _state(request: AuthorizationRequest) -> Parameters:
    return (("state", request.state),) if "state" in request.query else ()


_DIALOG_PAGES = {
    Refusal.CLIENT_UNKNOWN: ("Invalid App ID", "The provided app ID does not look like a valid app ID."),
    Refusal.REDIRECT_UNREGISTERED: (
        "URL blocked",
        "This redirect failed because the redirect URI is not white-listed in the app's client OAuth settings.",
    ),
    Refusal.SCOPE_UNKNOWN: ("Invalid Scopes", "The app asks for permissions that do not exist."),
    Refusal.REQUEST_INVALID: ("Sorry, something went wrong.", "The parameters of this login are not usable."),
}

# facebook.md section 4
_TOKEN_ERRORS: dict[Refusal, tuple[int, int | None, str]] = {
    Refusal.CODE_USED: (100, 36009, "This authorization code has been used."),
    Refusal.CODE_EXPIRED: (100, 36007, "This authorization code has expired."),
    Refusal.REDIRECT_DIFFERS: (
        100,
        36008,
        (
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used "
            "in the OAuth dialog request"
        ),
    ),
    Refusal.CODE_UNKNOWN: (100, None, "Invalid verification code format."),
    Refusal.CLIENT_UNPROVEN: (1, None, "Error validating client secret."),
    Refusal.CLIENT_UNKNOWN: (101, None, "Error validating application. Invalid application ID."),
    Refusal.GRANT_TYPE_UNKNOWN: (100, None, "Invalid grant_type parameter."),
}
_CODE_ERRORS = {Refusal.CODE_USED, Refusal.CODE_EXPIRED, Refusal.CODE_UNKNOWN, Refusal.REDIRECT_DIFFERS}
