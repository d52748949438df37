"""Finds the browser that the tests drive, and installs one where there is none. Needs the development `.venv`.

    .venv/bin/python scripts/browser.py           find or install, and say which it is
    .venv/bin/python scripts/browser.py --find    print its path; installs nothing

Looked for: what `MOORLINE_TEST_BROWSER` names; Chromium or Chrome on PATH or where they usually lie; one that
Playwright downloaded earlier. Installed: Debian's package, with the rights to do so; else Playwright's download.
`MOORLINE_NO_BROWSER=1` says that there is to be none; the browser tests are skipped then.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

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

ANSWER_TIMEOUT_S = 30.0
INSTALL_TIMEOUT_S = 900.0
TAIL_LINES = 10

NONE_FOUND = f"""There is no browser for the tests. One of these helps:
  make browser                            finds or installs one
  sudo apt install chromium               on Debian; on others: any Chromium, or Google Chrome
  {CHOSEN}=/path/to/chrome    when it lies elsewhere
  {UNWANTED}=1                   leaves the browser tests out"""


class NoBrowser(Exception):
    """There is none; the message says what to do."""


def main() -> int:
    """Find, or find and install; the exit code."""
    try:
        if "--find" in sys.argv[1:]:
            print(find())
        elif os.environ.get(UNWANTED) == "1":
            print(f"Browser: none, as {UNWANTED} says; the browser tests will be skipped.")
        else:
            path = find_or_install()
            print(f"Browser: {version_of(path)} ({path})")
    except NoBrowser as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def find() -> Path:
    """The browser of this machine. Raises: NoBrowser."""
    chosen = os.environ.get(CHOSEN)
    if chosen:
        if version_of(Path(chosen)) is None:
            raise NoBrowser(
                f"{CHOSEN} names {chosen}, which is no Chromium or Chrome that starts. Correct or unset it."
            )
        return Path(chosen)
    for path in candidates():
        if version_of(path) is not None:
            return path
    raise NoBrowser(NONE_FOUND)


def find_or_install() -> Path:
    """The browser of this machine, installed if need be. Raises: NoBrowser with what was tried."""
    try:
        return find()
    except NoBrowser:
        if os.environ.get(CHOSEN):
            raise
    tried: list[str] = []
    for install in (by_apt, by_playwright):
        tried += install() or [f"  {install.__name__}: went well, but brought no browser that starts"]
        try:
            return find()
        except NoBrowser:
            continue
    raise NoBrowser("\n".join([NONE_FOUND, "Tried just now:", *tried]))


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


def version_of(path: Path) -> str | None:
    """Such as `Chromium 140.0.7339.80`; None for what is missing or does not start, such as another package's stub."""
    try:
        run = subprocess.run(  # noqa: S603  # the person's own browser
            [path, "--version"], capture_output=True, text=True, timeout=ANSWER_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    told = re.search(r"\b(?:Google )?Chrom[a-z ]+[\d.]+", run.stdout)
    return told[0] if told and run.returncode == 0 else None


def by_apt() -> list[str]:
    """Install Debian's package, where that is possible without a question; what went wrong, a line each."""
    apt = shutil.which("apt-get")
    rights = as_root()
    if apt is None or rights is None:
        return ["  apt-get: not here, or not without a password"]
    quiet = ["-o", "DPkg::Lock::Timeout=300", "-qq"]
    command = [*rights, "/usr/bin/env", "DEBIAN_FRONTEND=noninteractive", apt, *quiet]
    install = [*command, "install", "-y", "--no-install-recommends", "chromium"]
    print("No browser found: installing Chromium by apt-get ...", flush=True)
    if not run_quietly(install):
        return []
    # A fresh image has no package lists yet, and old lists name packages that are gone.
    return run_quietly([*command, "update"]) or run_quietly(install)


def as_root() -> list[str] | None:
    """What goes before a command that needs root; None when root is not to be had without a question."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None or run_quietly([sudo, "-n", "true"]):
        return None
    return [sudo, "-n"]


def by_playwright() -> list[str]:
    """Download the browser that Playwright is built for; what went wrong, a line each."""
    print("No browser found: downloading the one of Playwright ...", flush=True)
    can_add_libraries = shutil.which("apt-get") is not None and os.geteuid() == 0
    libraries = ["--with-deps"] if can_add_libraries else []
    return run_quietly([sys.executable, "-m", "playwright", "install", *libraries, "chromium"])


def run_quietly(command: Sequence[str]) -> list[str]:
    """Nothing when it went well, else the command and the last lines it printed."""
    try:
        run = subprocess.run(  # noqa: S603  # commands of this file
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=INSTALL_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"  {' '.join(command)}: {error}"]
    if run.returncode == 0:
        return []
    tail = [line for line in run.stdout.splitlines() if line.strip()][-TAIL_LINES:]
    return [f"  {' '.join(command)} ended with {run.returncode}", *(f"  | {line}" for line in tail)]


if __name__ == "__main__":
    sys.exit(main())
