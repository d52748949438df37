"""What a route wants of its caller. Every route declares one in its `opt`; a test holds that."""

import enum


class Access(enum.Enum):
    """Who may call."""

    PUBLIC = "public"
    READ = "read"
    WRITE = "write"
    SELECTION = "selection"  # an API key, or the connect token of the attempt
    SIGNED_IN = "signed_in"  # a person with a session of the dashboard


def public() -> dict[str, Access]:
    """`opt` of a route anybody may call."""
    return {"access": Access.PUBLIC}


def reading() -> dict[str, Access]:
    """`opt` of a route for any API key."""
    return {"access": Access.READ}


def writing() -> dict[str, Access]:
    """`opt` of a route for read-write API keys."""
    return {"access": Access.WRITE}


def selecting() -> dict[str, Access]:
    """`opt` of a route for API keys and connect tokens."""
    return {"access": Access.SELECTION}


def signed_in() -> dict[str, Access]:
    """`opt` of a page for people who signed in to the dashboard."""
    return {"access": Access.SIGNED_IN}
