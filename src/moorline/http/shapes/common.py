"""Models that several routes answer."""

import msgspec


class Message(msgspec.Struct, kw_only=True):
    """A sentence about what was done."""

    message: str
