"""`/metrics` and `/healthz` on a port of their own, beside the service or the worker."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from typing_extensions import override

from moorline.cli.listening import listen
from moorline.logs import event
from moorline.pulse import Pulse
from moorline.service import Service
from moorline.settings import PREFIX

if TYPE_CHECKING:
    from moorline.scrape import Scrape

METRICS, HEALTH = "/metrics", "/healthz"
MOST_SCRAPES = 4
log = logging.getLogger("moorline.jobs")


@asynccontextmanager
async def scraped(service: Service) -> AsyncIterator[None]:
    """Answer scrapes and probes beside the body, if the settings name a port. Ends the program when it is taken."""
    settings = service.settings
    if not settings.metrics_port or service.metrics is None:
        yield
        return
    from moorline.scrape import Scrape

    name = f"{PREFIX}METRICS_PORT"
    listening = listen(settings.metrics_host, settings.metrics_port, advice=f"Give {name} another one.")
    server = _Beside(
        uvicorn.Config(
            Listener(Scrape(service, service.metrics), service.pulse),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class Listener:
    """The ASGI application: two paths, and nothing else."""

    def __init__(self, scrape: "Scrape", pulse: Pulse) -> None:
        self._scrape = scrape
        self._pulse = pulse
        self._at_once = asyncio.Semaphore(MOST_SCRAPES)  # of scrapes alone: a probe is answered whoever else is here

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """ASGI entry."""
        if scope["type"] != "http":
            return
        if scope["path"] not in {METRICS, HEALTH} or scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 404, {}, b"")
            return
        if scope["path"] == HEALTH:
            await self._tell_health(send)
            return
        given = {name: value.decode("latin-1") for name, value in scope["headers"]}
        authorization, accept = given.get(b"authorization", ""), given.get(b"accept", "")
        async with self._at_once:
            told = await self._scrape.answer(authorization=authorization, accept=accept)
        await _answer(send, told.status, told.headers, told.body)

    async def _tell_health(self, send: Any) -> None:
        """Whether a restart would help, which a database that is away is no reason for. Asked without a token."""
        silent = ", ".join(self._pulse.silent())
        if silent:
            event(log, logging.ERROR, "work_stalled", work=silent)
        body = f"stalled: {silent}" if silent else "ok"
        await _answer(send, 503 if silent else 200, {"content-type": "text/plain"}, body.encode())


async def _answer(send: Any, status: int, headers: dict[str, str], body: bytes) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


class _Beside(uvicorn.Server):
    """A server that leaves the signals to the program it runs beside."""

    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        yield
