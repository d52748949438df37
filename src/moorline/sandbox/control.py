"""The control API `/_sandbox/...`: what a test or an integrator does to the simulated world from outside."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import timedelta

from moorline.sandbox import world
from moorline.sandbox.apps import Unusable, read_app, register_app
from moorline.sandbox.calls import CallLog
from moorline.sandbox.faults import Faults, read_fault
from moorline.sandbox.kernel import Books, Call, Reply, SandboxPlatform

PREFIX = "/_sandbox"
_LONGEST_ADVANCE_S = 10 * 366 * 24 * 3600


class Control:
    """Answers the control paths. `reseed` puts books and platforms back to the known world."""

    def __init__(
        self,
        *,
        books: Books,
        platforms: Mapping[str, SandboxPlatform],
        calls: CallLog,
        faults: Faults,
        reseed: Callable[[], None],
    ) -> None:
        self._books = books
        self._platforms = platforms
        self._calls = calls
        self._faults = faults
        self._reseed = reseed
        self._routes: dict[tuple[str, str], Callable[[Call], Awaitable[Reply]]] = {
            ("GET", "/"): self._index,
            ("POST", "/reset"): self._reset,
            ("GET", "/clock"): self._read_clock,
            ("POST", "/clock"): self._advance_clock,
            ("POST", "/revoke"): self._revoke,
            ("POST", "/faults"): self._add_fault,
            ("DELETE", "/faults"): self._clear_faults,
            ("GET", "/calls"): self._list_calls,
            ("GET", "/issued"): self._list_issued,
            ("POST", "/apps"): self._add_app,
            ("GET", "/settings"): self._read_settings,
            ("POST", "/settings"): self._change_settings,
        }

    async def answer(self, call: Call) -> Reply:
        """Carry out one control call; an unusable one is 400 with a sentence naming the field."""
        path = call.path.removeprefix(PREFIX).rstrip("/") or "/"
        handler = self._routes.get((call.method, path))
        try:
            if handler is not None:
                return await handler(call)
            return await self._ask_platform(call, path)
        except Unusable as unusable:
            return Reply.of_json({"error": str(unusable)}, status=400)

    async def _ask_platform(self, call: Call, path: str) -> Reply:
        allowed = tuple(method for method, known in self._routes if known == path)
        if allowed:
            refusal = {"error": f"{path} takes {' and '.join(allowed)}."}
            return Reply.of_json(refusal, status=405, headers=(("allow", ", ".join(allowed)),))
        platform = self._platforms.get(path.split("/")[1])
        reply = await platform.control(call) if platform is not None else None
        return reply or Reply.of_json({"error": f"There is no control path {call.path}."}, status=404)

    async def _index(self, _call: Call) -> Reply:
        people = [
            {"id": person.id, "name": person.name, "email": person.email, "has": person.has} for person in world.PEOPLE
        ]
        platforms = [
            {"name": p.name, "hosts": list(p.hosts), "people": list(p.people)} for p in self._platforms.values()
        ]
        paths = [f"{method} {PREFIX}{path}" for method, path in self._routes]
        return Reply.of_json({"platforms": platforms, "people": people, "control": paths})

    async def _reset(self, _call: Call) -> Reply:
        self._reseed()
        return Reply.of_json({"reset": True})

    async def _read_clock(self, _call: Call) -> Reply:
        return Reply.of_json({"now": self._books.clock.now().isoformat()})

    async def _advance_clock(self, call: Call) -> Reply:
        seconds = _body(call).get("advance_s")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= _LONGEST_ADVANCE_S:
            raise Unusable(f"advance_s must be a number of seconds from 0 to {_LONGEST_ADVANCE_S}.")
        self._books.clock.advance(timedelta(seconds=seconds))
        return await self._read_clock(call)

    async def _revoke(self, call: Call) -> Reply:
        sent = _body(call)
        platform = self._platforms.get(str(sent.get("platform")))
        if platform is None:
            raise Unusable(f"platform must be one of: {', '.join(self._platforms)}.")
        person = sent.get("person")
        if not isinstance(person, str) or not platform.revoke(person):
            raise Unusable(f"person must be somebody {platform.name} knows.")
        return Reply.of_json({"revoked": True})

    async def _add_fault(self, call: Call) -> Reply:
        fault = read_fault(_body(call), self._platforms)
        self._faults.add(fault)
        return Reply.of_json({"platform": fault.platform, "endpoints": sorted(fault.endpoints), "count": fault.left})

    async def _clear_faults(self, _call: Call) -> Reply:
        self._faults.clear()
        return Reply.of_json({"cleared": True})

    async def _list_calls(self, call: Call) -> Reply:
        platform = call.query.get("platform")
        if platform is not None and platform not in self._platforms:
            raise Unusable(f"platform must be one of: {', '.join(self._platforms)}.")
        secrets = (issued.value for issued in self._books.issued)
        return Reply.of_json({"endpoints": self._calls.view(platform, secrets=secrets)})

    async def _list_issued(self, _call: Call) -> Reply:
        return Reply.of_json([asdict(issued) for issued in self._books.issued])

    async def _add_app(self, call: Call) -> Reply:
        app = read_app(_body(call), self._platforms)
        register_app(self._books, app)
        told = {"platform": app.platform, "client_id": app.client_id, "redirect_uris": list(app.redirect_uris)}
        return Reply.of_json({**told, "flags": sorted(app.flags)}, status=201)

    async def _read_settings(self, _call: Call) -> Reply:
        return Reply.of_json({"strict_https": self._books.strict_https})

    async def _change_settings(self, call: Call) -> Reply:
        sent = _body(call)
        if set(sent) != {"strict_https"} or not isinstance(sent["strict_https"], bool):
            raise Unusable("strict_https must be true or false, and is the only setting.")
        self._books.strict_https = sent["strict_https"]
        return await self._read_settings(call)


def _body(call: Call) -> dict[str, object]:
    """The JSON object of the body. Raises Unusable."""
    parsed = call.json()
    if not isinstance(parsed, dict):
        raise Unusable("The body must be a JSON object.")
    return parsed
