"""`account.expiring`: told 14, 7 and 1 days before only a person helps, with a link by which that person does.

What is due is taken, judged and queued in one transaction, so each account is told of each threshold once, however many
look and whoever is killed.
"""

from datetime import timedelta

from moorline import clock
from moorline.accounts import expiry, health
from moorline.accounts.health import Need
from moorline.owners import links
from moorline.service import Service
from moorline.store import account_health, accounts, grants, webhooks
from moorline.store.accounts import Account
from moorline.store.db import Statements
from moorline.store.grants import DueWarning
from moorline.webhooks import queue

LINK_OUTLIVES = timedelta(days=7)  # the end it warns of


async def tell(service: Service, due: DueWarning) -> list[Account]:
    """Queue what is due for the accounts of a grant, and plan the next warning; the accounts that were told of.

    None when somebody else did, nobody subscribed, or renewing works and no person is needed.
    """
    return await service.db.transaction(lambda tx: _tell(service, tx, due), durable=True)


async def _tell(service: Service, tx: Statements, due: DueWarning) -> list[Account]:
    if not await grants.take_warning(tx, due):
        return []
    now, renews = clock.now(), expiry.renews_of(service, due.platform)
    found = await account_health.of_grant(tx, due.grant_id)
    if not found:
        return []
    ends = expiry.last_chance(found[0], renews)
    await grants.plan_warning(tx, due.grant_id, expiry.next_warning(ends, now))
    days_left = expiry.due_days(ends, due.warn_at, now)
    rules = health.rules_of(service, due.platform)
    needs = {facts.account_id: health.coming_end(facts, rules, now) for facts in found}
    if days_left is None or not any(needs.values()):
        return []
    return await _queue(service, tx, due.grant_id, needs, days_left=days_left)


async def _queue(
    service: Service, tx: Statements, grant_id: str, needs: dict[str, Need | None], *, days_left: int
) -> list[Account]:
    told = []
    for account in await accounts.hold_of_grant(tx, grant_id):
        need = needs.get(account.id)
        if need is None or not await webhooks.wants(tx, account.user_id, "account.expiring"):
            continue
        url = await links.make_for_account(tx, service.settings.public_url, account, expires_at=need.at + LINK_OUTLIVES)
        await queue.account_event(
            tx,
            account,
            "account.expiring",
            daysLeft=days_left,
            expiresAt=clock.iso(need.at),
            reason=need.why,
            reconnectUrl=url,
        )
        told.append(account)
    return told
