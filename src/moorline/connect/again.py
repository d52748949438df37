"""Again: a new attempt like an earlier one, for the person who was at it."""

from moorline.adapter.oauth import OAuthPlatform
from moorline.connect import begin
from moorline.connect.start import StartCall, Started, adapter_of
from moorline.errors import Gone, Unauthorized
from moorline.owners import api_keys, links, sessions
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import users
from moorline.store.attempts import Attempt


async def again(service: Service, attempt: Attempt, *, force_reauth: bool = False) -> Started:
    """Start the same once more: platform, profile, address to return to, and on behalf of whom.

    `force_reauth` has the person sign in anew where the platform can, to come as somebody else.
    Raises: as `begin.begin`; NotFound or Gone when the key, link or member behind the earlier attempt may start none.
    """
    adapter = adapter_of(service, attempt.platform)
    call = StartCall(
        platform=attempt.platform,
        profile_id=attempt.profile_id,
        redirect_url=attempt.redirect_url,
        headless=attempt.headless,
        reconnect_account_id=attempt.reconnect_account_id,
        expected_platform_user_id=attempt.expected_platform_user_id,
        force_reauth=force_reauth and isinstance(adapter, OAuthPlatform),
        scopes=attempt.scopes,
        language=attempt.language,
        opener_origin=attempt.opener_origin,
    )
    return await begin.begin(service, await _caller_of(service, attempt), call)


async def _caller_of(service: Service, attempt: Attempt) -> Caller:
    if attempt.key_id is not None:
        try:
            return await api_keys.of_id(service.db, attempt.key_id)
        except Unauthorized as error:
            raise _gone() from error
    if attempt.link_id is not None:
        return links.caller_of(await links.alive(service.db, attempt.link_id))
    member = None
    if attempt.member_id is not None:
        member = await users.of_tenant(service.db, attempt.user_id, attempt.member_id)
    if member is None:
        raise _gone()
    return sessions.caller_of(member)


def _gone() -> Gone:
    return Gone("Whoever started this connection may not start another any more.")
