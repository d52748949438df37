"""A double of Google Business that answers from replies/googlebusiness and records what it is asked."""

import asyncio
from collections.abc import Mapping

from typing_extensions import override

from moorline.adapter.values import App, Identity, Tokens
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.transport import Answers, Platform, answer

AUTHORIZE = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN = "https://oauth2.googleapis.com/token"
REVOKE = "https://oauth2.googleapis.com/revoke"
USERINFO = "https://www.googleapis.com/oauth2/v3/userinfo"
ACCOUNTS = "https://mybusinessaccountmanagement.googleapis.com/v1/accounts"
INFORMATION = "https://mybusinessbusinessinformation.googleapis.com/v1"
JOHN, GROUP, AGENCY = "accounts/113303573364907650416", "accounts/104", "accounts/105"
JOHNS_LOCATIONS, GROUPS_LOCATIONS = f"{INFORMATION}/{JOHN}/locations", f"{INFORMATION}/{GROUP}/locations"
READ_MASK = "name,title,storefrontAddress,categories,websiteUri,metadata"

KEY, SECRET = "7-business.apps.googleusercontent.com", "GOCSPX-business"
APP = App(client_id=KEY, client_secret=SECRET, redirect_uri="https://moorline.example/connect/googlebusiness/callback")
CLIENT = {"client_id": KEY, "client_secret": SECRET}
CODE = "4/0AcOde"
ACCESS, REFRESH = "ya29.first", "1//0first"
MANAGE = "https://www.googleapis.com/auth/business.manage"
SCOPES = (MANAGE, "openid", "https://www.googleapis.com/auth/userinfo.profile")
HELD = Tokens(access=ACCESS, refresh=REFRESH, granted=SCOPES)
PERSON = Identity(platform_user_id="113303573364907650416", username="John Doe", display_name="John Doe")

COFFEE, PLUMBER, KIOSK = "9281089117903930794", "9281089117903930795", "9281089117903930797"


def recorded(name: str) -> Reply:
    return transport.recorded("googlebusiness", name)


def shared(name: str) -> Reply:
    """A reply that Google's platforms have in common."""
    return transport.recorded("google", name)


def google_business(changes: Mapping[tuple[str, str], Answers] | None = None) -> Platform:
    """A person without locations of their own, in a group that has three."""
    return Platform(
        {
            ("POST", TOKEN): recorded("token"),
            ("GET", USERINFO): recorded("userinfo"),
            ("GET", ACCOUNTS): recorded("accounts"),
            ("GET", JOHNS_LOCATIONS): recorded("empty"),
            ("GET", GROUPS_LOCATIONS): recorded("locations"),
            ("POST", REVOKE): shared("revoked"),
            **(changes or {}),
        }
    )


def got(url: str, query: Mapping[str, str]) -> Request:
    """The one form of every read: the token in the header."""
    return Request(method="GET", url=url, query=query, bearer=ACCESS, repeatable=True)


class Crowd(Platform):
    """Fourteen groups with a location each; it counts how many are asked for at the same time."""

    def __init__(self) -> None:
        groups = [{"name": f"accounts/{number}", "type": "LOCATION_GROUP"} for number in range(1, 15)]
        locations = {
            ("GET", f"{INFORMATION}/accounts/{number}/locations"): answer(
                {"locations": [{"name": f"locations/{number}"}]}
            )
            for number in range(1, 15)
        }
        super().__init__({("GET", ACCOUNTS): answer({"accounts": groups}), **locations})
        self.most_at_once = 0
        self._open = 0

    @override
    async def send(self, request: Request) -> Reply:
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        await asyncio.sleep(0)
        self._open -= 1
        return await super().send(request)
