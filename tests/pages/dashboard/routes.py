"""The routes of the dashboard, as the application has them, and one of everything that their paths name.

Tests go over all of them, also over those to come.
"""

import re
from collections.abc import Iterator, Mapping

from moorline.access import Access
from moorline.ids import new_id
from tests.harness import World
from tests.http.tenancy_cases import WEBHOOK
from tests.http.test_routes import framework_of, handlers

APP = {"platform": "linkedin", "clientId": "own-client", "clientSecret": "an own secret"}


def dashboard_routes(world: World) -> Iterator[tuple[str, str, Access]]:
    """Method, path (as `/dashboard/accounts/{account_id}`) and who may call it."""
    for path, handler in handlers(framework_of(world)):
        if path == "/dashboard" or path.startswith("/dashboard/"):
            for method in sorted(handler.http_methods - {"HEAD"}):
                yield method, path, handler.opt["access"]


async def ids_of(world: World, *, other: bool = False) -> dict[str, str]:
    """One of everything that a path of the dashboard may name, of the owner or of the other tenant."""
    tenant = world.other if other else world.owner
    key = tenant.api_key
    await world.landing("reddit", tenant=tenant)
    account = (await world.accounts(key=key))[0]["_id"]
    started = await world.start("twitter", tenant=tenant)
    webhook = (await world.ok("POST", "/v1/webhooks/settings", key=key, body=WEBHOOK))["webhook"]
    await world.call("POST", "/v1/webhooks/test", key=key, body={"webhookId": webhook["_id"]})
    tries = (await world.ok("GET", "/v1/webhooks/logs", key=key))["logs"]
    link = await world.ok("POST", "/v1/connect/links", key=key, body={"profileId": tenant.profile_id})
    app = await world.ok("POST", "/v1/app-credentials", key=key, body=APP)
    return {
        "account_id": account,
        "profile_id": tenant.profile_id,
        "attempt_id": started["attemptId"],
        "key_id": tenant.key_id,
        "webhook_id": webhook["_id"],
        "log_id": tries[0]["_id"],
        "link_id": link["id"],
        "member_id": tenant.user_id,
        "credential_id": app["appCredential"]["id"],
    }


def of_nobody(world: World) -> dict[str, str]:
    """Ids that never were."""
    return {name: new_id() for name in parameters(world)}


def parameters(world: World) -> set[str]:
    """What the paths name."""
    return {name for _, path, _ in dashboard_routes(world) for name in re.findall(r"\{(\w+)\}", path)}


def filled(path: str, ids: Mapping[str, str]) -> str:
    """The path with ids for what it names. Raises: KeyError when `ids_of` makes none of a kind yet."""
    return re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], path)
