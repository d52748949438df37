"""The served world of tests/http."""

from tests.http.conftest import lines, serve, served_database_url, served_on, shared, world

__all__ = ["lines", "serve", "served_database_url", "served_on", "shared", "world"]
