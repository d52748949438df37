"""A further platform, written to a copy of this tree as docs/howto/add-a-platform.md says, connects."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from moorline import platforms
from tests.architecture.test_house import ROOT, tracked_files
from tests.journeys.processes import free_port

HOWTO = ROOT / "docs/howto/add-a-platform.md"
PLACE = re.compile(r"^### (\d)\. `(.+?)`\n(?:(?!#).*\n)*?```\w+\n([\s\S]*?)^```$", re.MULTILINE)
END_OF_ALL = re.compile(r"^ALL: .*?^(?=\))", re.MULTILINE | re.DOTALL)
TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One of the seven: a whole new file, or the lines of an `__init__.py`."""

    number: int
    path: str
    block: str

    @property
    def is_list(self) -> bool:
        return self.path.endswith("__init__.py")

    @property
    def names(self) -> tuple[str, ...]:
        """What a failure may call it; Python itself names a missing file by its module."""
        if "/replies/" in self.path:
            return (self.path.rpartition("/")[0],)
        return (self.path, self.path.removeprefix("src/").removesuffix(".py").replace("/", "."))

    def write(self, tree: Path) -> None:
        file = tree / self.path
        if self.is_list:
            text = file.read_text(encoding="utf-8")
            file.write_text(with_entry(text, self.block), encoding="utf-8")
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.block, encoding="utf-8")

    def leave_out(self, tree: Path) -> None:
        file = tree / self.path
        if self.is_list:
            text = file.read_text(encoding="utf-8")
            for line in self.block.splitlines(keepends=True):
                text = text.replace(line, "", 1)
            file.write_text(text, encoding="utf-8")
        else:
            file.unlink()
            if not any(file.parent.iterdir()):
                file.parent.rmdir()


def with_entry(text: str, block: str) -> str:
    """The text of an `__init__.py` with the import of the block before its like, and the entry at the end of `ALL`."""
    wanted, entry = block.splitlines(keepends=True)
    first = text.index(wanted[: wanted.index("fernpost")])
    text = text[:first] + wanted + text[first:]
    ends = END_OF_ALL.search(text)
    assert ends is not None
    return text[: ends.end()] + entry + text[ends.end() :]


PLACES = tuple(
    Place(number=int(number), path=path, block=block)
    for number, path, block in PLACE.findall(HOWTO.read_text(encoding="utf-8"))
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of this tree with the platform at all its places."""
    copy = tmp_path_factory.mktemp("fourteenth")
    for file in tracked_files():
        target = copy / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    for place in PLACES:
        place.write(copy)
    yield copy
    shutil.rmtree(copy)


def run(tree: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy, with the copy's package and none of our settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MOORLINE_", "PYTEST_"))}
    environment: Mapping[str, str] = {**inherited, "PYTHONPATH": str(tree / "src"), "NO_COLOR": "1", **settings}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )


def run_tests(tree: Path, file: str) -> subprocess.CompletedProcess[str]:
    return run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", file)


def test_the_howto_names_seven_places() -> None:
    assert [place.number for place in PLACES] == [1, 2, 3, 4, 5, 6, 7]
    assert [place.number for place in PLACES if place.is_list] == [6, 7]


def test_with_all_seven_places_the_rules_of_the_house_are_kept(tree: Path) -> None:
    done = run_tests(tree, "tests/architecture/test_house.py")
    assert done.returncode == 0, done.stdout


def test_the_examples_own_tests_pass(tree: Path) -> None:
    done = run_tests(tree, "tests/platforms/test_fernpost.py")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("check", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)], ids=" ".join)
def test_the_example_passes_the_checks(tree: Path, check: tuple[str, ...]) -> None:
    files = [place.path for place in PLACES if place.path.endswith(".py") and not place.is_list]
    done = run(tree, "-m", *check, *files)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_demo_connects_fourteen_of_fourteen(tree: Path, tmp_path: Path) -> None:
    command = ("demo", "--once", "--data-dir", str(tmp_path), "--port", str(free_port()))
    done = run(tree, "-c", "from moorline.cli import main; main()", *command)
    assert done.returncode == 0, done.stdout + done.stderr
    count = len(platforms.ALL) + 1
    assert f"{count} of {count} connected" in done.stdout
    assert re.search(r"^fernpost .* connected$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)
def test_a_place_that_is_left_out_is_named(tree: Path, place: Place) -> None:
    place.leave_out(tree)
    try:
        done = run_tests(tree, "tests/architecture/test_house.py")
    finally:
        place.write(tree)
    assert done.returncode != 0
    reasons = "\n".join(line for line in done.stdout.splitlines() if line.startswith("E "))
    named = [each.number for each in PLACES if any(re.search(rf"{re.escape(name)}\b", reasons) for name in each.names)]
    assert named == [place.number], reasons
