"""The bench runs to its end and tells everything; what it measures is no test's business."""

import json
import subprocess
import sys
from pathlib import Path

from bench import chooser, claims, details, pages, renewing
from bench.load import CONNECTIONS, CROWD
from bench.operations import NAMES
from tests.engines import ENGINES

ROOT = Path(__file__).resolve().parents[1]


def test_a_smoke_run_prints_every_operation_and_writes_it_as_json(tmp_path: Path) -> None:
    path = tmp_path / "results.json"

    run = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    told = json.loads(path.read_text(encoding="utf-8"))
    assert {"at", "commit", "command", "python", "cpu"} <= told.keys()
    measured = {(line["name"], line["connections"]) for line in told["operations"]}
    crowds = {("H", CROWD), ("token", CROWD), *((renewing.NAME, count) for count in renewing.CALLERS)}
    assert measured == {(name, count) for name in ("H", *NAMES) for count in CONNECTIONS} | crowds
    figures = {figure["title"]: figure for figure in told["figures"]}
    assert {details.TITLE, f"{details.TITLE}, at once", f"{pages.TITLE}, held beside it"} <= figures.keys()
    assert {f"{chooser.TITLE}, a render", f"{chooser.TITLE}, HTML and CSS packed"} <= figures.keys()
    for engine in ENGINES:
        done = ("renewal", "delivery to 1 webhook", "delivery to 10 webhooks", claims.TITLE)
        assert {f"{what}, {engine}, rate" for what in done} <= figures.keys()
    assert figures["renewal, postgresql, its share"]["value"] <= 3  # of commits: one to claim it, one to save it
    for line in (*told["operations"], *told["figures"]):
        assert line["title"] in run.stdout
    assert all(line["operations"] > 0 for line in told["operations"])
