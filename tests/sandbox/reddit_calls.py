"""Calls that the tests of the simulated Reddit share."""

from dataclasses import replace
from typing import Any

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.oauth_list_platforms import REDDIT

SITE = "www.reddit.com"
API = "oauth.reddit.com"
AGENT = dict(REDDIT.headers)
TEMPORARY = replace(REDDIT, parameters={})
OTHER = replace(REDDIT, client_id="other", client_secret="other-secret-0123456789")


async def access_token(sandbox: Sandbox, person: str = "plenty", **consent: Any) -> str:
    token: str = (await REDDIT.tokens(sandbox, person=person, **consent))["access_token"]
    return token


async def get(sandbox: Sandbox, path: str, token: str | None, *, raw: bool = True, **params: str) -> Got:
    wanted = {"raw_json": "1", **params} if raw else params
    return await sandbox.send("GET", API, path, token=token, params=wanted, headers=AGENT)


async def switch(sandbox: Sandbox, name: str) -> None:
    assert (await sandbox.control("POST", "reddit/settings", {name: True})).status == 200


async def revoke(sandbox: Sandbox, token: str, **request: Any) -> Got:
    headers = {**AGENT, **REDDIT.basic_header(), **request.pop("headers", {})}
    sent = {"token": token, "token_type_hint": "refresh_token"}
    return await sandbox.send("POST", SITE, "/api/v1/revoke_token", data=sent, headers=headers)


async def register_other(sandbox: Sandbox) -> None:
    app = {"platform": "reddit", "client_id": OTHER.client_id, "client_secret": OTHER.client_secret}
    assert (await sandbox.control("POST", "apps", {**app, "redirect_uris": [OTHER.callback(sandbox)]})).status == 201


async def pages(sandbox: Sandbox, token: str, where: str, **params: str) -> list[list[dict[str, Any]]]:
    """Every page of a listing, followed by `after` until that is null."""
    found: list[list[dict[str, Any]]] = []
    after: str | None = ""
    while after is not None:
        wanted: dict[str, Any] = {**params, "after": after} if after else {**params}
        got = await get(sandbox, f"/subreddits/mine/{where}", token, **wanted)
        assert got.status == 200, got.text
        found.append([child["data"] for child in got.json["data"]["children"]])
        after = got.json["data"]["after"]
    return found


async def listed(sandbox: Sandbox, token: str, where: str, **params: str) -> list[dict[str, Any]]:
    return [row for page in await pages(sandbox, token, where, **params) for row in page]
