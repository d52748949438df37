"""Who is behind a Graph token: a person, a Page, or an app; and what `debug_token` tells of it."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moorline import ids
from moorline.sandbox.facebook_pages import Page
from moorline.sandbox.graph import NO_TOKEN, UNPARSED, GraphError, session_expired
from moorline.sandbox.kernel import Call, RegisteredApp
from moorline.sandbox.oauth_rules import Refusal, Refused
from moorline.sandbox.oauth_server import AccessToken, Grant, OAuthServer

SHORT_LIFE_S = 5000  # facebook.md section 4
LONG_LIFE_S = 5_183_944  # facebook.md section 5
DATA_ACCESS = timedelta(days=90)  # facebook.md section 6
REQUIRE_APP_SECRET = "require_app_secret"

PROOF_MISSING = "API calls from the server require an appsecret_proof argument"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageToken:
    """A Page's own token. One from a long-lived user token has no expiry date. (facebook.md section 5)"""

    value: str = field(repr=False)
    page: Page
    grant: Grant
    issued_at: datetime
    expires_at: datetime | None


Actor = AccessToken | PageToken


def is_long(token: AccessToken) -> bool:
    """Whether the user token came from the second exchange."""
    return token.expires_at - token.issued_at > timedelta(seconds=SHORT_LIFE_S)


def app_user_id(grant: Grant) -> str:
    """The person's id, which differs from app to app. (facebook.md section 7)"""
    digest = hashlib.sha256(f"{grant.client_id}/{grant.person}".encode()).hexdigest()
    return f"10229{int(digest, 16) % 10**12:012d}"


class FacebookTokens:
    """User tokens of the OAuth server, and the Page tokens made from them."""

    def __init__(self, server: OAuthServer) -> None:
        self._server = server
        self._page_tokens: dict[str, PageToken] = {}
        self._values: dict[tuple[str, str], str] = {}  # (user token, Page id): asking again gives the same token

    def page_token(self, user: AccessToken, page: Page) -> str:
        """The Page's token for the app behind the user token."""
        known = self._values.get((user.value, page.id))
        if known is not None:
            return known
        value = self._server.books.issue(
            self._server.platform, "page_token", self._server.rules.access_prefix + ids.new_secret()
        )
        self._values[user.value, page.id] = value
        self._page_tokens[value] = PageToken(
            value=value,
            page=page,
            grant=user.grant,
            issued_at=self._server.books.clock.now(),
            expires_at=None if is_long(user) else user.expires_at,
        )
        return value

    # --- who calls ----------------------------------------------------------------------------------------------------

    def actor(self, call: Call, sent: Mapping[str, str]) -> Actor:
        """The person or Page whose live token came with the call; proof checked. Raises GraphError."""
        value = sent.get("access_token") or call.bearer()
        if not value:
            raise GraphError(2500, NO_TOKEN)
        actor = self.live(value)
        self._check_proof(actor, sent.get("appsecret_proof"))
        return actor

    def user(self, call: Call, sent: Mapping[str, str], *, edge: str) -> AccessToken:
        """The person whose live token came with the call to an edge that only people have. Raises GraphError."""
        actor = self.actor(call, sent)
        if isinstance(actor, PageToken):
            raise GraphError(100, f"(#100) Tried accessing nonexisting field ({edge}) on node type (Page)")
        return actor

    def live(self, value: str) -> Actor:
        """The token of this value. Raises GraphError 190 when it is dead, with the subcode that tells why."""
        page_token = self._page_tokens.get(value)
        if page_token is not None:
            self._check_page_token(page_token)
            return page_token
        try:
            return self._server.access(value)
        except Refused as refused:
            raise self._dead(refused, self._server.peek(value)) from refused

    def _check_page_token(self, token: PageToken) -> None:
        now = self._server.books.clock.now()
        if token.grant.revoked:
            raise _not_authorized(token.grant.client_id)
        if token.expires_at is not None and token.expires_at <= now:
            raise session_expired(token.expires_at, now)
        if token.grant.consented_at + DATA_ACCESS <= now:
            raise GraphError(190, "Error validating access token: The app's access to the person's data has lapsed.")

    def _dead(self, refused: Refused, token: AccessToken | None) -> GraphError:
        if refused.reason is Refusal.TOKEN_EXPIRED and token is not None:
            return session_expired(token.expires_at, self._server.books.clock.now())
        if refused.reason is Refusal.TOKEN_REVOKED:
            return _not_authorized(refused.subject)
        return GraphError(190, UNPARSED)

    def _check_proof(self, actor: Actor, proof: str | None) -> None:
        app = self.app_of(actor)
        if proof is None:
            if REQUIRE_APP_SECRET in app.flags:
                raise GraphError(100, PROOF_MISSING)
            return
        expected = hmac.new(app.client_secret.encode(), actor.value.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), proof.encode()):
            raise GraphError(100, "Invalid appsecret_proof provided in the API argument")

    def app_of(self, actor: Actor) -> RegisteredApp:
        """The app the token was given to."""
        return self._server.books.apps[self._server.platform, actor.grant.client_id]

    # --- debug_token --------------------------------------------------------------------------------------------------

    def app_of_app_token(self, value: str) -> RegisteredApp:
        """The app whose `{id}|{secret}` this is. Raises GraphError 190."""
        client_id, _, secret = value.partition("|")
        app = self._server.books.apps.get((self._server.platform, client_id))
        if app is None or not hmac.compare_digest(app.client_secret.encode(), secret.encode()):
            raise GraphError(190, UNPARSED)
        return app

    def describe(self, value: str, viewer: RegisteredApp) -> dict[str, Any]:
        """The `data` of debug_token; a dead token is told with its error. Raises GraphError 100 for another app's."""
        actor = self._page_tokens.get(value) or self._server.peek(value)
        if actor is None:
            error = {"code": 190, "message": UNPARSED}
            return {"is_valid": False, "error": error, "scopes": []}
        if actor.grant.client_id != viewer.client_id:
            raise GraphError(100, "(#100) The App_id in the input_token did not match the Viewing App")
        told = self._told(actor)
        try:
            self.live(value)
        except GraphError as dead:
            error = {"code": dead.code, "message": dead.message}
            subcode = {} if dead.subcode is None else {"subcode": dead.subcode}
            return {**told, "is_valid": False, "error": {**error, **subcode}}
        return told

    def _told(self, actor: Actor) -> dict[str, Any]:
        is_page = isinstance(actor, PageToken)
        expires_at = 0 if actor.expires_at is None else int(actor.expires_at.timestamp())
        told: dict[str, Any] = {
            "app_id": actor.grant.client_id,
            "type": "PAGE" if is_page else "USER",
            "application": actor.grant.client_id,
            "data_access_expires_at": int((actor.grant.consented_at + DATA_ACCESS).timestamp()),
            "expires_at": expires_at,
            "is_valid": True,
            "issued_at": int(actor.issued_at.timestamp()),
            "scopes": list(actor.grant.granted),
            "granular_scopes": [{"scope": scope} for scope in actor.grant.granted if scope.startswith("pages_")],
            "user_id": app_user_id(actor.grant),
        }
        if isinstance(actor, PageToken):
            told["profile_id"] = actor.page.id
        return told


def _not_authorized(client_id: str) -> GraphError:
    message = f"Error validating access token: The user has not authorized application {client_id}."
    return GraphError(190, message, subcode=458)
