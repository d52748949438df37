"""A double of Reddit that answers from replies/reddit and records what it is asked."""

from collections.abc import Mapping

from moorline import __version__
from moorline.adapter.values import App, Identity, Tokens
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.transport import Answers, Platform

AUTHORIZE = "https://www.reddit.com/api/v1/authorize"
TOKEN = "https://www.reddit.com/api/v1/access_token"
REVOKE = "https://www.reddit.com/api/v1/revoke_token"
ME = "https://oauth.reddit.com/api/v1/me"
SUBSCRIBER = "https://oauth.reddit.com/subreddits/mine/subscriber"
MODERATOR = "https://oauth.reddit.com/subreddits/mine/moderator"
ABOUT = "https://oauth.reddit.com/r/marketing/about"

CLIENT, SECRET = "Rd1234567890ab", "rd-secret"
APP = App(client_id=CLIENT, client_secret=SECRET, redirect_uri="https://moorline.example/connect/reddit/callback")
USER_AGENT = {"User-Agent": f"web:moorline.{CLIENT}:v{__version__} (by /u/the-owner-of-this-app)"}
CODE = "c0de-_X"
ACCESS, REFRESH = "eyJhbGciOi.first", "7302867-first"
SCOPES = ("identity", "mysubreddits", "read", "submit", "flair")
HELD = Tokens(access=ACCESS, refresh=REFRESH, granted=SCOPES)
PERSON = Identity(
    platform_user_id="75u2lqkb",
    username="jane_doe",
    display_name="Jane",
    picture_url="https://styles.redditmedia.com/t5_2tso75/icon.png?width=256&height=256&s=5f1c",
    profile_url="https://reddit.com/user/jane_doe",
)

# What a blocked User-Agent or address is shown; told from other answers by being no JSON.
PAGE = b"<!doctype html><html><head><title>Blocked</title></head><body>whoa there, pardner!</body></html>"


def recorded(name: str) -> Reply:
    return transport.recorded("reddit", name)


def page(status: int, headers: Mapping[str, str] | None = None) -> Reply:
    """A page of HTML where JSON is expected."""
    return Reply(status=status, headers={"content-type": "text/html", **(headers or {})}, body=PAGE)


def reddit(changes: Mapping[tuple[str, str], Answers] | None = None) -> Platform:
    """A person who reads some subreddits, moderates one, and allowed everything."""
    return Platform(
        {
            ("POST", TOKEN): recorded("token"),
            ("POST", REVOKE): recorded("revoked"),
            ("GET", ME): recorded("me"),
            ("GET", SUBSCRIBER): recorded("subscriber"),
            ("GET", MODERATOR): recorded("moderator"),
            ("GET", ABOUT): recorded("about"),
            **(changes or {}),
        }
    )


def posted(url: str, form: Mapping[str, str], *, repeatable: bool) -> Request:
    """The one form of every call of the app: its credentials in the header alone."""
    return Request(method="POST", url=url, form=form, basic=(CLIENT, SECRET), headers=USER_AGENT, repeatable=repeatable)


def got(url: str, query: Mapping[str, str] | None = None) -> Request:
    """The one form of every read: the token in the header, text as it was written."""
    return Request(
        method="GET",
        url=url,
        query={"raw_json": "1", **(query or {})},
        headers=USER_AGENT,
        bearer=ACCESS,
        repeatable=True,
    )
