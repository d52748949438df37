"""The client under test, and what it logged."""

import logging
from collections.abc import AsyncIterator, Callable

import pytest

from moorline.outbound import Outbound


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    client = Outbound(public_url="https://connect.example.com", body_limit_bytes=64 * 1024)
    yield client
    await client.close()


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, object]]]:
    """The fields of every line the client logged, and its level."""
    caplog.set_level(logging.DEBUG, "moorline.outbound")
    return lambda: [{**vars(record)["moorline"], "level": record.levelname} for record in caplog.records]
