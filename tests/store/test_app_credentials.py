"""Table app_credentials on both engines."""

from dataclasses import replace
from typing import Any

import pytest

from moorline import ids
from moorline.store import app_credentials, grants, revocations, selections
from moorline.store.app_credentials import AppCredential
from moorline.store.db import Database, UniqueViolated
from moorline.store.revocations import Revocation
from moorline.store.users import User
from tests.store import rows
from tests.store.rows import NOW, after


def credential(owner: User, **changes: Any) -> AppCredential:
    made = AppCredential(
        id=ids.new_id(),
        user_id=owner.id,
        platform="pinterest",
        client_id="client",
        secret_sealed=b"\x01sealed",
        scopes=("boards:read", "pins:write"),
        is_active=True,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(made, **changes)


async def test_a_credential_comes_back_as_it_went_in_by_every_way(db: Database) -> None:
    (owner, _), (stranger, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    kept = credential(owner)
    await app_credentials.insert(db, kept)
    assert await app_credentials.get(db, kept.id) == kept
    assert await app_credentials.active(db, owner.id, "pinterest") == kept
    assert await app_credentials.by_client(db, owner.id, "pinterest", "client") == kept
    assert await app_credentials.all_of(db, owner.id) == [kept]
    for nobodys in (
        await app_credentials.get(db, ids.new_id()),
        await app_credentials.active(db, stranger.id, "pinterest"),
        await app_credentials.active(db, owner.id, "reddit"),
        await app_credentials.by_client(db, stranger.id, "pinterest", "client"),
        await app_credentials.by_client(db, owner.id, "pinterest", "other"),
    ):
        assert nobodys is None
    assert await app_credentials.all_of(db, stranger.id) == []


async def test_one_of_a_platform_is_active_and_no_client_id_is_there_twice(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    first, second = credential(owner), credential(owner, client_id="second", created_at=after(1), scopes=None)
    await app_credentials.insert(db, first)
    with pytest.raises(UniqueViolated):
        await app_credentials.insert(db, second)
    with pytest.raises(UniqueViolated):
        await app_credentials.insert(db, credential(owner, is_active=False))
    await app_credentials.deactivate(db, owner.id, "pinterest", after(2))
    await app_credentials.insert(db, second)
    assert await app_credentials.active(db, owner.id, "pinterest") == second
    retired = replace(first, is_active=False, updated_at=after(2))
    assert await app_credentials.all_of(db, owner.id) == [retired, second]
    with pytest.raises(UniqueViolated):
        await app_credentials.replace(db, first)


async def test_a_change_is_written_to_the_tenants_own_row_only(db: Database) -> None:
    (owner, _), (stranger, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    kept = credential(owner)
    await app_credentials.insert(db, kept)
    changed = replace(kept, secret_sealed=b"\x01other", scopes=None, is_active=False, updated_at=after(9))
    assert not await app_credentials.replace(db, replace(changed, user_id=stranger.id))
    assert await app_credentials.get(db, kept.id) == kept
    assert await app_credentials.replace(db, changed)
    assert await app_credentials.get(db, kept.id) == changed


async def test_one_that_a_consent_was_given_to_is_not_deleted(db: Database) -> None:
    (owner, first), (stranger, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    kept = credential(owner)
    await app_credentials.insert(db, kept)
    grant_id = await grants.upsert(db, rows.grant(owner, app_id="client"), NOW)
    assert await app_credentials.count_accounts(db, owner.id, "pinterest", "client") == 0
    await rows.saved_account(db, first, grant_id=grant_id)
    assert await app_credentials.count_accounts(db, owner.id, "pinterest", "client") == 1
    (behind,) = await app_credentials.accounts_behind(db, owner.id, "pinterest", "client", limit=5)
    saved = await db.all("SELECT id, display_name FROM accounts WHERE user_id = $1", owner.id)
    assert [behind] == [(row["id"], row["display_name"]) for row in saved]
    assert await app_credentials.accounts_behind(db, owner.id, "pinterest", "client", limit=0) == []
    assert await app_credentials.accounts_behind(db, stranger.id, "pinterest", "client", limit=5) == []
    assert await app_credentials.count_accounts(db, stranger.id, "pinterest", "client") == 0
    assert not await app_credentials.delete_unused(db, kept)
    await db.run("DELETE FROM accounts")
    await grants.delete_unused(db, grant_id)
    assert await app_credentials.hold(db, owner.id, "pinterest", "client")
    assert not await app_credentials.hold(db, stranger.id, "pinterest", "client")
    assert await app_credentials.delete_unused(db, kept)
    assert await app_credentials.get(db, kept.id) is None
    assert not await app_credentials.hold(db, owner.id, "pinterest", "client")


async def test_one_that_a_choice_or_a_withdrawal_waits_for_is_not_deleted(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    kept = credential(owner)
    await app_credentials.insert(db, kept)
    opened = rows.selection(first, platform="pinterest", app_id="client")
    await selections.insert(db, opened)
    assert not await app_credentials.delete_unused(db, kept)
    await selections.delete(db, opened.attempt_id)
    waits = Revocation(
        id=ids.new_id(),
        user_id=owner.id,
        platform="pinterest",
        app_id="client",
        grant_sealed=b"\x01sealed",
        tries=0,
        created_at=NOW,
    )
    await revocations.insert(db, waits, NOW)
    assert not await app_credentials.delete_unused(db, kept)
    await revocations.delete(db, waits.id)
    assert await app_credentials.delete_unused(db, kept)
