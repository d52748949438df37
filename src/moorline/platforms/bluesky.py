"""Bluesky: a handle or e-mail and an app password open a session on whichever server holds the account.

Facts: docs/platforms/bluesky.md.
"""

import contextlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from moorline.adapter.app_password import (
    AccountNotEligible,
    AppPasswordPlatform,
    InvalidCredentials,
    MainPassword,
    SignedIn,
    SignInCodeRequired,
)
from moorline.adapter.atproto import (
    BROKEN_HANDLE,
    ENTRYWAY,
    SERVER_TIMEOUT_S,
    Directory,
    Home,
    TxtResolver,
    ask,
    clean_identifier,
    error_name,
)
from moorline.adapter.atproto_session import Session, parse_session, read_claims, to_tokens
from moorline.adapter.values import Identity, Tokens
from moorline.errors import BadRequest, PlatformError, Refused, UnexpectedReply, Unreachable
from moorline.wire import Http, Reply, Request

# docs/platforms/bluesky.md#app-passwords, checked 2026-11-23
MAIN_PASSWORD_SCOPE = "com.atproto.access"
APP_PASSWORD_SCOPES = frozenset({"com.atproto.appPass", "com.atproto.appPassPrivileged"})
APP_PASSWORD = re.compile(r"[a-z0-9]{4}(-[a-z0-9]{4}){3}")

# Scope, error name or status of an account that cannot be connected -> our code and the sentence for the person.
# docs/platforms/bluesky.md#errors, checked 2026-11-23
NOT_ELIGIBLE = {
    "com.atproto.takendown": ("account_taken_down", "Bluesky has taken this account down."),
    "com.atproto.signupQueued": ("signup_queued", "This account is still waiting in Bluesky's sign-up queue."),
    "AccountTakedown": ("account_taken_down", "Bluesky has taken this account down."),
    "AccountDeactivated": ("account_deactivated", "This account is deactivated. Reactivate it on Bluesky first."),
    "takendown": ("account_taken_down", "Bluesky has taken this account down."),
    "suspended": ("account_suspended", "Bluesky has suspended this account."),
    "deactivated": ("account_deactivated", "This account is deactivated. Reactivate it on Bluesky first."),
}
INACTIVE = ("account_inactive", "This account is not active on Bluesky.")

# Answers that end a session: docs/platforms/bluesky.md#refresh, checked 2026-11-23
SESSION_ENDED = frozenset({"ExpiredToken", "InvalidToken", "AccountTakedown", "AuthMissing", "AccountNotFound"})
ACCOUNT_MOVED = "could not find user info"


class Bluesky(AppPasswordPlatform):
    """With `resolve_txt`, handles are looked up in DNS first."""

    name = "bluesky"
    # App passwords, sessions and tokens for other services are made under this name; reading is harmless.
    api_closed = re.compile(r"(^|/)com\.atproto\.server\.(?!getSession$|describeServer$)", re.IGNORECASE)

    def __init__(self, resolve_txt: TxtResolver | None = None) -> None:
        self._directory = Directory(resolve_txt)

    @override
    def refuses_token(self, reply: Reply) -> bool:
        return reply.status in {400, 401} and error_name(reply) in {"ExpiredToken", "InvalidToken"}

    @override
    def looks_like_app_password(self, text: str) -> bool:
        return looks_like_app_password(text)

    @override
    async def sign_in(self, http: Http, *, identifier: str, password: str) -> SignedIn:
        secret = password.strip()
        if not secret:
            raise BadRequest("Enter an app password.", fields={"appPassword": "is empty"})
        home = await self._directory.find(http, clean_identifier(identifier))
        session = await _create_session(http, home, secret)
        try:
            _require_connectable(session, home)
        except PlatformError:
            with contextlib.suppress(PlatformError):
                await _delete_session(http, home.pds, session.refresh)
            raise
        tokens = to_tokens(session, home.pds)
        profile = await _fetch_profile(http, tokens, session.did)
        handle = _proven_handle(session, home)
        return SignedIn(tokens=tokens, identity=to_identity(session.did, handle, profile))

    @override
    async def refresh(self, http: Http, tokens: Tokens) -> Tokens:
        if tokens.refresh is None:
            raise Refused("This Bluesky session cannot be renewed. Connect the account again with an app password.")
        # Repeatable: for two hours the old token answers with the same next one (docs/platforms/bluesky.md#refresh).
        reply = await ask(http, _call(_pds_of(tokens), "com.atproto.server.refreshSession", bearer=tokens.refresh))
        if reply.status != 200:
            raise _refresh_refusal(reply)
        session = parse_session(reply)
        if read_claims(tokens.refresh).get("sub") != session.did:
            raise UnexpectedReply("Bluesky answered a refresh with the session of another account.")
        return to_tokens(session, _pds_of(tokens))

    @override
    async def revoke(self, http: Http, tokens: Tokens) -> None:
        if tokens.refresh is not None:
            await _delete_session(http, _pds_of(tokens), tokens.refresh)


def looks_like_app_password(text: str) -> bool:
    """Whether it has the form Bluesky gives app passwords. Good for a warning only: other servers may differ."""
    return APP_PASSWORD.fullmatch(text.strip()) is not None


def to_identity(did: str, handle: str | None, profile: Mapping[str, Any]) -> Identity:
    """Who it is. `handle` is the proven one (None: known by DID only); an empty profile leaves the session's data."""
    shown = handle if handle is not None and profile.get("handle") != BROKEN_HANDLE else did
    avatar = profile.get("avatar")
    return Identity(
        platform_user_id=did,
        username=shown,
        display_name=_printable(profile.get("displayName")) or shown,
        picture_url=avatar if isinstance(avatar, str) and avatar.startswith("https://") else None,
        profile_url=f"https://bsky.app/profile/{shown}",
    )


async def _create_session(http: Http, home: Home, password: str) -> Session:
    credentials = {"identifier": home.sign_in_as, "password": password}
    reply = await ask(http, _call(home.pds, "com.atproto.server.createSession", json_body=credentials))
    if reply.status != 200:
        raise _sign_in_refusal(reply)
    return parse_session(reply)


async def _delete_session(http: Http, pds: str, refresh_token: str) -> None:
    reply = await ask(http, _call(pds, "com.atproto.server.deleteSession", bearer=refresh_token))
    if reply.status != 200 and not _is_ended(reply):
        raise UnexpectedReply(
            "Bluesky did not end the session.", platform_status=reply.status, platform_code=error_name(reply)
        )


async def _fetch_profile(http: Http, tokens: Tokens, did: str) -> Mapping[str, Any]:
    """The profile, or nothing: a new account has none yet, and the session already tells who it is."""
    request = Request(
        method="GET",
        url=f"{_pds_of(tokens)}/xrpc/app.bsky.actor.getProfile",
        query={"actor": did},
        bearer=tokens.access,
        repeatable=True,
        guarded=True,
        timeout_s=SERVER_TIMEOUT_S,
    )
    try:
        profile = (await ask(http, request)).json_or_empty()
    except PlatformError:
        return {}
    return profile if profile.get("did") == did else {}


def _call(pds: str, method: str, *, bearer: str | None = None, json_body: object | None = None) -> Request:
    """A POST to the account's server; those that carry a token may be repeated, a sign-in may not (daily limit)."""
    return Request(
        method="POST",
        url=f"{pds}/xrpc/{method}",
        json=json_body,
        bearer=bearer,
        repeatable=bearer is not None,
        guarded=True,
        timeout_s=SERVER_TIMEOUT_S,
    )


def _require_connectable(session: Session, home: Home) -> None:
    """Raises: MainPassword, AccountNotEligible, UnexpectedReply."""
    claims = read_claims(session.access)
    scope = str(claims.get("scope"))
    if scope == MAIN_PASSWORD_SCOPE:
        raise MainPassword("That was the account's main password. It was not kept; use an app password.")
    obstacle = session.status or scope
    if session.status is not None or obstacle in NOT_ELIGIBLE:
        code, sentence = NOT_ELIGIBLE.get(obstacle, INACTIVE)
        raise AccountNotEligible(sentence, code=code, platform_status=200)
    if scope not in APP_PASSWORD_SCOPES:
        raise UnexpectedReply("The server of this account issued a session of an unknown kind.", platform_status=200)
    if home.did not in {None, session.did} or claims.get("sub") != session.did:
        raise UnexpectedReply("The server of this account opened a session of another account.", platform_status=200)


def _sign_in_refusal(reply: Reply) -> PlatformError:
    name = error_name(reply)
    if name in {"AccountTakedown", "AccountDeactivated"}:
        code, sentence = NOT_ELIGIBLE[name]
        return AccountNotEligible(sentence, code=code, platform_status=reply.status)
    if name == "AuthFactorTokenRequired":
        return SignInCodeRequired(
            "Bluesky asks for a code from an e-mail, as it does for the main password. Use an app password.",
            platform_status=reply.status,
            platform_code=name,
        )
    if reply.status == 401 and name is not None:
        return InvalidCredentials(
            "Bluesky did not accept this handle and app password.", platform_status=401, platform_code=name
        )
    return UnexpectedReply(
        "The server of this account answered the sign-in in no documented way.",
        platform_status=reply.status,
        platform_code=name,
    )


def _refresh_refusal(reply: Reply) -> PlatformError:
    name = error_name(reply)
    if _is_ended(reply):
        return Refused(
            "Bluesky ended this session. Connect the account again with an app password.",
            platform_status=reply.status,
            platform_code=name,
        )
    if name == "AccountDeactivated":
        return Unreachable("This Bluesky account is deactivated at present.", platform_status=reply.status)
    return UnexpectedReply(
        "Bluesky answered the refresh in no documented way.", platform_status=reply.status, platform_code=name
    )


def _is_ended(reply: Reply) -> bool:
    name, message = error_name(reply), str(reply.json_or_empty().get("message")).lower()
    return reply.status in {400, 401, 403} and (
        name in SESSION_ENDED or (name == "InvalidRequest" and ACCOUNT_MOVED in message)
    )


def _proven_handle(session: Session, home: Home) -> str | None:
    """The handle to show. For an e-mail Bluesky's own server names it; its DID document may object."""
    if home.did is not None:
        return home.handle
    objects = session.document is not None and session.handle not in session.document.handles
    return None if objects or session.handle == BROKEN_HANDLE else session.handle


def _pds_of(tokens: Tokens) -> str:
    return tokens.service_url or ENTRYWAY


def _printable(name: object) -> str:
    """A name without what no store takes: control characters and lone surrogates."""
    if not isinstance(name, str):
        return ""
    return "".join(char for char in name if unicodedata.category(char) not in {"Cc", "Cs"}).strip()
