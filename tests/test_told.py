"""Settings of the tests themselves."""

import os

import pytest

from tests.told import told

NAME = "MOORLINE_TEST_OF_SETTINGS"


def test_a_setting_of_the_tests_is_no_setting_of_the_service_and_a_worker_of_the_run_has_it_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "environ", {NAME: "1"})
    assert told(NAME) == "1"
    assert not any(name.startswith("MOORLINE_") for name in os.environ)
    assert told(NAME) == "1"


def test_a_setting_that_is_not_given_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    assert not told(NAME)
