"""`/api/docs` and `/api/openapi.json`: every operation, from this server alone."""

import re
from html import unescape

import pytest

from tests.harness import World, shares_a_world
from tests.http.test_routes import framework_of, handlers

METHODS = {"get", "post", "put", "patch", "delete"}


def shape(path: str) -> str:
    """A path whatever its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", path)


@shares_a_world
@pytest.mark.parametrize("key", ["", None])
async def test_the_document_is_json_and_names_every_operation(shared: World, key: str | None) -> None:
    answer = await shared.call("GET", "/api/openapi.json", key=key)
    assert answer.status == 200
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    document = answer.json
    assert document["openapi"].startswith("3.1")
    told = {(method, shape(path)) for path, item in document["paths"].items() for method in METHODS & set(item)}
    routes = {
        (method.lower(), shape(path))
        for path, handler in handlers(framework_of(shared))
        for method in handler.http_methods
        if path.startswith("/api/v1/") and "/proxy/" not in path  # OpenAPI has no parameter that holds slashes
    }
    assert told == routes


@shares_a_world
async def test_operations_have_ids_of_their_own_and_a_sentence(shared: World) -> None:
    document = (await shared.call("GET", "/api/openapi.json")).json
    operations = [item[method] for item in document["paths"].values() for method in METHODS & set(item)]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(operation.get("description") for operation in operations)
    assert {"bearerAuth", "connectToken"} <= set(document["components"]["securitySchemes"])


@shares_a_world
async def test_the_page_shows_every_operation_of_the_document(shared: World) -> None:
    document = (await shared.call("GET", "/api/openapi.json")).json
    answer = await shared.call("GET", "/api/docs", key=None)
    assert answer.status == 200
    text = unescape(answer.text)
    for path, item in document["paths"].items():
        assert path in text
        for method in METHODS & set(item):
            assert f'id="{item[method]["operationId"]}"' in text
            assert item[method]["description"] in text
            for parameter in item[method].get("parameters", ()):
                assert parameter["name"] in text


@shares_a_world
async def test_neither_holds_a_key_or_an_address_of_this_machine(shared: World) -> None:
    for path in ("/api/docs", "/api/openapi.json"):
        text = (await shared.call("GET", path)).text
        assert shared.owner.api_key not in text
        assert "127.0.0.1" not in text
