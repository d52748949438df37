"""Which programs of others the tests drive. Imported by every run, so it is small: Playwright is not imported here."""

import os
import subprocess
import sys
from pathlib import Path

from scripts import browser, pooler
from scripts.finder import NoProgram, Program
from tests.told import told

ROOT = Path(__file__).resolve().parents[1]


class Wanted:
    """A program as the settings of the run want it."""

    def __init__(self, program: Program, script: str) -> None:
        self._script = script
        self._chosen = {program.chosen: path} if (path := told(program.chosen)) else {}
        self.is_unwanted = told(program.unwanted) == "1"

    def find(self) -> str:
        """Its path. Raises: NoProgram."""
        # In a process of its own: Playwright, which is asked for its browser, refuses to be asked in a running loop.
        found = self.run("--find", settings={**os.environ, **self._chosen})
        if found.returncode != 0:
            raise NoProgram(found.stderr.strip())
        return found.stdout.strip()

    def run(self, *arguments: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """The script as `make` runs it."""
        command = [sys.executable, "-m", self._script, *arguments]
        return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)


BROWSER = Wanted(browser.BROWSER, browser.__name__)
POOLER = Wanted(pooler.POOLER, pooler.__name__)
