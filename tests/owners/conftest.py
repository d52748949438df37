"""The served world of tests/http, beside databases without a service."""

from tests.http.conftest import serve, served_database_url, served_on, world

__all__ = ["serve", "served_database_url", "served_on", "world"]
