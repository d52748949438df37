"""Rows as the rooms save them, each field filled; a test changes what it is about."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from moorline import ids
from moorline.store import accounts, attempts, backlog, profiles, users
from moorline.store.accounts import Account
from moorline.store.api_keys import ApiKey
from moorline.store.attempts import Attempt, Use
from moorline.store.db import Statements
from moorline.store.grants import Grant, SealedTokens
from moorline.store.profiles import Profile
from moorline.store.selections import OpenSelection
from moorline.store.users import User

NOW = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def hashed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def user(**changes: Any) -> User:
    new_id = ids.new_id()
    made = User(
        id=new_id,
        root_id=new_id,
        name="Åsa",
        email=f"{new_id}@example.com",
        role="owner",
        profile_ids=None,
        created_at=NOW,
    )
    return replace(made, **changes)


def profile(owner: User, **changes: Any) -> Profile:
    made = Profile(
        id=ids.new_id(),
        user_id=owner.id,
        name="Harbour",
        slug="harbour",
        description="Ships & more",
        color="#4CAF50",
        is_default=False,
        created_at=NOW,
    )
    return replace(made, **changes)


def api_key(owner: User, **changes: Any) -> ApiKey:
    text = ids.new_api_key()
    made = ApiKey(
        id=ids.new_id(),
        user_id=owner.id,
        lookup=text[3:15],
        key_hash=hashed(text),
        name="a key",
        preview="sk_1a2b...9f0e",
        permission="read-write",
        profile_ids=None,
        reveal_tokens=False,
        redirect_allowlist=None,
        expires_at=None,
        created_at=NOW,
    )
    return replace(made, **changes)


def attempt(of: Profile, **changes: Any) -> Attempt:
    made = Attempt(
        id=ids.new_id(),
        user_id=of.user_id,
        key_id=ids.new_id(),
        profile_id=of.id,
        platform="pinterest",
        app_id="app-1",
        redirect_uri="https://connect.example.com/connect/pinterest/callback",
        redirect_url="https://app.example.com/done?x=1#y",
        headless=True,
        state_hash=hashed(ids.new_secret()),
        verifier_sealed=b"\x01sealed",
        created_at=NOW,
        expires_at=after(600),
    )
    return replace(made, **changes)


def use(of: Attempt, **changes: Any) -> Use:
    made = Use(
        state_hash=of.state_hash,
        code_hash=hashed("a code"),
        platform=of.platform,
        app_id=of.app_id,
        now=after(1),
        user_id=None,
        profile_id=None,
    )
    return replace(made, **changes)


def selection(of: Profile, **changes: Any) -> OpenSelection:
    made = OpenSelection(
        attempt_id=ids.new_id(),
        user_id=of.user_id,
        key_id=ids.new_id(),
        profile_id=of.id,
        platform="pinterest",
        app_id="app-1",
        redirect_url=None,
        tokens_sealed=b"\x01sealed",
        identity={"username": "Åsa"},
        choices={"boards": [{"id": "1", "name": "Böte"}]},
        expires_at=after(900),
    )
    return replace(made, **changes)


def grant(owner: User, **changes: Any) -> Grant:
    made = Grant(
        id=ids.new_id(),
        user_id=owner.id,
        platform="pinterest",
        app_id="app-1",
        platform_user_id="person-1",
        username="asa",
        granted=("read", "write"),
        service_url="https://pds.example.com",
    )
    return replace(made, **changes)


def tokens(**changes: Any) -> SealedTokens:
    made = SealedTokens(
        version=1,
        access_sealed=b"\x01access",
        refresh_sealed=b"\x01refresh",
        access_expires_at=after(3600),
        refresh_expires_at=after(86400),
    )
    return replace(made, **changes)


def account(of: Profile, **changes: Any) -> Account:
    made = Account(
        id=ids.new_id(),
        user_id=of.user_id,
        profile_id=of.id,
        grant_id=None,
        platform="pinterest",
        platform_account_id="board-1",
        username="asa",
        display_name="Åsa's boats",
        picture_url="https://img.example.com/1.png",
        profile_url=None,
        is_active=True,
        details={"board": {"id": "1"}},
        created_at=NOW,
    )
    return msgspec.structs.replace(made, **changes)


async def saved_owner(db: Statements, **changes: Any) -> tuple[User, Profile]:
    """A tenant with one profile, which is its default."""
    owner = user(**changes)
    await users.insert(db, owner)
    return owner, await saved_profile(db, owner)


async def saved_profile(db: Statements, owner: User, **changes: Any) -> Profile:
    made = profile(owner, **changes)
    await profiles.insert(db, made)
    saved = await profiles.get(db, owner.id, made.id)
    assert saved is not None
    return saved


async def saved_attempt(db: Statements, of: Profile, **changes: Any) -> Attempt:
    made = attempt(of, **changes)
    assert await attempts.insert_for_profile(db, made)
    return made


async def saved_account(db: Statements, of: Profile, **changes: Any) -> Account:
    return await accounts.upsert(db, account(of, **changes), NOW)


async def next_delivery_at(db: Statements) -> datetime | None:
    """When the next delivery may go; None when none waits."""
    return (await backlog.deliveries(db, datetime.max.replace(tzinfo=UTC))).oldest_at
