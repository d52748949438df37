"""Finds the browser that the tests drive, and installs one where there is none. Needs the development `.venv`.

    .venv/bin/python -m scripts.browser           find or install, and say which it is
    .venv/bin/python -m scripts.browser --find    print its path; installs nothing

Looked for: what `MOORLINE_TEST_BROWSER` names; Chromium or Chrome on PATH or where they usually lie; one that
Playwright downloaded earlier. Installed: Debian's package, with the rights to do so; else Playwright's download.
`MOORLINE_NO_BROWSER=1` says that there is to be none; the browser tests are skipped then.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from scripts.finder import Failed, Program, run

CHOSEN = "MOORLINE_TEST_BROWSER"
UNWANTED = "MOORLINE_NO_BROWSER"

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLACES = (
    "/usr/bin/chromium",
    "/usr/lib/chromium/chromium",
    "/opt/google/chrome/chrome",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)

NONE_FOUND = f"""There is no browser for the tests. One of these helps:
  make browser                            finds or installs one
  sudo apt install chromium               on Debian; on others: any Chromium, or Google Chrome
  {CHOSEN}=/path/to/chrome    when it lies elsewhere
  {UNWANTED}=1                   leaves the browser tests out"""


def candidates() -> Iterator[Path]:
    """Where one may be, best first."""
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            yield Path(found)
    yield from map(Path, PLACES)
    yield from playwrights_own()


def playwrights_own() -> Iterator[Path]:
    """Where Playwright keeps what it downloads; asking it takes half a second."""
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as playwright:
            yield Path(playwright.chromium.executable_path)
    except (Error, OSError):
        return


def by_apt() -> None:
    """Install Debian's package, where that is possible without a question. Raises: Failed."""
    apt = shutil.which("apt-get")
    rights = as_root()
    if apt is None or rights is None:
        raise Failed("  apt-get: not here, or not without a password")
    quiet = ["-o", "DPkg::Lock::Timeout=300", "-qq"]
    command = [*rights, "/usr/bin/env", "DEBIAN_FRONTEND=noninteractive", apt, *quiet]
    install = [*command, "install", "-y", "--no-install-recommends", "chromium"]
    print("No browser found: installing Chromium by apt-get ...", flush=True)
    with suppress(Failed):
        run(install)
        return
    # A fresh image has no package lists yet, and old lists name packages that are gone.
    run([*command, "update"])
    run(install)


def as_root() -> list[str] | None:
    """What goes before a command that needs root; None when root is not to be had without a question."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    try:
        run([sudo, "-n", "true"])
    except Failed:
        return None
    return [sudo, "-n"]


def by_playwright() -> None:
    """Download the browser that Playwright is built for. Raises: Failed."""
    print("No browser found: downloading the one of Playwright ...", flush=True)
    can_add_libraries = shutil.which("apt-get") is not None and os.geteuid() == 0
    libraries = ["--with-deps"] if can_add_libraries else []
    run([sys.executable, "-m", "playwright", "install", *libraries, "chromium"])


BROWSER = Program(
    name="Browser",
    kind="Chromium or Chrome",
    told=re.compile(r"\b(?:Google )?Chrom[a-z ]+[\d.]+"),
    chosen=CHOSEN,
    unwanted=UNWANTED,
    skipped="the browser tests",
    none_found=NONE_FOUND,
    candidates=candidates,
    ways=(by_apt, by_playwright),
)

if __name__ == "__main__":
    sys.exit(BROWSER.main())
