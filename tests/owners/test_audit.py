"""Every change of keys, apps, webhooks, people and profiles leaves one entry in the audit log, a failed one none."""

import asyncio
import inspect
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from moorline.errors import MoorlineError
from moorline.owners import api_keys, apps, audit, invites, profiles
from moorline.owners.api_keys import NewKey
from moorline.owners.apps import CredentialChange
from moorline.owners.audit import Actor
from moorline.owners.caller import Caller
from moorline.owners.profiles import ProfileChange
from moorline.webhooks import settings
from moorline.webhooks.checks import WebhookChange
from tests.harness import World, on_both_engines
from tests.owners.audit_cases import (
    CHANGES,
    HOOK,
    NO_CHANGES,
    OTHER_SECRET,
    ROOMS,
    SECRETS,
    a_webhook,
    an_app,
    db,
    hook,
    of_owner,
)


async def entries(world: World) -> list[Any]:
    return await world.service.db.all("SELECT * FROM audit ORDER BY created_at_ms, id")


async def dump(world: World) -> dict[str, list[list[Any]]]:
    """Every row of the tables that these rooms change."""
    found = {}
    for table in (
        "api_keys",
        "app_credentials",
        "brands",
        "invites",
        "links",
        "profiles",
        "sessions",
        "sign_in_links",
        "users",
        "webhooks",
        "deliveries",
    ):
        saved: list[Any] = await world.service.db.all(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608 - constants
        found[table] = [list(dict(row).values()) for row in saved]
    return found


def test_every_function_of_these_rooms_is_a_change_or_changes_nothing() -> None:
    found = {
        f"{room}.{name}"
        for room, module in ROOMS.items()
        for name, function in inspect.getmembers(module, inspect.iscoroutinefunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    assert found == set(CHANGES) | set(NO_CHANGES)


def test_every_action_is_told_in_the_documentation() -> None:
    told = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
    assert [action for action in get_args(audit.Action) if f"`{action}`" not in told] == []


@on_both_engines
@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_leaves_exactly_one_entry_and_a_failed_one_none(world: World, name: str) -> None:
    case = CHANGES[name]
    needed = await case.before(world)
    known = {entry["id"] for entry in await entries(world)}
    state = await dump(world)
    with pytest.raises(MoorlineError):
        await case.fails(world, needed)
    assert await dump(world) == state
    assert {entry["id"] for entry in await entries(world)} == known
    await case.change(world, needed)
    (told,) = [entry for entry in await entries(world) if entry["id"] not in known]
    assert (told["action"], told["source"]) == (case.action, case.source)
    if case.source == "api":
        who = (told["user_id"], told["member_id"], told["key_id"])
        assert who == (world.owner.user_id, world.owner.user_id, world.owner.key_id)
    assert isinstance(json.loads(told["details"]), dict)


@on_both_engines
@pytest.mark.parametrize(
    "name",
    ["api_keys.delete", "apps.delete", "invites.accept", "links.revoke", "profiles.delete", "webhooks.delete"],
)
async def test_what_can_be_done_once_is_told_once_however_many_do_it_at_once(world: World, name: str) -> None:
    case = CHANGES[name]
    needed = await case.before(world)
    known = len(await entries(world))
    done = await asyncio.gather(*(case.change(world, needed) for _ in range(6)), return_exceptions=True)
    assert all(isinstance(one, MoorlineError) for one in done if isinstance(one, BaseException))
    assert len(await entries(world)) == known + 1


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_that_cannot_be_told_is_not_made(world: World, name: str) -> None:
    case = CHANGES[name]
    needed = await case.before(world)
    state = await dump(world)
    await db(world).run("ALTER TABLE audit RENAME TO audit_away")
    with pytest.raises(Exception, match="no such table: audit"):
        await case.change(world, needed)
    await db(world).run("ALTER TABLE audit_away RENAME TO audit")
    assert await dump(world) == state


@on_both_engines
async def test_no_secret_stands_in_any_entry(world: World) -> None:
    texts = [*SECRETS, world.owner.api_key, world.other.api_key]
    for name, case in CHANGES.items():
        needed = await case.before(world)
        told = await case.change(world, needed)
        if name == "invites.accept":
            texts += [needed, told.key]
        if name in {"sessions.sign_in", "sessions.sign_in_by_link"}:
            texts.append(told.token)
        if name == "sessions.new_link":
            texts.append(told)
        if name in {"api_keys.create", "invites.create"}:
            texts.append(told[1])
        if name in {"links.save", "links.make_for_account"}:
            texts.append((told if isinstance(told, str) else told.url).rpartition("/")[2])
        if name.startswith("api_keys."):  # names are the tenant's own to give, and may not be given twice
            for key in await api_keys.list_keys(db(world), world.owner.user_id):
                if key.id != world.owner.key_id:
                    await api_keys.delete(db(world), world.owner.user_id, key.id)
        for one in await apps.list_credentials(world.service, of_owner(world)):
            await apps.delete(world.service, of_owner(world), one.credential.id)
    told_all = "\n".join(str(dict(entry)) for entry in await entries(world))
    assert all(case.action in told_all for case in CHANGES.values())
    assert [
        text for text in texts if text in told_all or text.removeprefix("inv_").removeprefix("sk_") in told_all
    ] == []


@on_both_engines
async def test_changes_tell_which_fields_and_what_changes_nothing_is_not_told(world: World) -> None:
    app_id, webhook_id = await an_app(world), await a_webhook(world)
    scopes = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")
    change = CredentialChange(client_secret=OTHER_SECRET, scopes=scopes, is_active=False)
    await apps.change(world.service, of_owner(world), app_id, change)
    await apps.change(world.service, of_owner(world), app_id, CredentialChange(scopes=scopes, is_active=False))
    await settings.update(world.service, of_owner(world), webhook_id, hook(name="New", url=f"{HOOK}/2"))
    await settings.update(world.service, of_owner(world), webhook_id, WebhookChange(name="New", is_active=True))
    await settings.update(world.service, of_owner(world), webhook_id, WebhookChange(is_active=False))
    changed = ProfileChange(name="Quay", description="d", color="#123456")
    await profiles.update(db(world), of_owner(world), world.owner.profile_id, changed)
    await profiles.update(db(world), of_owner(world), world.owner.profile_id, changed)
    told = sorted(
        (entry["action"], json.loads(entry["details"])["fields"])
        for entry in await entries(world)
        if entry["action"].endswith(".changed")
    )
    assert told == [
        ("app_credential.changed", ["clientSecret", "scopes", "isActive"]),
        ("profile.changed", ["name", "description", "color"]),
        ("webhook.changed", ["isActive"]),
        ("webhook.changed", ["name", "url", "customHeaders", "secret"]),
    ]


async def test_who_changes_something_is_told_by_how_they_came() -> None:
    caller = Caller(
        user_id="t",
        member_id="m",
        key_id="k",
        profile_ids=None,
        may_write=True,
        reveal_tokens=False,
        redirect_allowlist=None,
    )

    def as_told(**changes: Any) -> tuple[str, str | None, str | None, str]:
        actor = Actor.of(Caller(**({name: getattr(caller, name) for name in Caller.__slots__} | changes)))
        return actor.user_id, actor.member_id, actor.key_id, actor.source

    assert as_told() == ("t", "m", "k", "api")
    assert as_told(key_id=None) == ("t", "m", None, "dashboard")
    assert as_told(key_id=None, link_id="l") == ("t", "m", None, "page")
    assert Actor.at_command_line("t") == Actor(user_id="t", source="command line")
    assert Actor.server("t") == Actor(user_id="t", source="server")


@on_both_engines
async def test_a_key_made_or_revoked_at_the_command_line_is_told_for_the_tenant_of_its_member(world: World) -> None:
    _, token = await invites.create(db(world), of_owner(world), None)
    member = (await invites.accept(db(world), token, name="Åsa", email="asa@example.com")).member
    key, _ = await api_keys.create(db(world), member.id, NewKey(name="CI"))
    await api_keys.delete(db(world), member.id, key.id)
    for action in ("api_key.created", "api_key.deleted"):
        (told,) = [
            one
            for one in await audit.list_entries(db(world), of_owner(world), action=action)
            if one.subject_id == key.id
        ]
        assert (told.source, told.member_id, told.key_id) == ("command line", None, None)
        assert (told.details["ofMember"], told.details["name"]) == (member.id, "CI")
