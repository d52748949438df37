"""Two PostgreSQL servers, of which the one takes over from the other, and back."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.fleet.postgresql import OwnPostgresql, own_postgresql
from tests.harness import settles
from tests.journeys.processes import free_port

FOLLOWED = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"


class Pair:
    """`primary` takes writes, and tells of a commit when `standby` has it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._ports = [free_port(), free_port()]
        self.primary = stack.enter_context(own_postgresql(port=self._ports[0]))
        self.standby: OwnPostgresql | None = None

    @property
    def url(self) -> str:
        """The address that names both of them, always in the same order."""
        places = ",".join(f"127.0.0.1:{port}" for port in self._ports)
        return f"postgresql://postgres@{places}/postgres"

    async def follow(self) -> None:
        """Make a standby, in the place of a server that is gone; wait until it has everything."""
        (port,) = (port for port in self._ports if port != self.primary.port)
        self.standby = self._stack.enter_context(own_postgresql(port=port, standby_of=self.primary))
        await self.primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await self.primary.run("SELECT pg_reload_conf()")
        await settles(self._is_followed, within_s=60)

    async def _is_followed(self) -> bool:
        return bool(await self.primary.run(FOLLOWED))

    async def take_over(self) -> OwnPostgresql:
        """Let the standby be the primary; the former one, with which anything may have been done."""
        assert self.standby is not None
        former, self.primary, self.standby = self.primary, self.standby, None
        assert (await self.primary.run("SELECT pg_promote() AS done"))[0]["done"]
        return former


@contextmanager
def pair() -> Iterator[Pair]:
    """The primary, started; all there were are stopped and removed at the end."""
    with ExitStack() as stack:
        yield Pair(stack)
