"""What an entry of the catalogue is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.browser.stage import Stage

Bring = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPage:
    """`is_translated` False: a page in English alone, of the API's documents or of the sandbox.

    `keeps_language`: it goes on in the language in which its attempt was begun, whatever is asked for later.
    """

    name: str
    bring: Bring
    is_translated: bool = True
    keeps_language: bool = False


def opened(path: str) -> Bring:
    """A page that anybody finds at this path."""

    async def bring(stage: Stage) -> None:
        await stage.visitor.open(path)

    return bring
