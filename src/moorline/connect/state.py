"""The one-use state of an attempt (RFC 6749 section 10.12): 256 random bits, kept as a hash, and the verifier."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

from moorline import clock, ids
from moorline.accounts.patience import patiently
from moorline.service import Service
from moorline.store import attempts
from moorline.store.attempts import Attempt, Use
from moorline.vault import Vault

STATE_TTL_S = 10 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttempt:
    """What an attempt is to be. `app_id` is the client id the state is bound to (empty where there is no app).

    The rest is as in `store.attempts.Attempt`.
    """

    user_id: str
    key_id: str | None
    profile_id: str
    platform: str
    app_id: str
    redirect_uri: str
    redirect_url: str | None
    headless: bool
    with_verifier: bool
    reconnect_account_id: str | None = None
    expected_platform_user_id: str | None = None
    credential_id: str | None = None
    member_id: str | None = None
    link_id: str | None = None
    scopes: tuple[str, ...] | None = None
    language: str | None = None
    opener_origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A saved attempt and the secrets that only the browser and this call know."""

    attempt: Attempt
    state: str = field(repr=False)
    verifier: str | None = field(repr=False)


def make(vault: Vault, new: NewAttempt) -> Issued:
    """An attempt ready to be saved. The verifier has 43 characters (RFC 7636 section 4.1)."""
    now = clock.now()
    attempt_id, state = ids.new_id(), ids.new_secret()
    verifier = ids.new_secret() if new.with_verifier else None
    attempt = Attempt(
        id=attempt_id,
        user_id=new.user_id,
        key_id=new.key_id,
        profile_id=new.profile_id,
        platform=new.platform,
        app_id=new.app_id,
        redirect_uri=new.redirect_uri,
        redirect_url=new.redirect_url,
        headless=new.headless,
        reconnect_account_id=new.reconnect_account_id,
        expected_platform_user_id=new.expected_platform_user_id,
        credential_id=new.credential_id,
        member_id=new.member_id,
        link_id=new.link_id,
        scopes=new.scopes,
        language=new.language,
        opener_origin=new.opener_origin,
        state_hash=hash_of(state),
        verifier_sealed=None if verifier is None else vault.seal_text(verifier, about=about_verifier(attempt_id)),
        created_at=now,
        expires_at=now + timedelta(seconds=STATE_TTL_S),
    )
    return Issued(attempt=attempt, state=state, verifier=verifier)


async def consume(
    service: Service,
    *,
    state: str,
    code: str,
    platform: str,
    app_id: str,
    credential_id: str | None = None,
    only_for: tuple[str, str] | None = None,
) -> Attempt | None:
    """Use the state up, in one committed statement, before any call goes out; None when it cannot be used.

    `credential_id` is the tenant's own app it came back to; `only_for` (tenant, profile): the state must have been
    issued for them. Tried again while the database is away, knowing its own use from another's.
    """
    user_id, profile_id = only_for or (None, None)
    use = Use(
        state_hash=hash_of(state),
        code_hash=hash_of(code),
        platform=platform,
        app_id=app_id,
        credential_id=credential_id,
        now=clock.now(),
        user_id=user_id,
        profile_id=profile_id,
    )
    is_first = True

    async def step() -> Attempt | None:
        nonlocal is_first
        # Used up by this very call, whose answer was lost: nobody else is at work on it, and everybody would wait.
        if not is_first:
            found = await attempts.by_state(service.db, use.state_hash)
            if found is not None and _is_of(use, found):
                return found
        is_first = False
        return await attempts.consume(service.db, use)

    return await patiently(step)


def _is_of(use: Use, attempt: Attempt) -> bool:
    """Whether this very use used the state up: two calls with one code in one millisecond are not both unanswered."""
    is_same_instant = attempt.consumed_at is not None and clock.to_ms(attempt.consumed_at) == clock.to_ms(use.now)
    return is_same_instant and attempt.status == "returned" and attempt.code_hash == use.code_hash


def open_verifier(vault: Vault, attempt: Attempt) -> str | None:
    """The PKCE verifier of a consumed attempt. Raises: CannotOpen when the row was tampered with."""
    if attempt.verifier_sealed is None:
        return None
    return vault.open_text(attempt.verifier_sealed, about=about_verifier(attempt.id))


def hash_of(text: str) -> bytes:
    """SHA-256 of a state or a code."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def about_verifier(attempt_id: str) -> str:
    """What a verifier is sealed for."""
    return f"attempts|verifier|{attempt_id}"
