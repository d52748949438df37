"""A double of Snapchat that answers from replies/snapchat and records what it is asked."""

from collections.abc import Mapping
from typing import Any

from moorline.adapter.values import App, Choices, Identity, Tokens
from moorline.errors import MoorlineError, PlatformRateLimited, Refused, UnexpectedReply, Unreachable
from moorline.platforms.snapchat import Snapchat
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.transport import Answers, Platform, answer

AUTHORIZE = "https://accounts.snapchat.com/login/oauth2/authorize"
TOKEN = "https://accounts.snapchat.com/login/oauth2/access_token"
API = "https://businessapi.snapchat.com/v1"
MY_PROFILE = f"{API}/public_profiles/my_profile"
PROFILES = f"{API}/organizations/9f1c4d2b-org/public_profiles"
OTHER_PROFILES = f"{API}/organizations/b37e0a16-org/public_profiles"
ADS_ME = "https://adsapi.snapchat.com/v1/me"
ORGANIZATIONS = "https://adsapi.snapchat.com/v1/me/organizations"

CLIENT_ID, SECRET = "0a1b2c3d-client", "snap-secret"
APP = App(client_id=CLIENT_ID, client_secret=SECRET, redirect_uri="https://moorline.example/connect/snapchat/callback")
CLIENT = {"client_id": CLIENT_ID, "client_secret": SECRET}
CODE = "c0de-from-snapchat"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
ACCESS, REFRESH = "eyJhbGciOiJIUzI1NiJ9.first", "hCgwKfirst"
SCOPES = ("snapchat-profile-api",)
WITH_MARKETING = ("snapchat-profile-api", "snapchat-marketing-api")
HELD = Tokens(access=ACCESS, refresh=REFRESH, granted=SCOPES)
HELD_WITH_MARKETING = Tokens(access=ACCESS, refresh=REFRESH, granted=WITH_MARKETING)
PERSON = Identity(
    platform_user_id="7c1e5a0e-own",
    username="northwindbikes",
    display_name="Northwind Bikes",
    picture_url="https://cf-st.sc-cdn.net/own/manage.jpg",
    profile_url="https://www.snapchat.com/@northwindbikes",
)
FIRST_PAGE = {"limit": "10"}
OWN, CAFE, MILL = "7c1e5a0e-own", "41d0b7f3-cafe", "e29a6c58-mill"


def recorded(name: str) -> Reply:
    return transport.recorded("snapchat", name)


def body_of(name: str) -> dict[str, Any]:
    return transport.body_of("snapchat", name)


def snapchat(changes: Mapping[str, Answers] | None = None, *, token: Answers = None) -> Platform:
    """The person of `PERSON` with two profiles in one organization; `changes` by address."""
    places: dict[str, Answers] = {
        MY_PROFILE: recorded("my_profile"),
        PROFILES: recorded("profiles"),
        OTHER_PROFILES: recorded("profiles_second_organization"),
        ADS_ME: recorded("ads_me"),
        ORGANIZATIONS: recorded("organizations"),
        **(changes or {}),
    }
    return Platform({("POST", TOKEN): token, **{("GET", url): answers for url, answers in places.items()}})


def got(url: str, query: Mapping[str, str] | None = None) -> Request:
    """The one form of every read call."""
    return Request(method="GET", url=url, query=query or {}, bearer=ACCESS, repeatable=True)


async def listed(platform: Platform, tokens: Tokens = HELD) -> Choices:
    return await Snapchat().list_choices(platform, APP, tokens, PERSON)


def ids_of(choices: Choices) -> list[str]:
    return [item.id for item in choices.items]


def page(*rows: object, **changes: Any) -> Reply:
    return answer({"request_status": "SUCCESS", "public_profiles": list(rows), **changes})


def row(profile_id: object, status: str = "SUCCESS", **profile: object) -> dict[str, object]:
    return {"sub_request_status": status, "public_profile": {"id": profile_id, **profile}}


FAILURES: list[tuple[Reply | None, type[MoorlineError]]] = [
    (recorded("error_token_invalid"), Refused),
    (recorded("error_rate_limit"), PlatformRateLimited),
    (recorded("error_server"), Unreachable),
    (recorded("error_with_success_status"), UnexpectedReply),
    (Reply(status=200, body=b"<html>"), UnexpectedReply),
    (None, Unreachable),
]
