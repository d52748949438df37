"""What is lived through: everybody connected, some accounts taken away on purpose, all the others alive at the end.

Some consents end; whoever gave them is warned and comes back through the link of the warning.
"""

from moorline.platforms import ALL
from tests.soak.endings import Endings
from tests.soak.people import Connected
from tests.soak.soak import Soak

TIKTOK_REVOKE = "POST /v2/oauth/revoke/"
CALLS_A_TRY = 3  # a revocation may be repeated, so one try is as many calls
OTHER = "crowd"  # has accounts beside those that are to live


async def live(soak: Soak) -> bool:
    """The whole life, with everything asserted at its end; whether all days were lived."""
    endings = Endings(soak)
    await endings.begin()
    await soak.connect_everybody()
    assert {account.platform for account in soak.accounts} == {platform.name for platform in ALL}
    await endings.connect(OTHER)
    soak.after_burst = endings.follow
    lost, withdrawn, disconnected = [await soak.add(name, OTHER) for name in ("twitter", "reddit", "tiktok")]
    await soak.run(until_day=soak.plan.days / 3)

    await _lose(soak, lost)
    await _withdraw(soak, withdrawn)
    await _disconnect(soak, disconnected)
    is_whole = await soak.run(until_day=soak.plan.days)

    await soak.settle()
    problems = [*await soak.problems(), *endings.problems()]
    assert not problems, "\n".join([*problems, soak.report()])
    states = {account["_id"]: account["isActive"] for account in await soak.journey.accounts()}
    assert (states[lost.id], states[withdrawn.id]) == (False, False)
    assert disconnected.id not in states
    assert soak.ledger.to_lose == []
    assert disconnected.consent is not None
    assert disconnected.consent.is_revoked
    await soak.fleet.stop()
    assert await soak.rows("SELECT id FROM revocations") == []
    assert await soak.rows("SELECT message_id FROM deliveries WHERE state = 'due'") == []
    return is_whole


async def _lose(soak: Soak, account: Connected) -> None:
    """X rotates, and the answer with the next token is dropped: nothing but a new consent helps."""
    assert account.consent is not None
    soak.ledger.to_lose.append(account.consent)
    _end(account)


async def _withdraw(soak: Soak, account: Connected) -> None:
    """The person takes the app's access away at the platform."""
    _end(account)
    await soak.journey.control("POST", "revoke", {"platform": account.platform, "person": account.person})


async def _disconnect(soak: Soak, account: Connected) -> None:
    """The application disconnects the account while the platform does not hear: not at once, and not a minute later."""
    await soak.fleet.all_ready()
    _end(account)
    await soak.journey.fault(account.platform, TIKTOK_REVOKE, status=503, body={}, count=2 * CALLS_A_TRY)
    answer = await soak.journey.call("DELETE", f"accounts/{account.id}")
    assert answer.status == 200, answer.text
    for pause_s in (80, 320):
        assert account.consent is not None
        assert not account.consent.is_revoked
        await soak.move(pause_s)
        await soak.burst()


def _end(account: Connected) -> None:
    account.is_gone = True
    account.disconnections += 1
