"""What is really answered, held against what `/api/openapi.json` says: statuses, shapes, and no field untold."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from moorline import platforms
from tests.contract.recorded import Contract, Document
from tests.journeys.journey import Journey

UNKNOWN = "507f1f77bcf86cd799439011"


async def test_users_and_usage_answer_as_documented(journey: Journey, contract: Contract) -> None:
    contract.holds("GET /v1/users", await journey.call("GET", "users"), 200)
    one = "GET /v1/users/{userId}"
    contract.holds(one, await journey.call("GET", f"users/{journey.server.user_id}"), 200)
    contract.holds(one, await journey.call("GET", f"users/{UNKNOWN}"), 404)
    contract.holds(one, await journey.call("GET", "users/x"), 400)
    contract.holds("GET /v1/usage-stats", await journey.call("GET", "usage-stats"), 200)


async def test_profiles_answer_as_documented(journey: Journey, contract: Contract) -> None:
    one = "/v1/profiles/{profileId}"
    body = {"name": "Contract", "description": "d", "color": "#123456"}
    made = contract.holds("POST /v1/profiles", await journey.call("POST", "profiles", body=body), 201)
    path = f"profiles/{made.json['profile']['_id']}"
    contract.holds("GET /v1/profiles", await journey.call("GET", "profiles"), 200)
    contract.holds(f"GET {one}", await journey.call("GET", path), 200)
    contract.holds(f"PUT {one}", await journey.call("PUT", path, body={"name": "New"}), 200)
    contract.holds("POST /v1/profiles", await journey.call("POST", "profiles", body={}), 400)
    for method in ("GET", "PUT", "DELETE"):
        sent: object = {} if method == "PUT" else None
        contract.holds(f"{method} {one}", await journey.call(method, f"profiles/{UNKNOWN}", body=sent), 404)
        contract.holds(f"{method} {one}", await journey.call(method, "profiles/x", body=sent), 400)
    contract.holds(f"DELETE {one}", await journey.call("DELETE", path), 200)


async def test_accounts_answer_as_documented(journey: Journey, contract: Contract) -> None:
    await journey.landing("twitter")
    await journey.call("POST", "connect/telegram", body={"chatId": "@mychannel", "profileId": journey.profile_id})
    listed = contract.holds("GET /v1/accounts", await journey.call("GET", "accounts"), 200)
    paged = {"page": "1", "limit": "1"}
    contract.holds("GET /v1/accounts", await journey.call("GET", "accounts", query=paged), 200)
    contract.holds("GET /v1/accounts", await journey.call("GET", "accounts", query={"limit": "x"}), 400)
    one, path = "/v1/accounts/{accountId}", f"accounts/{listed.json['accounts'][-1]['_id']}"
    contract.holds(f"GET {one}", await journey.call("GET", path), 200)
    contract.holds(f"PUT {one}", await journey.call("PUT", path, body={"displayName": "New"}), 200)
    contract.holds(f"PUT {one}", await journey.call("PUT", path, body={"displayName": ""}), 400)
    contract.holds(f"DELETE {one}", await journey.call("DELETE", path), 200)
    contract.holds(f"DELETE {one}", await journey.call("DELETE", path), 404)


async def test_the_health_of_accounts_answers_as_documented(journey: Journey, contract: Contract) -> None:
    every, one = "GET /v1/accounts/health", "GET /v1/accounts/{accountId}/health"
    for platform in ("twitter", "instagram", "reddit"):
        await journey.landing(platform)
    listed = contract.holds(every, await journey.call("GET", "accounts/health"), 200)
    contract.holds(every, await journey.call("GET", "accounts/health", query={"status": "perhaps"}), 400)
    for account in listed.json["accounts"]:
        contract.holds(one, await journey.call("GET", f"accounts/{account['accountId']}/health"), 200)
    contract.holds(one, await journey.call("GET", f"accounts/{UNKNOWN}/health"), 404)
    contract.holds(one, await journey.call("GET", "accounts/x/health"), 400)


async def test_the_token_of_an_account_answers_as_documented(journey: Journey, contract: Contract) -> None:
    at = "GET /v1/accounts/{accountId}/token"
    await journey.landing("twitter")
    (account,) = await journey.accounts()
    path = f"accounts/{account['_id']}/token"
    for reveals, status in ((True, 200), (False, 403)):
        async with new_key(journey, revealTokens=reveals) as key:
            contract.holds(at, await journey.call("GET", path, key=key), status)
    contract.holds(at, await journey.call("GET", f"accounts/{UNKNOWN}/token"), 404)
    contract.holds(at, await journey.call("GET", path, query={"min_valid_s": "x"}), 400)


async def test_logs_answer_as_documented(journey: Journey, contract: Contract) -> None:
    logs, one, audit = "GET /v1/connect/logs", "GET /v1/connect/attempts/{attemptId}", "GET /v1/audit"
    await journey.landing("twitter")
    await journey.landing("twitter", button="deny")
    await journey.call("DELETE", f"accounts/{(await journey.accounts())[0]['_id']}")
    listed = contract.holds(logs, await journey.call("GET", "connect/logs"), 200).json["logs"]
    assert {entry["type"] for entry in listed} >= {"connect", "disconnected"}
    contract.holds(logs, await journey.call("GET", "connect/logs", query={"type": "x"}), 400)
    for entry in listed:
        if entry["attemptId"] is not None:
            contract.holds(one, await journey.call("GET", f"connect/attempts/{entry['attemptId']}"), 200)
    contract.holds(one, await journey.call("GET", f"connect/attempts/{UNKNOWN}"), 404)
    async with new_key(journey, scope="profiles", profileIds=[journey.profile_id]) as limited:
        contract.holds(audit, await journey.call("GET", "audit"), 200)
        contract.holds(audit, await journey.call("GET", "audit", key=limited), 403)
    contract.holds(audit, await journey.call("GET", "audit", query={"before": "x"}), 400)


async def test_invitations_answer_as_documented(journey: Journey, contract: Contract) -> None:
    at, path = "POST /v1/invite/tokens", "invite/tokens"
    contract.holds(at, await journey.call("POST", path, body={"scope": "all"}), 201)
    some = {"scope": "profiles", "profileIds": [journey.profile_id]}
    contract.holds(at, await journey.call("POST", path, body=some), 201)
    contract.holds(at, await journey.call("POST", path, body={**some, "profileIds": [UNKNOWN]}), 403)
    contract.holds(at, await journey.call("POST", path, body={"scope": "none"}), 400)


async def test_webhooks_answer_as_documented(journey: Journey, contract: Contract) -> None:
    at, path = "/v1/webhooks/settings", "webhooks/settings"
    body = {"name": "contract", "url": "https://nowhere.invalid/", "events": ["account.connected"], "isActive": False}
    made = contract.holds(f"POST {at}", await journey.call("POST", path, body=body), 200)
    contract.holds(f"POST {at}", await journey.call("POST", path, body={**body, "url": "http://10.0.0.1/"}), 400)
    contract.holds(f"GET {at}", await journey.call("GET", path), 200)
    one = made.json["webhook"]["_id"]
    change = {"_id": one, "name": "renamed", "customHeaders": {"X-Team": "bread"}}
    contract.holds(f"PUT {at}", await journey.call("PUT", path, body=change), 200)
    contract.holds(f"PUT {at}", await journey.call("PUT", path, body={**change, "_id": UNKNOWN}), 404)
    contract.holds(f"PUT {at}", await journey.call("PUT", path, body={}), 400)
    rotated = await journey.call("POST", f"webhooks/settings/{one}/rotate", body={})
    contract.holds(f"POST {at}/{{webhookId}}/rotate", rotated, 200)
    test = "POST /v1/webhooks/test"
    contract.holds(test, await journey.call("POST", "webhooks/test", body={"webhookId": one}), 500)
    contract.holds(test, await journey.call("POST", "webhooks/test", body={"webhookId": UNKNOWN}), 400)
    logs = "/v1/webhooks/logs"
    (entry, *_) = contract.holds(f"GET {logs}", await journey.call("GET", "webhooks/logs"), 200).json["logs"]
    contract.holds(f"GET {logs}", await journey.call("GET", "webhooks/logs", query={"limit": "0"}), 400)
    again = f"POST {logs}/{{logId}}/redeliver"
    contract.holds(again, await journey.call("POST", f"webhooks/logs/{entry['_id']}/redeliver"), 500)
    contract.holds(again, await journey.call("POST", f"webhooks/logs/{UNKNOWN}/redeliver"), 404)
    contract.holds(f"DELETE {at}", await journey.call("DELETE", path, query={"id": one}), 200)
    contract.holds(f"DELETE {at}", await journey.call("DELETE", path, query={"id": one}), 400)


async def test_api_keys_answer_as_documented(journey: Journey, contract: Contract) -> None:
    made = contract.holds("POST /v1/api-keys", await journey.call("POST", "api-keys", body={"name": "contract"}), 201)
    contract.holds("POST /v1/api-keys", await journey.call("POST", "api-keys", body={"name": "contract"}), 409)
    contract.holds("POST /v1/api-keys", await journey.call("POST", "api-keys", body={"name": ""}), 400)
    contract.holds("GET /v1/api-keys", await journey.call("GET", "api-keys"), 200)
    one, path = "DELETE /v1/api-keys/{keyId}", f"api-keys/{made.json['apiKey']['id']}"
    contract.holds(one, await journey.call("DELETE", path), 200)
    contract.holds(one, await journey.call("DELETE", path), 404)


async def test_starting_and_finishing_answer_as_documented(journey: Journey, contract: Contract) -> None:
    start, finish = "GET /v1/connect/{platform}", "POST /v1/connect/{platform}"
    query = {"profileId": journey.profile_id}
    for platform in (platform.name for platform in platforms.ALL if platform.name != "telegram"):
        contract.holds(start, await journey.call("GET", f"connect/{platform}", query=query), 200)
    contract.holds(start, await journey.call("GET", "connect/myspace", query=query), 400)
    contract.holds(start, await journey.call("GET", "connect/twitter"), 400)
    contract.holds(start, await journey.call("GET", "connect/twitter", query={"profileId": UNKNOWN}), 404)
    for platform in ("twitter", "facebook"):
        started = await journey.start(platform)
        callback = await journey.consent(started["authUrl"], browser=await journey.browser())
        code = httpx.URL(callback).params["code"]
        body = {"code": code, "state": started["state"], "profileId": journey.profile_id}
        contract.holds(finish, await journey.call("POST", f"connect/{platform}", body=body), 200)
        contract.holds(finish, await journey.call("POST", f"connect/{platform}", body=body), 400)
    await journey.fault("twitter", "POST /2/oauth2/token", status=503, body="down", count=9)
    started = await journey.start("twitter")
    code = httpx.URL(await journey.consent(started["authUrl"], browser=await journey.browser())).params["code"]
    body = {"code": code, "state": started["state"], "profileId": journey.profile_id}
    contract.holds(finish, await journey.call("POST", "connect/twitter", body=body), 500)
    foreign = {"code": "c", "state": "s", "profileId": UNKNOWN}
    contract.holds(finish, await journey.call("POST", "connect/twitter", body=foreign), 403)


async def test_the_choice_of_a_page_answers_as_documented(journey: Journey, contract: Contract) -> None:
    path = "connect/facebook/select-page"
    fields = await journey.selection()
    query = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
    contract.holds(f"GET /v1/{path}", await journey.call("GET", path, query=query), 200)
    contract.holds(f"GET /v1/{path}", await journey.call("GET", path), 400)
    contract.holds(f"GET /v1/{path}", await journey.call("GET", path, query={**query, "profileId": UNKNOWN}), 400)
    contract.holds(f"GET /v1/{path}", await journey.call("GET", path, key=None), 401)
    contract.holds(f"POST /v1/{path}", await journey.select(fields, "100000000000101"), 200)
    contract.holds(f"POST /v1/{path}", await journey.select(fields, "1"), 404)
    contract.holds(f"POST /v1/{path}", await journey.call("POST", path, body={}), 400)
    await journey.fault("facebook", "GET /{version}/me/accounts", status=503, body="down", count=3)
    contract.holds(f"GET /v1/{path}", await journey.call("GET", path, query=query), 500)


async def test_bluesky_answers_as_documented(journey: Journey, contract: Contract) -> None:
    at, path = "POST /v1/connect/bluesky/credentials", "connect/bluesky/credentials"
    state = f"{journey.server.user_id}-{journey.profile_id}"
    body = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo", "state": state}
    contract.holds(at, await journey.call("POST", path, body=body), 200)
    contract.holds(at, await journey.call("POST", path, body={**body, "redirectUri": "https://a.example/"}), 200)
    contract.holds(at, await journey.call("POST", path, body={**body, "appPassword": "wrong"}), 400)
    unknown = {**body, "state": f"{journey.server.user_id}-{UNKNOWN}"}
    contract.holds(at, await journey.call("POST", path, body=unknown), 400)
    await journey.fault("bluesky", "POST /xrpc/com.atproto.server.createSession", status=503, body="down", count=9)
    contract.holds(at, await journey.call("POST", path, body=body), 500)


async def test_telegram_answers_as_documented(journey: Journey, contract: Contract) -> None:
    at, path = "/v1/connect/telegram", "connect/telegram"
    issued = contract.holds(f"GET {at}", await journey.call("GET", path, query={"profileId": journey.profile_id}), 200)
    code = issued.json["code"]
    contract.holds(f"PATCH {at}", await journey.call("PATCH", path, query={"code": code}), 200)
    await journey.tell_bot(f"{code} @mychannel", sender="stranger")
    await journey.code_settles(code)
    contract.holds(f"PATCH {at}", await journey.call("PATCH", path, query={"code": code}), 200)
    await journey.tell_bot(f"{code} @mychannel")
    await journey.until(lambda told: told["status"] == "connected", code)
    contract.holds(f"PATCH {at}", await journey.call("PATCH", path, query={"code": code}), 200)
    contract.holds(f"PATCH {at}", await journey.call("PATCH", path, query={"code": "LATE-NOBODY"}), 404)
    contract.holds(f"PATCH {at}", await journey.call("PATCH", path), 400)
    body = {"chatId": "@mychannel", "profileId": journey.profile_id}
    contract.holds(f"POST {at}", await journey.call("POST", path, body=body), 200)
    contract.holds(f"POST {at}", await journey.call("POST", path, body={**body, "chatId": "@notadmin"}), 400)
    contract.holds(f"POST {at}", await journey.call("POST", path, body={**body, "profileId": UNKNOWN}), 404)
    contract.holds(f"GET {at}", await journey.call("GET", path, query={"profileId": UNKNOWN}), 404)
    contract.holds(f"GET {at}", await journey.call("GET", path), 400)
    await journey.fault("telegram", "POST /bot{token}/getChat", status=502, body="down", count=9)
    contract.holds(f"POST {at}", await journey.call("POST", path, body=body), 500)


async def test_every_writing_operation_answers_a_reading_key_as_documented(
    journey: Journey, contract: Contract, document: Document
) -> None:
    async with new_key(journey, permission="read") as key:
        for path, methods in document["paths"].items():
            for method in methods.keys() - {"get", "patch"}:  # PATCH asks how a Telegram code is
                answer = await journey.call(method.upper(), as_called(path), key=key)
                contract.holds(f"{method.upper()} {path.removeprefix('/api')}", answer, 403)


async def test_every_operation_answers_a_missing_key_as_documented(
    journey: Journey, contract: Contract, document: Document
) -> None:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            if {} in told["security"]:
                continue  # a token in the call is the permission
            answer = await journey.call(method.upper(), as_called(path), key=None)
            contract.holds(f"{method.upper()} {path.removeprefix('/api')}", answer, 401)
            assert answer.json == {"error": "Unauthorized"}


def as_called(path: str) -> str:
    """A path of the document with something in the place of its parameters."""
    return path.removeprefix("/api/v1/").replace("{platform}", "twitter").replace("{", "").replace("}", "")


@asynccontextmanager
async def new_key(journey: Journey, **body: object) -> AsyncIterator[str]:
    """A further key, revoked at the end."""
    answer = await journey.call("POST", "api-keys", body={"name": f"key of {journey.profile_id}", **body})
    made = answer.json["apiKey"]
    try:
        yield made["key"]
    finally:
        await journey.call("DELETE", f"api-keys/{made['id']}")
