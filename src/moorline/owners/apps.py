"""Whose app a consent goes through: the instance's from its settings, or one a tenant registered for itself.

A tenant's own app has a callback path of its own, so that a code meant for one app is never taken for another's
(RFC 9700 section 4.4.2.2).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from moorline import clock, ids
from moorline.adapter.app_password import AppPasswordPlatform
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import App
from moorline.errors import AppMisconfigured, BadRequest, Conflict, FlowFailed, Forbidden, NotFound
from moorline.owners import audit
from moorline.owners.audit import Action, Actor
from moorline.owners.caller import Caller
from moorline.platforms import Adapter
from moorline.service import Service
from moorline.settings import PlatformSettings
from moorline.store import accounts, app_credentials, users
from moorline.store.accounts import Account
from moorline.store.app_credentials import AppCredential
from moorline.store.db import Statements, UniqueViolated
from moorline.vault import CannotOpen, Vault

MAX_CHARS = 512
MAX_SCOPES = 50
MAX_CREDENTIALS = 100
_SCOPE = re.compile(r"[!#-\[\]-~]{1,200}")  # RFC 6749 section 3.3
_VISIBLE = re.compile(r"[!-~]+(?: [!-~]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An app, and the id of the tenant's credential it is (None: the instance's)."""

    app: App
    credential_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """A registration at a platform; `scopes` None: the usual ones."""

    platform: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialChange:
    """What is to change; None: nothing. An empty `scopes` goes back to the usual ones."""

    client_secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] | None = None
    is_active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A credential as it is told: without its secret, with the callback to register and the accounts behind it."""

    credential: AppCredential
    redirect_uri: str
    accounts: int


async def for_start(service: Service, caller: Caller, platform: str) -> Chosen:
    """The app a new consent of the tenant goes through; one statement more only for tenants with apps of their own.

    Raises: NotConfigured when neither the tenant nor the instance has one.
    """
    if caller.has_own_apps:
        credential = await app_credentials.active(service.db, caller.user_id, platform)
        if credential is not None:
            return Chosen(app=_own(service, credential), credential_id=credential.id)
    return Chosen(app=service.app(platform))


async def for_account(service: Service, caller: Caller, account: Account) -> Chosen:
    """The app through which an account is reconnected: its own, since platforms name a person otherwise to each app.

    Where that is gone, the one of new consents. Raises: NotConfigured.
    """
    client_id = await accounts.app_of(service.db, account.user_id, account.id)
    given_to = None if client_id is None else await _of_client(service, account.user_id, account.platform, client_id)
    return await for_start(service, caller, account.platform) if given_to is None else given_to


async def refuse_gone(service: Service, tx: Statements, *, user_id: str, platform: str, client_id: str) -> None:
    """See to it that the tenant's own app outlives the transaction that saves a consent to it.

    Raises: FlowFailed when it was deleted meanwhile: the consent could be neither renewed nor withdrawn.
    """
    if client_id in {"", _instance_client_id(service, platform)}:
        return
    if not await app_credentials.hold(tx, user_id, platform, client_id):
        raise FlowFailed("app_misconfigured", "The app that this consent was given to is not here any more.")


async def check_configured(service: Service, user_id: str, platform: str) -> None:
    """Raises: NotConfigured when neither the tenant nor the instance has an app."""
    if await app_credentials.active(service.db, user_id, platform) is None:
        service.app(platform)


async def configured(service: Service, user_id: str) -> tuple[str, ...]:
    """The platforms that something can be connected to: by the instance's app, the tenant's own, or without any."""
    own = {one.platform for one in await app_credentials.all_of(service.db, user_id) if one.is_active}
    return tuple(name for name, adapter in service.platforms.items() if name in own or _has_app(service, adapter))


async def of_callback(service: Service, platform: str, credential_id: str | None) -> Chosen:
    """The app whose callback path this is. Raises: NotFound for a path of no app; NotConfigured."""
    if credential_id is None:
        return Chosen(app=service.app(platform))
    credential = await app_credentials.get(service.db, credential_id) if ids.is_id(credential_id) else None
    if credential is None or credential.platform != platform:
        raise NotFound("There is no such callback.")
    return Chosen(app=_own(service, credential), credential_id=credential.id)


async def of_client(service: Service, user_id: str, platform: str, client_id: str) -> App:
    """The app that a tenant's consent was given to, in use for new ones or not.

    Raises: NotConfigured when the platform has no app here at all; AppMisconfigured when it has only others, which the
    platform would refuse, and that would say nothing about the person.
    """
    given_to = await _of_client(service, user_id, platform, client_id)
    if given_to is not None:
        return given_to.app
    service.app(platform)
    raise AppMisconfigured(f"{platform}: this account was connected through another app.")


async def asked_scopes(service: Service, user_id: str) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The scopes that the tenant's own apps ask for, by platform and client id; only those that name any."""
    found = await app_credentials.all_of(service.db, user_id)
    return {(one.platform, one.client_id): one.scopes for one in found if one.scopes}


async def create(service: Service, caller: Caller, new: NewCredential) -> Told:
    """Register an app, to be used for every new consent from now on; an earlier one only renews what it has.

    Raises: Forbidden unless a caller for all profiles; BadRequest naming the field; Conflict for a client id that is
    here already, or at a hundred of them.
    """
    check_may_manage(caller)
    _check(service, new)
    now = clock.now()
    credential = AppCredential(
        id=ids.new_id(),
        user_id=caller.user_id,
        platform=new.platform,
        client_id=new.client_id,
        secret_sealed=seal_secret(service.vault, new, caller.user_id),
        scopes=new.scopes or None,
        is_active=True,
        created_at=now,
        updated_at=now,
    )

    async def save(tx: Statements) -> None:
        await users.hold(tx, caller.user_id)  # two registered at once follow each other
        if len(await app_credentials.all_of(tx, caller.user_id)) >= MAX_CREDENTIALS:
            raise Conflict(f"There are {MAX_CREDENTIALS} app credentials already; delete one first.")
        await app_credentials.deactivate(tx, caller.user_id, new.platform, now)
        await app_credentials.insert(tx, credential)
        await _note(tx, caller, "app_credential.created", credential)

    try:
        await service.db.transaction(save)
    except UniqueViolated as error:
        raise Conflict(
            f"This {new.platform} client id is registered already: change its secret instead.", code="app_exists"
        ) from error
    return await _told(service, credential)


async def list_credentials(service: Service, caller: Caller) -> list[Told]:
    """The tenant's own apps, oldest first. Raises: Forbidden unless a caller for all profiles."""
    check_may_manage(caller)
    return [await _told(service, one) for one in await app_credentials.all_of(service.db, caller.user_id)]


async def get(service: Service, caller: Caller, credential_id: str) -> Told:
    """One of them. Raises: Forbidden; BadRequest for a malformed id; NotFound."""
    return await _told(service, await _get(service, caller, credential_id))


async def accounts_behind(service: Service, caller: Caller, credential_id: str, *, limit: int) -> list[tuple[str, str]]:
    """Id and name of accounts that are renewed through it, oldest first. Raises: as `get`."""
    one = await _get(service, caller, credential_id)
    return await app_credentials.accounts_behind(service.db, caller.user_id, one.platform, one.client_id, limit=limit)


async def change(service: Service, caller: Caller, credential_id: str, asked: CredentialChange) -> Told:
    """Give it another secret or other scopes, or take it in or out of use for new consents.

    Raises: as `get`; BadRequest naming the field.
    """
    before = await _get(service, caller, credential_id)
    if asked.client_secret is not None:
        _refuse({"clientSecret": _wrong_text(asked.client_secret)})
    if asked.scopes is not None:
        _refuse({"scopes": _wrong_scopes(service, before.platform, asked.scopes)})

    async def save(tx: Statements) -> AppCredential | None:
        await users.hold(tx, caller.user_id)  # two changes at once follow each other
        current = await app_credentials.get(tx, credential_id)
        if current is None:
            return None
        changed = _applied(service.vault, current, asked)
        if changed.is_active and not current.is_active:
            await app_credentials.deactivate(tx, caller.user_id, current.platform, changed.updated_at)
        await app_credentials.replace(tx, changed, with_secret=asked.client_secret is not None)
        fields = _changed_fields(current, changed)
        if fields:
            await _note(tx, caller, "app_credential.changed", current, fields=fields)
        return changed

    changed = await service.db.transaction(save)
    if changed is None:
        raise NotFound("App credential not found")
    return await _told(service, changed)


def _applied(vault: Vault, current: AppCredential, asked: CredentialChange) -> AppCredential:
    changed = replace(current, updated_at=clock.now())
    if asked.client_secret is not None:
        new = NewCredential(platform=current.platform, client_id=current.client_id, client_secret=asked.client_secret)
        changed = replace(changed, secret_sealed=seal_secret(vault, new, current.user_id))
    if asked.scopes is not None:
        changed = replace(changed, scopes=asked.scopes or None)
    return changed if asked.is_active is None else replace(changed, is_active=asked.is_active)


async def delete(service: Service, caller: Caller, credential_id: str) -> AppCredential:
    """Forget an app that nothing hangs on. Raises: as `get`; Conflict naming how many accounts still do."""
    credential = await _get(service, caller, credential_id)

    async def remove(tx: Statements) -> bool:
        await app_credentials.hold(tx, credential.user_id, credential.platform, credential.client_id)
        is_gone = await app_credentials.delete_unused(tx, credential)
        if is_gone:
            await _note(tx, caller, "app_credential.deleted", credential)
        return is_gone

    if not await service.db.transaction(remove):
        told = await _told(service, await _get(service, caller, credential_id))
        raise Conflict(
            f"{told.accounts} account(s) are renewed through this app, or a consent to it is being finished or "
            "withdrawn: disconnect them, or connect them anew through another one, first. To use it for nothing new, "
            "send isActive false.",
            code="app_in_use",
        )
    return credential


def check_may_manage(caller: Caller) -> None:
    """Raises: Forbidden for a member, or a key for some profiles: an app serves the whole tenant."""
    if caller.profile_ids is not None or caller.member_id != caller.user_id:
        raise Forbidden("Only the owner may manage app credentials, with an API key for all profiles.")


def redirect_uri(service: Service, credential: AppCredential) -> str:
    """The callback to register at the platform for this app."""
    return f"{service.settings.public_url}/connect/{credential.platform}/callback/{credential.id}"


def seal_secret(vault: Vault, new: NewCredential, user_id: str) -> bytes:
    """The client secret, sealed for its row."""
    return vault.seal_text(new.client_secret, about=about_secret(user_id, new.platform, new.client_id))


def about_secret(user_id: str, platform: str, client_id: str) -> str:
    """What a client secret is sealed for."""
    return f"app_credentials|secret|{user_id}|{platform}|{client_id}"


def wrong_scopes(scopes: tuple[str, ...], needed: tuple[str, ...]) -> str | None:
    """What is wrong with a list of scopes; `needed` are those without which nothing could be posted."""
    if len(scopes) > MAX_SCOPES or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        return f"at most {MAX_SCOPES} scopes, each of visible ASCII characters without quotes and backslashes"
    missing = [scope for scope in needed if scope not in scopes]
    return f"must hold {', '.join(missing)}, without which nothing can be posted" if missing else None


def needed_scopes(service: Service, platform: str) -> tuple[str, ...]:
    """Those of a platform's scopes without which nothing can be posted."""
    adapter = service.platforms.get(platform)
    if not isinstance(adapter, OAuthPlatform):
        return ()
    return tuple(scope for scope in adapter.spec.scopes if scope not in adapter.spec.spared_scopes)


def _has_app(service: Service, adapter: Adapter) -> bool:
    return isinstance(adapter, AppPasswordPlatform) or bool(_instance_client_id(service, adapter.name))


def _instance_client_id(service: Service, platform: str) -> str:
    return service.settings.platforms.get(platform, PlatformSettings()).client_id


async def _of_client(service: Service, user_id: str, platform: str, client_id: str) -> Chosen | None:
    if client_id == _instance_client_id(service, platform):
        return Chosen(app=service.app(platform))
    credential = await app_credentials.by_client(service.db, user_id, platform, client_id)
    return None if credential is None else Chosen(app=_own(service, credential), credential_id=credential.id)


async def _get(service: Service, caller: Caller, credential_id: str) -> AppCredential:
    check_may_manage(caller)
    if not ids.is_id(credential_id):
        reason = "24 hex characters"
        raise BadRequest(f"The id of an app credential has {reason}.", fields={"credentialId": reason})
    credential = await app_credentials.get(service.db, credential_id)
    if credential is None or credential.user_id != caller.user_id:
        raise NotFound("App credential not found")
    return credential


async def _told(service: Service, credential: AppCredential) -> Told:
    count = await app_credentials.count_accounts(
        service.db, credential.user_id, credential.platform, credential.client_id
    )
    return Told(credential=credential, redirect_uri=redirect_uri(service, credential), accounts=count)


async def _note(tx: Statements, caller: Caller, action: Action, credential: AppCredential, **told: object) -> None:
    told = {"platform": credential.platform, "clientId": credential.client_id, **told}
    await audit.note(tx, Actor.of(caller), action, credential.id, **told)


def _changed_fields(before: AppCredential, after: AppCredential) -> list[str]:
    return [
        name
        for name, differs in (
            ("clientSecret", before.secret_sealed != after.secret_sealed),
            ("scopes", before.scopes != after.scopes),
            ("isActive", before.is_active != after.is_active),
        )
        if differs
    ]


def _own(service: Service, credential: AppCredential) -> App:
    given = service.settings.platforms.get(credential.platform, PlatformSettings())
    about = about_secret(credential.user_id, credential.platform, credential.client_id)
    try:
        secret = service.vault.open_text(credential.secret_sealed, about=about)
    except CannotOpen as error:
        raise AppMisconfigured(
            f"{credential.platform}: the stored client secret cannot be opened; give it again."
        ) from error
    return App(
        client_id=credential.client_id,
        client_secret=secret,
        redirect_uri=redirect_uri(service, credential),
        scopes=credential.scopes or given.scopes,
        api_version=given.api_version,
        pkce=given.pkce,
    )


def _check(service: Service, new: NewCredential) -> None:
    adapter = service.platforms.get(new.platform)
    if not isinstance(adapter, OAuthPlatform):
        named = ", ".join(sorted(name for name, one in service.platforms.items() if isinstance(one, OAuthPlatform)))
        raise BadRequest("This platform has no client credentials.", fields={"platform": f"one of {named}"})
    client_id = _wrong_text(new.client_id)
    if (
        client_id is None
        and service.settings.platforms.get(new.platform, PlatformSettings()).client_id == new.client_id
    ):
        client_id = "is the client id of this server's own app"
    scopes = None if not new.scopes else _wrong_scopes(service, new.platform, new.scopes)
    _refuse({"clientId": client_id, "clientSecret": _wrong_text(new.client_secret), "scopes": scopes})


def _wrong_scopes(service: Service, platform: str, scopes: tuple[str, ...]) -> str | None:
    return wrong_scopes(scopes, needed_scopes(service, platform)) if scopes else None


def _wrong_text(text: str) -> str | None:
    if len(text) <= MAX_CHARS and _VISIBLE.fullmatch(text):
        return None
    return f"1 to {MAX_CHARS} visible ASCII characters, as the platform's developer page shows it"


def _refuse(faults: Mapping[str, str | None]) -> None:
    found = {name: reason for name, reason in faults.items() if reason is not None}
    if found:
        told = "; ".join(f"{name}: {reason}" for name, reason in found.items())
        raise BadRequest(f"Not a usable app credential. {told}.", fields=found)
