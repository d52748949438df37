"""What a run of the tests is told by its environment, in settings that the service does not know."""

import os


def told(name: str) -> str:
    """The value of such a setting, empty when it is not given.

    Taken out of the environment: the service refuses MOORLINE_ settings it does not know, also in processes that tests
    start. It stays there under another name, since the workers of a run are started after it was taken out.
    """
    kept = f"TOLD_{name}"
    if name in os.environ:
        os.environ[kept] = os.environ.pop(name)
    return os.environ.get(kept, "")
