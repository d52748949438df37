"""What is switched on in the servers that the bench measures."""

from bench.world import NEVER_REACHED, environment_of
from moorline import settings
from moorline.cli.environment import platform_names
from moorline.limits.opening import numbers_of
from moorline.settings import Settings


def loaded(given: dict[str, str]) -> Settings:
    return settings.load(given, platforms=platform_names())


def test_a_measured_server_counts_all_that_production_does_and_refuses_nobody() -> None:
    given = loaded(environment_of(8400, "sqlite:///m.sqlite3", outbound_map="{}"))

    most = numbers_of(given)

    assert {name for name, number in most.items() if number} == {
        name for name, number in numbers_of(Settings()).items() if number
    }
    assert {number for number in most.values() if number} == {NEVER_REACHED}
    assert (given.limits_url, bool(given.metrics_token), given.traces_url) == ("memory", True, "")
    assert (given.log_level, given.log_json) == (Settings().log_level, Settings().log_json)
