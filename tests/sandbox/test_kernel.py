"""What all simulated platforms stand on."""

import pytest

from moorline.sandbox.kernel import host_matches


@pytest.mark.parametrize(
    ("host", "matches"),
    [("a.host.example", True), ("b.a.host.example", True), ("host.example", False), (".host.example", False)],
)
def test_a_wildcard_host_is_every_name_below_its_parent(host: str, matches: bool) -> None:
    assert host_matches("*.host.example", host) is matches


def test_an_exact_host_is_only_itself() -> None:
    assert host_matches("host.example", "host.example")
    assert not host_matches("host.example", "a.host.example")
