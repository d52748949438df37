"""The bench runs to its end and tells everything; what it measures is no test's business."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import aiohttp
import pytest

from bench import chooser, claims, details, documents, options, pages, renewing, rivals, switched
from bench.load import CONNECTIONS, CROWD, Part, Sample, drive
from bench.memory import Memory
from bench.operations import NAMES, Operation
from bench.processes import Broken, Child
from bench.rivals import RIVALS, SOCIAL_CORE, environments
from bench.rivals.environments import Unavailable
from bench.rounds import FLOOR, Results
from tests.engines import ENGINES

ROOT = Path(__file__).resolve().parents[1]


def test_a_smoke_run_prints_every_operation_and_writes_it_as_json(tmp_path: Path) -> None:
    path = tmp_path / "results.json"

    run = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--without", rivals.NAME, "--json", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    told = json.loads(path.read_text(encoding="utf-8"))
    assert {"at", "commit", "command", "python", "cpu", "machine"} <= told.keys()
    assert {"Moorline", "SQLite", "PostgreSQL", "uvicorn"} <= told["versions"].keys()
    measured = {(line["name"], line["connections"]) for line in told["operations"]}
    crowds = {
        ("H", CROWD),
        ("token", CROWD),
        ("token:postgresql", CROWD),
        *((renewing.NAME, count) for count in renewing.CALLERS),
    }
    names = ("H", *NAMES, *(f"{name}:postgresql" for name in NAMES))
    beside = {
        (f"{what}:{one.name}", max(CONNECTIONS))
        for one in switched.switches(traces_url="", redis_url="")
        for what in ("start", "get")
        if not any(sentence.startswith(f"{one.title}: ") for sentence in told["missing"])
    }
    assert measured == {(name, count) for name in names for count in CONNECTIONS} | crowds | beside
    figures = {figure["title"]: figure for figure in told["figures"]}
    assert {details.TITLE, f"{details.TITLE}, at once", f"{pages.TITLE}, held beside it"} <= figures.keys()
    assert {f"{chooser.TITLE}, a render", f"{chooser.TITLE}, HTML and CSS packed"} <= figures.keys()
    assert {
        f"bare row {kind}{engine}" for kind in ("read", "insert") for engine in ("", ", PostgreSQL")
    } <= figures.keys()
    assert {"resident memory after 60 flows", "resident memory, growth for each 1,000 flows"} <= figures.keys()
    for engine in ENGINES:
        done = ("renewal", "delivery to 1 webhook", "delivery to 10 webhooks", claims.TITLE)
        assert {f"{what}, {engine}, rate" for what in done} <= figures.keys()
    assert figures["renewal, postgresql, its share"]["value"] <= 3  # of commits: one to claim it, one to save it
    for line in (*told["operations"], *told["figures"]):
        assert line["title"] in run.stdout
    assert all(line["operations"] > 0 for line in told["operations"])


def test_rivals_do_the_same_as_ours_in_the_same_rounds(tmp_path: Path) -> None:
    path = tmp_path / "results.json"

    run = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--only", rivals.NAME, "--engine", "sqlite", "--json", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    told = json.loads(path.read_text(encoding="utf-8"))
    lines = {(line["name"], line["connections"]): line for line in told["operations"]}
    for sentence in told["missing"]:
        assert f"Going on without {sentence}" in run.stderr
    if told["missing"]:
        pytest.skip("; ".join(told["missing"]))  # a machine without packages: the run itself went on
    for rival in RIVALS:
        assert set(rival.packages) <= told["versions"].keys()
        for what, calls in (("start", 0), ("callback", 2)):
            for count in CONNECTIONS:
                theirs, ours = lines[f"{what}:{rival.name}", count], lines[what, count]
                assert (theirs["platform_calls"], ours["platform_calls"]) == (calls, calls)
                assert theirs["ratio_ours"] == pytest.approx(theirs["cpu_ms"] / ours["cpu_ms"])
                assert theirs["target_h"] is None


async def test_packages_that_cannot_be_had_are_told_and_nothing_half_made_is_taken_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    for _ in range(2):
        with pytest.raises(Unavailable, match=r"^social-core on Django: its packages cannot be installed"):
            await environments.python_of(SOCIAL_CORE, folder=tmp_path)


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_a_rivals_lock_has_a_hash_for_everything_and_names_no_host(rival: rivals.Rival) -> None:
    text = rival.lock.read_text(encoding="utf-8")

    pinned = re.findall(r"^([a-z0-9-]+)==\S+.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", text, re.MULTILINE)

    assert pinned == re.findall(r"^([A-Za-z0-9_.-]+)", text, re.MULTILINE)
    assert set(rival.packages) <= set(pinned)
    assert "://" not in text


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Child]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield Child(name="somebody", process=process, output=tmp_path / "output.txt")


@pytest.mark.parametrize("connections", CONNECTIONS)
async def test_a_part_is_measured_for_everybody_who_was_led_there_and_everybody_is_led_on(
    idle: Child, connections: int
) -> None:
    led: list[int] = []
    stepped: list[int] = []
    ended: list[int] = []

    async def before(_opened: aiohttp.ClientSession) -> int:
        led.append(len(led))
        return led[-1]

    async def once(_opened: aiohttp.ClientSession, number: int) -> int:
        stepped.append(number)
        return -number

    async def after(_opened: aiohttp.ClientSession, number: int) -> None:
        ended.append(-number)

    sample = await drive(
        Part(before=before, once=once, after=after), measured=idle, connections=connections, seconds=0.05
    )

    assert sample.operations == len(sample.latencies_ms) == len(led)
    assert sorted(stepped) == sorted(ended) == led


async def test_a_part_that_fails_ends_the_run(idle: Child, tmp_path: Path) -> None:
    (tmp_path / "output.txt").write_text("")

    async def before(_opened: aiohttp.ClientSession) -> int:
        return 1

    async def once(_opened: aiohttp.ClientSession, _number: int) -> int:
        raise ValueError("nothing was connected")

    async def after(_opened: aiohttp.ClientSession, _number: int) -> None: ...

    with pytest.raises(Broken, match="nothing was connected"):
        await drive(Part(before=before, once=once, after=after), measured=idle, connections=16, seconds=0.05)


def test_growth_is_that_of_the_second_half() -> None:
    assert Memory(flows=2000, mib=(10, 50, 60, 61, 62)).growth_kib == pytest.approx(2048)


def test_the_document_has_a_block_for_every_part_and_no_other() -> None:
    text = (documents.FOLDER / documents.PAGE).read_text(encoding="utf-8")

    assert re.findall(r"<!-- bench: (\S+) -->\n(?:(?!<!-- bench).*\n)*<!-- bench: end -->", text) == list(
        documents.PARTS
    )


def test_a_run_writes_its_parts_of_the_document_and_leaves_all_others(tmp_path: Path) -> None:
    before = _copied_document(tmp_path)

    assert documents.write(_results_of_rivals(), folder=tmp_path) == (rivals.NAME,)

    after = (tmp_path / documents.PAGE).read_text(encoding="utf-8")
    block = re.compile(r"<!-- bench: rivals -->.*?<!-- bench: end -->", re.DOTALL)
    assert block.sub("", after) == block.sub("", before)
    [written] = block.findall(after)
    assert "commit abc1234" in written
    assert re.search(r"^\| start connect, a & b +\| +16 \| +8\.000 .* 4\.0 \|", written, re.MULTILINE)
    assert "With django 5." in written
    [picture] = re.findall(r"\((pictures/[^)]+\.svg)\)", written)
    svg = ET.fromstring((tmp_path / picture).read_text(encoding="utf-8"))  # noqa: S314 - written by the bench
    told = {part.tag.partition("}")[2]: part.text or "" for part in svg}
    assert svg.get("role") == "img"
    assert "beside others" in told["title"]
    assert "a & b 8.00 ms, 4.0 x ours" in told["desc"]
    kept = json.loads((tmp_path / documents.DATA).read_text(encoding="utf-8"))
    assert kept[rivals.NAME]["commit"] == "abc1234"
    assert kept[rivals.NAME]["rounds_cpu_ms"]

    documents.write(_results_of_rivals(), folder=tmp_path)
    assert (tmp_path / documents.PAGE).read_text(encoding="utf-8") == after


def test_a_run_without_one_of_the_rivals_leaves_the_document_alone(tmp_path: Path) -> None:
    before = _copied_document(tmp_path)
    results = _results_of_rivals()
    results.missing[rivals.NAME] = ["social-core on Django: nothing there."]

    assert documents.write(results, folder=tmp_path) == ()
    assert (tmp_path / documents.PAGE).read_text(encoding="utf-8") == before


def test_a_document_without_marks_is_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / documents.PAGE).write_text("# Performance\n", encoding="utf-8")

    with pytest.raises(Broken, match="bench: rivals"):
        documents.write(_results_of_rivals(), folder=tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [documents.PAGE]
    assert (tmp_path / documents.PAGE).read_text(encoding="utf-8") == "# Performance\n"


def test_a_smoke_run_writes_no_document() -> None:
    with pytest.raises(SystemExit):
        options.parse(["--quick", "--write-docs"])


def test_what_is_left_out_is_left_out() -> None:
    assert rivals.NAME in options.parse([]).only
    assert rivals.NAME not in options.parse(["--without", rivals.NAME]).only


def _copied_document(folder: Path) -> str:
    shutil.copyfile(documents.FOLDER / documents.PAGE, folder / documents.PAGE)
    return (folder / documents.PAGE).read_text(encoding="utf-8")


def _results_of_rivals() -> Results:
    """A run as it may come out, for what is written about it."""

    async def nothing(_opened: aiohttp.ClientSession) -> None: ...

    start = Operation(name="start", title="start connect (twitter)", once=nothing)
    callback = Operation(name="callback", title="callback (twitter)", once=nothing, platform_calls=2)
    results = Results(
        at="2026-11-26T12:00:00.000Z",
        commit="abc1234",
        options=replace(options.parse(["--only", rivals.NAME]), rounds=2),
        pinned=True,
        operations={
            "start": start,
            "callback": callback,
            "start:ab": replace(start, title="start connect, a & b", product="a & b"),
            "callback:ab": replace(callback, title="callback, a & b", product="a & b"),
        },
        versions={"django": "5.2"},
        help_cpu_s=[0.1],
        start_cpu_s=[1.0],
    )
    cpu_ms = {FLOOR: 0.05, "start": 2.0, "callback": 3.0, "start:ab": 8.0, "callback:ab": 9.0}
    for name, value in cpu_ms.items():
        for connections in CONNECTIONS:
            sample = Sample(operations=2, cpu_ms=value, wall_s=1.0, latencies_ms=(1.0, 2.0))
            results.samples[name, connections] = [sample, sample]
    return results
