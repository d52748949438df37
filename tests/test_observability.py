"""What documents, dashboard and alert rules say of metrics is what a scrape has: names, labels and their values."""

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from moorline.app import healthz, metrics, readyz
from moorline.errors import Slug
from moorline.metrics import RENEWALS, Backlog, Gauged, Metrics
from moorline.scrape import EXPIRING_DAYS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = (ROOT / "docs/observability.md").read_text("utf-8")
FOLDER = ROOT / "deploy/observability"
FILLED = Backlog(
    renewals=1,
    renewals_oldest_s=1,
    deliveries=1,
    deliveries_oldest_s=1,
    revocations=1,
    expiring=dict.fromkeys(EXPIRING_DAYS, 1),
)
GAUGED = Gauged(engine="postgresql", in_use=1, idle=1, waiting=1, backlog=FILLED)
ADDED_BY_PROMETHEUS = {"job", "instance"}
PROBED = ("route", "!~")
WORDS = re.compile(r"\b((?:moorline|process)_[a-z_]+)(\{[^}]*(?:\{[a-z_]+\}[^}]*)*\})?")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')


def scraped() -> str:
    """A scrape of a process in which everything has happened once."""
    series = Metrics(platforms=["twitter"])
    for event in series.counted:
        series.count(event, {"platform": "twitter", "status": 200, "ms": 1})
    body, _ = series.text(GAUGED, "")
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
    """Those of `platform` and `job` are the reader's own."""
    for name, matchers in WORDS.findall(expression):
        for label, _, value in MATCHER.findall(matchers):
            if label in {"platform", "job"}:
                continue
            for one in value.split("|"):
                assert one in possible(name, label), f"{label} of {name} is never {one}"


def possible(name: str, label: str) -> set[str]:
    """The values that a label of a series may have."""
    return routes() if label == "route" else values()[name, label]


@cache
def routes() -> set[str]:
    """The paths in the program's own spelling, as the label has them."""
    api = (ROOT / "src/moorline/http").glob("*.py")
    inside = {f"/api/v1{one}" for path in api for one in constants(path) if one.startswith("/")}
    return inside | {one for one in constants(ROOT / "src/moorline/app.py") if one.startswith("/")}


@cache
def values() -> Mapping[tuple[str, str], set[str]]:
    """What comes out when every event is told with every word the series know: of each, what its label lets through."""
    series = Metrics(platforms=["twitter"])
    words = constants(ROOT / "src/moorline/metrics.py") | set(get_args(Slug))
    told = [{"method": word, "outcome": word, "stage": word, "slug": word} for word in words]
    told += [{"status": status, "platform_status": status} for status in (None, 100, 200, 302, 404, 429, 503)]
    for event in series.counted:
        for fields in told:
            series.count(event, {"platform": "twitter", **fields})
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(series.text(GAUGED, "")[0].decode()):
        for sample in family.samples:
            for label, value in sample.labels.items():
                found[sample.name, label].add(value)
    return found


def constants(path: Path) -> set[str]:
    """Every text that is written in a file of the program."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_a_value_is_looked_for_in_its_own_label() -> None:
    assert possible("moorline_renewals_total", "outcome") == {*RENEWALS, "other"}
    assert possible("moorline_http_requests_total", "status") == {"none", "1xx", "2xx", "3xx", "4xx", "5xx"}
    assert possible("moorline_tokens_expiring", "within") == {f"{days}d" for days in EXPIRING_DAYS}


def test_errors_are_not_diluted_by_who_asks_whether_the_server_lives() -> None:
    (expression,) = (rule["expr"] for rule in rules() if rule["alert"] == "MoorlineErrors")
    sums = [MATCHER.findall(matchers) for _, matchers in WORDS.findall(expression)]
    assert len(sums) == 2
    for matched in sums:
        (left_out,) = (set(value.split("|")) for label, operator, value in matched if (label, operator) == PROBED)
        assert left_out == {path for handler in (healthz, readyz, metrics) for path in handler.paths}


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
