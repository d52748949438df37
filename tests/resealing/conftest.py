"""A served world that tells a receiver on loopback, as in tests/webhooks."""

from tests.webhooks.conftest import lines, receiver, serve, served_database_url, served_on, shared, told, world

__all__ = ["lines", "receiver", "serve", "served_database_url", "served_on", "shared", "told", "world"]
