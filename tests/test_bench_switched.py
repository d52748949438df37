"""What is switched on in the servers that the bench measures, and what is written about it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bench import documents, options, switched
from bench.load import CONNECTIONS, Sample
from bench.operations import Operation
from bench.processes import Child
from bench.rounds import FLOOR, Results
from bench.switched import OFF, Served, Switch
from bench.world import NEVER_REACHED, environment_of
from moorline import settings
from moorline.cli.environment import platform_names
from moorline.limits.buckets import BY_NAME, OF_CALLS
from moorline.limits.opening import numbers_of
from moorline.settings import Settings

AT = max(CONNECTIONS)
CPU_MS = {OFF: 0.5, "memory": 0.6, "redis": 1.0}


def loaded(given: dict[str, str]) -> Settings:
    return settings.load(given, platforms=platform_names())


def test_a_measured_server_counts_all_that_production_does_and_refuses_nobody() -> None:
    given = loaded(environment_of(8400, "sqlite:///m.sqlite3", outbound_map="{}"))

    most = numbers_of(given)

    assert {name for name, number in most.items() if number} == {
        name for name, number in numbers_of(Settings()).items() if number
    }
    assert {number for number in most.values() if number} == {NEVER_REACHED}
    assert (given.limits_url, bool(given.metrics_token), given.traces_url) == ("memory", True, "")
    assert (given.log_level, given.log_json) == (Settings().log_level, Settings().log_json)


def test_servers_that_are_compared_differ_in_what_their_titles_say() -> None:
    told = {}
    for switch in switched.switches(traces_url="http://127.0.0.1:1/v1/traces", redis_url="redis://127.0.0.1:2/0"):
        url = "postgresql://postgres@127.0.0.1:3/postgres"
        given = loaded(environment_of(8400, url, outbound_map="{}", switches=switch.settings))
        of_calls = [numbers_of(given)[one.name] for one in (*OF_CALLS, BY_NAME["start-profile"])]
        traces = (given.traces_url.partition(":")[0], given.traces_percent) if given.traces_url else None
        told[switch.title] = (any(of_calls), given.limits_url.partition(":")[0], bool(given.metrics_token), traces)

    assert told == {
        "nothing but the log": (False, "memory", False, None),
        "limits in memory": (True, "memory", False, None),
        "limits in memory, metrics": (True, "memory", True, None),
        "limits in memory, metrics, 1 % of traces": (True, "memory", True, ("http", 1)),
        "limits in the database": (True, "database", False, None),
        "limits in Redis": (True, "redis", False, None),
    }


@pytest.fixture
def redis_served(tmp_path: Path) -> Iterator[Served]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield Served(
            switch=Switch(name="redis", title="limits in Redis", settings={}),
            operations={f"{what}:redis": results().operations[f"{what}:redis"] for what in ("start", "get")},
            server=Child(name="somebody", process=process, output=tmp_path / "output.txt"),
        )


def test_a_server_that_counted_by_itself_is_known_by_its_log_and_left_out(redis_served: Served) -> None:
    found = results()
    redis_served.server.output.write_text('{"event":"answered"}\n')
    assert not redis_served.counted_apart()
    redis_served.server.output.write_text('{"event":"answered"}\n{"event":"limits_not_shared"}\n')
    assert redis_served.counted_apart()

    found.leave_out(redis_served)

    assert {name.partition(":")[2] for name, _ in found.samples} == {"", OFF, "memory"}
    assert [sentence.partition(":")[0] for sentence in found.missing[switched.NAME]] == ["limits in Redis"]


def test_a_run_writes_how_often_each_switch_costs_the_cpu_of_none(tmp_path: Path) -> None:
    shutil.copyfile(documents.FOLDER / documents.PAGE, tmp_path / documents.PAGE)

    assert documents.write(results(), folder=tmp_path) == (switched.NAME,)

    text = (tmp_path / documents.PAGE).read_text(encoding="utf-8")
    block = text.partition("<!-- bench: switched -->")[2].partition("<!-- bench: end -->")[0]
    rows = re.findall(r"^\| (\S.*?) +\| +16 \| +([0-9.]+) \| \S+ \| +[0-9.]+ \| +([0-9.]+) \|", block, re.MULTILINE)
    assert rows == [
        ("start, off", "1.000", "1.00"),
        ("start, memory", "1.200", "1.20"),
        ("start, redis", "2.000", "2.00"),
        ("get, off", "0.500", "1.00"),
        ("get, memory", "0.600", "1.20"),
        ("get, redis", "1.000", "2.00"),
    ]
    kept = msgspec.json.decode((tmp_path / documents.DATA).read_bytes())[switched.NAME]
    assert {line["ratio_off"] for line in kept["operations"]} == {None, 1.0, 1.2, 2.0}
    assert {line["target_h"] for line in kept["operations"]} == {None}


def test_a_run_without_one_of_the_switches_leaves_the_document_alone(tmp_path: Path) -> None:
    shutil.copyfile(documents.FOLDER / documents.PAGE, tmp_path / documents.PAGE)
    found = results()
    found.missing[switched.NAME] = ["limits in Redis: nothing there."]

    assert documents.write(found, folder=tmp_path) == ()


def results() -> Results:
    """A run as it may come out, for what is written about it."""

    async def nothing(_opened: object) -> None: ...

    found = Results(
        at="2026-11-26T12:00:00.000Z",
        commit="abc1234",
        options=options.parse(["--only", switched.NAME]),
        pinned=True,
        operations={},
        help_cpu_s=[0.1],
        start_cpu_s=[1.0],
    )
    cpu_ms = {FLOOR: 0.05}
    for name, own_ms in CPU_MS.items():
        for what, times in (("start", 2), ("get", 1)):
            found.operations[f"{what}:{name}"] = Operation(
                name=what, title=f"{what}, {name}", once=nothing, switched=name, connections=(AT,)
            )
            cpu_ms[f"{what}:{name}"] = times * own_ms
    for name, value in cpu_ms.items():
        sample = Sample(operations=2, cpu_ms=value, wall_s=1.0, latencies_ms=(1.0, 2.0))
        found.samples[name, AT] = [sample, sample]
    return found
