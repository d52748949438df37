"""Holds recorded answers against a document."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import httpx
import schemathesis

from tests.journeys.journey import Answer

Document = Mapping[str, Any]


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
