"""Calls that the tests of the simulated Instagram share."""

from typing import Any

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.oauth_platforms import INSTAGRAM

GRAPH = "graph.instagram.com"
DAY_S = 24 * 3600
SIXTY_DAYS_S = 5_183_944
ALL_FIELDS = "user_id,username,name,profile_picture_url,account_type"


async def switch(sandbox: Sandbox, **settings: bool) -> Got:
    return await sandbox.control("POST", "instagram/settings", settings)


async def short_token(sandbox: Sandbox, **consent: Any) -> str:
    token: str = (await INSTAGRAM.tokens(sandbox, **consent))["access_token"]
    return token


async def exchange(sandbox: Sandbox, token: str, **changes: str) -> Got:
    sent = {"grant_type": "ig_exchange_token", "client_secret": INSTAGRAM.client[1], "access_token": token, **changes}
    return await sandbox.send("GET", GRAPH, "/access_token", params=sent)


async def long_token(sandbox: Sandbox, **consent: Any) -> str:
    got = await exchange(sandbox, await short_token(sandbox, **consent))
    assert got.status == 200, got.text
    token: str = got.json["access_token"]
    return token


async def refresh(sandbox: Sandbox, token: str, **changes: str) -> Got:
    sent = {"grant_type": "ig_refresh_token", "access_token": token, **changes}
    return await sandbox.send("GET", GRAPH, "/refresh_access_token", params=sent)


async def me(sandbox: Sandbox, token: str, fields: str = ALL_FIELDS, path: str = "/v25.0/me") -> Got:
    return await sandbox.send("GET", GRAPH, path, params={"access_token": token, "fields": fields})


def error(got: Got) -> tuple[int, int, int | None]:
    told = got.json["error"]
    return got.status, told["code"], told.get("error_subcode")
