"""The served world of tests/http, and of tests/webhooks with its receiver."""

from tests.http.conftest import lines, serve, served_database_url, served_on, shared, world
from tests.webhooks.conftest import receiver, told

__all__ = ["lines", "receiver", "serve", "served_database_url", "served_on", "shared", "told", "world"]
