"""A double of Pinterest that answers from replies/pinterest and records what it is asked."""

from collections.abc import Mapping

from moorline.adapter.values import App, Identity, Tokens
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.transport import Answers, Platform

AUTHORIZE = "https://www.pinterest.com/oauth/"
API = "https://api.pinterest.com/v5"
TOKEN = f"{API}/oauth/token"
ME = f"{API}/user_account"
BOARDS = f"{API}/boards"
POSTERS, TRADE, SHARED, SECRET_BOARD, ADS = (f"71000000000000000{last}" for last in range(1, 6))

ID, SECRET = "1456789", "pin-secret"
APP = App(client_id=ID, client_secret=SECRET, redirect_uri="https://moorline.example/connect/pinterest/callback")
CODE = "c0de-1"
ACCESS, REFRESH = "pina_first", "pinr_first"
SCOPES = ("user_accounts:read", "boards:read", "boards:write", "pins:read", "pins:write")
SECRET_SCOPES = ("boards:write_secret", "pins:write_secret")
HELD = Tokens(access=ACCESS, refresh=REFRESH, granted=SCOPES)
PERSON = Identity(
    platform_user_id="1029384756102938475",
    username="larkspurprints",
    display_name="Larkspur Prints",
    picture_url="https://i.pinimg.com/600x600_R/larkspur.jpg",
    profile_url="https://pinterest.com/larkspurprints",
)


def recorded(name: str) -> Reply:
    return transport.recorded("pinterest", name)


def pinterest(changes: Mapping[tuple[str, str], Answers] | None = None) -> Platform:
    """A business with five boards on one page: two of its own to pick, one shared, one secret, one for ads."""
    return Platform(
        {
            ("POST", TOKEN): recorded("token"),
            ("GET", ME): recorded("me"),
            ("GET", BOARDS): recorded("boards"),
            **(changes or {}),
        }
    )


def got(url: str, query: Mapping[str, str] | None = None) -> Request:
    """The one form of every read: the token as bearer."""
    return Request(method="GET", url=url, query=query or {}, bearer=ACCESS, repeatable=True)
