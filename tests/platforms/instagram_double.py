"""A double of Instagram that answers from replies/instagram and records what it is asked."""

from collections.abc import Mapping
from datetime import timedelta

from moorline.adapter.values import App, Identity, Tokens
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.transport import NOW, Answers, Platform

AUTHORIZE = "https://www.instagram.com/oauth/authorize"
TOKEN = "https://api.instagram.com/oauth/access_token"
LONG_LIVED = "https://graph.instagram.com/access_token"
REFRESH = "https://graph.instagram.com/refresh_access_token"
ME = "https://graph.instagram.com/v25.0/me"
ME_UNVERSIONED = "https://graph.instagram.com/me"
ME_FIELDS = "user_id,username,name,profile_picture_url,account_type"

SECRET = "ig-secret"
APP = App(
    client_id="40000001", client_secret=SECRET, redirect_uri="https://moorline.example/connect/instagram/callback"
)
CODE = "AQBcode"
SHORT, LONG = "IGAAshort", "IGAAlong"
GRANTED = ("instagram_business_basic", "instagram_business_content_publish")
HELD = Tokens(access=LONG, granted=GRANTED, access_expires_at=NOW + timedelta(days=30))
PERSON = Identity(platform_user_id="17841499900000007", username="northwind.bikes", display_name="Northwind Bikes")


def recorded(name: str) -> Reply:
    return transport.recorded("instagram", name)


def instagram(changes: Mapping[tuple[str, str], Answers] | None = None) -> Platform:
    """A professional account whose person allowed connecting and posting, and no insights."""
    return Platform(
        {
            ("POST", TOKEN): recorded("token_short"),
            ("GET", LONG_LIVED): recorded("token_long"),
            ("GET", REFRESH): recorded("refreshed"),
            ("GET", ME): recorded("me"),
            **(changes or {}),
        }
    )


def got(url: str, query: Mapping[str, str]) -> Request:
    return Request(method="GET", url=url, query=query, repeatable=True)
