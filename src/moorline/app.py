"""Settings, store and rooms become one ASGI application."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.config.cors import CORSConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ASGIApp
from typing_extensions import override

from moorline import __version__, observing, platforms
from moorline.access import public
from moorline.connect import purge
from moorline.connect.bot_updates import BotConsumer, configured_bots
from moorline.dns import resolve_txt
from moorline.errors import StoreUnavailable
from moorline.guard import OutboundAllow
from moorline.http import (
    account_options,
    accounts,
    app_credentials,
    audit,
    bluesky,
    bodies,
    connect,
    connect_logs,
    failures,
    health,
    idempotency,
    invites,
    linkedin,
    links,
    neighbours,
    proxy,
    selections,
    telegram,
    tokens,
    webhooks,
)
from moorline.http.callers import admit
from moorline.http.document import DocumentConfig
from moorline.http.envelope import Envelope
from moorline.http.plain import PlainJson
from moorline.jobs import engine, timekeeping
from moorline.limits.opening import open_limits
from moorline.outbound import OutboundMap
from moorline.pages.failures import for_browsers
from moorline.pages.routes import PAGES
from moorline.readiness import Readiness
from moorline.service import Service
from moorline.settings import PREFIX, Settings, WrongSettings
from moorline.store import engines as store
from moorline.store import migrate, vault_marks
from moorline.store.db import Database, PoolOptions
from moorline.vault import CannotOpen, Vault

T = TypeVar("T")
MARK_ABOUT = "vault_marks|1"


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """Everything the rooms need, opened and closed together.

    Raises: WrongSettings; StoreUnavailable when the database cannot be reached, or this version cannot serve it.
    """
    outbound_map = _checked("OUTBOUND_MAP", settings.outbound_map, OutboundMap.parse)
    outbound_allow = _checked("OUTBOUND_ALLOW", settings.outbound_allow, OutboundAllow.parse)
    options = PoolOptions(
        size=settings.database_pool_size,
        statement_timeout_s=settings.database_statement_timeout_s,
        statement_cache=settings.database_statement_cache,
    )
    observed = observing.begin(settings)
    try:
        db = observed.database(await store.connect(settings.database_url, options))
    except BaseException:
        await observed.close()
        raise
    http = observed.outbound(
        outbound_map=outbound_map,
        outbound_allow=outbound_allow,
        public_url=settings.public_url,
    )
    try:
        if (sentence := await migrate.misfit(db)) is not None:
            raise StoreUnavailable(sentence)
        vault = Vault(settings.encryption_keys)
        await _check_keys(db, vault)
        async with timekeeping.kept(db), open_limits(settings, db) as limits:
            yield Service(
                settings=settings,
                db=db,
                vault=vault,
                http=http,
                limits=limits,
                outbound_map=outbound_map,
                platforms=platforms.by_name(resolve_txt=resolve_txt if settings.bluesky_dns else None),
                metrics=observed.metrics,
                tracing=observed.tracing,
            )
    finally:
        await http.close()
        await db.close()
        await observed.close()


async def _check_keys(db: Database, vault: Vault) -> None:
    """The first start seals a mark; a later one whose keys do not open it would serve tokens that nobody can read."""
    mark = await vault_marks.get(db)
    if mark is None:
        await vault_marks.put_first(db, vault.seal(b"moorline", about=MARK_ABOUT))
        mark = await vault_marks.get(db)
    try:
        vault.open(mark or b"", about=MARK_ABOUT)
    except CannotOpen as error:
        sentence = (
            f"{PREFIX}ENCRYPTION_KEYS holds no key that opens this database, so nothing is started. Give the key it "
            "was last served with, behind a new one until `moorline keys rotate-encryption` has ended well."
        )
        raise WrongSettings([sentence]) from error


def _checked(name: str, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise WrongSettings([f"{PREFIX}{name} is wrong: {error}."]) from error


class _App(Litestar):
    @staticmethod
    @override
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        # The framework's own also load pydantic where it is installed, for models nobody has here.
        return [*plugins, MsgspecDIPlugin()]


def create_app(service: Service) -> Envelope:
    """The ASGI application over an open service; its lifespan runs the background tasks."""
    litestar = _App(
        route_handlers=[_api(), PAGES, healthz, readyz, *([metrics] if service.settings.metrics_token else [])],
        exception_handlers=for_browsers(failures.HANDLERS),
        cors_config=_cors(service.settings),
        lifespan=[_background(service)],
        openapi_config=_openapi(),
        request_max_body_size=bodies.MAX_BODY_BYTES,
        logging_config=None,
        debug=False,
    )
    litestar.state.service = service
    litestar.state.readiness = Readiness(service)
    if service.metrics is not None:
        from moorline.scrape import Scrape

        litestar.state.scrape = Scrape(service, service.metrics)
    keeper: ASGIApp = idempotency.Keeper(litestar, service)
    return Envelope(keeper if service.tracing is None else service.tracing.requests(keeper), service.limits)


@get("/healthz", opt=public(), include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process is up."""
    return {"status": "ok"}


@get("/readyz", opt=public(), include_in_schema=False)
async def readyz(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    """The server is not told to stop, and this version can serve the database, if that answers."""
    is_ready, state = await request.app.state.readiness.told()
    return Response({"status": state}, status_code=200 if is_ready else 503)


@get("/metrics", opt=public(), include_in_schema=False)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """What is counted here, for whoever brings `MOORLINE_METRICS_TOKEN`; without that setting there is no such path."""
    given = request.headers
    told = await request.app.state.scrape.answer(
        authorization=given.get("authorization", ""), accept=given.get("accept", "")
    )
    return Response(told.body, status_code=told.status, headers=told.headers)


def _api() -> Router:
    return Router(
        path="/api/v1",
        # Fixed paths first; the router prefers them to /connect/{platform} whatever the order.
        route_handlers=[
            *neighbours.ROUTES,
            *accounts.ROUTES,
            *account_options.ROUTES,
            *app_credentials.ROUTES,
            *audit.ROUTES,
            *tokens.ROUTES,
            *proxy.ROUTES,
            *health.ROUTES,
            *invites.ROUTES,
            *selections.ROUTES,
            *linkedin.ROUTES,
            *bluesky.ROUTES,
            *telegram.ROUTES,
            *webhooks.ROUTES,
            *links.ROUTES,
            *connect.ROUTES,
            *connect_logs.ROUTES,
        ],
        before_request=admitted,
        response_class=PlainJson,
        security=[{"bearerAuth": []}],
    )


async def admitted(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    """What comes before every handler of the API: who calls, whether they may, and a body that can be read.

    The caller is not found out in a guard of the framework's, which copies the handler for each.
    """
    await admit(request, request.route_handler)
    if request.route_handler.opt.get("as_it_is"):
        return None
    await bodies.check(request)
    return await idempotency.begin(request)


def _cors(settings: Settings) -> CORSConfig | None:
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "X-Connect-Token", "Idempotency-Key", "X-Request-Id"],
        expose_headers=["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id"],
        max_age=600,
    )


def _openapi() -> DocumentConfig:
    return DocumentConfig(
        title="Moorline",
        version=__version__,
        # The framework answers HTML below its path, which must not be /api, where clients expect JSON.
        path="/api/openapi.json",
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"], media_type=MediaType.JSON)],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "bearerAuth": SecurityScheme(type="http", scheme="bearer"),
                "connectToken": SecurityScheme(type="apiKey", name="X-Connect-Token", security_scheme_in="header"),
            }
        ),
    )


def _background(service: Service) -> Any:
    @asynccontextmanager
    async def run(_app: Litestar) -> AsyncIterator[None]:
        if service.db.engine == "sqlite":  # only one process writes: no callback of an earlier one is still at work
            await purge.close_abandoned(service, timedelta(0))
        works = engine.loops(service) if service.settings.background else []
        bots = (BotConsumer(service, bot) for bot in configured_bots(service))
        works.extend(partial(engine.until_told, service.stopping, bot.run) for bot in bots)
        async with engine.running(service.stopping, works):
            yield

    return run
