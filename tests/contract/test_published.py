"""The published API and our `/api/openapi.json`, compared both ways."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.contract.differences import LEFT_OUT, OUR_OWN
from tests.contract.published import PUBLISHED, Operation
from tests.contract.recorded import Document


def operations(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """`METHOD /v1/path` and what our document says of it."""
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield f"{method.upper()} {path.removeprefix('/api')}", told


def ours(document: Document, name: str) -> Mapping[str, Any]:
    """Our operation of a published name."""
    (found,) = [told for _, told in operations(document) if told["operationId"] == name]
    return found


def parameters_of(told: Mapping[str, Any]) -> set[str]:
    return {f"{one['in']} {one['name']}{'!' * one['required']}" for one in told.get("parameters", ())}


def body_of(document: Document, told: Mapping[str, Any]) -> set[str]:
    if "requestBody" not in told:
        return set()
    schema = resolved(document, told["requestBody"]["content"]["application/json"]["schema"])
    required = schema.get("required", ())
    return {f"{name}{'!' * (name in required)}" for name in schema["properties"]}


def resolved(document: Document, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself; of an optional or repeated thing, that of the thing."""
    if "$ref" in schema:
        return resolved(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for choice in schema.get("oneOf", ()):
        if choice.get("type") != "null":
            return resolved(document, choice)
    if schema.get("type") == "array":
        return resolved(document, schema["items"])
    return schema


def fields_of(document: Document, told: Mapping[str, Any], status: int) -> dict[str, set[str]]:
    """The fields of the success, and theirs."""
    schema = resolved(document, told["responses"][str(status)]["content"]["application/json"]["schema"])
    return {
        name: set(resolved(document, inner).get("properties", ()))
        for name, inner in schema.get("properties", {}).items()
    }


def unmarked(names: set[str] | tuple[str, ...]) -> set[str]:
    return {name.rstrip("!") for name in names}


each = pytest.mark.parametrize(("name", "published"), PUBLISHED.items(), ids=PUBLISHED)


@each
def test_the_operation_is_where_it_is_published(document: Document, name: str, published: Operation) -> None:
    assert [at for at, told in operations(document) if told["operationId"] == name] == [published.at]


@each
def test_every_published_parameter_is_taken(document: Document, name: str, published: Operation) -> None:
    wanted = {parameter for parameter in unmarked(published.parameters) if f"{name} {parameter}" not in LEFT_OUT}
    assert wanted <= unmarked(parameters_of(ours(document, name)))


@each
def test_every_published_body_field_is_taken(document: Document, name: str, published: Operation) -> None:
    assert unmarked(published.body) <= unmarked(body_of(document, ours(document, name)))


@each
def test_nothing_is_required_that_is_not_published_as_required(
    document: Document, name: str, published: Operation
) -> None:
    told = ours(document, name)
    required = {field for field in parameters_of(told) | body_of(document, told) if field.endswith("!")}
    assert required <= {*published.parameters, *published.body}


@each
def test_every_published_status_is_told(document: Document, name: str, published: Operation) -> None:
    wanted = {published.success, *published.statuses}
    told = {int(status) for status in ours(document, name)["responses"]}
    assert {status for status in wanted if f"{name} {status}" not in LEFT_OUT} <= told
    assert {status for status in told if status < 400} == {published.success}


@each
def test_a_404_is_told_only_where_it_is_published(document: Document, name: str, published: Operation) -> None:
    assert 404 in published.statuses or "404" not in ours(document, name)["responses"]


@each
def test_every_published_field_is_answered(document: Document, name: str, published: Operation) -> None:
    told = fields_of(document, ours(document, name), published.success)
    assert set(published.fields) <= set(told)
    for field, inner in published.fields.items():
        wanted = {part for part in inner if part not in LEFT_OUT and f"{name} {part}" not in LEFT_OUT}
        assert wanted <= told[field], f"{field} lacks {wanted - told[field]}"


# --- the other way round ----------------------------------------------------------------------------------------------


def test_every_operation_of_ours_is_published_or_in_our_own_list(document: Document) -> None:
    names = {told["operationId"] for _, told in operations(document)}
    assert names - set(PUBLISHED) <= set(OUR_OWN)


@each
def test_every_name_of_ours_is_published_or_in_our_own_list(
    document: Document, name: str, published: Operation
) -> None:
    told = ours(document, name)
    more = unmarked(parameters_of(told)) - unmarked(published.parameters)
    more |= {f"body {field}" for field in unmarked(body_of(document, told)) - unmarked(published.body)}
    if published.fields:
        more |= set(fields_of(document, told, published.success)) - set(published.fields)
    assert {f"{name} {one}" for one in more} <= set(OUR_OWN)


def test_our_own_lists_name_nothing_that_is_not_there(document: Document) -> None:
    there = set()
    for name, published in PUBLISHED.items():
        told = ours(document, name)
        there |= {f"{name} {one}" for one in unmarked(parameters_of(told))}
        there |= {f"{name} body {one}" for one in unmarked(body_of(document, told))}
        there |= {f"{name} {one}" for one in fields_of(document, told, published.success)}
    there |= {told["operationId"] for _, told in operations(document)}
    assert set(OUR_OWN) <= there


def test_every_failure_has_the_one_shape(document: Document) -> None:
    shapes = {
        answer["content"]["application/json"]["schema"]["$ref"]
        for _, told in operations(document)
        for status, answer in told["responses"].items()
        if status >= "400"
    }
    assert shapes == {"#/components/schemas/Failure", "#/components/schemas/NotDelivered"}
    failure = document["components"]["schemas"]["Failure"]
    assert (failure["required"], set(failure["properties"])) == (["error"], {"error", "code", "details"})


def test_the_select_calls_take_a_connect_token_and_no_other_does(document: Document) -> None:
    by_token = {told["operationId"] for _, told in operations(document) if {"connectToken": []} in told["security"]}
    assert by_token == {
        "listFacebookPages",
        "listGoogleBusinessLocations",
        "listPinterestBoardsForSelection",
        "listSnapchatProfiles",
        "selectFacebookPage",
        "selectGoogleBusinessLocation",
        "selectLinkedInOrganization",
        "selectPinterestBoard",
        "selectSnapchatProfile",
    }


def test_only_what_is_published_as_needing_no_key_needs_none(document: Document) -> None:
    by_nobody = {told["operationId"] for _, told in operations(document) if {} in told["security"]}
    assert by_nobody == {"getPendingOAuthData", "listLinkedInOrganizations"}
