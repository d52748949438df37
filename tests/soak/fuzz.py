"""S64 for an hour, as `make soak`: other calls at every round, against a server that must be as well at the end.

MOORLINE_SOAK_FUZZ_MINUTES asks for less, or more.
"""

import os
import resource
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from schemathesis import Case
from schemathesis.checks import load_all_checks

from tests.contract import test_fuzz
from tests.contract.test_fuzz import Fuzzed, bounded, checks_of_answers
from tests.journeys.processes import DemoServer

MINUTES = float(os.environ.pop("MOORLINE_SOAK_FUZZ_MINUTES", 60))
EXAMPLES = 50  # of an operation in one round
MOST_MIB = 600


@pytest.fixture
def fuzzed(tmp_path: Path) -> Iterator[Fuzzed]:
    load_all_checks()
    with DemoServer(tmp_path, {"MOORLINE_LOG_LEVEL": "WARNING"}) as server:
        yield Fuzzed(server)


def test_s64_an_hour_of_calls_of_every_operation_finds_no_fault_and_no_hung_worker(
    fuzzed: Fuzzed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_fuzz, "GIVEN_EXAMPLES", str(EXAMPLES))  # other calls at every round
    until_s, rounds, statuses = time.monotonic() + 60 * MINUTES, 0, Counter[int]()
    while time.monotonic() < until_s:
        rounds += 1
        for name in test_fuzz.OPERATIONS:
            if time.monotonic() > until_s:
                break
            _fuzz(fuzzed, name, statuses)
        assert_is_well(fuzzed.server)
    print(f"\n{sum(statuses.values())} calls in {rounds} rounds: {dict(sorted(statuses.items()))}")


def _fuzz(fuzzed: Fuzzed, name: str, statuses: Counter[int]) -> None:
    @bounded(EXAMPLES)
    @given(case=fuzzed.cases(name))
    def holds(case: Case) -> None:  # type: ignore[type-arg]
        response = case.call(session=fuzzed.http, headers=fuzzed.key, timeout=30)
        statuses[response.status_code] += 1
        case.validate_response(response, checks=checks_of_answers())

    holds()


def assert_is_well(server: DemoServer) -> None:
    """It answers at once, its background work goes on, it has not grown without end, and nothing of ours broke."""
    for path in ("healthz", "readyz"):
        with urllib.request.urlopen(f"{server.base_url}/{path}", timeout=5) as answer:
            assert answer.status == 200
    assert "unexpected_error" not in server.log
    assert "Traceback" not in server.log
    assert _resident_mib(server.pid) < MOST_MIB


def _resident_mib(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() // 2**20
