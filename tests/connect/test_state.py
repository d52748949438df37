"""The state of an attempt, issued and consumed through the room itself on both engines."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from moorline import clock
from moorline.app import open_service
from moorline.connect import state
from moorline.connect.state import Issued, NewAttempt
from moorline.service import Service
from moorline.settings import Settings
from moorline.store import attempts
from moorline.store.attempts import Attempt
from moorline.store.profiles import Profile
from moorline.vault import CannotOpen
from tests.conftest import FrozenClock
from tests.store import rows


@pytest_asyncio.fixture
async def service(database_url: str, frozen_clock: FrozenClock) -> AsyncIterator[Service]:
    async with open_service(Settings(database_url=database_url, encryption_keys=(bytes(range(32)),))) as opened:
        yield opened


@pytest_asyncio.fixture
async def profile(service: Service) -> Profile:
    return (await rows.saved_owner(service.db))[1]


async def issue(service: Service, profile: Profile) -> Issued:
    new = NewAttempt(
        user_id=profile.user_id,
        key_id=None,
        profile_id=profile.id,
        platform="reddit",
        app_id="app-1",
        redirect_uri="https://connect.example.com/connect/reddit/callback",
        redirect_url=None,
        headless=False,
        with_verifier=True,
    )
    issued = state.make(service.vault, new)
    assert await attempts.insert_for_profile(service.db, issued.attempt)
    return issued


async def consume(service: Service, issued: Issued, **changes: str) -> Attempt | None:
    return await state.consume(
        service,
        state=changes.get("state", issued.state),
        code=changes.get("code", "a code"),
        platform=changes.get("platform", "reddit"),
        app_id=changes.get("app_id", "app-1"),
    )


async def test_s02_a_state_is_good_once_and_brings_its_verifier(service: Service, profile: Profile) -> None:
    issued = await issue(service, profile)
    attempt = await consume(service, issued)
    assert attempt is not None
    assert state.open_verifier(service.vault, attempt) == issued.verifier
    assert attempt.code_hash == state.hash_of("a code")
    assert await consume(service, issued) is None
    assert await consume(service, issued, code="another") is None


async def test_s02_of_two_callbacks_at_once_one_gets_the_attempt(service: Service, profile: Profile) -> None:
    issued = await issue(service, profile)
    answers = await asyncio.gather(consume(service, issued), consume(service, issued))
    assert sum(answer is not None for answer in answers) == 1


@pytest.mark.parametrize(
    "wrong", [{"platform": "twitter"}, {"app_id": "app-2"}, {"state": "\ud800 garbage \x00"}], ids="-".join
)
async def test_s03_a_state_of_another_platform_or_app_is_refused(
    service: Service, profile: Profile, wrong: dict[str, str]
) -> None:
    issued = await issue(service, profile)
    assert await consume(service, issued, **wrong) is None
    assert await consume(service, issued) is not None


async def test_s03_a_state_is_refused_from_its_tenth_minute_on(
    service: Service, profile: Profile, frozen_clock: FrozenClock
) -> None:
    late, just_in_time = await issue(service, profile), await issue(service, profile)
    frozen_clock.advance(599.999)
    assert await consume(service, just_in_time) is not None
    frozen_clock.advance(0.001)
    assert await consume(service, late) is None
    assert late.attempt.expires_at == clock.now() == late.attempt.created_at + timedelta(minutes=10)


async def test_s03_a_state_of_another_tenant_or_profile_is_refused(service: Service, profile: Profile) -> None:
    issued = await issue(service, profile)
    right = (profile.user_id, profile.id)
    for only_for in (("0" * 24, profile.id), (profile.user_id, "0" * 24)):
        answer = await state.consume(
            service, state=issued.state, code="c", platform="reddit", app_id="app-1", only_for=only_for
        )
        assert answer is None
    assert await state.consume(service, state=issued.state, code="c", platform="reddit", app_id="app-1", only_for=right)


async def test_s30_neither_state_nor_code_nor_verifier_is_in_the_saved_row(service: Service, profile: Profile) -> None:
    issued = await issue(service, profile)
    await consume(service, issued, code="a-code-nobody-may-read")
    row = await service.db.one("SELECT * FROM attempts WHERE id = $1", issued.attempt.id)
    assert row is not None
    columns = ("state_hash", "verifier_sealed", "code_hash", "note", "slug", "redirect_uri", "app_id")
    saved = b"|".join(str(row[column]).encode() + bytes(row[column] or b"") for column in columns[:3])
    saved += "|".join(str(row[column]) for column in columns).encode()
    for secret in (issued.state, issued.verifier or "", "a-code-nobody-may-read"):
        assert secret.encode() not in saved


async def test_s32_the_verifier_of_one_attempt_does_not_open_for_another(service: Service, profile: Profile) -> None:
    first, second = (await issue(service, profile)).attempt, (await issue(service, profile)).attempt
    with pytest.raises(CannotOpen):
        state.open_verifier(service.vault, replace(first, verifier_sealed=second.verifier_sealed))
