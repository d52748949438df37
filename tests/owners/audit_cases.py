"""What the audit log tells of: each public function of its rooms is a change, with one that fails, or is none.

A change has a case; what changes nothing the log tells of has its reason.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import ModuleType
from typing import Any

from moorline import clock
from moorline.errors import Conflict
from moorline.owners import api_keys, apps, brands, invites, links, profiles, sessions, users
from moorline.owners.api_keys import NewKey
from moorline.owners.apps import CredentialChange, NewCredential
from moorline.owners.audit import Actor
from moorline.owners.brands import NewBrand
from moorline.owners.caller import Caller
from moorline.owners.links import NewLink
from moorline.owners.profiles import ProfileChange
from moorline.store import accounts as stored_accounts
from moorline.store.db import Database, ReferenceViolated, Statements
from moorline.store.users import User
from moorline.webhooks import settings
from moorline.webhooks.checks import WebhookChange
from tests.harness import UNKNOWN_ID, World

ROOMS: Mapping[str, ModuleType] = {
    "api_keys": api_keys,
    "apps": apps,
    "brands": brands,
    "invites": invites,
    "links": links,
    "profiles": profiles,
    "sessions": sessions,
    "users": users,
    "webhooks": settings,
}
# Coroutine functions that change nothing, or nothing the log tells of.
NO_CHANGES = {
    "api_keys.authenticate": "reads",
    "api_keys.list_keys": "reads",
    "api_keys.of_id": "reads",
    "apps.for_start": "reads",
    "apps.of_callback": "reads",
    "apps.of_client": "reads",
    "apps.asked_scopes": "reads",
    "apps.check_configured": "reads",
    "apps.configured": "reads",
    "apps.list_credentials": "reads",
    "apps.get": "reads",
    "apps.accounts_behind": "reads",
    "apps.for_account": "reads",
    "apps.refuse_gone": "holds an app that a consent is being saved to, and changes nothing of it",
    "brands.read": "reads",
    "brands.of_tenant": "reads",
    "invites.read": "reads",
    "invites.purge": "deletes what ran out long ago",
    "links.list_links": "reads",
    "links.get": "reads",
    "links.read": "reads",
    "links.alive": "reads",
    "links.use": "counts an account that is connected, which the connection log tells of",
    "links.purge": "deletes what ran out long ago",
    "profiles.visible": "reads",
    "profiles.list_profiles": "reads",
    "profiles.search": "reads",
    "profiles.usual": "reads",
    "profiles.create_in": "part of a change that is told: a profile's or a user's",
    "sessions.offered_to": "reads",
    "sessions.member_of": "reads",
    "sessions.has_password": "reads",
    "sessions.anybody_can_sign_in": "reads",
    "sessions.purge": "deletes what is over",
    "users.find_by_email": "reads",
    "users.list_users": "reads",
    "users.get": "reads",
    "webhooks.list_webhooks": "reads",
    "webhooks.find": "reads",
}
CLIENT_SECRET = "client-secret-5d1f0a"
OTHER_SECRET = "other-secret-77ab12"
WEBHOOK_SECRET = "webhook-secret-long-enough-91c2"
HEADER_VALUE = "header-value-3e5c"
URL_SECRET = "path-that-is-a-password-0a9d"
HOOK = f"https://localhost/{URL_SECRET}"
PASSWORD = "correct horse 9f31 battery"
SECRETS = (PASSWORD, CLIENT_SECRET, OTHER_SECRET, WEBHOOK_SECRET, HEADER_VALUE, URL_SECRET)


def of_owner(world: World) -> Caller:
    """The owner, by key."""
    return Caller(
        user_id=world.owner.user_id,
        member_id=world.owner.user_id,
        key_id=world.owner.key_id,
        profile_ids=None,
        may_write=True,
        reveal_tokens=False,
        redirect_allowlist=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A change: what it needs (answers an id or token), the change itself, one that fails, and what is told of it."""

    action: str
    source: str = "api"
    before: Callable[[World], Awaitable[str]]
    change: Callable[[World, str], Awaitable[Any]]
    fails: Callable[[World, str], Awaitable[Any]]


async def nothing(_world: World) -> str:
    return ""


async def a_key(world: World) -> str:
    return (await api_keys.create(world.service.db, world.owner.user_id, NewKey(name="to go")))[0].id


async def a_profile(world: World) -> str:
    return (await profiles.create(world.service.db, world.owner.user_id, ProfileChange(name="Second"))).id


async def an_invite(world: World) -> str:
    return (await invites.create(world.service.db, of_owner(world), None))[1]


def credential(**changes: Any) -> NewCredential:
    given = {"platform": "twitter", "client_id": "own-client", "client_secret": CLIENT_SECRET}
    return NewCredential(**(given | changes))


async def an_app(world: World) -> str:
    return (await apps.create(world.service, of_owner(world), credential())).credential.id


def hook(**changes: Any) -> WebhookChange:
    given: dict[str, Any] = {
        "url": HOOK,
        "events": ["account.connected"],
        "secret": WEBHOOK_SECRET,
        "custom_headers": {"X-Secret": HEADER_VALUE},
    }
    return WebhookChange(**(given | changes))


async def a_webhook(world: World) -> str:
    return (await settings.create(world.service, of_owner(world), hook())).webhook.id


async def a_link(world: World) -> str:
    return (await links.save(world.service, of_owner(world), NewLink(profile_id=world.owner.profile_id))).link.id


async def an_account(world: World) -> str:
    await world.landing("twitter")
    return str((await world.accounts())[0]["_id"])


async def reconnect_link(world: World, account_id: str, *, fails: bool = False) -> str:
    """The address of a link made for an account by the server, which may be undone afterwards."""
    found = await stored_accounts.get(world.service.db, world.owner.user_id, account_id)
    assert found is not None

    async def write(tx: Statements) -> str:
        at = world.service.settings.public_url
        url = await links.make_for_account(tx, at, found.account, expires_at=clock.now() + timedelta(days=1))
        if fails:
            raise Conflict("What it was made for did not come about.")
        return url

    return await world.service.db.transaction(write)


def db(world: World) -> Database:
    return world.service.db


async def owner_of(world: World) -> User:
    found = await users.find_by_email(db(world), "owner@example.com")
    assert found is not None
    return found


async def a_password(world: World) -> str:
    await sessions.set_password(db(world), await owner_of(world), PASSWORD)
    return PASSWORD


async def a_sign_in_link(world: World) -> str:
    return await sessions.new_link(db(world), await owner_of(world))


async def a_session(world: World) -> str:
    return (await sessions.sign_in_by_link(db(world), await a_sign_in_link(world))).token


async def sign_out_when_nobody_is_there(world: World) -> None:
    """What fails here changes nothing, and says nothing: there is no session to end."""
    await sessions.sign_out(db(world), "no such session")
    raise Conflict("Nothing was ended.")


async def password_of(world: World, new: str, **by: Any) -> None:
    await sessions.set_password(db(world), await owner_of(world), new, **by)


async def password_by_themselves(world: World, token: str, *, new: str) -> None:
    member = await owner_of(world)
    await sessions.change_password(db(world), member, current=PASSWORD, new=new, token=token)


async def link_of_nobody(world: World) -> None:
    gone = replace(await owner_of(world), id=UNKNOWN_ID)
    try:
        await sessions.new_link(db(world), gone)
    except ReferenceViolated as error:
        raise Conflict("There is no such user.") from error


CHANGES: Mapping[str, Case] = {
    "api_keys.create": Case(
        action="api_key.created",
        before=nothing,
        change=lambda w, _: api_keys.create(db(w), w.owner.user_id, NewKey(name="CI"), by=Actor.of(of_owner(w))),
        fails=lambda w, _: api_keys.create(db(w), w.owner.user_id, NewKey(name="first"), by=Actor.of(of_owner(w))),
    ),
    "api_keys.delete": Case(
        action="api_key.deleted",
        before=a_key,
        change=lambda w, key_id: api_keys.delete(db(w), w.owner.user_id, key_id, by=Actor.of(of_owner(w))),
        fails=lambda w, key_id: api_keys.delete(db(w), w.other.user_id, key_id, by=Actor.of(of_owner(w))),
    ),
    "apps.create": Case(
        action="app_credential.created",
        before=an_app,
        change=lambda w, _: apps.create(w.service, of_owner(w), credential(client_id="another")),
        fails=lambda w, _: apps.create(w.service, of_owner(w), credential()),
    ),
    "apps.change": Case(
        action="app_credential.changed",
        before=an_app,
        change=lambda w, one: apps.change(w.service, of_owner(w), one, CredentialChange(client_secret=OTHER_SECRET)),
        fails=lambda w, one: apps.change(w.service, of_owner(w), one, CredentialChange(client_secret="")),
    ),
    "apps.delete": Case(
        action="app_credential.deleted",
        before=an_app,
        change=lambda w, one: apps.delete(w.service, of_owner(w), one),
        fails=lambda w, _: apps.delete(w.service, of_owner(w), UNKNOWN_ID),
    ),
    "brands.save": Case(
        action="brand.changed",
        before=nothing,
        change=lambda w, _: brands.save(
            db(w), w.owner.user_id, NewBrand(name="Åsa", color="#0b5cad"), by=Actor.of(of_owner(w))
        ),
        fails=lambda w, _: brands.save(db(w), w.owner.user_id, NewBrand(color="red"), by=Actor.of(of_owner(w))),
    ),
    "invites.create": Case(
        action="invite.created",
        before=nothing,
        change=lambda w, _: invites.create(db(w), of_owner(w), [w.owner.profile_id]),
        fails=lambda w, _: invites.create(db(w), of_owner(w), [w.other.profile_id]),
    ),
    "invites.accept": Case(
        action="member.joined",
        source="page",
        before=an_invite,
        change=lambda w, token: invites.accept(db(w), token, name="Åsa", email="asa@example.com"),
        fails=lambda w, token: invites.accept(db(w), token, name="Åsa", email="owner@example.com"),
    ),
    "links.save": Case(
        action="connect_link.created",
        before=nothing,
        change=lambda w, _: links.save(w.service, of_owner(w), NewLink(profile_id=w.owner.profile_id)),
        fails=lambda w, _: links.save(w.service, of_owner(w), NewLink(profile_id=w.other.profile_id)),
    ),
    "links.make_for_account": Case(
        action="connect_link.created",
        source="server",
        before=an_account,
        change=reconnect_link,
        fails=lambda w, account_id: reconnect_link(w, account_id, fails=True),
    ),
    "links.revoke": Case(
        action="connect_link.revoked",
        before=a_link,
        change=lambda w, link_id: links.revoke(db(w), of_owner(w), link_id),
        fails=lambda w, _: links.revoke(db(w), of_owner(w), UNKNOWN_ID),
    ),
    "profiles.create": Case(
        action="profile.created",
        before=nothing,
        change=lambda w, _: profiles.create(
            db(w), w.owner.user_id, ProfileChange(name="Second"), by=Actor.of(of_owner(w))
        ),
        fails=lambda w, _: profiles.create(db(w), w.owner.user_id, ProfileChange(), by=Actor.of(of_owner(w))),
    ),
    "profiles.update": Case(
        action="profile.changed",
        before=a_profile,
        change=lambda w, one: profiles.update(db(w), of_owner(w), one, ProfileChange(name="New", is_default=True)),
        fails=lambda w, _: profiles.update(db(w), of_owner(w), w.other.profile_id, ProfileChange(name="New")),
    ),
    "profiles.delete": Case(
        action="profile.deleted",
        before=a_profile,
        change=lambda w, one: profiles.delete(db(w), of_owner(w), one),
        fails=lambda w, _: profiles.delete(db(w), of_owner(w), w.other.profile_id),
    ),
    "sessions.sign_in": Case(
        action="session.opened",
        source="dashboard",
        before=a_password,
        change=lambda w, password: sessions.sign_in(db(w), email="owner@example.com", password=password),
        fails=lambda w, password: sessions.sign_in(db(w), email="other@example.com", password=password),
    ),
    "sessions.sign_in_by_link": Case(
        action="session.opened",
        source="dashboard",
        before=a_sign_in_link,
        change=lambda w, token: sessions.sign_in_by_link(db(w), token),
        fails=lambda w, token: sessions.sign_in_by_link(db(w), f"{token}x"),
    ),
    "sessions.new_link": Case(
        action="sign_in_link.created",
        source="command line",
        before=nothing,
        change=lambda w, _: a_sign_in_link(w),
        fails=lambda w, _: link_of_nobody(w),
    ),
    "sessions.sign_out": Case(
        action="session.ended",
        source="dashboard",
        before=a_session,
        change=lambda w, token: sessions.sign_out(db(w), token),
        fails=lambda w, _: sign_out_when_nobody_is_there(w),
    ),
    "sessions.sign_out_elsewhere": Case(
        action="session.ended",
        source="dashboard",
        before=a_session,
        change=lambda w, token: sessions.sign_out_elsewhere(db(w), token),
        fails=lambda w, token: sessions.sign_out_elsewhere(db(w), f"{token}x"),
    ),
    "sessions.set_password": Case(
        action="password.changed",
        source="command line",
        before=a_session,
        change=lambda w, _: password_of(w, PASSWORD),
        fails=lambda w, _: password_of(w, "short"),
    ),
    "sessions.change_password": Case(
        action="password.changed",
        source="dashboard",
        before=a_session,
        change=lambda w, token: password_by_themselves(w, token, new=PASSWORD),
        fails=lambda w, token: password_by_themselves(w, token, new="aaaaaaaaaaaaaaaa"),
    ),
    "users.create_owner": Case(
        action="user.created",
        source="command line",
        before=nothing,
        change=lambda w, _: users.create_owner(db(w), name="Bo", email="bo@example.com", profile_name="Bo"),
        fails=lambda w, _: users.create_owner(db(w), name="Bo", email="owner@example.com", profile_name="Bo"),
    ),
    "webhooks.create": Case(
        action="webhook.created",
        before=nothing,
        change=lambda w, _: settings.create(w.service, of_owner(w), hook()),
        fails=lambda w, _: settings.create(w.service, of_owner(w), hook(url="ftp://localhost/")),
    ),
    "webhooks.update": Case(
        action="webhook.changed",
        before=a_webhook,
        change=lambda w, one: settings.update(w.service, of_owner(w), one, hook(secret=OTHER_SECRET, is_active=False)),
        fails=lambda w, one: settings.update(w.service, of_owner(w), one, WebhookChange(events=["no.such"])),
    ),
    "webhooks.rotate": Case(
        action="webhook.secret_rotated",
        before=a_webhook,
        change=lambda w, one: settings.rotate(w.service, of_owner(w), one, OTHER_SECRET),
        fails=lambda w, _: settings.rotate(w.service, of_owner(w), UNKNOWN_ID, None),
    ),
    "webhooks.delete": Case(
        action="webhook.deleted",
        before=a_webhook,
        change=lambda w, one: settings.delete(w.service, of_owner(w), one),
        fails=lambda w, _: settings.delete(w.service, of_owner(w), UNKNOWN_ID),
    ),
}
