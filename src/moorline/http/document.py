"""`/api/openapi.json`: what the routes tell of themselves, in the published names, with every failure they answer."""

import re
from dataclasses import dataclass, fields
from typing import Any

from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import OpenAPI
from typing_extensions import override

FAILURE: dict[str, Any] = {
    "type": "object",
    "description": "Every failure: a sentence, a name for programs, and the fields at fault.",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "code": {"type": "string"}, "details": {"type": "object"}},
}
NOT_DELIVERED = {
    **FAILURE,
    "description": "A delivery that did not arrive: the published fields, and those of every failure.",
    "required": ["success", "message", "error"],
    "properties": {**FAILURE["properties"], "success": {"type": "boolean"}, "message": {"type": "string"}},
}
_MEANINGS = {
    "400": "The call is malformed; details.fields names what is wrong.",
    "401": "No working key.",
    "403": "The key works but may not do this.",
    "404": "No such thing, or somebody else's.",
    "409": "It clashes with another call, or with what exists.",
    "413": "The body is larger than 1 MiB.",
    "429": "Too many calls; Retry-After tells how long to wait.",
    "500": "The platform, or the webhook's receiver, refused or did not answer; code tells which.",
    "503": "The database did not answer in time.",
}
# Calls for which no 404 is published: there an unknown profile is a 400 or a 403.
_WITHOUT_404 = {
    "connectBlueskyCredentials",
    "handleOAuthCallback",
    "listFacebookPages",
    "listGoogleBusinessLocations",
    "listLinkedInOrganizations",
    "listPinterestBoardsForSelection",
    "listSnapchatProfiles",
    "selectLinkedInOrganization",
    "selectPinterestBoard",
    "selectSnapchatProfile",
}
_WITH_404 = {"updateWebhookSettings", "createConnectLink"}  # their ids are in the body
_CALLS_A_RECEIVER = {"testWebhook", "redeliverWebhook"}
# Whose key or connect token the guard reads, so no handler has it as a parameter.
_CONNECT_TOKEN = {
    "name": "X-Connect-Token",
    "in": "header",
    "required": False,
    "deprecated": False,
    "schema": {"type": "string"},
    "description": "The connect token of the headless redirect, in place of an API key.",
}
_ASK_A_PLATFORM = re.compile(r"/connect/(?!logs$|attempts/|links)|/accounts/\{[a-z_]+\}/(?!health$)")


class Document(OpenAPI):
    """The framework's document, completed."""

    @override
    def to_schema(self) -> dict[str, Any]:
        document = super().to_schema()
        document["components"]["schemas"] |= {"Failure": FAILURE, "NotDelivered": NOT_DELIVERED}
        document["paths"] = {_camel(path): _completed(path, item) for path, item in document["paths"].items()}
        return document


@dataclass
class DocumentConfig(OpenAPIConfig):
    """Makes a `Document`."""

    @override
    def to_openapi_schema(self) -> OpenAPI:
        made = super().to_openapi_schema()
        return Document(**{field.name: getattr(made, field.name) for field in fields(made) if field.init})


def _camel(path: str) -> str:
    """`{account_id}` as it is published: `{accountId}`."""
    return re.sub(r"\{[a-z_]+\}", lambda found: _camel_name(found[0]), path)


def _camel_name(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _completed(path: str, item: dict[str, Any]) -> dict[str, Any]:
    return {method: _with_failures(path, method, operation) for method, operation in item.items()}


def _with_failures(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["name"] = _camel_name(parameter["name"])
    if {"connectToken": []} in operation.get("security", ()):
        operation.setdefault("parameters", []).append(_CONNECT_TOKEN)
    successes = {status: answer for status, answer in operation["responses"].items() if status < "400"}
    failures = {status: _failure(status, operation) for status in sorted(_statuses(path, method, operation))}
    return {**operation, "responses": successes | failures}


def _failure(status: str, operation: dict[str, Any]) -> dict[str, Any]:
    is_delivery = status == "500" and operation["operationId"] in _CALLS_A_RECEIVER
    shape = "NotDelivered" if is_delivery else "Failure"
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}}
    return {"description": _MEANINGS[status], "content": content}


def _statuses(path: str, method: str, operation: dict[str, Any]) -> set[str]:
    """Which failures a call may end with, told by what it takes."""
    asks_a_platform = _ASK_A_PLATFORM.search(path) is not None
    statuses = {"401", "429", "503"}
    if "parameters" in operation or "requestBody" in operation:
        statuses.add("400")
    if "requestBody" in operation:
        statuses |= {"409", "413"}
    name = operation["operationId"]
    if (
        asks_a_platform
        or method != "get"
        or re.search(r"/webhooks/|/app-credentials|/audit$|\{profile_id\}|\{user_id\}", path)
    ):
        statuses.add("403")
    if name in _WITH_404 or (("_id}" in path or asks_a_platform) and name not in _WITHOUT_404):
        statuses.add("404")
    if asks_a_platform or name in _CALLS_A_RECEIVER:
        statuses.add("500")
    return statuses
