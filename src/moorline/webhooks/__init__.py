"""Telling an application what happened to its accounts. How it reads from outside: docs/howto/webhooks.md."""
