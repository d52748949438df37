"""A double of LinkedIn that answers from replies/linkedin and records what it is asked."""

from collections.abc import Mapping
from dataclasses import replace

from moorline.adapter.values import App, Identity, Tokens
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.transport import Answers, Platform

AUTHORIZE = "https://www.linkedin.com/oauth/v2/authorization"
TOKEN = "https://www.linkedin.com/oauth/v2/accessToken"
REVOKE = "https://www.linkedin.com/oauth/v2/revoke"
USERINFO = "https://api.linkedin.com/v2/userinfo"
ME = "https://api.linkedin.com/v2/me"
ROLES = "https://api.linkedin.com/rest/organizationAcls"
PROVEN_FIELDS = "id,localizedName,vanityName,logoV2(original~:playableStreams),websiteUrl"
FIELDS = f"{PROVEN_FIELDS},localizedWebsite,localizedDescription"

ID, SECRET = "78abcdefghijkl", "WPL_AP1.li-secret"
APP = App(client_id=ID, client_secret=SECRET, redirect_uri="https://moorline.example/connect/linkedin/callback")
CLIENT = {"client_id": ID, "client_secret": SECRET}
CODE = "AQTcode"
ACCESS, REFRESH = "AQXfirst", "AQWfirst"
SCOPES = ("openid", "profile", "w_member_social", "rw_organization_admin", "w_organization_social")
HELD = Tokens(access=ACCESS, refresh=REFRESH, granted=SCOPES)
UNTOLD = replace(HELD, granted=None)  # LinkedIn may leave out which scopes it granted
PERSON = Identity(
    platform_user_id="aB3dE5fG7h",
    username="Jane Doe",
    display_name="Jane Doe",
    picture_url="https://media.licdn.com/dms/image/v2/jane.jpg?e=1795564800",
)


def recorded(name: str) -> Reply:
    return transport.recorded("linkedin", name)


def lookup(*ids: str) -> str:
    return f"https://api.linkedin.com/rest/organizationsLookup?ids=List({','.join(ids)})"


def organization(number: str = "101", fields: str = FIELDS) -> str:
    return f"https://api.linkedin.com/v2/organizations/{number}?projection=({fields})"


def linkedin(changes: Mapping[tuple[str, str], Answers] | None = None) -> Platform:
    """A person who may post for organizations 101 and 102, and has lesser roles at 103 and 104."""
    return Platform(
        {
            ("POST", TOKEN): recorded("token"),
            ("POST", REVOKE): recorded("revoked"),
            ("GET", USERINFO): recorded("userinfo"),
            ("GET", ME): recorded("me"),
            ("GET", ROLES): recorded("roles"),
            ("GET", lookup("101", "102", "103", "104")): recorded("lookup"),
            ("GET", lookup("101", "102", "103")): recorded("lookup"),
            ("GET", lookup("102")): recorded("lookup_102"),
            ("GET", organization()): recorded("organization"),
            ("GET", organization("102")): recorded("error_denied"),
            **(changes or {}),
        }
    )


def asked_roles(start: int = 0) -> Request:
    """The one form of asking for a page of roles."""
    query = {"q": "roleAssignee", "state": "APPROVED", "start": str(start), "count": "100"}
    return asked(ROLES, query)


def asked(url: str, query: Mapping[str, str] | None = None, version: str = "202609") -> Request:
    """The one form of every call about organizations."""
    headers = {"LinkedIn-Version": version, "X-Restli-Protocol-Version": "2.0.0"}
    return Request(method="GET", url=url, query=query or {}, headers=headers, bearer=ACCESS, repeatable=True)
