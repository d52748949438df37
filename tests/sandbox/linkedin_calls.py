"""Calls that the tests of the simulated LinkedIn share."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.oauth_list_platforms import LINKEDIN
from tests.sandbox.refusals import OAuthUnderTest

SITE = "www.linkedin.com"
API = "api.linkedin.com"
DAY_S = 24 * 3600


async def with_flags(sandbox: Sandbox, *flags: str, client_id: str = "flagged") -> OAuthUnderTest:
    """LinkedIn as a further app with these flags meets it."""
    under = replace(LINKEDIN, client_id=client_id, client_secret=f"{client_id}-secret-0123456789")
    app = {
        "platform": "linkedin",
        "client_id": under.client_id,
        "client_secret": under.client_secret,
        "redirect_uris": [under.callback(sandbox)],
        "flags": list(flags),
    }
    assert (await sandbox.control("POST", "apps", app)).status == 201
    return under


async def access_token(sandbox: Sandbox, person: str = "plenty", *, scope: str | None = None) -> str:
    changes = {} if scope is None else {"scope": scope}
    token: str = (await LINKEDIN.tokens(sandbox, person=person, changes=changes))["access_token"]
    return token


async def switch(sandbox: Sandbox, name: str) -> None:
    assert (await sandbox.control("POST", "linkedin/settings", {name: True})).status == 200


async def get(sandbox: Sandbox, path: str, token: str | None, **params: str) -> Got:
    return await sandbox.send("GET", API, path, token=token, params=params)


async def this_version(sandbox: Sandbox) -> str:
    """The version of the sandbox's present month."""
    now = datetime.fromisoformat((await sandbox.control("GET", "clock")).json["now"])
    return now.strftime("%Y%m")


async def rest(sandbox: Sandbox, path: str, token: str | None, *, headers: dict[str, str] | None = None) -> Got:
    """A versioned resource, with the headers it demands unless others are given."""
    demanded = {"LinkedIn-Version": await this_version(sandbox), "X-Restli-Protocol-Version": "2.0.0"}
    return await sandbox.send("GET", API, path, token=token, headers=demanded if headers is None else headers)


def error(got: Got) -> tuple[int, int | None, str | None]:
    told: dict[str, Any] = got.json
    assert told["status"] == got.status
    assert told["message"]
    return got.status, told.get("serviceErrorCode"), told.get("code")
