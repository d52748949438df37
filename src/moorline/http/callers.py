"""Who calls: an API key, a connect token, or nobody. One check for every route; each route declares what it wants."""

import logging
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from moorline.access import Access
from moorline.connect import landing
from moorline.errors import Forbidden, Unauthorized
from moorline.limits.buckets import KEY, SELECTION
from moorline.limits.clients import client_of
from moorline.limits.counting import Use, note
from moorline.logs import event
from moorline.owners import api_keys
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store.selections import OpenSelection

log = logging.getLogger("moorline.http")


class Admitted:
    """What the guard found out: at least one of the two on a route that is not public."""

    __slots__ = ("caller", "selection")

    def __init__(self, caller: Caller | None = None, selection: OpenSelection | None = None) -> None:
        self.caller = caller
        self.selection = selection


CallerRequest = Request[Any, Admitted, State]


async def admit(connection: ASGIConnection[Any, Any, Any, State], handler: BaseRouteHandler) -> None:
    """Let the caller pass. Raises: Unauthorized, Forbidden for a key without the permission, RateLimited."""
    if connection.scope.get("method") == "OPTIONS":  # answered by the framework; it tells the methods, no more
        return
    access = handler.opt["access"]
    service: Service = connection.app.state.service
    if access is Access.PUBLIC:
        connection.scope["auth"] = Admitted()
        return
    try:
        admitted = await _identify(service, connection.scope, by_token=access is Access.SELECTION)
    except Unauthorized:
        event(log, logging.WARNING, "caller_refused", path=connection.scope["path"])
        raise
    if admitted.caller is not None:
        who = admitted.caller.key_id or admitted.caller.member_id
        note(connection.scope, await service.limits.count((KEY, who)))
        if access is not Access.READ and not admitted.caller.may_write:
            raise Forbidden("This API key may only read.")
    elif admitted.selection is not None:
        note(connection.scope, await service.limits.count((SELECTION, admitted.selection.attempt_id)))
    connection.scope["auth"] = admitted


async def _identify(service: Service, scope: Scope, *, by_token: bool) -> Admitted:
    token = _header(scope, b"x-connect-token") if by_token else ""
    selection = await landing.by_connect_token(service, token) if token else None
    try:
        caller = await api_keys.authenticate(service.db, _bearer(_header(scope, b"authorization")))
    except Unauthorized:
        if selection is None:
            raise
        return Admitted(selection=selection)
    if selection is not None and selection.user_id != caller.user_id:
        raise Unauthorized
    return Admitted(caller=caller, selection=selection)


def _header(scope: Scope, wanted: bytes) -> str:
    # By hand: the framework would take all of them apart for it, at every call.
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def _bearer(authorization: str) -> str:
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def caller_of(request: CallerRequest) -> Caller:
    """The API key's caller of a route that wants one."""
    caller = request.auth.caller
    if caller is None:
        raise Unauthorized
    return caller


def service_of(request: CallerRequest) -> Service:
    """The service behind a request."""
    service: Service = request.app.state.service
    return service


async def count(request: CallerRequest, *uses: Use) -> None:
    """Count what has a limit of its own beside that of the key, and note what is left. Raises: RateLimited."""
    note(request.scope, await service_of(request).limits.count(*uses))


def client_at(request: CallerRequest) -> str:
    """Whom to count where no key tells who calls."""
    forwarded = request.headers.getall("x-forwarded-for", [])
    peer = "" if request.client is None else request.client.host
    return client_of(peer, forwarded, proxies=service_of(request).settings.trusted_proxies)
