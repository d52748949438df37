"""Prints the security statements that tests hold: every test named `test_sNN_...`, by number.

A line per test; with `--short`, the numbers only.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEST = re.compile(r"^\s*(?:async )?def test_s(\d\d)_(\w+)", re.MULTILINE)


def held() -> dict[str, list[str]]:
    """The tests of each statement, as `sentence  (file)`, by number."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for number, name in TEST.findall(path.read_text(encoding="utf-8")):
            found[f"S{number}"].append(f"{name.replace('_', ' ')}  ({path.relative_to(ROOT)})")
    return dict(sorted(found.items()))


def main() -> None:
    """Print the list."""
    statements = held()
    if "--short" in sys.argv[1:]:
        print(" ".join(statements))
        return
    for number, tests in statements.items():
        for test in tests:
            print(f"{number}  {test}")
    print(f"{len(statements)} statements, {sum(map(len, statements.values()))} tests")


if __name__ == "__main__":
    main()
