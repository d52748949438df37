"""A double of Facebook that answers from replies/facebook and records what it is asked."""

import hashlib
import hmac
from collections.abc import Mapping

from moorline.adapter.values import App, Identity, Tokens
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.transport import Answers, Platform

GRAPH = "https://graph.facebook.com/v25.0"
TOKEN = f"{GRAPH}/oauth/access_token"
DEBUG = f"{GRAPH}/debug_token"
ME = f"{GRAPH}/me"
PERMISSIONS = f"{GRAPH}/me/permissions"
ACCOUNTS = f"{GRAPH}/me/accounts"
BUSINESSES = f"{GRAPH}/me/businesses"
PAGE = f"{GRAPH}/101"
REVOKE = f"{GRAPH}/10229000000000001/permissions"
EDGES = [f"{GRAPH}/{number}/{edge}" for number in ("901", "902") for edge in ("owned_pages", "client_pages")]
PAGE_FIELDS = "id,name,username,access_token,category,tasks,fan_count,picture.type(large)"

SECRET = "fb-secret"
APP = App(client_id="30000001", client_secret=SECRET, redirect_uri="https://moorline.example/connect/facebook/callback")
CODE = "AQDcode"
SHORT, LONG = "EAABshort", "EAABlong"
HELD = Tokens(access=LONG)
PERSON = Identity(
    platform_user_id="10229000000000001",
    username="Jane Doe",
    display_name="Jane Doe",
    granted=("public_profile", "pages_show_list", "pages_manage_posts", "business_management"),
)


def recorded(name: str) -> Reply:
    return transport.recorded("facebook", name)


def proof(token: str) -> str:
    return hmac.new(SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()


def facebook(changes: Mapping[tuple[str, str], Answers] | None = None) -> Platform:
    """A person with three Pages and no portfolio, who allowed everything but `read_insights`."""
    return Platform(
        {
            ("POST", TOKEN): [recorded("token_short"), recorded("token_long")],
            ("GET", DEBUG): recorded("debug_token"),
            ("GET", ME): recorded("me"),
            ("GET", PERMISSIONS): recorded("permissions"),
            ("GET", ACCOUNTS): recorded("accounts"),
            ("GET", BUSINESSES): recorded("businesses_none"),
            ("GET", PAGE): recorded("page"),
            ("DELETE", REVOKE): recorded("revoked"),
            **(changes or {}),
        }
    )


def got(url: str, query: Mapping[str, str], token: str = LONG) -> Request:
    """The one form of every read: the token and its proof in the query."""
    signed = {**query, "access_token": token, "appsecret_proof": proof(token)}
    return Request(method="GET", url=url, query=signed, repeatable=True)
