"""X (twitter), played: API v2 with OAuth 2.0 and PKCE. Facts: the platform sheet twitter.md, named by section."""

from typing import Any, ClassVar

from typing_extensions import override

from moorline.sandbox import screens, world
from moorline.sandbox.kernel import Call, Covered, Reply, endpoint
from moorline.sandbox.oauth_platform import OAuthPlatform, Parameters
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, RefreshTokens, Refusal, Refused
from moorline.sandbox.oauth_server import AuthorizationRequest, Grant
from moorline.sandbox.portraits import portrait

SITE = ("x.com", "twitter.com")
API = ("api.x.com", "api.twitter.com")
PICTURES = "pbs.twimg.com"

SCOPES = (
    "tweet.read", "tweet.write", "tweet.moderate.write", "users.read", "users.email", "offline.access", "media.write",
    "like.read", "like.write", "follows.read", "follows.write", "bookmark.read", "bookmark.write", "dm.read",
    "dm.write", "list.read", "list.write", "space.read", "mute.read", "mute.write", "block.read", "block.write",
)  # fmt: skip

# Fields an app may ask for; which of them a user has is told by `_user`. (twitter.md section 7)
USER_FIELDS = (
    "id", "name", "username", "affiliation", "confirmed_email", "connection_status", "created_at", "description",
    "entities", "is_identity_verified", "location", "most_recent_tweet_id", "parody", "pinned_tweet_id",
    "profile_banner_url", "profile_image_url", "protected", "public_metrics", "receives_your_dm", "subscription",
    "subscription_type", "url", "verified", "verified_followers_count", "verified_type", "withheld",
)  # fmt: skip

# Ids are above 2^53, as real ones are. (twitter.md section 7)
_USERS: dict[str, tuple[str, str, str]] = {
    "plenty": ("1790000000000000101", "Northwind Bakery", "northwindbakery"),
    "single": ("1790000000000000102", "Fernhill Books", "fernhillbooks"),
    "none": ("1790000000000000103", "Cleo Marsh", "cleomarsh"),
    "crowd": ("1790000000000000104", "<b>Sommer</b> & Daughters \u202e🧵  ", "sommerdaughters"),
}


class Twitter(OAuthPlatform):
    """X."""

    name = "twitter"
    title = "X"
    hosts = (*SITE, *API, PICTURES)
    rules: ClassVar[OAuthRules] = OAuthRules(
        scopes=SCOPES,
        scope_separators=" ",  # twitter.md section 2
        state_limit=500,  # twitter.md section 2
        pkce=Pkce.REQUIRED,  # twitter.md section 1
        code_lifetime_s=30,  # twitter.md section 3
        client_auth=ClientAuth.BASIC,  # twitter.md section 1, confidential client
        access_lifetime_s=7200,  # twitter.md section 4
        access_prefix="dXNlci",  # twitter.md section 4
        refresh=RefreshTokens(
            scope="offline.access",  # twitter.md section 4
            lifetime_s=183 * 24 * 3600,  # twitter.md section 6: about 6 months (unverified)
            prefix="cmVmci",  # twitter.md section 4
        ),
        loopback_hosts=("127.0.0.1",),  # twitter.md section 2: not `localhost`
    )

    @endpoint("GET|POST", SITE, "/i/oauth2/authorize", source="twitter.md section 2")
    async def authorize(self, call: Call) -> Reply:
        """The consent page and its form."""
        return await self.ask_consent(call)

    @override
    def approved(self, request: AuthorizationRequest, grant: Grant, code: str) -> Parameters:
        """State first. (twitter.md section 3)"""
        return (("state", request.state), ("code", code))

    @override
    def denied(self, request: AuthorizationRequest) -> Parameters:
        """Without a description. (twitter.md section 3)"""
        return (("error", "access_denied"), ("state", request.state))

    @override
    def refuse_authorization(self, refused: Refused) -> Reply:
        """One page for whatever is wrong with the request. (twitter.md section 2)"""
        text = "You weren't able to give access to the App."
        return screens.error_page(self.title, headline="Something went wrong", text=text, refused=refused)

    @endpoint("POST", API, "/2/oauth2/token", source="twitter.md sections 4 and 6")
    async def token(self, call: Call) -> Reply:
        """Code for tokens, and refresh token for the next pair."""
        sent = call.form()
        try:
            tokens = self.server.redeem(self.server.authenticate(call, sent), sent)
        except Refused as refused:
            return _refuse_token(refused)
        answer: dict[str, Any] = {
            "token_type": "bearer",
            "expires_in": self.rules.access_lifetime_s,
            "access_token": tokens.access.value,
            "scope": " ".join(sorted(tokens.access.grant.granted)),  # the order of asking is not kept
        }
        if tokens.refresh is not None:
            answer["refresh_token"] = tokens.refresh
        return Reply.of_json(answer)

    @endpoint("POST", API, "/2/oauth2/revoke", source="twitter.md section 9")
    async def revoke_token(self, call: Call) -> Reply:
        """Kill the token given, and only that one."""
        sent = call.form()
        try:
            app = self.server.authenticate(call, sent)
            if not sent.get("token"):
                raise Refused(Refusal.PARAMETER_MISSING, "token")
        except Refused as refused:
            return _refuse_token(refused)
        self.server.revoke_token(app, sent["token"])
        return Reply.of_json({"revoked": True})

    @endpoint("GET", API, "/2/users/me", source="twitter.md section 7", covered=Covered.PARTIAL)
    async def me(self, call: Call) -> Reply:
        """Who the token speaks for; needs both scopes. Its rate limit is played by faults only."""
        try:
            grant = self.server.access(call.bearer() or "").grant
        except Refused:
            return _problem(401, "Unauthorized")
        if not {"users.read", "tweet.read"} <= set(grant.granted):
            return _problem(403, "Forbidden")
        asked = tuple(filter(None, call.query.get("user.fields", "").split(",")))
        unknown = [field for field in asked if field not in USER_FIELDS]
        if unknown:
            return _invalid_field(unknown)
        user = _user(grant)
        shown = {"id", "name", "username", *asked}
        return Reply.of_json({"data": {field: value for field, value in user.items() if field in shown}})

    @override
    def unknown(self, call: Call) -> Reply:
        """A bare problem. (twitter.md section 10)"""
        return _problem(404, "Not Found")

    @override
    def wrong_method(self, call: Call, allowed: tuple[str, ...]) -> Reply:
        """A bare problem. (twitter.md section 10)"""
        return _problem(405, "Method Not Allowed", headers=(("allow", ", ".join(allowed)),))

    @endpoint("GET", PICTURES, "/profile_images/{path:rest}", source="twitter.md section 7", covered=Covered.PARTIAL)
    async def portrait_of(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


def _user(grant: Grant) -> dict[str, Any]:
    user_id, name, username = _USERS[grant.person]
    verified = grant.person == "plenty"
    user: dict[str, Any] = {
        "id": user_id,
        "name": name,
        "username": username,
        "profile_image_url": f"https://pbs.twimg.com/profile_images/{user_id}/portrait_normal.jpg",
        "verified": verified,
        "verified_type": "business" if verified else "none",
        "public_metrics": {"followers_count": 1280, "following_count": 96, "tweet_count": 412, "listed_count": 7},
        "created_at": "2024-05-13T09:12:44.000Z",
        "description": "A fictional account of the Moorline sandbox.",
        "protected": False,
    }
    known = world.person(grant.person)
    if known is not None and "users.email" in grant.granted:
        user["confirmed_email"] = known.email
    return user


def _problem(status: int, title: str, *, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """The problem JSON of resources. (twitter.md section 10)"""
    problem = {"title": title, "type": "about:blank", "status": status, "detail": title}
    return Reply.of_json(problem, status=status, headers=headers)


def _invalid_field(unknown: list[str]) -> Reply:
    """A parameter with a value that does not exist. (twitter.md section 10)"""
    message = f"The `user.fields` query parameter value [{unknown[0]}] is not one of [{','.join(USER_FIELDS)}]"
    return Reply.of_json(
        {
            "errors": [{"parameters": {"user.fields": unknown}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.x.com/2/problems/invalid-request",
        },
        status=400,
    )


_VALUE_PASSED = {
    Refusal.CODE_UNKNOWN: "Value passed for the authorization code was invalid.",
    Refusal.CODE_USED: "Value passed for the authorization code was invalid.",
    Refusal.CODE_EXPIRED: "Value passed for the authorization code was invalid.",
    Refusal.REDIRECT_DIFFERS: "Value passed for the redirect uri did not match the uri of the authorization code.",
    Refusal.VERIFIER_WRONG: "Value passed for the code verifier did not match the code challenge.",
    Refusal.REFRESH_DEAD: "Value passed for the token was invalid.",
}


def _refuse_token(refused: Refused) -> Reply:
    """The bodies of the token endpoint. (twitter.md sections 4 and 6)"""
    if refused.reason is Refusal.CLIENT_UNPROVEN:
        return _oauth_error(401, "unauthorized_client", "Missing valid authorization header")
    if refused.reason is Refusal.CLIENT_UNKNOWN:
        return Reply.of_json({"error": "invalid_client"}, status=401)
    if refused.reason is Refusal.PARAMETER_MISSING:
        return _oauth_error(400, "invalid_request", f"Missing required parameter [{refused.subject}].")
    if refused.reason is Refusal.GRANT_TYPE_UNKNOWN:
        return _oauth_error(400, "invalid_request", "Value passed for the grant type was invalid.")
    return _oauth_error(400, "invalid_request", _VALUE_PASSED[refused.reason])


def _oauth_error(status: int, error: str, description: str) -> Reply:
    return Reply.of_json({"error": error, "error_description": description}, status=status)
