"""Start: profile, platform and return URL become an authorization URL with a state."""

from dataclasses import dataclass, field

from moorline.accounts import accounts
from moorline.adapter.oauth import OAuthPlatform
from moorline.connect import redirects, state
from moorline.connect.state import Issued, NewAttempt
from moorline.errors import BadRequest, NotFound
from moorline.owners import profiles
from moorline.owners.api_keys import Caller
from moorline.platforms import Adapter
from moorline.service import Service
from moorline.store import attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCall:
    """What a call asks for. `redirect_url` is where the browser goes in the end; None: a hosted page.

    `reconnect_account_id` is an account of the profile to be renewed, `expected_platform_user_id` whom the platform has
    to name; OAuth platforms only.
    """

    platform: str
    profile_id: str
    redirect_url: str | None = None
    headless: bool = False
    reconnect_account_id: str | None = None
    expected_platform_user_id: str | None = None

    @property
    def is_for_somebody(self) -> bool:
        """Whether only one person will do."""
        return self.reconnect_account_id is not None or self.expected_platform_user_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Where to send the person, and the state that comes back."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    attempt_id: str


async def start(service: Service, caller: Caller, call: StartCall) -> Started:
    """Save an attempt and answer where the person goes; one statement (one more to reconnect), no network.

    Raises: BadRequest for an unknown platform, a malformed profileId, a redirect_url no browser may be sent to, or an
    account to reconnect that is another's; NotConfigured; NotFound and Forbidden as `owners.profiles.visible`.
    """
    adapter = adapter_of(service, call.platform)
    if call.is_for_somebody and not isinstance(adapter, OAuthPlatform):
        raise BadRequest(
            f"{adapter.name} has no reconnection of its own: connect it again, the account stays the same."
        )
    if call.reconnect_account_id is not None:
        await _check_reconnects(service, caller, call, call.reconnect_account_id)
    issued = make_attempt(service, caller, call, adapter)
    if not caller.may_see(call.profile_id) or not await attempts.insert_for_profile(service.db, issued.attempt):
        await profiles.visible(service.db, caller, call.profile_id)  # tells which of the two it was
        raise NotFound("Profile not found")
    return Started(url=_url(service, adapter, issued), state=issued.state, attempt_id=issued.attempt.id)


async def _check_reconnects(service: Service, caller: Caller, call: StartCall, account_id: str) -> None:
    account = (await accounts.get(service, caller, account_id)).account
    if (account.platform, account.profile_id) != (call.platform, call.profile_id):
        reason = "an account of this platform and profile"
        raise BadRequest(f"reconnectAccountId must be {reason}.", fields={"reconnectAccountId": reason})


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


def make_attempt(service: Service, caller: Caller, call: StartCall, adapter: Adapter) -> Issued:
    """Check the call and make its attempt, not yet saved. Raises: as `start`, but nothing about the profile's owner."""
    profiles.check_id(call.profile_id)
    if call.redirect_url is not None:
        redirects.check_redirect_url(call.redirect_url, caller.redirect_allowlist)
    by_oauth = isinstance(adapter, OAuthPlatform)
    app = service.app(adapter.name) if by_oauth else None
    return state.make(
        service.vault,
        NewAttempt(
            user_id=caller.user_id,
            key_id=caller.key_id,
            profile_id=call.profile_id,
            platform=adapter.name,
            app_id="" if app is None else app.client_id,
            redirect_uri="" if app is None else app.redirect_uri,
            redirect_url=call.redirect_url,
            headless=call.headless,
            reconnect_account_id=call.reconnect_account_id,
            expected_platform_user_id=call.expected_platform_user_id,
            with_verifier=isinstance(adapter, OAuthPlatform) and app is not None and adapter.uses_pkce(app),
        ),
    )


def _url(service: Service, adapter: Adapter, issued: Issued) -> str:
    if not isinstance(adapter, OAuthPlatform):
        return hosted_page(service, adapter.name, issued.state)
    app = service.app(adapter.name)
    return service.outbound_map.apply(adapter.authorize_url(app, state=issued.state, verifier=issued.verifier))


def hosted_page(service: Service, platform: str, state_text: str) -> str:
    """Our own page for a platform that has no authorization page."""
    return redirects.page(service.settings.public_url, platform, {"state": state_text})
