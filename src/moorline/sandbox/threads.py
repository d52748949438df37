"""Threads, played. Facts: the platform sheet threads.md, named by section."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from typing_extensions import override

from moorline.sandbox.graph import UNPARSED, GraphError, read_fields
from moorline.sandbox.kernel import Call, Covered, Reply, endpoint
from moorline.sandbox.meta_login import (
    CODE_LIFE_S,
    CODE_TEXT,
    REDIRECT_TEXT,
    SECRET_TEXT,
    SHARED_SWITCHES,
    SHORT_LIFE_S,
    MetaLogin,
)
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, Refusal, Refused
from moorline.sandbox.oauth_server import AccessToken, AuthorizationRequest, Grant
from moorline.sandbox.portraits import portrait

SITE = ("threads.net", "www.threads.net", "threads.com", "www.threads.com")
GRAPH = ("graph.threads.net", "graph.threads.com")
PICTURES = "scontent.cdninstagram.com"
DEVELOPMENT = "development"
TESTER = "plenty"  # the one who accepted the tester invitation of apps with the flag `development`
PRIVATE_GRANT = timedelta(days=90)  # threads.md section 6

# threads.md section 2
SCOPES = (
    "threads_basic", "threads_content_publish", "threads_manage_insights", "threads_manage_replies",
    "threads_read_replies", "threads_profile_discovery", "threads_location_tagging", "threads_keyword_search",
    "threads_manage_mentions", "threads_delete", "threads_share_to_instagram",
)  # fmt: skip
# threads.md section 7
FIELDS = ("id", "username", "name", "threads_profile_picture_url", "threads_biography", "is_verified")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One Threads profile; what is None is left out of answers. (threads.md section 7)"""

    id: str  # not the id of the person's Instagram account (threads.md section 11)
    username: str
    name: str | None
    biography: str | None = None
    has_picture: bool = True
    is_verified: bool = False
    is_private: bool = False


PROFILES = {
    "plenty": Profile(
        id="17841499900000201",
        username="northwind.bakery",
        name="Northwind Bakery",
        biography="Sourdough since 1962.",
        is_verified=True,
    ),
    "single": Profile(id="17841499900000202", username="fernhill_books", name="Fernhill Books", is_private=True),
    "none": Profile(id="17841499900000203", username="cleo.marsh", name=None, has_picture=False),
    "crowd": Profile(id="17841499900000204", username="sommer.daughters", name="  <b>Sommer</b> & Daughters \u202e🧵 "),
}


class Threads(MetaLogin):
    """Threads. `single` has a private profile; `none` one without name, picture and biography."""

    name = "threads"
    title = "Threads"
    hosts = (*SITE, *GRAPH, PICTURES)
    app_flags = (DEVELOPMENT,)
    exchange_grant = "th_exchange_token"
    refresh_grant = "th_refresh_token"
    basic_scope = "threads_basic"
    switches: ClassVar[Mapping[str, str]] = {
        **SHARED_SWITCHES,
        "secret_error_as_redirect": "a wrong secret is told as a wrong redirect URI",
        "expired_as_missing": "an expired token is told as a resource that does not exist",
        "refresh_renews_private_grant": "a refresh extends the ninety days of a private profile's grant",
        "app_token_debugs": "debug_token takes the app's own token",
    }
    rules: ClassVar[OAuthRules] = OAuthRules(
        scopes=SCOPES,
        scope_separators=", ",  # threads.md section 2: comma, space also allowed
        required=("scope",),  # threads.md section 2: state is optional, and without response_type it works
        pkce=Pkce.IGNORED,  # threads.md section 1
        code_lifetime_s=CODE_LIFE_S,
        code_prefix="AQB",  # threads.md section 3
        client_auth=ClientAuth.BODY,  # threads.md section 1
        access_lifetime_s=SHORT_LIFE_S,
        access_prefix="THQVJ",  # threads.md section 4
        redirect_fragment="#_",  # threads.md section 3
        denial_fragment=False,  # threads.md section 3
    )

    # --- login --------------------------------------------------------------------------------------------------------

    @endpoint("GET|POST", SITE, "/oauth/authorize", source="threads.md section 2")
    async def authorize(self, call: Call) -> Reply:
        """The consent page and its form; faults are shown as JSON and never redirect."""
        return await self.ask_consent(call)

    @override
    def refuse_authorization(self, refused: Refused) -> Reply:
        """A JSON page; its status is unverified. (threads.md section 2)"""
        if refused.reason is Refusal.CLIENT_UNKNOWN and ("facebook", refused.subject) in self.books.apps:
            return _fault(4476002, "The Meta app id was used in place of the Threads app id.")
        code, message = _FAULTS.get(refused.reason, (1, "An unknown error has occurred."))
        return _fault(code, message)

    @override
    def turn_away(self, request: AuthorizationRequest, person: str) -> Reply | None:
        """An app in development is for its testers. (threads.md section 2)"""
        if DEVELOPMENT not in request.app.flags or person == TESTER:
            return None
        return _fault(1349245, "The user has not accepted the invite to test the app.")

    # --- tokens -------------------------------------------------------------------------------------------------------

    @endpoint("GET|POST", GRAPH, "/oauth/access_token", source="threads.md section 4")
    async def code_exchange(self, call: Call) -> Reply:
        """An hour's token for a code, by form, or by GET with the same names."""
        return self.trade_code(call, call.query if call.method == "GET" else call.form())

    @override
    def short_answer(self, token: AccessToken) -> dict[str, Any]:
        """A number above 2^53, and nothing about lifetime and scopes. (threads.md section 4)"""
        return {"access_token": token.value, "user_id": int(PROFILES[token.grant.person].id)}

    @override
    def code_error(self, refused: Refused) -> tuple[str, int, str]:
        """Two shapes are known. (threads.md section 4; the texts for missing fields are unverified)"""
        if refused.reason is Refusal.CLIENT_UNPROVEN:
            flat = REDIRECT_TEXT if self.on("secret_error_as_redirect") else SECRET_TEXT
            return flat, 100, flat
        if refused.reason is Refusal.REDIRECT_DIFFERS:
            return REDIRECT_TEXT, 100, "Invalid redirect_uri"
        flat = _CODE_ERRORS.get(refused.reason, f"Missing required field {refused.subject}")
        return flat, 101 if refused.reason is Refusal.CLIENT_UNKNOWN else 100, flat

    @endpoint("GET", GRAPH, "/access_token", source="threads.md section 5")
    async def long_exchange(self, call: Call) -> Reply:
        """Sixty days for a live short token and the secret."""
        return self.graph_answer(lambda: self.trade_short_token(call))

    @endpoint("GET", GRAPH, "/refresh_access_token", source="threads.md section 6")
    async def refresh(self, call: Call) -> Reply:
        """Sixty days anew."""
        return self.graph_answer(lambda: self._refresh(call))

    def _refresh(self, call: Call) -> dict[str, Any]:
        token = self.renew(call)
        if self.on("refresh_renews_private_grant"):
            token.grant.consented_at = self.books.clock.now()
        return self.handed_out(token)

    @override
    def live(self, value: str) -> AccessToken:
        """Also 190 once the grant of a private profile has lapsed; its text is unverified. (threads.md section 6)"""
        known = self.server.peek(value)
        now = self.books.clock.now()
        if known is not None and known.expires_at <= now and self.on("expired_as_missing"):
            raise GraphError(100, "The requested resource does not exist")  # threads.md section 10
        token = super().live(value)
        if PROFILES[token.grant.person].is_private and token.grant.consented_at + PRIVATE_GRANT <= now:
            raise GraphError(190, "Error validating access token: The permissions of this private profile have lapsed.")
        return token

    # --- the profile --------------------------------------------------------------------------------------------------

    @endpoint("GET", GRAPH, "/v1.0/me", source="threads.md section 7")
    async def me(self, call: Call) -> Reply:
        """The profile behind the token."""
        return self.graph_answer(lambda: self._me(call))

    def _me(self, call: Call) -> dict[str, Any]:
        token = self.caller(call)
        self.check_scope(token)
        profile = PROFILES[token.grant.person]
        fields = read_fields(call.query.get("fields"), known=FIELDS, default=("id",), node="ThreadsUser")
        values = {
            "id": profile.id,
            "username": profile.username,
            "name": profile.name,
            "threads_profile_picture_url": _picture_url(profile) if profile.has_picture else None,
            "threads_biography": profile.biography,
            "is_verified": profile.is_verified,
        }
        return {name: values[name] for name in fields if values[name] is not None}

    @endpoint("GET", GRAPH, "/v1.0/debug_token", source="threads.md section 10", covered=Covered.PARTIAL)
    async def debug_token(self, call: Call) -> Reply:
        """What a token is, told to testers of its app alone; the refusals' texts are unverified."""
        return self.graph_answer(lambda: self._debug(call))

    def _debug(self, call: Call) -> dict[str, Any]:
        viewing = self._viewing_app(call)
        token = self.server.peek(call.query.get("input_token", ""))
        if token is None or token.grant.client_id != viewing:
            raise GraphError(100, "(#100) The input_token is not a token of the viewing app.")
        try:
            is_valid = self.live(token.value) is token
        except GraphError:
            is_valid = False
        return {"data": {"type": "USER", "application": viewing, **_told(token), "is_valid": is_valid}}

    def _viewing_app(self, call: Call) -> str:
        app_id = self._app_of_app_token(call.query.get("access_token", ""))
        if app_id is not None and self.on("app_token_debugs"):
            return app_id
        grant: Grant = self.caller(call).grant
        if grant.person != TESTER or DEVELOPMENT not in self.app_of(grant).flags:
            raise GraphError(10, "(#10) The access token must be of a tester of the app.")
        return grant.client_id

    def _app_of_app_token(self, value: str) -> str | None:
        """The app whose `TH|<id>|<secret>` this is. Raises GraphError 190. (threads.md section 10)"""
        mark, _, rest = value.partition("|")
        if mark != "TH":
            return None
        client_id, _, secret = rest.partition("|")
        app = self.books.apps.get((self.name, client_id))
        if app is None or not hmac.compare_digest(app.client_secret.encode(), secret.encode()):
            raise GraphError(190, UNPARSED)
        return client_id

    @endpoint("GET", PICTURES, "/v/threads/{file}", source="threads.md section 7", covered=Covered.PARTIAL)
    async def portrait_of(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


def _picture_url(profile: Profile) -> str:
    signature = hashlib.sha256(profile.id.encode()).hexdigest()[:16]
    return f"https://scontent.cdninstagram.com/v/threads/{profile.id}.jpg?oh={signature}&oe=expires"


def _told(token: AccessToken) -> dict[str, Any]:
    return {
        "data_access_expires_at": int((token.grant.consented_at + PRIVATE_GRANT).timestamp()),
        "expires_at": int(token.expires_at.timestamp()),
        "issued_at": int(token.issued_at.timestamp()),
        "scopes": list(token.grant.granted),
        "user_id": PROFILES[token.grant.person].id,
    }


def _fault(code: int, message: str) -> Reply:
    return Reply.of_json({"error_message": message, "error_code": code}, status=400)


_FAULTS = {
    Refusal.CLIENT_UNKNOWN: (1349026, "The app id is missing or invalid."),
    Refusal.REDIRECT_UNREGISTERED: (
        1349168,
        "URL blocked: This redirect failed because the redirect URI is not whitelisted in the app's settings.",
    ),
}

_CODE_ERRORS = {
    Refusal.CLIENT_UNKNOWN: "Invalid platform app",
    Refusal.CODE_UNKNOWN: CODE_TEXT,
    Refusal.CODE_USED: CODE_TEXT,
    Refusal.CODE_EXPIRED: CODE_TEXT,
    Refusal.GRANT_TYPE_UNKNOWN: "Invalid grant_type",
}
