"""The bench runs to its end and tells everything; what it measures is no test's business."""

import json
import subprocess
import sys
from pathlib import Path

from bench import details, pages
from bench.operations import NAMES
from bench.options import CONNECTIONS

ROOT = Path(__file__).resolve().parents[1]


def test_a_smoke_run_prints_every_operation_and_writes_it_as_json(tmp_path: Path) -> None:
    path = tmp_path / "results.json"

    run = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    told = json.loads(path.read_text(encoding="utf-8"))
    assert {"at", "commit", "command", "python", "cpu"} <= told.keys()
    measured = {(line["name"], line["connections"]) for line in told["operations"]}
    assert measured == {(name, count) for name in ("H", *NAMES) for count in CONNECTIONS}
    figures = {figure["title"]: figure for figure in told["figures"]}
    assert {details.TITLE, f"{details.TITLE}, at once", f"{pages.TITLE}, held beside it"} <= figures.keys()
    for line in (*told["operations"], *told["figures"]):
        assert line["title"] in run.stdout
    assert all(line["operations"] > 0 for line in told["operations"])
