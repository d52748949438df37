"""What the server holds after many flows, and whether it still grows: whole twitter flows, at sixteen at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from bench.load import CONNECTIONS, Once, session
from bench.processes import Broken, Child

NAME = "memory"
SAMPLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident memory before the first flow and after each tenth of them."""

    flows: int
    mib: tuple[float, ...]

    @property
    def growth_kib(self) -> float:
        """For each 1,000 flows, over the second half, when everything that is made once has been made."""
        middle = len(self.mib) // 2
        flows = self.flows * (len(self.mib) - 1 - middle) / (len(self.mib) - 1)
        return (self.mib[-1] - self.mib[middle]) * 1024 * 1000 / flows


async def measure(
    once: Once, server: Child, *, flows: int, reset: Callable[[], Awaitable[None]], show: Callable[[str], None]
) -> Memory:
    """Carry out the flows; the sandbox forgets after each tenth. Raises: Broken."""
    mib = [server.resident_mib()]
    async with session() as opened:
        for number in range(SAMPLES):
            show(f"memory: {flows * number // SAMPLES} of {flows} flows")
            count = flows * (number + 1) // SAMPLES - flows * number // SAMPLES
            try:
                await _flow(once, opened, count)
                await reset()
            except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
                server.check()
                raise Broken(f"A flow failed: {type(error).__name__}: {error}") from error
            mib.append(server.resident_mib())
    return Memory(flows=flows, mib=tuple(mib))


async def _flow(once: Once, opened: aiohttp.ClientSession, count: int) -> None:
    left = iter(range(count))

    async def person() -> None:
        for _ in left:
            await once(opened)

    await asyncio.gather(*(person() for _ in range(max(CONNECTIONS))))
