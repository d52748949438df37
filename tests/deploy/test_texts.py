"""What the texts on deployment name is there: commands, files, settings; and their arithmetic is the program's."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from moorline.accounts.tokens import LONGEST_AHEAD
from moorline.settings import PREFIX
from moorline.vault import new_key
from tests.deploy.files import COMMANDS, ROOT, settings_of

TEXTS = [ROOT / "docs" / "howto" / "self-host.md", ROOT / "docs" / "scaling.md"]
EACH = pytest.mark.parametrize("text", [path.read_text("utf-8") for path in TEXTS], ids=[path.name for path in TEXTS])
GROUPS = {"keys", "users"}
UNITS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


def code(text: str) -> Iterator[str]:
    """The lines of the blocks and the words between backticks."""
    for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", text)


@EACH
def test_the_commands_exist(text: str) -> None:
    for line in code(text):
        for command in re.findall(r"(?:^|/bin/|server-1 |moorline )moorline ([a-z]+)", line):
            assert command in COMMANDS | GROUPS, line


@EACH
def test_the_files_exist(text: str) -> None:
    for line in code(text):
        for name in re.findall(r"(?<![\w/])(?:deploy/[\w./]+|compose(?:\.\w+)?\.yaml|requirements\.lock)", line):
            assert (ROOT / name).exists(), line


@EACH
def test_the_settings_exist_with_values_that_are_taken(text: str) -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z_]*[A-Z]\b(?![_…<])", text)) - {f"{PREFIX}X", f"{PREFIX}X_FILE"}
    example = (ROOT / ".env.example").read_text("utf-8")
    for name in named:
        assert f"{name.removesuffix('_FILE')}=" in example, name
    given = dict(re.findall(rf"^({PREFIX}\w+)=(\S+)$", text, re.MULTILINE))
    for name, value in given.items():
        if not name.startswith(f"{PREFIX}ENCRYPTION_KEYS"):
            settings_of({f"{PREFIX}ENCRYPTION_KEYS": new_key(), name: value})


def test_how_often_tokens_are_renewed_is_what_the_program_does() -> None:
    rows = re.findall(
        r"^\| [^|]+ \| (\d+) (hour|day)s? \| [^|]+ \| ([\d.]+) \|$", TEXTS[1].read_text("utf-8"), re.MULTILINE
    )
    assert len(rows) == 5
    for count, unit, told in rows:
        life = int(count) * UNITS[unit]
        # Between 0.8 and all of the margin, as chance has it.
        renewed_after = life - min(life / 4, LONGEST_AHEAD) * 0.9
        assert float(told) == pytest.approx(timedelta(days=1) / renewed_after, rel=0.1)
