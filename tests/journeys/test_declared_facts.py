"""Every fact an adapter declares is held by its simulator: an adapter that declares it wrongly ends otherwise.

The changed adapter goes the whole way over real HTTP: consent, code, identity, choice, renewal, revocation.
"""

import dataclasses
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import pytest
import pytest_asyncio

from moorline import platforms
from moorline.adapter.oauth import OAuthPlatform, OAuthSpec
from moorline.adapter.values import Renews
from tests.engines import SqliteFiles
from tests.harness import World, query_of, shares_a_world
from tests.journeys.connecting import Connecting, Ending
from tests.journeys.harmless import HARMLESS, Harmless
from tests.journeys.mutants import BREAKS, Lie

USUAL = {platform.name: platform for platform in platforms.ALL if isinstance(platform, OAuthPlatform)}
READ_BY_THE_SERVICE = {"issuer", "issuer_promised"}  # of the callback, before any adapter is asked
HAVE_NO_REVOCATION = {"instagram", "threads", "pinterest", "snapchat"}

each_platform = pytest.mark.parametrize("name", USUAL)
each_lie = pytest.mark.parametrize(
    ("name", "lie"),
    [
        pytest.param(name, lie, id=f"{name}-{lie.fact}-{lie.told}".replace(" ", "_"))
        for name, lies in BREAKS.items()
        for lie in lies
    ],
)
each_harmless = pytest.mark.parametrize(
    "harmless", HARMLESS, ids=lambda harmless: f"{harmless.platform}-{harmless.lie.fact}"
)


class Facts:
    """The world, and how connections in it end when nothing is wrong."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._usual: dict[str, Ending] = {}

    async def usual(self, name: str, given: Mapping[str, object] | None = None) -> Ending:
        """The ending of the adapter itself, or of one with the changes that both sides have."""
        key = f"{name} {given or {}}"
        if key not in self._usual:
            self._usual[key] = await Connecting(self.world, USUAL[name]).through(changed(name, given or {}))
        return self._usual[key]

    async def told(self, name: str, lie: Lie) -> str:
        """Where a connection with the lie ends otherwise; empty: nowhere."""
        adapter = changed(name, {**lie.given, lie.name: lie.change(getattr(USUAL[name].spec, lie.name))})
        if lie.name in READ_BY_THE_SERVICE:
            return await self._in_the_service(name, adapter)
        ending = await Connecting(self.world, USUAL[name]).through(adapter)
        return ending.beside(await self.usual(name, lie.given))

    async def _in_the_service(self, name: str, adapter: OAuthPlatform) -> str:
        await self.world.control("POST", "reset")
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(cast("dict[str, object]", self.world.service.platforms), name, adapter)
            return query_of(await self.world.landing(name, headless=True)).get("error", "")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def facts(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Facts]:
    async with World(await sqlite_files.fresh(tmp_path_factory.mktemp("facts")), {}) as world:
        yield Facts(world)


def changed(name: str, changes: Mapping[str, object]) -> OAuthPlatform:
    """The platform's adapter with other declared facts."""
    usual = type(USUAL[name])
    spec = dataclasses.replace(usual.spec, **cast("dict[str, Any]", changes))
    return cast("OAuthPlatform", type(f"Changed{usual.__name__}", (usual,), {"spec": spec})())


def declared_facts(spec: OAuthSpec) -> set[str]:
    """Every field a platform sees something of, and each fixed parameter of the authorization request by itself."""
    fields = {field.name for field in dataclasses.fields(spec)} - {
        "authorize_extra",
        "reauth_extra",
        "analytics_scopes",
        "spared_scopes",
    }
    return fields | {f"authorize_extra.{parameter}" for parameter in spec.authorize_extra}


@each_platform
@shares_a_world
async def test_the_adapter_itself_goes_all_the_way_and_nothing_is_refused(facts: Facts, name: str) -> None:
    ending = await facts.usual(name)
    assert (ending.stopped, ending.refused) == ("", ())
    assert ending.account
    assert ending.renewable == (USUAL[name].spec.renews is Renews.BY_REFRESH_TOKEN)
    assert ending.alive == (name in HAVE_NO_REVOCATION)


@each_lie
@shares_a_world
async def test_a_fact_told_wrongly_ends_the_connection_otherwise(facts: Facts, name: str, lie: Lie) -> None:
    assert lie.ends
    assert await facts.told(name, lie) == lie.ends


@each_harmless
@shares_a_world
async def test_a_fact_that_is_told_wrongly_without_harm_has_a_reason(facts: Facts, harmless: Harmless) -> None:
    assert harmless.why
    assert await facts.told(harmless.platform, harmless.lie) == ""


@each_platform
def test_every_declared_fact_of_a_platform_is_told_wrongly_once(name: str) -> None:
    noticed = {lie.fact for lie in BREAKS[name]}
    harmless = {harmless.lie.fact for harmless in HARMLESS if harmless.platform == name}
    assert noticed | harmless == declared_facts(USUAL[name].spec)


def test_the_tables_know_exactly_the_platforms_with_a_consent_page() -> None:
    assert set(BREAKS) == set(USUAL)
    assert {harmless.platform for harmless in HARMLESS} <= set(USUAL)
