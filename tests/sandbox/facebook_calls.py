"""Calls that the tests of the simulated Facebook share."""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.oauth_platforms import FACEBOOK

GRAPH = "graph.facebook.com"
V = "/v25.0"
APP_ID, APP_SECRET = "sandbox-facebook", "sandbox-facebook-secret"
DAY_S = 24 * 3600
ALL_FIELDS = "id,name,username,access_token,category,tasks,fan_count,picture.type(large)"


async def short_token(sandbox: Sandbox, **consent: Any) -> str:
    token: str = (await FACEBOOK.tokens(sandbox, **consent))["access_token"]
    return token


async def exchange(sandbox: Sandbox, token: str, **changes: str) -> Got:
    sent = {
        "grant_type": "fb_exchange_token",
        "client_id": APP_ID,
        "client_secret": APP_SECRET,
        "fb_exchange_token": token,
        **changes,
    }
    return await sandbox.send("GET", GRAPH, f"{V}/oauth/access_token", params=sent)


async def long_token(sandbox: Sandbox, **consent: Any) -> str:
    got = await exchange(sandbox, await short_token(sandbox, **consent))
    assert got.status == 200, got.text
    token: str = got.json["access_token"]
    return token


async def graph(sandbox: Sandbox, path: str, token: str, method: str = "GET", **params: str) -> Got:
    return await sandbox.send(method, GRAPH, V + path, params={"access_token": token, **params})


async def pages(sandbox: Sandbox, token: str, path: str = "/me/accounts", **params: str) -> list[list[dict[str, Any]]]:
    """Every page of results, followed by `paging.next` as the platform gives it."""
    got = await graph(sandbox, path, token, **params)
    assert got.status == 200, got.text
    results = [got.json["data"]]
    while following := got.json.get("paging", {}).get("next"):
        parts = urlsplit(following)
        got = await sandbox.send("GET", parts.netloc, f"{parts.path}?{parts.query}")
        results.append(got.json["data"])
    return results


async def listed(sandbox: Sandbox, token: str, **params: str) -> list[dict[str, Any]]:
    return [page for result in await pages(sandbox, token, **params) for page in result]


def error(got: Got) -> tuple[int, int, int | None]:
    told = got.json["error"]
    assert told["type"] == "OAuthException"
    return got.status, told["code"], told.get("error_subcode")


def proof(token: str, secret: str = APP_SECRET) -> str:
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
