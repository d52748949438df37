"""S40: another tenant's id answers exactly like one that does not exist, wherever an id can stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from moorline.ids import new_id
from tests.harness import UNKNOWN_ID, Answer, World, on_both_engines
from tests.http.test_routes import framework_of, handlers

SELECT = "/v1/connect/facebook/select-page"
PAGE = "100000000000101"
# The choose paths, and what a body of theirs holds besides profile and handle; some only list, some only save.
SELECTS: dict[str, dict[str, Any]] = {
    "/v1/connect/googlebusiness/locations": {},
    "/v1/connect/googlebusiness/select-location": {"locationId": "1"},
    "/v1/connect/pinterest/select-board": {"boardId": "1"},
    "/v1/connect/snapchat/select-profile": {"selectedPublicProfile": {"id": "1"}},
    "/v1/connect/linkedin/select-organization": {"accountType": "personal"},
}
NO_SELECTS = {
    ("POST", "/v1/connect/googlebusiness/locations"),
    ("GET", "/v1/connect/googlebusiness/select-location"),
    ("GET", "/v1/connect/linkedin/select-organization"),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "facebook-page": {"selectedPageId": "1"},
    "linkedin-organizations": {},
    "linkedin-organization": {"accountType": "personal"},
    "pinterest-boards": {"defaultBoardId": "1"},
    "gmb-locations": {"selectedLocationId": "1"},
    "reddit-subreddits": {"defaultSubreddit": "boats"},
    "token": {},
}
WEBHOOK = {"url": "https://localhost/hook", "events": ["account.connected"]}
NO_OPTIONS = {("PUT", "linkedin-organizations"), ("GET", "linkedin-organization"), ("PUT", "token")}
BSKY = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """Everything of the other tenant that a caller could name, and of one that never was."""

    user: str
    profile: str
    account: str
    key: str
    state: str
    code: str
    temp_token: str
    connect_token: str
    attempt: str
    webhook: str
    webhook_log: str


Call = Callable[[Theirs, World], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A call that names one id of `Theirs`; the rest of it is the caller's own."""

    method: str
    path: str
    call: Call = lambda _theirs, _world: {}


CASES = {
    "a user": Case(method="GET", path="/v1/users/{user}"),
    "a profile": Case(method="GET", path="/v1/profiles/{profile}"),
    "a profile to change": Case(
        method="PUT", path="/v1/profiles/{profile}", call=lambda _t, _w: {"body": {"name": "Taken"}}
    ),
    "a profile to make the default": Case(
        method="PUT", path="/v1/profiles/{profile}", call=lambda _t, _w: {"body": {"isDefault": True}}
    ),
    "a profile to delete": Case(method="DELETE", path="/v1/profiles/{profile}"),
    "an account": Case(method="GET", path="/v1/accounts/{account}"),
    "an account to rename": Case(
        method="PUT", path="/v1/accounts/{account}", call=lambda _t, _w: {"body": {"displayName": "Taken"}}
    ),
    "an account to disconnect": Case(method="DELETE", path="/v1/accounts/{account}"),
    "a key to revoke": Case(method="DELETE", path="/v1/api-keys/{key}"),
    "a webhook to change": Case(
        method="PUT", path="/v1/webhooks/settings", call=lambda t, _w: {"body": {"_id": t.webhook, "name": "Taken"}}
    ),
    "a webhook to delete": Case(
        method="DELETE", path="/v1/webhooks/settings", call=lambda t, _w: {"query": {"id": t.webhook}}
    ),
    "a webhook to test": Case(
        method="POST", path="/v1/webhooks/test", call=lambda t, _w: {"body": {"webhookId": t.webhook}}
    ),
    "a secret to rotate": Case(method="POST", path="/v1/webhooks/settings/{webhook}/rotate"),
    "tries of a webhook": Case(
        method="GET", path="/v1/webhooks/logs", call=lambda t, _w: {"query": {"webhookId": t.webhook}}
    ),
    "a message to send again": Case(method="POST", path="/v1/webhooks/logs/{webhook_log}/redeliver"),
    "accounts of a profile": Case(
        method="GET", path="/v1/accounts", call=lambda t, _w: {"query": {"profileId": t.profile}}
    ),
    "a profile for a key": Case(
        method="POST",
        path="/v1/api-keys",
        call=lambda t, _w: {"body": {"name": "n", "scope": "profiles", "profileIds": [t.profile]}},
    ),
    "a profile to complete for": Case(
        method="POST",
        path="/v1/connect/twitter",
        call=lambda t, _w: {"body": {"code": "c", "state": "s", "profileId": t.profile}},
    ),
    "a state to complete": Case(
        method="POST",
        path="/v1/connect/twitter",
        call=lambda t, w: {"body": {"code": "c", "state": t.state, "profileId": w.owner.profile_id}},
    ),
    "a state and its profile": Case(
        method="POST",
        path="/v1/connect/twitter",
        call=lambda t, _w: {"body": {"code": "c", "state": t.state, "profileId": t.profile}},
    ),
    "a profile to list for": Case(
        method="GET", path=SELECT, call=lambda t, _w: {"query": {"profileId": t.profile, "tempToken": "x"}}
    ),
    "a handle to list with": Case(
        method="GET",
        path=SELECT,
        call=lambda t, w: {"query": {"profileId": w.owner.profile_id, "tempToken": t.temp_token}},
    ),
    "a handle in its header": Case(
        method="GET",
        path=SELECT,
        call=lambda t, w: {"query": {"profileId": w.owner.profile_id}, "headers": {"x-temp-token": t.temp_token}},
    ),
    "a handle and its profile": Case(
        method="POST",
        path=SELECT,
        call=lambda t, _w: {"body": {"profileId": t.profile, "tempToken": t.temp_token, "pageId": PAGE}},
    ),
    "a handle to choose with": Case(
        method="POST",
        path=SELECT,
        call=lambda t, w: {"body": {"profileId": w.owner.profile_id, "tempToken": t.temp_token, "pageId": PAGE}},
    ),
    "a user to sign in for": Case(
        method="POST",
        path="/v1/connect/bluesky/credentials",
        call=lambda t, w: {"body": {**BSKY, "state": f"{t.user}-{w.owner.profile_id}"}},
    ),
    "a profile to sign in for": Case(
        method="POST",
        path="/v1/connect/bluesky/credentials",
        call=lambda t, w: {"body": {**BSKY, "state": f"{w.owner.user_id}-{t.profile}"}},
    ),
    "a whole state to sign in with": Case(
        method="POST",
        path="/v1/connect/bluesky/credentials",
        call=lambda t, _w: {"body": {**BSKY, "state": t.state}},
    ),
    "a profile to send a code for": Case(
        method="GET", path="/v1/connect/telegram", call=lambda t, _w: {"query": {"profileId": t.profile}}
    ),
    "a code to poll": Case(method="PATCH", path="/v1/connect/telegram", call=lambda t, _w: {"query": {"code": t.code}}),
    "a profile for a chat": Case(
        method="POST",
        path="/v1/connect/telegram",
        call=lambda t, _w: {"body": {"chatId": "@mychannel", "profileId": t.profile}},
    ),
} | {
    f"a profile to connect {platform} to": Case(
        method="GET", path=f"/v1/connect/{platform}", call=lambda t, _w: {"query": {"profileId": t.profile}}
    )
    for platform in ("facebook", "twitter", "bluesky")
}


def choosing(method: str, choice: Mapping[str, Any], *, profile: bool, handle: bool) -> Call:
    """A list or a choice with their profile, their handle, or both."""

    def call(theirs: Theirs, world: World) -> Mapping[str, Any]:
        named = {
            "profileId": theirs.profile if profile else world.owner.profile_id,
            "tempToken": theirs.temp_token if handle else "x",
        }
        return {"query": named} if method == "GET" else {"body": {**choice, **named}}

    return call


CASES |= {
    f"{method} {path}, profile {profile}, handle {handle}": Case(
        method=method, path=path, call=choosing(method, choice, profile=profile, handle=handle)
    )
    for path, choice in SELECTS.items()
    for method in ("GET", "POST")
    for profile, handle in ((True, False), (False, True), (True, True))
    if (method, path) not in NO_SELECTS
}


def switching(method: str, body: Mapping[str, Any]) -> Call:
    return lambda _theirs, _world: {} if method == "GET" else {"body": body}


CASES |= {
    f"{method} {path}": Case(method=method, path=f"/v1/accounts/{{account}}/{path}", call=switching(method, body))
    for path, body in OPTIONS.items()
    for method in ("GET", "PUT")
    if (method, path) not in NO_OPTIONS
}
CASES["health of a profile"] = Case(
    method="GET", path="/v1/accounts/health", call=lambda t, _w: {"query": {"profileId": t.profile}}
)
CASES["health of an account"] = Case(method="GET", path="/v1/accounts/{account}/health")
CASES["the log of a profile"] = Case(
    method="GET", path="/v1/connect/logs", call=lambda t, _w: {"query": {"profileId": t.profile}}
)
CASES["an attempt"] = Case(method="GET", path="/v1/connect/attempts/{attempt}")
CASES |= {
    f"{method} through the proxy": Case(method=method, path="/v1/accounts/{account}/proxy/2/users/me")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
}
CASES["a profile to invite to"] = Case(
    method="POST",
    path="/v1/invite/tokens",
    call=lambda t, _w: {"body": {"scope": "profiles", "profileIds": [t.profile]}},
)
CASES["pending data"] = Case(
    method="GET", path="/v1/connect/pending-data", call=lambda t, _w: {"query": {"token": t.temp_token}}
)

EMPTY_LISTS = {"accounts of a profile", "the log of a profile", "health of a profile", "tries of a webhook"}

# A foreign connect token beside a working key of one's own is not an id: it is refused as a credential.
NO_IDS = {
    ("GET", "/api/v1/connect/linkedin/organizations"),  # nobody's: the handle is the permission, whoever holds it
    ("GET", "/api/v1/users"),
    ("GET", "/api/v1/profiles"),
    ("POST", "/api/v1/profiles"),
    ("GET", "/api/v1/api-keys"),
    ("GET", "/api/v1/usage-stats"),
    ("GET", "/api/v1/webhooks/settings"),
    ("POST", "/api/v1/webhooks/settings"),
}


async def of_other(world: World) -> Theirs:
    """The other tenant with one of everything."""
    await world.landing("twitter", tenant=world.other)
    account = (await world.accounts(key=world.other.api_key))[0]["_id"]
    fields = await world.selection(tenant=world.other)
    query = {"profileId": world.other.profile_id}
    telegram = await world.ok("GET", "/v1/connect/telegram", key=world.other.api_key, query=query)
    webhook = await world.ok("POST", "/v1/webhooks/settings", key=world.other.api_key, body=WEBHOOK)
    webhook_id = webhook["webhook"]["_id"]
    await world.call("POST", "/v1/webhooks/test", key=world.other.api_key, body={"webhookId": webhook_id})
    logs = await world.ok("GET", "/v1/webhooks/logs", key=world.other.api_key)
    started = await world.start("twitter", tenant=world.other)
    return Theirs(
        webhook=webhook_id,
        webhook_log=logs["logs"][0]["_id"],
        user=world.other.user_id,
        profile=world.other.profile_id,
        account=account,
        key=world.other.key_id,
        state=started["state"],
        attempt=started["attemptId"],
        code=telegram["code"],
        temp_token=fields["tempToken"],
        connect_token=fields["connect_token"],
    )


def of_nobody() -> Theirs:
    return Theirs(
        webhook=new_id(),
        webhook_log=new_id(),
        user=new_id(),
        profile=new_id(),
        account=new_id(),
        key=new_id(),
        state="A" * 43,
        code="LATE-ZZZZZZ",
        temp_token="A" * 75,
        connect_token="A" * 75,
        attempt=new_id(),
    )


def told(answer: Answer) -> tuple[int, str, dict[str, str]]:
    """Everything a caller sees, but what differs from one call to the next anyhow."""
    differs = {"x-request-id", "date", "x-ratelimit-reset"}
    return answer.status, answer.text, {name: value for name, value in answer.headers.items() if name not in differs}


@on_both_engines
async def test_s40_every_foreign_id_answers_like_one_that_never_was(world: World) -> None:
    theirs, nobodys = await of_other(world), of_nobody()
    outbound = await world.count()
    for name, case in CASES.items():
        answers = []
        for named in (theirs, nobodys):
            ids = {field: getattr(named, field) for field in Theirs.__slots__}
            answers.append(told(await world.call(case.method, case.path.format(**ids), **case.call(named, world))))
        assert answers[0] == answers[1], name
        assert answers[0][0] in {400, 403, 404} or name in EMPTY_LISTS, f"{name}: {answers[0]}"
    assert await world.count() == outbound
    key = world.other.api_key
    assert [account["_id"] for account in await world.accounts(key=key)] == [theirs.account]
    profiles = (await world.ok("GET", "/v1/profiles", key=key))["profiles"]
    assert [(profile["name"], profile["isDefault"]) for profile in profiles] == [("Fernhill Books", True)]
    assert await world.accounts() == []


async def test_s40_the_matrix_names_every_operation_that_takes_an_id(world: World) -> None:
    named = {
        (case.method, f"/api{case.path}".replace("{user}", "{user_id}").replace("{profile}", "{profile_id}"))
        for case in CASES.values()
    }
    named = {(method, path.replace("{account}", "{account_id}").replace("{key}", "{key_id}")) for method, path in named}
    named = {
        (method, path.replace("{webhook}", "{webhook_id}").replace("{webhook_log}", "{log_id}"))
        for method, path in named
    }
    named = {
        (method, path.replace("{attempt}", "{attempt_id}").replace("/proxy/2/users/me", "/proxy/{path}"))
        for method, path in named
    }
    named = {
        (method, "/api/v1/connect/{platform}" if path.endswith(("/twitter", "/facebook", "/bluesky")) else path)
        for method, path in named
    }
    routes = {
        (method, path)
        for path, handler in handlers(framework_of(world))
        for method in handler.http_methods
        if path.startswith("/api/v1/")
    }
    assert named | NO_IDS == routes, "an operation has no line in the matrix, or a line no operation"


@pytest.mark.parametrize(
    "path",
    [
        "users",
        "profiles",
        "api-keys",
        "accounts",
        "accounts/health",
        "usage-stats",
        "webhooks/settings",
        "webhooks/logs",
    ],
)
async def test_s40_no_list_tells_of_another_tenant(world: World, path: str) -> None:
    theirs = await of_other(world)
    answer = await world.call("GET", f"/v1/{path}")
    assert answer.status == 200
    ids = (theirs.user, theirs.profile, theirs.account, theirs.key, theirs.webhook, theirs.webhook_log)
    for value in (*ids, "Fernhill", "other@example.com"):
        assert value not in answer.text


async def test_s40_a_foreign_connect_token_opens_nothing_with_ones_own_key(world: World) -> None:
    theirs = await of_other(world)
    headers = {"x-connect-token": theirs.connect_token}
    assert (await world.call("GET", SELECT, headers=headers)).status == 401
    assert (await world.call("POST", SELECT, headers=headers, body={"pageId": PAGE})).status == 401


async def test_s40_ids_in_other_spellings_are_malformed_and_not_found_elsewhere(world: World) -> None:
    theirs = await of_other(world)
    for shown in (theirs.account.upper(), f"{theirs.account}%20", f"0{theirs.account}", theirs.account[:-1], "%00"):
        assert (await world.call("GET", f"/v1/accounts/{shown}")).status == 400
    for malformed in ("x", "0" * 25, "g" * 24, "..%2fusers"):
        for kind in ("users", "profiles", "accounts"):
            assert (await world.call("GET", f"/v1/{kind}/{malformed}")).status in {400, 404}
    assert (await world.call("DELETE", "/v1/api-keys/x")).status == 400
    assert (await world.call("GET", f"/v1/accounts/{UNKNOWN_ID}")).status == 404
