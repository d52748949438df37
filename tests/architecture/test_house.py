"""The rules of the house that import contracts cannot say. Who may import whom is in pyproject.toml."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from moorline import platforms, sandbox

ROOT = Path(__file__).resolve().parents[2]
PLATFORMS = sorted(platform.name for platform in platforms.ALL)

# Every platform of the published API.
PUBLISHED = (
    "facebook",
    "instagram",
    "linkedin",
    "twitter",
    "tiktok",
    "youtube",
    "threads",
    "reddit",
    "pinterest",
    "bluesky",
    "googlebusiness",
    "telegram",
    "snapchat",
)

MOST_LINES = 400
WRITTEN_BY_HAND = {".py", ".html", ".css", ".js", ".sql"}

MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|tmp)/[\w.-]*")
# File and what it says, each with the reason why it may.
MACHINE_PATHS_ALLOWED: dict[tuple[str, str], str] = {
    ("Dockerfile", "/root/.cache"): "where pip keeps packages in the image that is built",
    ("tests/architecture/test_house.py", "/root/.cache"): "the line above",
}


def tracked_files() -> Iterator[Path]:
    """What is or would be committed; in a tree without git, everything but hidden and generated folders."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0 and listing.stdout:
        yield from (ROOT / name for name in sorted(listing.stdout.split("\0")) if name and (ROOT / name).is_file())
        return
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
        if path.is_file() and not hidden and not {"__pycache__", "moorline-data", "data", "dist"} & set(parts):
            yield path


@pytest.mark.parametrize("step", ["start", "state", "finish", "selection"])
def test_the_flow_names_no_platform(step: str) -> None:
    text = (ROOT / "src/moorline/connect" / f"{step}.py").read_text(encoding="utf-8").lower()
    named = [name for name in PLATFORMS if name in text]
    assert not named, f"connect/{step}.py names {named}: what differs belongs into the adapter"


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked_files()
        if path.relative_to(ROOT).parts[0] in {"src", "tests"} and path.suffix in WRITTEN_BY_HAND
        if (lines := path.read_text(encoding="utf-8").count("\n")) >= MOST_LINES
    }
    assert not long, f"{MOST_LINES} lines or more: split by job: {long}"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_locks_name_no_host(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_line_of_the_locks_is_pinned_and_hashed(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8").strip())
    assert entries
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    found: list[str] = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        name = str(path.relative_to(ROOT))
        found += [
            f"{name}: {match}" for match in MACHINE_PATH.findall(text) if (name, match) not in MACHINE_PATHS_ALLOWED
        ]
    assert found == []


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize(
    "place",
    [
        "src/moorline/platforms/{}.py",
        "src/moorline/sandbox/{}.py",
        "tests/platforms/test_{}.py",
        "tests/platforms/replies/{}",
        "docs/platforms/{}.md",
    ],
)
def test_a_platform_has_all_its_places(place: str, name: str) -> None:
    path = ROOT / place.format(name)
    assert path.exists(), f"{name} has no {path.relative_to(ROOT)}: docs/howto/add-a-platform.md lists the seven places"
    assert path.is_file() or any(path.iterdir()), f"{path.relative_to(ROOT)} is empty"


def test_every_adapter_file_is_in_the_list_and_the_other_way_round() -> None:
    files = {path.stem for path in (ROOT / "src/moorline/platforms").glob("*.py")} - {"__init__"}
    differing = sorted(files ^ set(PLATFORMS))
    assert not differing, f"ALL in src/moorline/platforms/__init__.py and the files beside it differ: {differing}"


def test_every_platform_of_the_published_api_can_be_connected() -> None:
    assert set(PUBLISHED) <= set(PLATFORMS)


def test_the_sandbox_plays_exactly_the_platforms_that_can_be_connected() -> None:
    played, connected = {platform.name for platform in sandbox.ALL}, set(PLATFORMS)
    unplayed, unconnected = sorted(connected - played), sorted(played - connected)
    assert not unplayed, f"ALL in src/moorline/sandbox/__init__.py lacks {unplayed}"
    assert not unconnected, f"ALL in src/moorline/platforms/__init__.py lacks {unconnected}"
