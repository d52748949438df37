"""An integrator's own call to the platform of an account, with the account's token put in and never shown."""

import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from moorline.accounts import accounts, reveal, tokens
from moorline.accounts.masking import Mask
from moorline.accounts.proxy_rules import answered_headers, sent_headers, target
from moorline.accounts.tokens import Usable
from moorline.adapter.app_password import AppPasswordPlatform
from moorline.adapter.oauth import OAuthPlatform
from moorline.errors import BadRequest, Refused
from moorline.logs import event
from moorline.outbound import Streamed
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import accounts as stored_accounts
from moorline.store.accounts import Account
from moorline.wire import Reply, Request

TIMEOUT_S = 300.0
MAX_JUDGED_BYTES = 64 * 1024  # of a refusal, read to see whether the token is dead
log = logging.getLogger("moorline.accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The caller's call. `path` and `query` are percent-encoded; a body that is an iterator can be sent once only."""

    method: str
    path: str = field(repr=False)
    query: str = field(repr=False)
    headers: Sequence[tuple[str, str]] = field(repr=False)
    body: bytes | AsyncIterator[bytes] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxied:
    """The platform's answer as it comes. Whoever takes it has to close it."""

    status: int
    headers: Sequence[tuple[str, str]] = field(repr=False)
    chunks: AsyncIterator[bytes] = field(repr=False)
    _stack: AsyncExitStack = field(repr=False)

    async def close(self) -> None:
        """End the call to the platform, whether its answer was read or not."""
        await self._stack.aclose()


class _ProvesNothing(Exception):
    """A refusal, to be passed on: no proof that the token works."""

    def __init__(self, answer: Proxied) -> None:
        super().__init__("passed on")
        self.answer = answer


async def call(service: Service, caller: Caller, account_id: str, asked: Asked) -> Proxied:
    """The platform's answer, whatever its status. A token it refuses is renewed, and the call made once more.

    Raises: as `accounts.get`; BadRequest for an account without a token and for an address that may not be called; as
    `tokens.spend`.
    """
    account = (await accounts.get(service, caller, account_id)).account
    if account.grant_id is None:
        raise BadRequest(f"A {account.platform} account has no token of its own.", code="no_token")
    sealed = await stored_accounts.get_token(service.db, account.id)
    own = None if sealed is None else reveal.open_own(service, account, sealed)
    calls = _Calls(service, account, asked, own)
    try:
        if own is not None:  # which no renewal of the person's token changes
            answer = await calls.make(await tokens.usable(service, account.grant_id))
        else:
            answer = await tokens.spend(service, account.grant_id, calls.make)
    except _ProvesNothing as refused:
        answer = refused.answer
    except BaseException:
        await calls.close()
        _tell(caller, account, asked, None)
        raise
    _tell(caller, account, asked, answer.status)
    return answer


def _tell(caller: Caller, account: Account, asked: Asked, platform_status: int | None) -> None:
    event(
        log,
        logging.INFO,
        "call_proxied",
        account=account.id,
        platform=account.platform,
        key=caller.key_id,
        method=asked.method,
        platform_status=platform_status,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Api:
    """How calls with a token reach a platform. `hosts` maps names to origins, the usual one first."""

    hosts: Mapping[str, str]
    closed: re.Pattern[str]
    guarded: bool
    refuses_token: Callable[[Reply], bool]
    unless_given: Mapping[str, str] = field(default_factory=dict)
    always: Mapping[str, str] = field(default_factory=dict)
    proof: Mapping[str, str] = field(default_factory=dict, repr=False)


class _Calls:
    """The one call, or the two, that a caller's call leads to."""

    def __init__(self, service: Service, account: Account, asked: Asked, own: str | None) -> None:
        self._service = service
        self._account = account
        self._asked = asked
        self._own = own
        self._stack = AsyncExitStack()
        self._may_repeat = own is None and not isinstance(asked.body, AsyncIterator)

    async def close(self) -> None:
        """End what is under way."""
        await self._stack.aclose()

    async def make(self, held: Usable) -> Proxied:
        """Raises: Refused when the platform refuses the token, the first time; _ProvesNothing; BadRequest for an
        address that may not be called; Unreachable; AppMisconfigured, NotConfigured.
        """
        access = self._own or held.tokens.access
        api = await _api_of(self._service, held, access)
        request = self._request(api, access)
        streamed = await self._stack.enter_async_context(self._service.http.stream(request, body=self._asked.body))
        if self._may_repeat and streamed.status in {400, 401}:
            self._may_repeat = False
            streamed = await self._unless_dead(api, streamed)
        mask = Mask({access, held.tokens.access, held.tokens.refresh or access, *api.proof.values()})
        told = answered_headers(streamed.headers, api.hosts, status=streamed.status)
        answer = Proxied(
            status=streamed.status,
            headers=[(name, mask.text(value)) for name, value in told],
            chunks=_masked(streamed.chunks, mask),
            _stack=self._stack,
        )
        if streamed.status >= 400:
            raise _ProvesNothing(answer)
        return answer

    def _request(self, api: _Api, access: str) -> Request:
        asked = self._asked
        given = sent_headers(asked.headers, method=asked.method, streamed=isinstance(asked.body, AsyncIterator))
        return Request(
            method=asked.method,
            url=target(api.hosts, asked.path, asked.query, method=asked.method, closed=api.closed),
            query=api.proof,
            headers={**api.unless_given, **given, **api.always},
            bearer=access,
            guarded=api.guarded,
            timeout_s=TIMEOUT_S,
        )

    async def _unless_dead(self, api: _Api, streamed: Streamed) -> Streamed:
        """The answer, as good as unread. Raises: Refused when it says that the token is dead."""
        begun = bytearray()
        async for chunk in streamed.chunks:
            begun += chunk
            if len(begun) > MAX_JUDGED_BYTES:
                break
        reply = Reply(status=streamed.status, headers=dict(streamed.headers), body=bytes(begun))
        if not api.refuses_token(reply):
            return replace(streamed, chunks=_joined(bytes(begun), streamed.chunks))
        await self._stack.aclose()
        raise Refused(
            f"{self._account.platform} no longer accepts this access; connect again.", platform_status=streamed.status
        )


async def _api_of(service: Service, held: Usable, access: str) -> _Api:
    platform = held.grant.platform
    adapter = service.platforms.get(platform)
    if isinstance(adapter, AppPasswordPlatform):
        origin = held.tokens.service_url
        if origin is None:
            raise BadRequest(f"This {platform} account names no server to call.", code="not_proxied")
        hosts = {urlsplit(origin).netloc.lower(): origin}
        # Whoever has the account chose this server, so it must be a public one.
        return _Api(hosts=hosts, closed=adapter.api_closed, guarded=True, refuses_token=adapter.refuses_token)
    if not isinstance(adapter, OAuthPlatform) or not adapter.api_hosts:
        raise BadRequest(f"Calls to {platform} do not go through the proxy.", code="not_proxied")
    app = await tokens.app_of(service, held.grant)
    names = [adapter.versioned(host, app) for host in adapter.api_hosts]
    return _Api(
        hosts={name: f"https://{name}" for name in names},
        closed=adapter.api_closed,
        guarded=False,
        refuses_token=adapter.refuses_token,
        unless_given={name.lower(): adapter.versioned(value, app) for name, value in adapter.api_headers.items()},
        always={name.lower(): value for name, value in adapter.headers(app).items()},
        proof=adapter.proof(app, access),
    )


async def _joined(begun: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield begun
    async for chunk in rest:
        yield chunk


async def _masked(chunks: AsyncIterator[bytes], mask: Mask) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        passed = mask.feed(chunk)
        if passed:
            yield passed
    rest = mask.end()
    if rest:
        yield rest
