"""Start: profile, platform and return URL become an authorization URL with a state."""

import logging
from dataclasses import dataclass, field, replace

from moorline.accounts import accounts
from moorline.adapter.oauth import OAuthPlatform
from moorline.connect import redirects, state
from moorline.connect.state import Issued, NewAttempt
from moorline.errors import BadRequest, NotFound
from moorline.languages import check_language
from moorline.limits.buckets import START_PROFILE
from moorline.logs import about, event
from moorline.owners import apps, profiles
from moorline.owners.apps import Chosen
from moorline.owners.caller import Caller
from moorline.platforms import Adapter
from moorline.service import Service
from moorline.store import attempts
from moorline.store.accounts import Account

log = logging.getLogger("moorline.connect")
MAX_ID_CHARS = 200  # of a platform's id of a person


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCall:
    """What a call asks for. `redirect_url` is where the browser goes in the end; None: a hosted page.

    OAuth platforms only: `reconnect_account_id` is an account of the profile to be renewed,
    `expected_platform_user_id` whom the platform has to name, `force_reauth` asks the person to sign in anew where the
    platform can, `scopes` are asked for instead of the app's. `language` is that of hosted pages; `opener_origin` the
    page that opens a popup and is told the outcome.
    """

    platform: str
    profile_id: str
    redirect_url: str | None = None
    headless: bool = False
    reconnect_account_id: str | None = None
    expected_platform_user_id: str | None = None
    force_reauth: bool = False
    scopes: tuple[str, ...] | None = None
    language: str | None = None
    opener_origin: str | None = None

    @property
    def wants_oauth(self) -> bool:
        """Whether it asks for what only an authorization page can give."""
        asked = (self.reconnect_account_id, self.expected_platform_user_id, self.scopes)
        return self.force_reauth or any(one is not None for one in asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Where to send the person, and the state that comes back."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    attempt_id: str


async def start(service: Service, caller: Caller, call: StartCall) -> Started:
    """Save an attempt and answer where the person goes; one statement (one more to reconnect), no network.

    Raises: BadRequest for an unknown platform, a malformed profileId, a redirect_url no browser may be sent to, scopes
    without which nothing could be posted, or an account to reconnect that is another's; NotConfigured; NotFound and
    Forbidden as `owners.profiles.visible`; RateLimited.
    """
    adapter = adapter_of(service, call.platform)
    if call.wants_oauth and not isinstance(adapter, OAuthPlatform):
        raise BadRequest(
            f"{adapter.name} has no reconnection of its own: connect it again, the account stays the same."
        )
    account = None
    if call.reconnect_account_id is not None:
        account = await _to_reconnect(service, caller, call, call.reconnect_account_id)
    chosen = None
    if isinstance(adapter, OAuthPlatform):
        if account is None:
            chosen = await apps.for_start(service, caller, adapter.name)
        else:
            chosen = await apps.for_account(service, caller, account)
    issued = make_attempt(service, caller, call, adapter, chosen)
    await count_start(service, caller, call)
    if not caller.may_see(call.profile_id) or not await attempts.insert_for_profile(service.db, issued.attempt):
        await profiles.visible(service.db, caller, call.profile_id)  # tells which of the two it was
        raise NotFound("Profile not found")
    note_started(issued)
    if chosen is None or not isinstance(adapter, OAuthPlatform):
        return _started(hosted_page(service, adapter.name, issued.state), issued)
    app = replace(chosen.app, scopes=call.scopes or chosen.app.scopes)
    url = adapter.authorize_url(app, state=issued.state, verifier=issued.verifier, reauth=call.force_reauth)
    return _started(service.outbound_map.apply(url), issued)


async def count_start(service: Service, caller: Caller, call: StartCall) -> None:
    """Count a start for its profile; another tenant's id is counted for the caller. Raises: RateLimited."""
    await service.limits.count((START_PROFILE, f"{caller.user_id} {call.profile_id}"))


def note_started(issued: Issued) -> None:
    """Tell the log that an attempt was saved."""
    about(platform=issued.attempt.platform, attempt=issued.attempt.id)
    event(log, logging.DEBUG, "connect_started", attempt=issued.attempt.id, platform=issued.attempt.platform)


def _started(url: str, issued: Issued) -> Started:
    return Started(url=url, state=issued.state, attempt_id=issued.attempt.id)


async def _to_reconnect(service: Service, caller: Caller, call: StartCall, account_id: str) -> Account:
    account = (await accounts.get(service, caller, account_id)).account
    if (account.platform, account.profile_id) != (call.platform, call.profile_id):
        reason = "an account of this platform and profile"
        raise BadRequest(f"reconnectAccountId must be {reason}.", fields={"reconnectAccountId": reason})
    return account


def adapter_of(service: Service, platform: str) -> Adapter:
    """Raises: BadRequest for a platform that is not (yet) here."""
    adapter = service.platforms.get(platform)
    if adapter is None:
        shown, known = platform[:40], ", ".join(sorted(service.platforms))
        raise BadRequest(
            f'platform "{shown}" is not one of: {known}.',
            code="unsupported_platform",
            fields={"platform": f"one of {known}"},
        )
    return adapter


def make_attempt(
    service: Service, caller: Caller, call: StartCall, adapter: Adapter, chosen: Chosen | None = None
) -> Issued:
    """Check the call and make its attempt, not yet saved. `chosen` is the app, where the platform has one.

    Raises: as `start`, but nothing about the profile's owner.
    """
    profiles.check_id(call.profile_id)
    if call.redirect_url is not None:
        redirects.check_redirect_url(call.redirect_url, caller.redirect_allowlist)
    if call.opener_origin is not None:
        redirects.check_opener_origin(call.opener_origin, caller.redirect_allowlist)
    if call.expected_platform_user_id is not None and len(call.expected_platform_user_id) > MAX_ID_CHARS:
        reason = f"at most {MAX_ID_CHARS} characters"
        raise BadRequest(f"expectedPlatformUserId must be {reason}.", fields={"expectedPlatformUserId": reason})
    if call.scopes is not None:
        _check_scopes(service, call.platform, call.scopes, chosen)
    return state.make(
        service.vault,
        NewAttempt(
            user_id=caller.user_id,
            key_id=caller.key_id,
            profile_id=call.profile_id,
            platform=adapter.name,
            app_id="" if chosen is None else chosen.app.client_id,
            redirect_uri="" if chosen is None else chosen.app.redirect_uri,
            redirect_url=call.redirect_url,
            headless=call.headless,
            reconnect_account_id=call.reconnect_account_id,
            expected_platform_user_id=call.expected_platform_user_id,
            with_verifier=isinstance(adapter, OAuthPlatform) and chosen is not None and adapter.uses_pkce(chosen.app),
            credential_id=None if chosen is None else chosen.credential_id,
            member_id=caller.member_id if caller.key_id is None and caller.link_id is None else None,
            link_id=caller.link_id,
            scopes=call.scopes,
            language=None if call.language is None else check_language(call.language),
            opener_origin=call.opener_origin,
        ),
    )


def _check_scopes(service: Service, platform: str, scopes: tuple[str, ...], chosen: Chosen | None) -> None:
    needed = apps.needed_scopes(service, platform)
    if chosen is not None and chosen.app.scopes:  # what the app asks for less than usual, it can do without
        needed = tuple(scope for scope in needed if scope in chosen.app.scopes)
    reason = apps.wrong_scopes(scopes, needed) if scopes else "name at least one, or leave it out"
    if reason is not None:
        raise BadRequest(f"scopes: {reason}.", fields={"scopes": reason})


def hosted_page(service: Service, platform: str, state_text: str) -> str:
    """Our own page for a platform that has no authorization page."""
    return redirects.page(service.settings.public_url, platform, {"state": state_text})
