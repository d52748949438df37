"""The sandbox as one ASGI app: `/sandbox/HOST/path` plays the platforms, `/_sandbox/...` is the control API."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from moorline.sandbox import ALL
from moorline.sandbox.apps import seed_apps
from moorline.sandbox.asgi import HungUp, Receive, Scope, Send, TooLarge, read_body, read_call, send_reply
from moorline.sandbox.calls import CallLog, Noted
from moorline.sandbox.control import PREFIX as CONTROL_PREFIX
from moorline.sandbox.control import Control
from moorline.sandbox.faults import Fault, Faults
from moorline.sandbox.kernel import Books, Call, Endpoint, Handler, Reply, SandboxPlatform, host_matches

PREFIX = "/sandbox/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a call is answered. `endpoint` is the name for faults and log, also for a path the platform lacks."""

    platform: SandboxPlatform
    endpoint: str
    handler: Handler
    call: Call


class Sandbox:
    """An ASGI app (scopes http and lifespan)."""

    def __init__(self, *, base_url: str, callback_base: str, platforms: Sequence[type[SandboxPlatform]]) -> None:
        self.books = Books(base_url=base_url)
        self.platforms = {platform.name: platform(self.books) for platform in platforms}
        self._endpoints = {platform.name: platform.endpoints() for platform in platforms}
        self._callback_base = callback_base
        self._calls = CallLog()
        self._faults = Faults()
        self._control = Control(
            books=self.books,
            platforms=self.platforms,
            calls=self._calls,
            faults=self._faults,
            reseed=self.reset,
        )
        self.reset()

    def hosts(self) -> tuple[str, ...]:
        """Every host that is played, for an outbound map; wildcard hosts are served but cannot be mapped by prefix."""
        declared = (host for platform in self.platforms.values() for host in platform.hosts)
        return tuple(dict.fromkeys(host for host in declared if not host.startswith("*")))

    def reset(self) -> None:
        """Seed the known world anew: nothing issued, registered or ordered before is remembered."""
        self.books.issued.clear()
        self.books.apps.clear()
        self.books.clock.reset()
        self.books.strict_https = False
        self.books.forget_shared()
        self._calls.clear()
        self._faults.clear()
        seed_apps(self.books, self.platforms, callback_base=self._callback_base)
        for platform in self.platforms.values():
            platform.reset()

    async def close(self) -> None:
        """Let every platform go; the lifespan's end calls it."""
        for platform in self.platforms.values():
            await platform.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        try:
            body = await read_body(receive)
        except TooLarge:
            await send_reply(send, Reply.of_json({"error": "the body is over 1 MiB"}, status=413))
            return
        except HungUp:
            return
        if path == CONTROL_PREFIX or path.startswith(f"{CONTROL_PREFIX}/"):
            call = read_call(scope, body, host="", path=path)
            await send_reply(send, await self._control.answer(call))
            return
        host, slash, rest = path.removeprefix(PREFIX).partition("/")
        route = self._route(read_call(scope, body, host=host.lower(), path=slash + rest or "/"))
        if not path.startswith(PREFIX) or route is None:
            await send_reply(send, Reply.of_json({"error": "the sandbox plays no such host", "host": host}, status=404))
            return
        fault = self._faults.take(route.platform.name, route.endpoint)
        reply = await self._play(route, fault)
        await send_reply(send, reply, keep_bytes=fault.keep_bytes if fault is not None else None)

    async def _play(self, route: Route, fault: Fault | None) -> Reply:
        if fault is not None and fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        reply = fault.reply if fault is not None and fault.reply is not None else await route.handler(route.call)
        noted = Noted(at=self.books.clock.now(), call=route.call, status=reply.status)
        self._calls.note(route.platform.name, route.endpoint, noted)
        return reply

    def _route(self, call: Call) -> Route | None:
        """The endpoint that answers; on a host of several platforms the first one's that has the path and claims it."""
        playing = [
            platform
            for platform in self.platforms.values()
            if any(host_matches(declared, call.host) for declared in platform.hosts)
        ]
        having = [(platform, matching) for platform in playing if (matching := self._matching(platform, call))]
        if not having:
            return _route_on(playing[0], [], call) if playing else None
        platform, matching = next(((p, m) for p, m in having if p.claims(call)), having[0])
        return _route_on(platform, matching, call)

    def _matching(self, platform: SandboxPlatform, call: Call) -> list[Endpoint]:
        return [
            endpoint
            for endpoint in self._endpoints[platform.name]
            if endpoint.pattern.fullmatch(call.path) and any(host_matches(host, call.host) for host in endpoint.hosts)
        ]


def _route_on(platform: SandboxPlatform, matching: Sequence[Endpoint], call: Call) -> Route:
    for endpoint in matching:
        found = endpoint.pattern.fullmatch(call.path)
        if endpoint.method == call.method and found is not None:
            call = replace(call, params=found.groupdict())
            return Route(
                platform=platform, endpoint=endpoint.name, handler=getattr(platform, endpoint.handler), call=call
            )
    allowed = tuple(dict.fromkeys(endpoint.method for endpoint in matching))

    async def refuse(call: Call) -> Reply:
        return platform.wrong_method(call, allowed) if allowed else platform.unknown(call)

    return Route(platform=platform, endpoint=f"{call.method} (not an endpoint)", handler=refuse, call=call)


def create_sandbox(*, base_url: str, callback_base: str | None = None) -> Sandbox:
    """The sandbox with all its platforms.

    `base_url` is where this app is reached, without `/sandbox`; `callback_base` is the address of the service whose
    callbacks `<callback_base>/connect/<platform>/callback` the default apps know (default: `base_url`).
    """
    return Sandbox(base_url=base_url, callback_base=callback_base or base_url, platforms=ALL)
