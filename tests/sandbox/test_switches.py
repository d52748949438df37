"""Switches of a platform: read, changed, refused, forgotten."""

from tests.sandbox.conftest import Sandbox

PATH = "instagram/settings"


async def test_every_switch_is_off_and_listed(sandbox: Sandbox) -> None:
    settings = (await sandbox.control("GET", PATH)).json
    assert settings["flat_exchange"] is False
    assert set(settings.values()) == {False}


async def test_a_switch_stays_until_turned_off_or_reset(sandbox: Sandbox) -> None:
    await sandbox.control("POST", PATH, {"flat_exchange": True})
    settings = (await sandbox.control("POST", PATH, {"wrapped_profile": True})).json
    assert {name for name, is_on in settings.items() if is_on} == {"flat_exchange", "wrapped_profile"}
    settings = (await sandbox.control("POST", PATH, {"flat_exchange": False})).json
    assert {name for name, is_on in settings.items() if is_on} == {"wrapped_profile"}
    await sandbox.reset()
    assert not any((await sandbox.control("GET", PATH)).json.values())


async def test_unknown_switches_and_values_are_refused_by_a_sentence(sandbox: Sandbox) -> None:
    got = await sandbox.control("POST", PATH, {"teapot": True})
    assert got.status == 400
    assert got.json["error"].startswith("The body must be a JSON object of: ")
    assert (await sandbox.control("POST", PATH, ["flat_exchange"])).status == 400
    got = await sandbox.control("POST", PATH, {"flat_exchange": "yes"})
    assert (got.status, got.json["error"]) == (400, "Every setting must be true or false.")


async def test_other_control_paths_of_the_platform_do_not_exist(sandbox: Sandbox) -> None:
    assert (await sandbox.control("GET", "instagram/coffee")).status == 404
    assert (await sandbox.control("DELETE", PATH)).status == 404
