"""S40: another tenant's id answers exactly like one that does not exist, wherever an id can stand."""

import pytest

from moorline.ids import new_id
from tests.harness import UNKNOWN_ID, Answer, World, on_both_engines
from tests.http.tenancy_cases import CASES, PAGE, SELECT, WEBHOOK, Theirs
from tests.http.test_routes import framework_of, handlers

APP_CREDENTIAL = {"platform": "reddit", "clientId": "theirs", "clientSecret": "theirs-secret"}


EMPTY_LISTS = {
    "accounts of a profile",
    "the log of a profile",
    "a page of the log",
    "a page of the audit log",
    "health of a profile",
    "tries of a webhook",
    "links of a profile",
    "a page of links",
}

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
    ("GET", "/api/v1/app-credentials"),
    ("POST", "/api/v1/app-credentials"),
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
    body = {"profileId": world.other.profile_id}
    link = await world.ok("POST", "/v1/connect/links", key=world.other.api_key, body=body)
    registered = await world.ok("POST", "/v1/app-credentials", key=world.other.api_key, body=APP_CREDENTIAL)
    return Theirs(
        app_credential=registered["appCredential"]["id"],
        audit_entry=(await world.ok("GET", "/v1/audit", key=world.other.api_key))["entries"][-1]["id"],
        link=link["id"],
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
        app_credential=new_id(),
        audit_entry=new_id(),
        link=new_id(),
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
        (method, path.replace("{app_credential}", "{credential_id}").replace("{link}", "{link_id}"))
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
        "app-credentials",
        "audit",
        "connect/logs",
    ],
)
async def test_s40_no_list_tells_of_another_tenant(world: World, path: str) -> None:
    theirs = await of_other(world)
    answer = await world.call("GET", f"/v1/{path}")
    assert answer.status == 200
    ids = (
        theirs.user,
        theirs.profile,
        theirs.account,
        theirs.key,
        theirs.webhook,
        theirs.webhook_log,
        theirs.app_credential,
    )
    for value in (*ids, theirs.app_credential, "Fernhill", "other@example.com"):
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
