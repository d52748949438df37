"""Time stands still for every adapter's test."""

from collections.abc import Iterator

import pytest

from moorline import clock
from tests.platforms.transport import NOW


@pytest.fixture(autouse=True)
def held_clock() -> Iterator[None]:
    clock.freeze(NOW)
    yield
    clock.freeze(None)
