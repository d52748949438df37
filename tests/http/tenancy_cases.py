"""Every id of another tenant's that a call can name, for the matrix of S40."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.harness import World

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
    app_credential: str
    audit_entry: str
    link: str


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
CASES["an app credential"] = Case(method="GET", path="/v1/app-credentials/{app_credential}")
CASES["an app credential to change"] = Case(
    method="PATCH", path="/v1/app-credentials/{app_credential}", call=lambda _t, _w: {"body": {"isActive": False}}
)
CASES["an app credential to delete"] = Case(method="DELETE", path="/v1/app-credentials/{app_credential}")
CASES["a page of the audit log"] = Case(
    method="GET", path="/v1/audit", call=lambda t, _w: {"query": {"before": t.audit_entry}}
)
CASES["a page of the log"] = Case(
    method="GET", path="/v1/connect/logs", call=lambda t, _w: {"query": {"before": t.attempt}}
)
CASES["a profile to make a link for"] = Case(
    method="POST", path="/v1/connect/links", call=lambda t, _w: {"body": {"profileId": t.profile}}
)
CASES["an account to make a link for"] = Case(
    method="POST",
    path="/v1/connect/links",
    call=lambda t, w: {"body": {"profileId": w.owner.profile_id, "reconnectAccountId": t.account}},
)
CASES["links of a profile"] = Case(
    method="GET", path="/v1/connect/links", call=lambda t, _w: {"query": {"profileId": t.profile}}
)
CASES["a page of links"] = Case(
    method="GET", path="/v1/connect/links", call=lambda t, _w: {"query": {"before": t.link}}
)
CASES["a link"] = Case(method="GET", path="/v1/connect/links/{link}")
CASES["a link to revoke"] = Case(method="DELETE", path="/v1/connect/links/{link}")
