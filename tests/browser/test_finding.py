"""`scripts.browser`: which browser is taken, what is installed where there is none, and what is said then."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import browser
from scripts.finder import NoProgram, Program
from tests.wanted import BROWSER

CHROMIUM = 'echo "Chromium 140.0.7339.80 built on Debian"'
SNAP_STUB = 'echo "Command requires the chromium snap to be installed."; exit 1'

Write = Callable[[str, str], Path]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a program; PATH holds those of the test alone."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))

    def write(name: str, does: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> Program:
    """What the script looks for, on a machine where no browser lies in the usual places."""
    monkeypatch.setattr(browser, "PLACES", ())
    return browser.BROWSER


def test_the_first_that_starts_is_taken(program: Write, finder: Program) -> None:
    program("chromium", SNAP_STUB)
    program("google-chrome", 'echo "Google Chrome 141.0.1"')
    assert finder.find().name == "google-chrome"
    program("chromium-browser", CHROMIUM)
    assert finder.find().name == "chromium-browser"


def test_what_playwright_downloaded_is_taken(program: Write, finder: Program, tmp_path: Path) -> None:
    (kept,) = browser.playwrights_own()
    assert kept.is_relative_to(tmp_path)
    program(str(kept.relative_to(tmp_path)), CHROMIUM)
    assert finder.find() == kept


def test_the_chosen_one_comes_before_all_others(
    program: Write, finder: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("chromium", CHROMIUM)
    mine = program("mine", CHROMIUM)
    monkeypatch.setenv("MOORLINE_TEST_BROWSER", str(mine))
    assert finder.find() == mine


def test_a_chosen_one_that_does_not_start_is_named_and_nothing_else_tried(
    program: Write, finder: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("chromium", CHROMIUM)
    program("apt-get", "exit 0")
    monkeypatch.setenv("MOORLINE_TEST_BROWSER", "/no/such/browser")
    with pytest.raises(NoProgram, match=r"MOORLINE_TEST_BROWSER names /no/such/browser"):
        finder.find_or_bring()


def test_debians_package_is_installed_where_there_is_none(program: Write, finder: Program, tmp_path: Path) -> None:
    program("sudo", '[ "$1" = -n ] || exit 1; shift; [ "$1" = true ] || exec "$@"')
    # As on a fresh image: there is nothing to install before the lists are read.
    program(
        "apt-get",
        f'echo "$@" >>{tmp_path}/asked\n'
        f'case "$*" in *update) : >{tmp_path}/lists ;; *install*)\n'
        f"[ -e {tmp_path}/lists ] || exit 100\n"
        f"printf '#!/bin/sh\\n{CHROMIUM}\\n' >{tmp_path}/chromium; /bin/chmod 755 {tmp_path}/chromium ;; esac",
    )
    assert finder.find_or_bring() == tmp_path / "chromium"
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert [line.split()[3] for line in asked] == ["install", "update", "install"]
    assert asked[0].endswith("install -y --no-install-recommends chromium")


def test_where_none_can_be_had_it_says_what_to_do_and_what_was_tried(
    program: Write, finder: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("sudo", "exit 0")
    program("apt-get", 'echo "E: no network here"; exit 100')
    # What would download is told to fail, as without a network.
    monkeypatch.setattr(sys, "executable", str(program("python", 'echo "E: no network either"; exit 1')))
    with pytest.raises(NoProgram) as told:
        finder.find_or_bring()
    for part in ("make browser", "MOORLINE_TEST_BROWSER=", "MOORLINE_NO_BROWSER=1"):
        assert part in str(told.value)
    assert "playwright install" in str(told.value)
    assert "no network either" in str(told.value)


def test_a_failure_is_a_sentence_and_an_exit_code() -> None:
    done = BROWSER.run("--find", settings={"MOORLINE_TEST_BROWSER": "/no/such/browser"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "MOORLINE_TEST_BROWSER names /no/such/browser, which is no Chromium or Chrome that starts."
        " Correct or unset it.\n"
    )


def test_none_is_looked_for_where_none_is_wanted() -> None:
    done = BROWSER.run(settings={"MOORLINE_NO_BROWSER": "1", "MOORLINE_TEST_BROWSER": "/no/such/browser"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "will be skipped" in done.stdout
