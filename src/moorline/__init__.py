"""Moorline: connects people's social accounts to an application."""

__version__ = "0.1.0"
