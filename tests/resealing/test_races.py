"""S34 beside others: servers that write, a second run, a server that has not the new key in front, damaged values."""

import asyncio
from dataclasses import replace

import pytest

from moorline import resealing
from moorline.accounts import tokens
from moorline.app import open_service
from moorline.owners import api_keys, apps
from moorline.owners.apps import CredentialChange
from moorline.resealing import MARK, SEALED, reseal
from moorline.vault import new_key
from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines
from tests.resealing.between import Between, plains, save_many
from tests.resealing.command import rotate, under, vault_of
from tests.resealing.filled import fill
from tests.webhooks.conftest import Told


def nobody(_name: str, _looked_at: int, _expected: int) -> None:
    """Nobody watches."""


async def two_keys(world: World) -> tuple[str, str]:
    """The old key and a new one, once the service has both, the new one in front."""
    old, new = world.environment()["ENCRYPTION_KEYS"], new_key()
    await world.restart(ENCRYPTION_KEYS=f"{new},{old}")
    return old, new


@on_both_engines
async def test_s34_tokens_renewed_between_reading_and_writing_stay(world: World, frozen_clock: FrozenClock) -> None:
    await world.landing("twitter")
    (account,) = await world.accounts()
    _, new = await two_keys(world)
    row = await world.service.db.one("SELECT id FROM grants")
    assert row is not None
    frozen_clock.advance(2 * 3600)

    renewing = Between(
        world.service.db, "UPDATE grant_tokens", lambda: tokens.usable(world.service, row["id"]), times=1
    )
    outcome = await reseal(renewing, world.service.vault, nobody)
    assert renewing.times == 0
    by_name = {tally.name: tally for tally in outcome.tallies}
    assert (by_name["grant_tokens.access_sealed"].resealed, by_name["grant_tokens.access_sealed"].changed) == (0, 1)
    assert by_name["grant_tokens.refresh_sealed"].current == 1
    assert outcome.is_complete

    await world.restart(ENCRYPTION_KEYS=new)
    told = await world.ok("GET", f"/v1/accounts/{account['_id']}/token")
    issued = [one for one in await world.control("GET", "issued") if one["platform"] == "twitter"]
    assert told["accessToken"] == [one["value"] for one in issued if one["kind"] == "access_token"][-1]
    frozen_clock.advance(2 * 3600)
    assert (await world.ok("GET", f"/v1/accounts/{account['_id']}/token"))["accessToken"] != told["accessToken"]


@on_both_engines
@pytest.mark.parametrize("secret", [None, "a younger secret"])
async def test_s34_a_change_of_an_own_app_does_not_bring_back_what_was_sealed_under_the_old_key(
    world: World, secret: str | None
) -> None:
    body = {"platform": "reddit", "clientId": "own-client", "clientSecret": "own-client-secret"}
    made = (await world.ok("POST", "/v1/app-credentials", body=body))["appCredential"]
    old, new = await two_keys(world)
    service = world.service
    meanwhile = Between(service.db, "BEGIN", lambda: reseal(service.db, service.vault, nobody), times=1)
    caller = await api_keys.authenticate(service.db, world.owner.api_key)
    asked = CredentialChange(is_active=False, client_secret=secret)
    await apps.change(replace(service, db=meanwhile), caller, made["id"], asked)
    assert meanwhile.times == 0
    assert await under(service.db, old) == {}

    await world.restart(ENCRYPTION_KEYS=new)
    app = await apps.of_client(world.service, world.owner.user_id, "reddit", "own-client")
    assert app.client_secret == (secret or "own-client-secret")


@on_both_engines
async def test_s34_two_runs_at_once_do_it_once(world: World) -> None:
    old, new = await two_keys(world)
    db, count = world.service.db, 2 * resealing.PAGE + 7
    saved = await save_many(db, vault_of(old), count)
    async with open_service(world._settings()) as second:
        outcomes = await asyncio.gather(
            reseal(db, world.service.vault, nobody), reseal(second.db, second.vault, nobody)
        )
    assert [outcome.is_complete for outcome in outcomes] == [True, True]
    assert sum(outcome.total.resealed for outcome in outcomes) == count
    assert await plains(db, vault_of(new)) == [f"of {revocation_id}" for revocation_id in saved]
    assert await under(db, new) == {"revocations.grant_sealed": count, MARK.column.name: 1}


@on_both_engines
async def test_s34_a_value_that_lands_behind_the_place_under_the_old_key_is_found_by_the_next_pass(
    world: World,
) -> None:
    old, new = await two_keys(world)
    db = world.service.db
    await save_many(db, vault_of(old), 1)
    late = Between(db, "SELECT count(*) AS n FROM kept_answers", lambda: save_many(db, vault_of(old), 1), times=1)
    outcome = await reseal(late, world.service.vault, nobody)
    assert (outcome.total.looked_at, outcome.total.resealed, outcome.is_complete) == (1, 2, True)
    assert await under(db, old) == {}
    assert await under(db, new) == {"revocations.grant_sealed": 2, MARK.column.name: 1}


async def test_s34_while_a_server_seals_under_the_old_key_no_key_is_called_removable(world: World) -> None:
    old, _ = await two_keys(world)
    db = world.service.db
    await save_many(db, vault_of(old), 1)
    busy = Between(db, "SELECT count(*) AS n FROM kept_answers", lambda: save_many(db, vault_of(old), 1), times=99)
    outcome = await reseal(busy, world.service.vault, nobody)
    assert (outcome.is_settled, outcome.is_complete) == (False, False)
    assert outcome.total.resealed == resealing.MOST_PASSES
    # The mark is what keeps a start without the old key from being served.
    assert await under(db, old) == {"revocations.grant_sealed": 1, MARK.column.name: 1}


@on_both_engines
async def test_s34_values_that_no_key_opens_are_named_and_kept_and_all_others_are_done(told: Told) -> None:
    world = told.world
    old, new, lost = world.environment()["ENCRYPTION_KEYS"], new_key(), new_key()
    await fill(told)
    before = await under(world.service.db, old)
    await world.restart(ENCRYPTION_KEYS=f"{new},{old}")
    db = world.service.db
    (lost_id,) = await save_many(db, vault_of(lost), 1)
    tampered = await db.one("SELECT id, headers_sealed FROM webhooks")
    kept = await db.one("SELECT key_hash, answer_sealed FROM kept_answers")
    assert tampered is not None
    assert kept is not None
    harmed = bytes(tampered["headers_sealed"])[:-1] + bytes([tampered["headers_sealed"][-1] ^ 1])
    await db.run("UPDATE webhooks SET headers_sealed = $1", harmed)
    await db.run("UPDATE kept_answers SET answer_sealed = $1", bytes(kept["answer_sealed"])[:20])

    ended = await rotate(world.environment())
    assert ended.code == 1
    assert ended.err.splitlines() == [
        "3 value(s) can be opened with none of the keys given, and stay as they are:",
        f"  webhooks.headers_sealed of row {tampered['id']}",
        f"  revocations.grant_sealed of row {lost_id}",
        f"  kept_answers.answer_sealed of row {bytes(kept['key_hash']).hex()}",
    ]
    assert "may now be removed" not in ended.out
    done = before | {"webhooks.headers_sealed": 0, "kept_answers.answer_sealed": 0}
    assert await under(db, new) == {name: count for name, count in done.items() if count}
    row = await db.one("SELECT headers_sealed FROM webhooks")
    assert row is not None
    assert bytes(row["headers_sealed"]) == harmed

    again = await rotate(world.environment(), "--json")
    assert (again.code, again.err) == (1, "")
    assert (again.json["complete"], again.json["total"]["resealed"], again.json["total"]["unreadable"]) == (False, 0, 3)
    assert again.json["values"]["revocations.grant_sealed"]["unreadable_rows"] == [lost_id]


async def test_s34_a_crowd_of_unreadable_values_is_counted_and_the_first_named(world: World) -> None:
    old, new = await two_keys(world)
    saved = await save_many(world.service.db, vault_of(new_key()), resealing.MOST_NAMED + 20)
    outcome = await reseal(world.service.db, world.service.vault, nobody)
    assert outcome.total.unreadable == len(saved)
    assert [tally.rows for tally in outcome.tallies if tally.rows] == [tuple(saved[: resealing.MOST_NAMED])]
    ended = await rotate(world.environment())
    assert ended.err.splitlines()[-1] == "  revocations.grant_sealed of 20 more rows"
    assert not any(key in ended.out + ended.err for key in (old, new))


async def test_every_column_is_in_the_list_once() -> None:
    names = [of.column.name for of in (*SEALED, MARK)]
    assert len(set(names)) == len(names)
