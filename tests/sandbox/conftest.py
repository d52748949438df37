"""A real server with the sandbox in it, on a loopback port; tests talk to it over HTTP."""

import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import uvicorn

from moorline.sandbox.app import create_sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    status: int
    headers: Mapping[str, str]  # names in any case
    raw: bytes

    @property
    def text(self) -> str:
        return self.raw.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


class Sandbox:
    """The running sandbox, seen from outside."""

    def __init__(self, base_url: str, hosts: tuple[str, ...], http: aiohttp.ClientSession) -> None:
        self.base_url = base_url
        self.hosts = hosts
        self._http = http

    async def send(self, method: str, host: str, path: str, *, token: str | None = None, **request: Any) -> Got:
        """Call `https://HOST/path` as the sandbox plays it; redirects are not followed."""
        headers = {**(request.pop("headers", None) or {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return await self._request(method, f"/sandbox/{host}{path}", headers=headers, **request)

    async def control(self, method: str, path: str, body: object = None) -> Got:
        return await self._request(method, f"/_sandbox/{path}", json=body)

    async def advance(self, seconds: float) -> None:
        assert (await self.control("POST", "clock", {"advance_s": seconds})).status == 200

    async def reset(self) -> None:
        assert (await self.control("POST", "reset")).status == 200

    async def _request(self, method: str, path: str, **request: Any) -> Got:
        async with self._http.request(method, self.base_url + path, allow_redirects=False, **request) as reply:
            return Got(status=reply.status, headers=reply.headers.copy(), raw=await reply.read())


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[str, tuple[str, ...]]]:
    """One server for all tests: its address and the hosts it plays."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = create_sandbox(base_url=base_url)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        yield base_url, app.hosts()
        server.should_exit = True
        thread.join()


@pytest_asyncio.fixture
async def sandbox(served: tuple[str, tuple[str, ...]]) -> AsyncIterator[Sandbox]:
    """The sandbox as `reset` seeds it."""
    async with aiohttp.ClientSession() as http:
        seeded = Sandbox(*served, http)
        await seeded.reset()
        yield seeded
