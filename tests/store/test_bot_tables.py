"""Tables bot_codes, bot_inboxes and bot_senders on both engines."""

import asyncio
from dataclasses import replace

import pytest

from moorline.store import attempts, bot_codes, bot_inboxes
from moorline.store.bot_codes import BotCode
from moorline.store.bot_inboxes import Lease, Sender
from moorline.store.db import Database, ReferenceViolated, UniqueViolated
from tests.store import rows
from tests.store.rows import NOW, after

CODE = "LATE-ABC234"
BOT, ASA, BO = "123456", 1_000_000_000_001, 1_000_000_000_002
NOTHING = Sender(code=None, chat=None, misses=0)


async def saved_code(db: Database, code: str = CODE) -> BotCode:
    _, first = await rows.saved_owner(db)
    attempt = await rows.saved_attempt(db, first, platform="telegram")
    await bot_codes.insert(db, code=code, attempt_id=attempt.id, expires_at=after(900))
    found = await bot_codes.get(db, code)
    assert found is not None
    return found


async def test_a_code_is_found_with_whose_it_is(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    attempt = await rows.saved_attempt(db, first, platform="telegram")
    await bot_codes.insert(db, code=CODE, attempt_id=attempt.id, expires_at=after(900))
    expected = BotCode(
        code=CODE,
        attempt_id=attempt.id,
        chat_id=None,
        note=None,
        expires_at=after(900),
        user_id=owner.id,
        profile_id=first.id,
        account_id=None,
    )
    assert await bot_codes.get(db, CODE) == expected
    assert await bot_codes.of_attempt(db, attempt.id) == expected
    assert await bot_codes.get(db, CODE.lower()) is None
    await attempts.set_connected(db, attempt.id, "account-1", NOW)
    assert await bot_codes.get(db, CODE) == replace(expected, account_id="account-1")


async def test_a_code_is_given_once_and_belongs_to_an_attempt(db: Database) -> None:
    await saved_code(db)
    with pytest.raises(UniqueViolated):
        await saved_code(db)
    with pytest.raises(ReferenceViolated):
        await bot_codes.insert(db, code="LATE-XYZ234", attempt_id="0" * 24, expires_at=NOW)


async def test_a_code_goes_with_its_attempt(db: Database) -> None:
    code = await saved_code(db)
    await attempts.purge(db, before=after(1), limit=10)
    assert await bot_codes.get(db, code.code) is None
    assert await bot_codes.of_attempt(db, code.attempt_id) is None


async def test_a_code_is_claimed_for_one_chat_and_again_for_the_same(db: Database) -> None:
    code = await saved_code(db)
    await bot_codes.set_note(db, CODE, "not an administrator there")
    noted = await bot_codes.get(db, CODE)
    assert noted == replace(code, note="not an administrator there")
    assert await bot_codes.claim(db, CODE, "-100", NOW)
    assert await bot_codes.claim(db, CODE, "-100", NOW)
    assert not await bot_codes.claim(db, CODE, "-200", NOW)
    assert await bot_codes.get(db, CODE) == replace(code, chat_id="-100")


async def test_a_note_tells_kind_and_names_until_the_next_or_the_claim(db: Database) -> None:
    code = await saved_code(db)
    await bot_codes.set_note(db, CODE, "refused", kind="not_administrator", sender="@asa", chat="My Channel")
    noted = replace(code, note="refused", note_kind="not_administrator", note_sender="@asa", note_chat="My Channel")
    assert await bot_codes.of_attempt(db, code.attempt_id) == noted
    await bot_codes.set_note(db, CODE, None, kind="checking", sender="@bo")
    assert await bot_codes.get(db, CODE) == replace(code, note_kind="checking", note_sender="@bo")
    await bot_codes.set_note(db, "LATE-OTHER2", "of no code", kind="checking")
    assert await bot_codes.claim(db, CODE, "-100", NOW)
    assert await bot_codes.get(db, CODE) == replace(code, chat_id="-100")


async def test_a_code_claimed_for_many_chats_at_once_goes_to_one(db: Database) -> None:
    await saved_code(db)
    claimed = await asyncio.gather(*(bot_codes.claim(db, CODE, str(chat), NOW) for chat in range(20)))
    assert claimed.count(True) == 1
    code = await bot_codes.get(db, CODE)
    assert code is not None
    assert code.chat_id == str(claimed.index(True))


async def test_an_expired_or_unknown_code_cannot_be_claimed(db: Database) -> None:
    await saved_code(db)
    assert not await bot_codes.claim(db, CODE, "-100", after(900))
    assert not await bot_codes.claim(db, "LATE-OTHER2", "-100", NOW)
    assert await bot_codes.claim(db, CODE, "-100", after(899.999))


async def test_a_bots_name_is_remembered_and_changes_without_moving_its_inbox(db: Database) -> None:
    assert await bot_inboxes.get_name(db, BOT) is None
    await bot_inboxes.put_name(db, BOT, "HarbourBot")
    lease = await take(db, "one")
    assert lease is not None
    assert await bot_inboxes.advance(db, lease, 7)
    await bot_inboxes.put_name(db, BOT, "QuayBot")
    assert await bot_inboxes.get_name(db, BOT) == "QuayBot"
    assert await take(db, "one") == replace(lease, next_offset=7)


async def take(db: Database, holder: str, now_s: float = 0) -> Lease | None:
    return await bot_inboxes.take(db, BOT, holder=holder, now=after(now_s), until=after(now_s + 30))


async def test_an_inbox_is_held_by_one_and_a_bot_without_one_by_nobody(db: Database) -> None:
    assert await take(db, "one") is None
    await bot_inboxes.put_name(db, BOT, "HarbourBot")
    assert await take(db, "one") == Lease(bot_id=BOT, fence=1, next_offset=0)
    assert await take(db, "two", 29.999) is None
    assert await take(db, "one", 29.999) == Lease(bot_id=BOT, fence=1, next_offset=0)
    assert await take(db, "two", 30) is None, "the holder extended its lease"


async def test_of_many_who_take_an_inbox_at_once_exactly_one_holds_it(db: Database) -> None:
    await bot_inboxes.put_name(db, BOT, "HarbourBot")
    held = await asyncio.gather(*(take(db, str(holder)) for holder in range(20)))
    assert [lease.fence for lease in held if lease] == [1]


async def test_a_holder_that_froze_past_its_lease_cannot_move_the_offset(db: Database) -> None:
    await bot_inboxes.put_name(db, BOT, "HarbourBot")
    frozen = await take(db, "one")
    assert frozen is not None
    assert await bot_inboxes.advance(db, frozen, 5)
    taken = await take(db, "two", 30)
    assert taken == Lease(bot_id=BOT, fence=2, next_offset=5)
    assert not await bot_inboxes.advance(db, frozen, 9)
    await bot_inboxes.release(db, BOT, holder="one")
    assert await take(db, "one", 31) is None, "who lost the lease cannot release it for the other"
    assert await bot_inboxes.advance(db, taken, 6)


async def test_a_released_inbox_is_taken_at_once_with_a_new_fence(db: Database) -> None:
    await bot_inboxes.put_name(db, BOT, "HarbourBot")
    first = await take(db, "one")
    assert first is not None
    await bot_inboxes.release(db, BOT, holder="one")
    second = await take(db, "two", 1)
    assert second == Lease(bot_id=BOT, fence=2, next_offset=0)
    assert not await bot_inboxes.advance(db, first, 9)


async def test_half_of_a_message_waits_for_the_other_half_until_it_is_too_old(db: Database) -> None:
    assert await bot_inboxes.sender(db, BOT, ASA, NOW) == NOTHING
    await bot_inboxes.put_half(db, BOT, ASA, code=CODE, chat=None, until=after(60))
    assert await bot_inboxes.sender(db, BOT, ASA, after(59.999)) == Sender(code=CODE, chat=None, misses=0)
    assert await bot_inboxes.sender(db, BOT, ASA, after(60)) == NOTHING
    await bot_inboxes.put_half(db, BOT, ASA, code=None, chat="@quay", until=after(90))
    assert await bot_inboxes.sender(db, BOT, ASA, NOW) == Sender(code=None, chat="@quay", misses=0)
    assert await bot_inboxes.sender(db, BOT, BO, NOW) == NOTHING
    assert await bot_inboxes.sender(db, "654321", ASA, NOW) == NOTHING


async def test_misses_are_counted_by_sender_and_start_anew_after_a_while(db: Database) -> None:
    for _ in range(3):
        await bot_inboxes.count_miss(db, BOT, ASA, now=NOW, until=after(60))
    await bot_inboxes.count_miss(db, BOT, BO, now=NOW, until=after(60))
    assert (await bot_inboxes.sender(db, BOT, ASA, NOW)).misses == 3
    assert (await bot_inboxes.sender(db, BOT, BO, NOW)).misses == 1
    assert (await bot_inboxes.sender(db, BOT, ASA, after(60))).misses == 0
    await bot_inboxes.count_miss(db, BOT, ASA, now=after(60), until=after(120))
    assert (await bot_inboxes.sender(db, BOT, ASA, after(60))).misses == 1


async def test_misses_and_halves_do_not_wipe_each_other(db: Database) -> None:
    await bot_inboxes.put_half(db, BOT, ASA, code=CODE, chat=None, until=after(60))
    await bot_inboxes.count_miss(db, BOT, ASA, now=NOW, until=after(60))
    assert await bot_inboxes.sender(db, BOT, ASA, NOW) == Sender(code=CODE, chat=None, misses=1)
    await bot_inboxes.put_half(db, BOT, ASA, code=None, chat=None, until=after(60))
    assert await bot_inboxes.sender(db, BOT, ASA, NOW) == Sender(code=None, chat=None, misses=1)


async def test_many_misses_at_once_are_all_counted(db: Database) -> None:
    await asyncio.gather(*(bot_inboxes.count_miss(db, BOT, ASA, now=NOW, until=after(60)) for _ in range(30)))
    assert (await bot_inboxes.sender(db, BOT, ASA, NOW)).misses == 30


async def test_senders_who_are_through_nothing_are_purged(db: Database) -> None:
    for sender_id, half_s, miss_s in ((1, -1, 0), (2, 0, -1), (3, 1, -1), (4, -1, 1)):
        await bot_inboxes.put_half(db, BOT, sender_id, code=CODE, chat=None, until=after(half_s))
        await bot_inboxes.count_miss(db, BOT, sender_id, now=after(-60), until=after(miss_s))
    assert [await bot_inboxes.purge_senders(db, now=NOW, limit=1) for _ in range(3)] == [1, 1, 0]
    assert [row["sender_id"] for row in await db.all("SELECT sender_id FROM bot_senders ORDER BY sender_id")] == [3, 4]


async def test_a_held_inbox_keeps_its_name_and_an_unknown_one_is_no_fault(db: Database) -> None:
    await bot_inboxes.put_name(db, "1", "SomeBot")
    await db.transaction(lambda tx: bot_inboxes.hold(tx, "1"))
    await bot_inboxes.hold(db, "2")
    assert await bot_inboxes.get_name(db, "1") == "SomeBot"
    assert await bot_inboxes.get_name(db, "2") is None
