"""The platform's own token of an account, handed to a key that may see it, and noted."""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from moorline.accounts import accounts, grants, tokens
from moorline.errors import BadRequest, Forbidden, MoorlineError, Refused
from moorline.logs import event
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import accounts as stored_accounts
from moorline.store.accounts import Account
from moorline.vault import CannotOpen

log = logging.getLogger("moorline.accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """A token that works now. `expires_at` None: it has no end, or none was told."""

    account: Account
    access: str = field(repr=False)
    expires_at: datetime | None
    granted: tuple[str, ...] | None
    service_url: str | None


async def token(service: Service, caller: Caller, account_id: str, *, min_valid_s: int) -> Revealed:
    """The account's own token where it has one (a Page), else its grant's, renewed when needed.

    Raises: Forbidden for a key that may not see tokens; as `accounts.get`; BadRequest for an account without any (a
    bot's chat); as `tokens.usable`.
    """
    account = (await accounts.get(service, caller, account_id)).account
    if not caller.reveal_tokens:
        raise Forbidden("This API key may not see platform tokens; make one with revealTokens.")
    if account.grant_id is None:
        raise BadRequest(f"A {account.platform} account has no token of its own.", code="no_token")
    try:
        held = await tokens.usable(service, account.grant_id, min_valid_s=min_valid_s)
    except MoorlineError as error:
        event(log, logging.INFO, "token_served", platform=account.platform, outcome="failed", error_code=error.code)
        raise
    own = await stored_accounts.get_token(service.db, account.id)
    event(log, logging.DEBUG, "token_served", platform=account.platform, outcome="renewed" if held.is_fresh else "kept")
    event(log, logging.INFO, "token_revealed", account=account.id, platform=account.platform, key=caller.key_id)
    return Revealed(
        account=account,
        access=held.tokens.access if own is None else open_own(service, account, own),
        expires_at=held.tokens.access_expires_at if own is None else None,
        granted=held.tokens.granted,
        service_url=held.tokens.service_url,
    )


def open_own(service: Service, account: Account, own: bytes) -> str:
    """The token an account has of its own. Raises: Refused when the row was tampered with or its key is gone."""
    about = grants.own_about(
        account.user_id, account.profile_id, account.platform, platform_account_id=account.platform_account_id
    )
    try:
        return service.vault.open_text(own, about=about)
    except CannotOpen as error:
        raise Refused("The stored token cannot be opened; connect again.", code="token_unreadable") from error
