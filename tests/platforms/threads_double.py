"""A double of Threads that answers from replies/threads and records what it is asked."""

from collections.abc import Mapping
from datetime import timedelta

from moorline.adapter.values import App, Identity, Tokens
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.transport import NOW, Answers, Platform

AUTHORIZE = "https://threads.net/oauth/authorize"
TOKEN = "https://graph.threads.net/oauth/access_token"
LONG_LIVED = "https://graph.threads.net/access_token"
REFRESH = "https://graph.threads.net/refresh_access_token"
ME = "https://graph.threads.net/v1.0/me"
ME_FIELDS = "id,username,name,threads_profile_picture_url"

SECRET = "th-secret"
APP = App(client_id="50000001", client_secret=SECRET, redirect_uri="https://moorline.example/connect/threads/callback")
CODE = "AQBcode"
SHORT, LONG = "THQVJshort", "THQVJlong"
HELD = Tokens(access=LONG, access_expires_at=NOW + timedelta(days=30))
PERSON = Identity(platform_user_id="17841499900000011", username="northwind", display_name="Northwind Bikes")


def recorded(name: str) -> Reply:
    return transport.recorded("threads", name)


def threads(changes: Mapping[tuple[str, str], Answers] | None = None) -> Platform:
    """A profile whose person allowed everything."""
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
