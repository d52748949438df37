"""Settings that lie in files, as secrets are handed to containers."""

from pathlib import Path

import pytest

from moorline.settings import PREFIX, load
from tests.test_settings import KEY, PLATFORMS, loaded, the_fault


def test_any_setting_may_lie_in_a_file(tmp_path: Path) -> None:
    values = {
        "ENCRYPTION_KEYS": f"{KEY}\n",
        "PORT": " 8401 ",
        "REDDIT_CLIENT_ID": "app-1",
        "REDDIT_CLIENT_SECRET": "s3cret\r\n",
    }
    for name, value in values.items():
        (tmp_path / name).write_text(value, encoding="utf-8")
    in_files = {f"{PREFIX}{name}_FILE": str(tmp_path / name) for name in values}
    plain = {f"{PREFIX}{name}": value.strip() for name, value in values.items()}
    assert load(in_files, platforms=PLATFORMS) == load(plain, platforms=PLATFORMS)
    assert load({**in_files, f"{PREFIX}PORT": ""}, platforms=PLATFORMS).port == 8401
    assert loaded(PORT_FILE="") == loaded(), "a name left empty names no file"


def test_a_setting_and_its_file_are_not_both_given(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("8401", encoding="ascii")
    told = the_fault(PORT="8400", PORT_FILE=str(tmp_path / "port"))
    assert told == "MOORLINE_PORT and MOORLINE_PORT_FILE are both set: give one of them."


def test_a_file_of_which_nothing_comes_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n", encoding="ascii")
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    for path, reason in (
        (tmp_path / "none", "names a file that cannot be read: No such file or directory."),
        (tmp_path, "names a file that cannot be read: Is a directory."),
        (tmp_path / "picture", "names a file that cannot be read: it is not UTF-8 text."),
        (tmp_path / "empty", "names a file that is empty."),
    ):
        assert the_fault(DATABASE_URL_FILE=str(path)) == f"MOORLINE_DATABASE_URL_FILE {reason}"
        assert (
            the_fault(ENCRYPTION_KEYS="", ENCRYPTION_KEYS_FILE=str(path)) == f"MOORLINE_ENCRYPTION_KEYS_FILE {reason}"
        )


def test_the_file_of_an_unknown_setting_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    told = the_fault(ENCRYPTION_KEY_FILE=str(tmp_path / "never-read"))
    assert told == "MOORLINE_ENCRYPTION_KEY_FILE is not a setting. Did you mean MOORLINE_ENCRYPTION_KEYS_FILE?"


@pytest.mark.parametrize(
    "name", ["PORT", "LOG_LEVEL", "LOG_JSON", "PUBLIC_URL", "CORS_ORIGINS", "TELEGRAM_CODE_PREFIX"]
)
def test_s30_no_message_repeats_what_lies_in_a_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "mistaken").write_text('a"s3cret"b', encoding="ascii")
    told = the_fault(**{f"{name}_FILE": str(tmp_path / "mistaken")})
    assert told.startswith(f"MOORLINE_{name} ")
    assert "s3cret" not in told.lower()
    assert "what its file holds" in told
