"""Calls that the tests of the simulated Google platforms share."""

from typing import Any

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.refusals import OAuthUnderTest

SITE, OAUTH, APIS = "accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com"
AUTH = "https://www.googleapis.com/auth/"
EMAIL, PROFILE = f"{AUTH}userinfo.email", f"{AUTH}userinfo.profile"
DAY_S = 24 * 3600
ANA_SUB = "113303573364907650101"


async def register(sandbox: Sandbox, under: OAuthUnderTest, *flags: str, client_id: str = "") -> None:
    """Register the platform's own app anew, with flags, or another app with the same secret."""
    app = {
        "platform": under.name,
        "client_id": client_id or under.client[0],
        "client_secret": under.client[1],
        "redirect_uris": [under.callback(sandbox)],
        "flags": list(flags),
    }
    assert (await sandbox.control("POST", "apps", app)).status == 201


async def revoke(sandbox: Sandbox, token: str) -> Got:
    return await sandbox.send("POST", OAUTH, "/revoke", data={"token": token})


async def userinfo(sandbox: Sandbox, token: str) -> Got:
    return await sandbox.send("GET", APIS, "/oauth2/v3/userinfo", token=token)


async def switch(sandbox: Sandbox, platform: str, name: str) -> None:
    assert (await sandbox.control("POST", f"{platform}/settings", {name: True})).status == 200


def oauth_error(got: Got) -> tuple[int, str, str]:
    return got.status, got.json["error"], got.json["error_description"]


def api_error(got: Got) -> tuple[int, str]:
    """The status of an API's error object, and the reason of its details, else of its errors."""
    error: dict[str, Any] = got.json["error"]
    assert error["code"] == got.status
    reasons = [told["reason"] for told in (*error.get("details", ()), *error.get("errors", ()))]
    return got.status, (reasons or [error["status"]])[0]
