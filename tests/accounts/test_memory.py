"""No process keeps anything for each account: memory is what is under way, not what is connected."""

import gc
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from functools import _lru_cache_wrapper
from types import ModuleType
from typing import Any

import moorline
from moorline import clock
from moorline.jobs import warnings
from tests.accounts.test_listing import ALL, copies
from tests.harness import World
from tests.http.conftest import Serve

ACCOUNTS = 60
FEW = {"moorline.pages.language.catalogue": "one for each language there is"}


def ours() -> Iterator[ModuleType]:
    return (module for name, module in list(sys.modules.items()) if is_ours(name))


def is_ours(module_name: object) -> bool:
    """The sandbox is played in this process too, and remembers what it was asked."""
    name = str(module_name)
    return name.startswith("moorline.") and not name.startswith("moorline.sandbox")


def containers() -> dict[str, int]:
    """How much is in each collection that a module or an object of the service holds on to."""
    found: dict[str, int] = {}
    for module in ours():
        for name, value in vars(module).items():
            if isinstance(value, dict | list | set):
                found[f"{module.__name__}.{name}"] = len(value)
    for one in gc.get_objects():
        kind = type(one)
        if is_ours(kind.__module__) and not isinstance(one, type | ModuleType):
            for name, value in held_by(one):
                found[f"{kind.__module__}.{kind.__name__}.{name} of {id(one)}"] = len(value)
    return found


def held_by(one: object) -> Iterator[tuple[str, Any]]:
    names = {*getattr(one, "__dict__", {}), *(slot for kind in type(one).__mro__ for slot in slots_of(kind))}
    for name in names:
        value = getattr(one, name, None)
        if isinstance(value, dict | list | set):
            yield name, value


def slots_of(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


async def test_nothing_grows_with_the_accounts_that_are_asked_for(serve: Serve) -> None:
    world = await serve(TWITTER_SCOPES=ALL)
    await copies(world, ACCOUNTS, app_id="sandbox-twitter", granted=ALL)
    account_ids = [account["_id"] for account in await world.accounts()]
    assert len(account_ids) == ACCOUNTS
    await ask_for(world, account_ids[:2])
    gc.collect()
    before = containers()
    assert len(before) > 20
    await ask_for(world, account_ids[2:])
    gc.collect()
    grown = {name: size - before[name] for name, size in containers().items() if size > before.get(name, size)}
    assert {name: more for name, more in grown.items() if more > ACCOUNTS // 4} == {}


async def ask_for(world: World, account_ids: list[str]) -> None:
    for account_id in account_ids:
        for path in ("", "/health"):
            await world.ok("GET", f"/v1/accounts/{account_id}{path}")
        await world.call("GET", f"/v1/accounts/{account_id}/token")


def test_every_cache_has_an_end() -> None:
    for _, name, _ in pkgutil.walk_packages(moorline.__path__, "moorline."):
        if is_ours(name) and "migrations" not in name:
            importlib.import_module(name)
    endless = {
        f"{module.__name__}.{name}"
        for module in ours()
        for name, value in vars(module).items()
        if isinstance(value, _lru_cache_wrapper) and value.cache_parameters()["maxsize"] is None and takes(value)
    }
    assert endless == set(FEW)


def takes(cached: Any) -> int:
    """How many parameters a cached function has: without any there is one value to keep."""
    code = cached.__wrapped__.__code__
    return int(code.co_argcount + code.co_kwonlyargcount)


async def test_warnings_that_break_are_not_all_remembered(serve: Serve) -> None:
    world = await serve()
    await copies(world, 1, app_id="sandbox-twitter", granted=ALL)
    await world.service.db.run("UPDATE grant_tokens SET warn_at_ms = 1")
    told = warnings.Warnings(world.service)
    later = clock.now() + warnings.BROKEN_WAITS
    told._aside = {str(number): later for number in range(warnings.MOST_ASIDE)}
    assert await told.work() == 0
    told._aside.popitem()
    assert await told.work() == 1
