"""`serve` and `sandbox`: an ASGI app on uvicorn until it is told to stop."""

import asyncio
import gc
import json
from typing import Any

import uvicorn

from moorline import logs
from moorline.app import create_app, open_service
from moorline.cli.environment import load_settings, sentences, stop
from moorline.cli.listening import listen
from moorline.cli.stopping import GRACE_S, Server, on_first_signal
from moorline.jobs import engine
from moorline.settings import Settings
from moorline.store import migrate

# An idle connection, longer than who asks keeps it: Caddy two minutes, ingress-nginx one. Else a request is written
# into one that is just being closed, and a POST, which no proxy sends twice, becomes 502.
KEEPS_S = 150


def serve(*, migrate_first: bool) -> None:
    """Run the service until SIGTERM or SIGINT."""
    settings = load_settings()
    logs.configure(settings.log_level, json=settings.log_json)
    with sentences():
        _run(_serve(settings, migrate_first=migrate_first))


async def _serve(settings: Settings, *, migrate_first: bool) -> None:
    from moorline.cli.scraping import scraped

    if migrate_first:
        await migrate.upgrade(settings.database_url)
    listening = listen(settings.host, settings.port)
    async with open_service(settings) as service:
        app = create_app(service)
        # What was made until here stays, so the collector need not look at it again and again; not even once, since
        # next to nothing of it is garbage.
        gc.freeze()
        gc.enable()
        gc.set_threshold(10_000, 20, 50)
        server = uvicorn_server(app, stopping=service.stopping, drain_s=settings.drain_s)
        async with scraped(service):
            await server.serve(sockets=[listening])


def worker() -> None:
    """Do the background work until SIGTERM or SIGINT. Ends the program on SQLite, which one process has to itself."""
    settings = load_settings()
    logs.configure(settings.log_level, json=settings.log_json)
    if settings.database_url.startswith("sqlite:"):
        stop("`moorline worker` needs PostgreSQL. On SQLite `moorline serve` does the background work itself.")
    with sentences():
        run(_work(settings))


async def _work(settings: Settings) -> None:
    from moorline.cli.scraping import scraped

    async with open_service(settings) as service:
        with on_first_signal(service.stopping.set):
            async with scraped(service), engine.running(service.stopping, engine.loops(service)):
                print("Working.", flush=True)
                await service.stopping.wait()


def sandbox(*, host: str, port: int, callback_base: str) -> None:
    """Run the sandbox alone until SIGTERM or SIGINT."""
    from moorline.sandbox.app import create_sandbox

    logs.configure("WARNING", json=False)
    base_url = f"http://{host}:{port}"
    played = create_sandbox(base_url=base_url, callback_base=callback_base)
    listening = listen(host, port)
    outbound_map = {f"https://{name}": f"{base_url}/sandbox/{name}" for name in played.hosts()}
    print(f"The sandbox listens on {base_url}; its control API is at {base_url}/_sandbox/.")
    print(f"MOORLINE_OUTBOUND_MAP='{json.dumps(outbound_map)}'", flush=True)
    _run(uvicorn_server(played).serve(sockets=[listening]))


def uvicorn_server(app: Any, *, stopping: asyncio.Event | None = None, drain_s: float = 0) -> Server:
    """A uvicorn server for an app, without uvicorn's own logs; it sets `stopping` when it is told to stop."""
    return Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEPS_S,
            timeout_graceful_shutdown=GRACE_S,
        ),
        stopping=stopping or asyncio.Event(),
        drain_s=drain_s,
    )


def _run(work: Any) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


def run(work: Any) -> None:
    """Run a coroutine on the fastest loop there is; Ctrl+C ends it quietly."""
    try:
        _run(work)
    except KeyboardInterrupt:
        return
