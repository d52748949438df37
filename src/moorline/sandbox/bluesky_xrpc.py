"""How the simulated Bluesky reads XRPC calls and words its answers. Source: bluesky.md sections 4, 6 and 9."""

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from moorline.sandbox.bluesky_sessions import Scope, XrpcRefused
from moorline.sandbox.bluesky_world import MAIN_PASSWORD, SIGN_IN_CODE, Person, Status
from moorline.sandbox.kernel import Call, Covered, Reply, endpoint

PASSWORD_LIMIT = 512

PlatformT = TypeVar("PlatformT")


def xrpc(
    verb: str, nsid: str, hosts: tuple[str, ...], *, source: str, covered: Covered = Covered.SUPPORTED
) -> Callable[[Callable[[PlatformT, Call], Awaitable[Reply]]], Callable[..., Awaitable[Reply]]]:
    """Declare an XRPC method; what it raises as `XrpcRefused` becomes the documented error body."""

    def declare(function: Callable[[PlatformT, Call], Awaitable[Reply]]) -> Callable[..., Awaitable[Reply]]:
        @functools.wraps(function)
        async def answer(platform: PlatformT, call: Call) -> Reply:
            try:
                return await function(platform, call)
            except XrpcRefused as refused:
                return error_reply(refused.status, refused.error, refused.message, refused.headers)

        return endpoint(verb, hosts, f"/xrpc/{nsid}", source=source, covered=covered)(answer)

    return declare


def error_reply(status: int, error: str, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """The one error shape of XRPC."""
    return Reply.of_json({"error": error, "message": message}, status=status, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """The body of createSession."""

    identifier: str
    password: str
    sign_in_code: str | None
    allow_takendown: bool


def read_sign_in(call: Call) -> SignIn:
    """Parse the body of createSession.

    Raises: XrpcRefused 400 `InvalidRequest` for another content type or a missing field (texts differ by version).
    """
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise XrpcRefused(400, "InvalidRequest", f"Wrong request encoding (Content-Type): {kind or 'none'}")
    body = call.json()
    given: Mapping[str, object] = body if isinstance(body, dict) else {}
    code = given.get("authFactorToken")
    return SignIn(
        identifier=_text_field(given, "identifier").strip().lower(),
        password=_text_field(given, "password"),
        sign_in_code=code if isinstance(code, str) else None,
        allow_takendown=given.get("allowTakendown") is True,
    )


def _text_field(given: Mapping[str, object], name: str) -> str:
    if name not in given:
        raise XrpcRefused(400, "InvalidRequest", f'Input must have the property "{name}"')
    value = given[name]
    if not isinstance(value, str):
        raise XrpcRefused(400, "InvalidRequest", f"Input/{name} must be a string")
    return value


def session_scope(person: Person, sign_in: SignIn) -> Scope:
    """What the given password opens (section 4).

    Raises: XrpcRefused 401 for a wrong password, a taken-down account and a missing e-mailed code; the texts for the
    code are unverified.
    """
    by_password = {MAIN_PASSWORD: Scope.ACCESS}
    if person.status is not Status.TAKENDOWN:
        by_password |= {
            person.app_password or "": Scope.APP_PASSWORD,
            person.privileged_password or "": Scope.PRIVILEGED,
        }
    scope = by_password.get(sign_in.password) if sign_in.password else None
    if scope is None:
        raise wrong_password()
    if person.status is Status.TAKENDOWN:
        if not sign_in.allow_takendown:
            raise XrpcRefused(401, "AccountTakedown", "Account has been taken down")
        return Scope.TAKENDOWN
    if scope is Scope.ACCESS and person.email_factor:
        _check_sign_in_code(sign_in.sign_in_code)
    return Scope.QUEUED if person.queued else scope


def wrong_password() -> XrpcRefused:
    """The one refusal for an unknown person, a wrong password and an account of another server."""
    return XrpcRefused(401, "AuthenticationRequired", "Invalid identifier or password")


def _check_sign_in_code(code: str | None) -> None:
    if code is None:
        message = "A sign in code has been sent to your email address"
        raise XrpcRefused(401, "AuthFactorTokenRequired", message)
    if code.strip().upper() != SIGN_IN_CODE:
        raise XrpcRefused(400, "InvalidToken", "Token is invalid")


def account_fields(person: Person) -> dict[str, object]:
    """The fields that createSession, refreshSession and getSession share."""
    active = person.status is Status.ACTIVE
    return {
        "handle": person.handle,
        "did": person.did,
        "didDoc": person.document(),
        "email": person.email,
        "emailConfirmed": True,
        "emailAuthFactor": person.email_factor,
        "active": active,
    } | ({} if active else {"status": person.status.value})


def expect_no_body(call: Call) -> None:
    """Raises: XrpcRefused 400 when a body came to a method that takes none (text unverified)."""
    if call.body:
        raise XrpcRefused(400, "InvalidRequest", "A request body was provided when none was expected")


def parameter(call: Call, name: str) -> str:
    """A required query parameter.

    Raises: XrpcRefused 400 `InvalidRequest` when it is missing or empty.
    """
    if not call.query.get(name):
        raise XrpcRefused(400, "InvalidRequest", f'Error: Params must have the property "{name}"')
    return call.query[name]


def document_reply(person: Person) -> Reply:
    """A DID document with its own content type."""
    plain = Reply.of_json(person.document())
    return Reply(body=plain.body, headers=(("content-type", "application/did+ld+json; charset=utf-8"),))
