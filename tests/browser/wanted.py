"""Which browser the tests drive. Imported by every run, so it is small: Playwright is not imported here."""

import os
import subprocess
import sys
from pathlib import Path

from tests.told import told

FINDER = Path(__file__).resolve().parents[2] / "scripts" / "browser.py"

CHOSEN = told("MOORLINE_TEST_BROWSER")
IS_UNWANTED = told("MOORLINE_NO_BROWSER") == "1"


class NoBrowser(Exception):
    """There is none; the message says what to do."""


def find() -> str:
    """The path of the browser. Raises: NoBrowser."""
    chosen = {"MOORLINE_TEST_BROWSER": CHOSEN} if CHOSEN else {}
    found = subprocess.run(
        [sys.executable, FINDER, "--find"], env=os.environ | chosen, capture_output=True, text=True, check=False
    )
    if found.returncode != 0:
        raise NoBrowser(found.stderr.strip())
    return found.stdout.strip()
