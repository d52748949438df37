"""What documents, dashboard and alert rules say of metrics is what a scrape has: names, labels and their values."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from moorline.metrics import Backlog, Gauged, Metrics

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = (ROOT / "docs/observability.md").read_text("utf-8")
FOLDER = ROOT / "deploy/observability"
FILLED = Backlog(
    renewals=1, renewals_oldest_s=1, deliveries=1, deliveries_oldest_s=1, revocations=1, expiring={1: 1, 7: 1, 14: 1}
)
GAUGED = Gauged(engine="postgresql", in_use=1, idle=1, waiting=1, backlog=FILLED)
ADDED_BY_PROMETHEUS = {"job", "instance"}
VARIABLES = {"$platform"}
WORDS = re.compile(r"\b((?:moorline|process)_[a-z_]+)(\{[^}]*(?:\{[a-z_]+\}[^}]*)*\})?")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')


def scraped() -> str:
    """A scrape of a process in which everything has happened once."""
    metrics = Metrics(platforms=["twitter"])
    for event in metrics.counted:
        metrics.count(event, {"platform": "twitter", "status": 200, "ms": 1})
    body, _ = metrics.text(GAUGED, "")
    return body.decode()


@cache
def exposed() -> dict[str, set[str]]:
    """Every series by the name of its samples, with its labels."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(scraped()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def documented() -> dict[str, set[str]]:
    """The table of series."""
    rows = re.findall(r"^\| `((?:moorline|process)_\w+)` \|([^|]*)\|", DOCUMENT, re.MULTILINE)
    assert len({name for name, _ in rows}) == len(rows), "a series twice"
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


def test_the_documented_series_are_those_of_a_scrape_with_their_labels() -> None:
    without_parts: dict[str, set[str]] = {}
    for name, labels in exposed().items():
        whole = re.sub(r"_seconds_(bucket|count|sum)$", "_seconds", name)
        without_parts.setdefault(whole, set()).update(labels - {"le"})
    assert documented() == without_parts


def rules() -> list[Any]:
    (group,) = yaml.safe_load((FOLDER / "alerts.yaml").read_text("utf-8"))["groups"]
    return list(group["rules"])


def panels() -> list[Any]:
    return [
        panel for panel in json.loads((FOLDER / "grafana-dashboard.json").read_text("utf-8"))["panels"]
        if panel["type"] != "row"
    ]  # fmt: skip


def expressions() -> Iterator[tuple[str, str]]:
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_name_and_label_of_dashboard_and_rules_is_exposed(where: str, expression: str) -> None:
    named = WORDS.findall(expression)
    assert named, "an expression without a series of ours"
    labels: set[str] = set()
    for name, matchers in named:
        assert name in exposed(), name
        labels |= exposed()[name]
        matched = {label for label, _, _ in MATCHER.findall(matchers)}
        assert matched <= exposed()[name] | ADDED_BY_PROMETHEUS, f"{name} has no such label"
    for by in re.findall(r"\bby \(([^)]*)\)", expression):
        assert set(by.split(", ")) <= labels | ADDED_BY_PROMETHEUS, f"by ({by})"


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_value_a_label_is_compared_with_can_be_there(where: str, expression: str) -> None:
    """Values of `route` are routes of the document's; those of `platform` and `job` are the reader's own."""
    for _, matchers in WORDS.findall(expression):
        for label, _, value in MATCHER.findall(matchers):
            if label in {"platform", "job"}:
                continue
            for one in value.split("|"):
                assert one in known_values(label), f"{label} is never {one}"


@cache
def known_values(label: str) -> set[str]:
    if label == "route":
        return {"/api/v1/accounts", "/api/v1/profiles"}
    source = (ROOT / "src/moorline/metrics.py").read_text("utf-8")
    written = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    errors = ast.parse((ROOT / "src/moorline/errors.py").read_text("utf-8"))
    slugs = {node.value for node in ast.walk(errors) if isinstance(node, ast.Constant)}
    days = {f"{days}d" for days in FILLED.expiring}
    return {str(value) for value in written | slugs} | {f"{n}xx" for n in range(1, 6)} | days


def test_every_alert_is_documented_with_what_to_do_and_the_other_way_round() -> None:
    table = re.findall(r"^\| `(Moorline\w+)` \| (.+) \|$", DOCUMENT, re.MULTILINE)
    assert [name for name, _ in table] == [rule["alert"] for rule in rules()]
    assert all(len(advice) > 10 for _, advice in table)
    assert {rule["labels"]["severity"] for rule in rules()} <= {"critical", "warning", "info"}
    assert all(rule["annotations"]["summary"] for rule in rules())


def test_the_dashboards_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    everything = json.loads((FOLDER / "grafana-dashboard.json").read_text("utf-8"))["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    taken: set[tuple[int, int]] = set()
    for panel in everything:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not taken & cells, panel["title"]
        taken |= cells


def test_every_counted_event_is_told_somewhere_with_the_fields_that_are_counted() -> None:
    """An event that is renamed would leave its series at zero without anybody noticing."""
    told: dict[str, set[str]] = {}
    for path in (ROOT / "src/moorline").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "event":
                names = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
                for name in names:
                    told.setdefault(str(name), set()).update(word.arg or "" for word in node.keywords)
    by_variable = {name for name in Metrics(platforms=[]).counted if name.startswith("webhook_")}
    texts = "".join(path.read_text("utf-8") for path in (ROOT / "src/moorline/webhooks").rglob("*.py"))
    for name in Metrics(platforms=[]).counted - by_variable:
        assert name in told, name
        assert name == "answered" or "platform" in told[name], f"{name} tells no platform"
    assert {name for name in by_variable if f'"{name}"' not in texts} == set()


def test_the_routes_of_the_rules_exist() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src/moorline/http").glob("*.py"))
    for route in known_values("route"):
        assert f'"{route.removeprefix("/api/v1")}"' in source


def test_what_an_alert_watches_for_an_increase_is_there_before_it_happens() -> None:
    fresh, _ = Metrics(platforms=["twitter"]).text(GAUGED, "")
    samples = {
        (sample.name, label, value)
        for family in text_string_to_metric_families(fresh.decode())
        for sample in family.samples
        for label, value in sample.labels.items()
    }
    watched = [
        (name, label, one)
        for rule in rules()
        if rule["expr"].rstrip().endswith("> 0")
        for name, matchers in WORDS.findall(rule["expr"])
        for label, operator, value in MATCHER.findall(matchers)
        if operator in {"=", "=~"}
        for one in value.split("|")
    ]
    assert len(watched) >= 5
    assert set(watched) - samples == set()
