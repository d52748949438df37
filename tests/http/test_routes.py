"""S43: what every route declares, and what the framework must not do by itself."""

from collections.abc import Iterator

from litestar import Litestar, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.testing import AsyncTestClient

from moorline.access import Access
from moorline.app import admitted, create_app
from moorline.http.idempotency import Keeper
from moorline.pages.dashboard import session
from tests.harness import World, failure

# Who may be called without a key, and why.
PUBLIC = {
    "/healthz": "a load balancer has no key",
    "/readyz": "likewise",
    "/api/docs": "nothing secret in it",
    "/api/v1/connect/pending-data": "the pendingDataToken is the permission",
    "/api/v1/connect/linkedin/organizations": "the tempToken is the permission",
    "/connect/{platform}/callback": "the state is the permission",
    "/connect/{platform}/callback/{credential_id}": "likewise",
    "/connect/{platform}/{path}": "the attempt's cookie is the permission",
    "/connect/again": "the attempt's cookie is the permission",
    "/connect/status": "the attempt's handle is the permission",
    "/connect/outcome": "the attempt's cookie is the permission",
    "/connect/static/{name}": "nothing secret in it",
    "/connect/pictures/{signature}": "the signature is the permission",
    "/connect/pictures/{attempt_id}/{number}": "the attempt's cookie is the permission",
    "/connect/bluesky": "the state is the permission",
    "/connect/telegram": "the state is the permission",
    "/connect/invite/{token}": "the invitation's token is the permission",
    "/connect/invite": "likewise, from its cookie",
    "/connect/link/{token}": "the link's token is the permission",
    "/connect/telegram/webhook": "the webhook's secret is the permission",
    "/dashboard/sign-in": "the password is the permission",
    "/dashboard/sign-in/once": "the link's token is the permission, from its cookie",
}


def framework_of(world: World) -> Litestar:
    keeper = create_app(world.service)._app
    assert isinstance(keeper, Keeper)
    assert isinstance(keeper._app, Litestar)
    return keeper._app


def handlers(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for route in app.routes:
        assert isinstance(route, HTTPRoute), f"{route.path} is no HTTP route"
        for handler in route.route_handlers:
            # The framework's own: answers to OPTIONS, and the OpenAPI document.
            if "OPTIONS" not in handler.http_methods and not route.path.startswith("/api/openapi.json"):
                yield route.path_format, handler


async def test_s43_every_route_declares_who_may_call_it(world: World) -> None:
    undeclared = [
        path for path, handler in handlers(framework_of(world)) if not isinstance(handler.opt.get("access"), Access)
    ]
    assert undeclared == []


async def test_s43_a_route_that_declares_nothing_is_found_and_answers_nobody(world: World) -> None:
    @get("/forgotten")
    async def forgotten() -> str:
        return "secret"

    app = Litestar([Router("/api/v1", route_handlers=[forgotten], before_request=admitted)], openapi_config=None)
    app.state = framework_of(world).state
    ((path, handler),) = handlers(app)
    assert (path, isinstance(handler.opt.get("access"), Access)) == ("/api/v1/forgotten", False)
    async with AsyncTestClient(app, raise_server_exceptions=False) as client:
        answer = await client.get(path, headers={"authorization": f"Bearer {world.owner.api_key}"})
    assert (answer.status_code, "secret" in answer.text) == (500, False)


async def test_s43_only_the_listed_routes_are_public(world: World) -> None:
    public = {path for path, handler in handlers(framework_of(world)) if handler.opt["access"] is Access.PUBLIC}
    assert public == set(PUBLIC)


async def test_s43_every_other_route_is_admitted_to_and_changes_nothing_on_a_read(world: World) -> None:
    for path, handler in handlers(framework_of(world)):
        access = handler.opt["access"]
        if access is Access.PUBLIC:
            continue
        if access is Access.SIGNED_IN:
            assert session.admit in handler.resolve_guards(), f"{path} is not guarded"
            assert len(handler.http_methods - {"HEAD"}) == 1, f"{path} reads and writes in one handler"
            continue
        assert handler.resolve_before_request() is admitted, f"{path} is not guarded"
        if access is Access.READ:
            assert handler.http_methods <= {"GET", "HEAD", "PATCH"}, f"{path} writes for a key that may only read"


async def test_s44_every_route_answers_json_405_to_methods_it_has_not(world: World) -> None:
    app = framework_of(world)
    for route in app.routes:
        assert isinstance(route, HTTPRoute)
        path = route.path.replace("{", "").replace("}", "").replace(":str", "")
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(route.methods):
            failure(await world.call(method, path), 405, "method_not_allowed")
