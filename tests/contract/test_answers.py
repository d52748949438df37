"""What is really answered, held against what `/api/openapi.json` says: statuses, shapes, and no field untold."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
import schemathesis

from tests.contract.conftest import Document
from tests.journeys.journey import Answer, Journey

UNKNOWN = "507f1f77bcf86cd799439011"


class Contract:
    """Checks answers by the document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._schema = schemathesis.openapi.from_dict(dict(document))

    def holds(self, at: str, answer: Answer, status: int) -> Answer:
        """The answer, found to have this status, which is documented, and the documented shape, with no field more."""
        assert answer.status == status, answer.text
        method, path = at.split(" ")
        operation = self._schema[f"/api{path}"][method]
        got = httpx.Response(
            answer.status,
            headers=dict(answer.headers),
            content=answer.text.encode(),
            request=httpx.Request(method, "http://127.0.0.1/"),
        )
        got.elapsed = timedelta(0)  # it never travelled
        operation.validate_response(got)
        told = self._document["paths"][f"/api{path}"][method.lower()]["responses"][str(status)]
        assert list(self._untold(told["content"]["application/json"]["schema"], answer.json)) == []
        return answer

    def _untold(self, schema: Mapping[str, Any], value: object, at: str = "") -> Iterator[str]:
        """Fields of the value that no schema names."""
        variants = list(self._variants(schema))
        if isinstance(value, list):
            for item in value:
                yield from (
                    found for one in variants if "items" in one for found in self._untold(one["items"], item, at)
                )
        elif isinstance(value, dict):
            named: dict[str, Any] = {}
            for one in variants:
                named |= one.get("properties", {})
            for name, inner in value.items():
                if named and name not in named:
                    yield f"{at}.{name}"
                elif named:
                    yield from self._untold(named[name], inner, f"{at}.{name}")

    def _variants(self, schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield from self._variants(self._document["components"]["schemas"][name])
        for one in schema.get("oneOf", ()):
            yield from self._variants(one)
        if "$ref" not in schema and "oneOf" not in schema:
            yield schema


@pytest.fixture(scope="session")
def contract(document: Document) -> Contract:
    return Contract(document)


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
    for platform in ("twitter", "facebook", "bluesky"):
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


async def test_every_operation_answers_a_missing_key_as_documented(
    journey: Journey, contract: Contract, document: Document
) -> None:
    for path, methods in document["paths"].items():
        for method in methods:
            real = path.removeprefix("/api/v1/").replace("{platform}", "twitter").replace("Id}", "Id").replace("{", "")
            answer = await journey.call(method.upper(), real, key=None)
            contract.holds(f"{method.upper()} {path.removeprefix('/api')}", answer, 401)
            assert answer.json == {"error": "Unauthorized"}
