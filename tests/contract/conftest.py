"""The contract is tested on a running server too."""

import json
import urllib.request

import pytest

from tests.contract.recorded import Contract, Document
from tests.journeys.conftest import journey, seeded, seeded_server, shared_server
from tests.journeys.processes import DemoServer

__all__ = ["journey", "seeded", "seeded_server", "shared_server"]


@pytest.fixture(scope="session")
def document(shared_server: DemoServer) -> Document:
    """`/api/openapi.json` as it is served."""
    with urllib.request.urlopen(f"{shared_server.base_url}/api/openapi.json", timeout=10) as answer:
        found: Document = json.load(answer)
    return found


@pytest.fixture(scope="session")
def contract(document: Document) -> Contract:
    return Contract(document)
