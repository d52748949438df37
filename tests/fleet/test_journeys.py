"""The journeys, as they are, through a proxy that sends each request to another server, beside a worker that dies."""

import importlib
import inspect
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType

from _pytest.fixtures import FixtureFunctionDefinition

from tests.fleet.deployment import Fleet
from tests.journeys.journey import Journey

WALKED = (
    "bluesky_flows",
    "facebook_crowd",
    "facebook_headless",
    "facebook_hosted",
    "flows",
    "official_sdk",
    "official_sdk_methods",
    "once_only",
    "telegram_flows",
)
THROUGH_ANY_SERVER = {"journey", "late", "sdk"}
OWN_SERVER = {"own_server", "seeded_server", "shared_server"}  # kill it, look into its SQLite file, or have a setting


def _journeys(module: ModuleType) -> Iterator[tuple[str, object]]:
    """The tests of a file that are content with any server, and its fixtures."""
    for name, found in vars(module).items():
        if isinstance(found, FixtureFunctionDefinition):
            yield name, found
        elif name.startswith("test_") and inspect.isfunction(found):
            wanted = set(inspect.signature(found).parameters)
            if wanted & THROUGH_ANY_SERVER and not wanted & OWN_SERVER:
                yield name, found


for _file in WALKED:
    for _name, _found in _journeys(importlib.import_module(f"tests.journeys.test_{_file}")):
        assert globals().setdefault(_name, _found) is _found, f"two journeys are called {_name}"


async def test_each_request_goes_to_another_server(journey: Journey, fleet: Fleet) -> None:
    for _ in range(3 * len(fleet.ports)):
        await journey.accounts()
    asked = [server for call, server in fleet.proxy.served_by() if call == "GET /api/v1/accounts 200"]
    last = asked[-3 * len(fleet.ports) :]
    assert all(one != following for one, following in pairwise(last)), last
    assert set(last) == {f"127.0.0.1:{port}" for port in fleet.ports}
