"""Bluesky, played: the entryway, two account servers, the directory, the public AppView, the handles' own hosts.

People, passwords and their oddities: `bluesky_world`. Not played: DNS records (`_atproto.<handle>`), the global
limit of 3000 requests in 5 minutes, AT Protocol OAuth. Control, POST with a JSON object, `handle` names the person:

    /_sandbox/bluesky/app-passwords/revoke  {"handle"}            deletes the app passwords and their sessions
    /_sandbox/bluesky/status                {"handle", "status"}  active, deactivated, suspended, takendown, deleted
    /_sandbox/bluesky/move                  {"handle", "pds", "appPassword"?}  the account moves to the other server;
                                            tokens and app passwords stay behind, a new app password may be given
"""

import re
from collections.abc import Collection
from dataclasses import replace
from typing import ClassVar

from typing_extensions import override

from moorline.sandbox.bluesky_limits import Headers, LoginLimits
from moorline.sandbox.bluesky_sessions import (
    FULL_SCOPES,
    SESSION_SCOPES,
    Claims,
    Scope,
    Sessions,
    TokenPair,
    XrpcRefused,
)
from moorline.sandbox.bluesky_world import (
    APPVIEW,
    BLUESKY_PDS,
    CDN,
    DIRECTORY,
    ENTRYWAY,
    HANDLE_HOSTS,
    PEOPLE,
    SECOND_PDS,
    SERVED_BY,
    WEB_DID_HOST,
    Person,
    Status,
)
from moorline.sandbox.bluesky_xrpc import (
    PASSWORD_LIMIT,
    SignIn,
    account_fields,
    document_reply,
    error_reply,
    expect_no_body,
    parameter,
    read_sign_in,
    session_scope,
    wrong_password,
    xrpc,
)
from moorline.sandbox.kernel import Call, Covered, Reply, SandboxPlatform, endpoint
from moorline.sandbox.portraits import portrait

SERVERS = (ENTRYWAY, BLUESKY_PDS, SECOND_PDS)
XRPC_HOSTS = (*SERVERS, APPVIEW)
HANDLE = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
DELETED = "deleted"


class Bluesky(SandboxPlatform):
    """All hosts of the Bluesky network that the sandbox knows."""

    name: ClassVar[str] = "bluesky"
    hosts: ClassVar[tuple[str, ...]] = (*XRPC_HOSTS, DIRECTORY, *HANDLE_HOSTS, CDN)
    people: ClassVar[tuple[str, ...]] = tuple(person.handle for person in PEOPLE)

    @override
    def reset(self) -> None:
        self._people = {person.did: person for person in PEOPLE}
        self._sessions = Sessions(self.books, SERVED_BY.values())
        self._limits = LoginLimits()
        for person in PEOPLE:
            for password in (person.app_password, person.privileged_password):
                if password:
                    self.books.issue(self.name, "app_password", password)

    # --- identity -----------------------------------------------------------------------------------------------------

    @xrpc("GET", "com.atproto.identity.resolveHandle", XRPC_HOSTS, source="bluesky.md section 2, step 3")
    async def resolve_handle(self, call: Call) -> Reply:
        """Any server resolves any handle; a handle need not be confirmed by its DID document."""
        handle = parameter(call, "handle").lower()
        if not HANDLE.fullmatch(handle):
            raise XrpcRefused(400, "InvalidRequest", "Error: handle must be a valid handle")
        person = self._by_handle(handle)
        if person is None:
            raise XrpcRefused(400, "InvalidRequest", "Unable to resolve handle")
        return Reply.of_json({"did": person.did})

    @endpoint("GET", HANDLE_HOSTS, "/.well-known/atproto-did", source="bluesky.md section 2, step 3")
    async def well_known_did(self, call: Call) -> Reply:
        """The DID as plain text, on the handle's own host."""
        person = self._by_handle(call.host)
        if person is None or not person.well_known:
            return Reply.of_text("User not found", status=404)
        return Reply.of_text(person.did)

    @endpoint("GET", DIRECTORY, "/{did}", source="bluesky.md section 2, step 4")
    async def directory_entry(self, call: Call) -> Reply:
        """A DID document; 404 for an unknown DID, 410 for a tombstone (410 and both texts are unverified)."""
        did = call.params["did"]
        person = self._people.get(did)
        if person is None or not did.startswith("did:plc:"):
            return Reply.of_json({"message": f"DID not registered: {did}"}, status=404)
        if person.tombstoned:
            return Reply.of_json({"message": f"DID not available: {did}"}, status=410)
        return document_reply(person)

    @endpoint("GET", WEB_DID_HOST, "/.well-known/did.json", source="bluesky.md section 2, step 4")
    async def web_did(self, call: Call) -> Reply:
        """The document of `did:web:HOST`, kept by the host itself."""
        person = self._people.get(f"did:web:{call.host}")
        return document_reply(person) if person else Reply.of_text("Not Found", status=404)

    # --- sessions -----------------------------------------------------------------------------------------------------

    @xrpc("POST", "com.atproto.server.createSession", SERVERS, source="bluesky.md section 4")
    async def create_session(self, call: Call) -> Reply:
        """Sign in; with `allowTakendown` a taken-down account gets tokens that are good for nothing else."""
        sign_in = read_sign_in(call)
        allowed, headers = self._limits.take(sign_in.identifier, self.books.clock.now())
        if not allowed:
            raise XrpcRefused(429, "RateLimitExceeded", "Rate Limit Exceeded", headers)
        try:
            person = self._signing_in(SERVED_BY[call.host], sign_in)
            tokens = self._sessions.open(SERVED_BY[call.host], person.did, session_scope(person, sign_in))
        except XrpcRefused as refused:
            return error_reply(refused.status, refused.error, refused.message, headers)
        return _session_reply(person, tokens, headers)

    @xrpc("GET", "com.atproto.server.getSession", SERVERS, source="bluesky.md section 12", covered=Covered.PARTIAL)
    async def get_session(self, call: Call) -> Reply:
        """Who the access token belongs to; the fields are those of createSession, the rest is unverified."""
        person = self._signed_in(call, SESSION_SCOPES)
        return Reply.of_json(account_fields(person))

    @xrpc("POST", "com.atproto.server.refreshSession", SERVERS, source="bluesky.md section 6")
    async def refresh_session(self, call: Call) -> Reply:
        """The next pair of tokens for a refresh token, sent without a body."""
        expect_no_body(call)
        claims = self._claims(call, {Scope.REFRESH})
        person = self._people.get(claims.did)
        if person is None or person.pds != SERVED_BY[call.host]:
            raise XrpcRefused(400, "InvalidRequest", f"Could not find user info for account: {claims.did}")
        if person.status is Status.TAKENDOWN:
            raise XrpcRefused(401, "AccountTakedown", "Account has been taken down")
        return _session_reply(person, self._sessions.rotate(claims))

    @xrpc("POST", "com.atproto.server.deleteSession", SERVERS, source="bluesky.md section 9")
    async def delete_session(self, call: Call) -> Reply:
        """Forget a refresh token, expired ones too; 200 with an empty body."""
        expect_no_body(call)
        self._sessions.close(self._claims(call, {Scope.REFRESH}, expired_too=True))
        return Reply()

    # --- profiles -----------------------------------------------------------------------------------------------------

    @xrpc("GET", "app.bsky.actor.getProfile", XRPC_HOSTS, source="bluesky.md section 7")
    async def get_profile(self, call: Call) -> Reply:
        """A profile by DID or handle; account servers ask for an access token, the public AppView does not."""
        if call.host != APPVIEW and self._signed_in(call, FULL_SCOPES).status is Status.DEACTIVATED:
            raise XrpcRefused(401, "AccountDeactivated", "Account is deactivated")
        actor = parameter(call, "actor")
        person = self._people.get(actor) or self._by_handle(actor)
        if person is None or person.tombstoned or not person.known_to_appview:
            raise XrpcRefused(400, "InvalidRequest", "Profile not found")
        if person.status in {Status.TAKENDOWN, Status.SUSPENDED}:
            raise XrpcRefused(400, "AccountTakedown", "Account has been suspended")
        if person.status is Status.DEACTIVATED:
            raise XrpcRefused(400, "AccountDeactivated", "Account is deactivated")
        return Reply.of_json(person.profile())

    @override
    def unknown(self, call: Call) -> Reply:
        """501 for an XRPC method the sandbox does not know (unverified), else a bare 404."""
        if call.path.startswith("/xrpc/"):
            return error_reply(501, "MethodNotImplemented", "Method Not Implemented")
        return Reply.of_text("Not Found", status=404)

    @override
    def wrong_method(self, call: Call, allowed: tuple[str, ...]) -> Reply:
        """XRPC's words for a query called as a procedure and the reverse (unverified)."""
        message = f"Incorrect HTTP method ({call.method}) expected {allowed[0]}"
        return error_reply(400, "InvalidRequest", message)

    # --- control ------------------------------------------------------------------------------------------------------

    @override
    def revoke(self, person: str) -> bool:
        """Delete the app passwords of the person with this handle and the sessions they opened."""
        found = self._by_handle(person.lower())
        if found is None:
            return False
        self._people[found.did] = replace(found, app_password=None, privileged_password=None)
        self._sessions.end(found.did, scopes={Scope.APP_PASSWORD, Scope.PRIVILEGED})
        return True

    @override
    async def control(self, call: Call) -> Reply | None:
        """The control calls of the module's docstring; 404 for an unknown handle, 400 for an unusable value."""
        command = call.path.removeprefix("/_sandbox/bluesky/")
        if call.method != "POST" or command not in {"app-passwords/revoke", "status", "move"}:
            return None
        body = call.json()
        given = body if isinstance(body, dict) else {}
        person = self._by_handle(str(given.get("handle", "")))
        if person is None:
            return Reply.of_json({"error": "no person has this handle"}, status=404)
        if command == "app-passwords/revoke":
            return Reply.of_json({"revoked": self.revoke(person.handle)})
        if command == "status":
            return self._change_status(person, str(given.get("status", "")))
        return self._move(person, str(given.get("pds", "")), given.get("appPassword"))

    def _change_status(self, person: Person, status: str) -> Reply:
        if status == DELETED:
            del self._people[person.did]
        elif status in {known.value for known in Status}:
            self._people[person.did] = replace(person, status=Status(status))
        else:
            return Reply.of_json({"error": "status is none the sandbox knows"}, status=400)
        return Reply.of_json({"handle": person.handle, "status": status})

    def _move(self, person: Person, pds: str, app_password: object) -> Reply:
        if pds not in SERVED_BY.values():
            return Reply.of_json({"error": "pds is no account server of the sandbox"}, status=400)
        password = self.books.issue(self.name, "app_password", app_password) if isinstance(app_password, str) else None
        self._people[person.did] = replace(person, pds=pds, app_password=password, privileged_password=None)
        return Reply.of_json({"handle": person.handle, "pds": pds})

    def _by_handle(self, handle: str) -> Person | None:
        return next((person for person in self._people.values() if person.handle == handle.lower()), None)

    def _signing_in(self, pds: str, sign_in: SignIn) -> Person:
        """Who signs in; an `@` anywhere makes it an e-mail address, as on the real server: `@handle` is nobody."""
        if len(sign_in.password) > PASSWORD_LIMIT:
            message = "Password too long. Consider resetting your password."
            raise XrpcRefused(401, "AuthenticationRequired", message)
        wanted = sign_in.identifier
        for person in self._people.values():
            names = {person.email} if "@" in wanted else {person.handle, person.did}
            if person.pds == pds and wanted in names:
                return person
        raise wrong_password()

    def _claims(self, call: Call, scopes: Collection[Scope], *, expired_too: bool = False) -> Claims:
        token = call.bearer()
        if token is None:
            raise XrpcRefused(401, "AuthMissing", "Authentication Required")
        return self._sessions.read(SERVED_BY[call.host], token, scopes, expired_too=expired_too)

    def _signed_in(self, call: Call, scopes: Collection[Scope]) -> Person:
        """The person behind the access token, refused while the account may not act."""
        claims = self._claims(call, scopes)
        person = self._people.get(claims.did)
        if person is None or person.pds != SERVED_BY[call.host]:
            raise XrpcRefused(403, "AccountNotFound", "Account not found")
        if person.status is Status.TAKENDOWN and claims.scope is not Scope.TAKENDOWN:
            raise XrpcRefused(401, "AccountTakedown", "Account has been taken down")
        return person

    @endpoint("GET", CDN, "/img/avatar/{path:rest}", source="bluesky.md section 7", covered=Covered.PARTIAL)
    async def portrait_of(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


def _session_reply(person: Person, tokens: TokenPair, headers: Headers = ()) -> Reply:
    body = {"accessJwt": tokens.access, "refreshJwt": tokens.refresh, **account_fields(person)}
    return Reply.of_json(body, headers=headers)
