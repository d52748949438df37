"""After the connection: what an account may be switched to (another Page, board, location), listed and chosen."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta

import msgspec

from moorline import clock
from moorline.accounts import accounts, grants, history, tokens
from moorline.accounts.proven import Proven
from moorline.accounts.tokens import Usable
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import Choice, Choices, Connection, choices_from
from moorline.errors import BadRequest, Conflict, NotFound, UnexpectedReply
from moorline.logs import event
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import accounts as stored_accounts
from moorline.store import options as stored_options
from moorline.store import selections
from moorline.store.accounts import Account, AccountOfProfile
from moorline.store.db import ReferenceViolated, Statements, UniqueViolated
from moorline.webhooks import queue

CACHE_S = 10 * 60
log = logging.getLogger("moorline.accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What an account may be switched to; `cached` when it was read earlier, at most ten minutes ago."""

    account: Account
    choices: Choices
    cached: bool


async def list_options(
    service: Service, caller: Caller, account_id: str, *, platform: str, refresh: bool = False
) -> Options:
    """The list, read anew after ten minutes or when asked to.

    Raises: as `accounts.get`; BadRequest for an account of another platform; as `tokens.usable` and the list itself.
    """
    account = (await _account(service, caller, account_id, platform)).account
    since = clock.now() - timedelta(seconds=CACHE_S)
    stored = None if refresh else await stored_options.get(service.db, account.id, read_after=since)
    if stored is not None:
        return Options(account=account, choices=choices_from(stored), cached=True)
    return Options(account=account, choices=await _read(service, account), cached=False)


async def choose_option(
    service: Service, caller: Caller, account_id: str, *, platform: str, noun: str, is_wanted: Callable[[Choice], bool]
) -> tuple[AccountOfProfile, Choice]:
    """Switch the account, in place, to the first option wanted, proven with the platform now.

    Raises: BadRequest when no option is (asked anew before saying so), or for an account of another platform; Conflict
    when another account of the profile stands for it already; as `list_options`.
    """
    found = await _account(service, caller, account_id, platform)
    choice = await _wanted(service, caller, account_id, platform=platform, is_wanted=is_wanted)
    if choice is None:
        raise BadRequest(f"{noun.capitalize()} not in available {noun}s.", code="not_available")
    adapter, grant_id = _behind(service, found.account)

    async def adopt(held: Usable) -> Connection:
        app = await tokens.app_of(service, held.grant)
        return await adapter.adopt(service.http, app, held.tokens, grants.to_identity(held.grant), choice.id)

    return await _switched(service, found, await tokens.spend(service, grant_id, adopt)), choice


async def choose_person(service: Service, caller: Caller, account_id: str, *, platform: str) -> AccountOfProfile:
    """Switch the account, in place, to the person's own. Raises: as `choose_option`."""
    found = await _account(service, caller, account_id, platform)
    adapter, grant_id = _behind(service, found.account)

    async def identify(held: Usable) -> Connection:
        app = await tokens.app_of(service, held.grant)
        identity = await adapter.identify(service.http, app, held.tokens)
        if identity.platform_user_id != held.grant.platform_user_id:
            raise UnexpectedReply(f"{platform} answered another person than the one who connected this account.")
        return adapter.person(identity)

    return await _switched(service, found, await tokens.spend(service, grant_id, identify))


async def _account(service: Service, caller: Caller, account_id: str, platform: str) -> AccountOfProfile:
    found = await accounts.get(service, caller, account_id)
    if found.account.platform != platform:
        raise BadRequest(
            f"This is a {found.account.platform} account, not a {platform} account.",
            code="wrong_platform",
            fields={"accountId": f"of a {platform} account"},
        )
    return found


def _behind(service: Service, account: Account) -> tuple[OAuthPlatform, str]:
    """The adapter and the grant behind an account. Raises: BadRequest where nothing can be chosen."""
    adapter = service.platforms[account.platform]
    if not isinstance(adapter, OAuthPlatform) or account.grant_id is None:
        raise BadRequest(f"A {account.platform} account has nothing to choose.", code="wrong_platform")
    return adapter, account.grant_id


async def _read(service: Service, account: Account) -> Choices:
    adapter, grant_id = _behind(service, account)

    async def ask(held: Usable) -> Choices:
        app = await tokens.app_of(service, held.grant)
        return await adapter.list_choices(service.http, app, held.tokens, grants.to_identity(held.grant))

    choices = await tokens.spend(service, grant_id, ask)
    try:
        await stored_options.put(service.db, account.id, asdict(choices), clock.now())
    except ReferenceViolated as error:  # PostgreSQL, when it was disconnected in this moment
        raise NotFound("Account not found") from error
    return choices


async def _wanted(
    service: Service, caller: Caller, account_id: str, *, platform: str, is_wanted: Callable[[Choice], bool]
) -> Choice | None:
    listed = await list_options(service, caller, account_id, platform=platform)
    choice = next(filter(is_wanted, listed.choices.items), None)
    if choice is None and listed.cached:
        choice = next(filter(is_wanted, (await _read(service, listed.account)).items), None)
    return choice


async def _switched(service: Service, found: AccountOfProfile, connection: Connection) -> AccountOfProfile:
    before = found.account
    after = msgspec.structs.replace(before, details={**before.details, **connection.details})
    if connection.platform_account_id != before.platform_account_id:  # else only a detail of it: a board, a subreddit
        after = msgspec.structs.replace(
            after,
            platform_account_id=connection.platform_account_id,
            username=connection.username,
            display_name=connection.display_name,
            picture_url=connection.picture_url,
            profile_url=connection.profile_url,
        )
    own = grants.seal_own(
        service.vault,
        Proven(
            user_id=before.user_id,
            profile_id=before.profile_id,
            platform=before.platform,
            app_id="",
            connection=connection,
        ),
    )

    async def write(tx: Statements) -> None:
        if not await stored_accounts.switch(tx, after, clock.now()):
            if await stored_accounts.get(tx, after.user_id, after.id) is None:
                raise NotFound("Account not found")
            raise Conflict("The account was connected anew meanwhile; try again.")
        await selections.forget_choice(tx, after.id)
        await queue.account_event(tx, after, "account.updated")
        await history.note(tx, after, "switched", _was(before, after))
        if own is None:
            await stored_accounts.delete_token(tx, after.id)
        else:
            await stored_accounts.put_token(tx, after.id, own.sealed, own.expires_at, clock.now())

    try:
        await service.db.transaction(write, durable=True)
    except UniqueViolated as error:
        raise Conflict(
            "Another account of this profile stands for that already; disconnect one of them first.",
            code="already_connected",
        ) from error
    event(log, logging.INFO, "account_switched", account=after.id, platform=after.platform, profile=after.profile_id)
    return msgspec.structs.replace(found, account=after)


def _was(before: Account, after: Account) -> str | None:
    """What it stood for until now; None when only a detail of it changed: a board, a subreddit."""
    return None if before.platform_account_id == after.platform_account_id else f"Before: {before.display_name}"
