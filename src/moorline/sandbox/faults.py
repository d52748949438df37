"""Troubles ordered through the control API: the next N calls of an endpoint answer otherwise, late, or in part."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moorline.sandbox.apps import Unusable
from moorline.sandbox.kernel import Endpoint, Reply, SandboxPlatform


@dataclass(slots=True, kw_only=True)
class Fault:
    """One order. Without `reply` the call is carried out and answered as ever, only late or cut short."""

    platform: str
    endpoints: frozenset[str]  # names
    left: int
    reply: Reply | None
    delay_ms: int
    keep_bytes: int | None  # of the answer's body, before the connection breaks; None: all, and no break


class Faults:
    """The orders still open, oldest first."""

    def __init__(self) -> None:
        self._open: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Queue an order behind the earlier ones of the same endpoint."""
        self._open.append(fault)

    def clear(self) -> None:
        """Forget every order."""
        self._open.clear()

    def take(self, platform: str, endpoint: str) -> Fault | None:
        """The order this call falls under, counted down; None when it is to be answered as ever."""
        for fault in self._open:
            if fault.platform == platform and endpoint in fault.endpoints:
                fault.left -= 1
                if fault.left <= 0:
                    self._open.remove(fault)
                return fault
        return None


def read_fault(body: object, platforms: Mapping[str, SandboxPlatform]) -> Fault:
    """The order described by `POST /_sandbox/faults`. Raises Unusable."""
    sent = body if isinstance(body, dict) else {}
    platform = platforms.get(str(sent.get("platform")))
    if platform is None:
        raise Unusable(f"platform must be one of: {', '.join(platforms)}.")
    wanted = sent.get("endpoint")
    endpoints = _named(wanted, platform.endpoints()) if isinstance(wanted, str) else frozenset()
    if not endpoints:
        raise Unusable(f"endpoint must name an endpoint of {platform.name}, such as {platform.endpoints()[0].name!r}.")
    fault = Fault(
        platform=platform.name,
        endpoints=endpoints,
        left=_whole(sent, "count", 1, low=1),
        reply=_read_reply(sent),
        delay_ms=_whole(sent, "delay_ms", 0, low=0),
        keep_bytes=_read_break(sent),
    )
    if fault.reply is None and not fault.delay_ms and fault.keep_bytes is None:
        raise Unusable("status, body, delay_ms or break must say what is to go wrong.")
    return fault


def _named(wanted: str, endpoints: Sequence[Endpoint]) -> frozenset[str]:
    """Endpoints by name, by declared path, or by a real path with or without its method."""
    method, space, path = wanted.partition(" ")
    if not space:
        method, path = "", wanted
    matching = (e for e in endpoints if not method or e.method == method.upper())
    return frozenset(e.name for e in matching if e.path == path or e.pattern.fullmatch(path))


def _whole(sent: Mapping[str, object], name: str, default: int, *, low: int, high: int = 2**31) -> int:
    value = sent.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Unusable(f"{name} must be a whole number from {low} to {high}.")
    return value


def _read_break(sent: Mapping[str, object]) -> int | None:
    breaks = sent.get("break", "break_after_bytes" in sent)
    if not isinstance(breaks, bool):
        raise Unusable("break must be true or false.")
    return _whole(sent, "break_after_bytes", 0, low=0) if breaks else None


def _read_reply(sent: Mapping[str, object]) -> Reply | None:
    if not {"status", "body", "headers"} & set(sent):
        return None
    headers = sent.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise Unusable("headers must be an object of texts.")
    body = sent.get("body", "")
    text = body if isinstance(body, str) else json.dumps(body)
    named = {str(name).lower(): value for name, value in headers.items()}
    named.setdefault("content-type", "application/json" if text[:1] in {"{", "["} else "text/plain; charset=utf-8")
    status = _whole(sent, "status", 200, low=200, high=599)
    return Reply(status=status, body=text.encode(), headers=tuple(named.items()))
