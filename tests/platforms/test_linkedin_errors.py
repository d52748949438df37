"""The LinkedIn adapter: what goes wrong, and who can do something about it."""

import traceback
from datetime import timedelta
from typing import Any

import pytest

from moorline import clock
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    PlatformError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.linkedin import LinkedIn
from moorline.wire import Reply
from tests.platforms.linkedin_double import (
    ACCESS,
    APP,
    CODE,
    HELD,
    PERSON,
    REFRESH,
    ROLES,
    SECRET,
    TOKEN,
    USERINFO,
    linkedin,
    recorded,
)
from tests.platforms.transport import answer, names_of

MEANING: dict[str, type[MoorlineError]] = {
    "error_code_used": Refused,
    "error_code_expired": Refused,
    "error_code_expired_documented": Refused,
    "error_refresh_token_dead": Refused,
    "error_token_invalid": Refused,
    "error_token_not_sent": Refused,
    "error_token_revoked": Refused,
    "error_token_expired": Refused,
    "error_client_wrong": AppMisconfigured,
    "error_client_id_missing": AppMisconfigured,
    "error_client_secret_missing": AppMisconfigured,
    "error_version_ended": AppMisconfigured,
    "error_denied": ScopeMissing,
    "error_code_missing": UnexpectedReply,
    "error_redirect_uri_missing": UnexpectedReply,
    "error_grant_type_missing": UnexpectedReply,
    "error_version_missing": UnexpectedReply,
    "error_parameter": UnexpectedReply,
    "error_not_found": UnexpectedReply,
    "error_internal": Unreachable,
    "error_unavailable": Unreachable,
    "error_throttled_app": PlatformRateLimited,
    "error_throttled_member": PlatformRateLimited,
    "error_share_limit": PlatformRateLimited,
}


async def failure(reply: Reply) -> MoorlineError:
    """What an answer to any call is taken for; all must agree."""
    platform = linkedin({("POST", TOKEN): reply, ("GET", USERINFO): reply, ("GET", ROLES): reply})
    with pytest.raises(MoorlineError) as at_userinfo:
        await LinkedIn().identify(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_exchange:
        await LinkedIn().exchange(platform, APP, code=CODE, verifier=None)
    with pytest.raises(MoorlineError) as at_refresh:
        await LinkedIn().refresh(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_list:
        await LinkedIn().list_choices(platform, APP, HELD, PERSON)
    assert len({type(caught.value) for caught in (at_userinfo, at_exchange, at_refresh, at_list)}) == 1
    return at_userinfo.value


def without(name: str, *fields: str) -> Reply:
    """A recorded error with some of the fields that may be missing left out."""
    reply = recorded(name)
    body: dict[str, Any] = {key: value for key, value in reply.json().items() if key not in fields}
    return answer(body, reply.status)


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_every_documented_error_says_who_can_do_something(name: str) -> None:
    assert type(await failure(recorded(name))) is MEANING[name]


def test_every_recorded_error_has_a_meaning() -> None:
    assert set(names_of("linkedin", "error_*")) == set(MEANING)


@pytest.mark.parametrize(
    "name",
    [
        "error_token_invalid",
        "error_token_revoked",
        "error_token_expired",
        "error_denied",
        "error_not_found",
        "error_version_ended",
        "error_version_missing",
        "error_throttled_app",
        "error_internal",
    ],
)
@pytest.mark.parametrize("fields", [("code",), ("serviceErrorCode",), ("code", "serviceErrorCode"), ("message",)])
async def test_name_number_or_text_of_an_error_may_be_missing(name: str, fields: tuple[str, ...]) -> None:
    assert type(await failure(without(name, *fields))) is MEANING[name]


# Whose fault


@pytest.mark.parametrize(
    "reply",
    [
        answer({"error": "invalid_client"}, 400),
        answer({"error": "unauthorized_client"}, 400),
        answer({"error": "something_new", "error_description": "who are you"}, 401),
        answer({"error": "invalid_request", "error_description": "client unknown"}, 401),
    ],
)
async def test_a_refused_client_is_never_taken_for_a_dead_token(reply: Reply) -> None:
    assert type(await failure(reply)) is AppMisconfigured


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_token"])
@pytest.mark.parametrize("status", [400, 401])
async def test_the_standard_names_of_dead_codes_and_tokens_are_understood(error: str, status: int) -> None:
    assert type(await failure(answer({"error": error}, status))) is Refused


async def test_a_version_that_ended_names_the_setting() -> None:
    error = await failure(recorded("error_version_ended"))

    assert "MOORLINE_LINKEDIN_API_VERSION" in str(error)


async def test_a_version_that_ended_is_known_by_its_status_or_its_name() -> None:
    assert type(await failure(Reply(status=426, body=b"<html>"))) is AppMisconfigured
    assert type(await failure(answer({"code": "NONEXISTENT_VERSION"}, 400))) is AppMisconfigured


# Waiting


@pytest.mark.parametrize(
    ("waited", "left_s"),
    [(timedelta(0), 24 * 3600), (timedelta(hours=18, minutes=30), 5.5 * 3600), (timedelta(hours=23, seconds=3599), 1)],
)
async def test_a_limit_by_the_day_is_waited_for_until_midnight_utc(waited: timedelta, left_s: float) -> None:
    clock.advance(waited)

    error = await failure(recorded("error_throttled_app"))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == left_s


@pytest.mark.parametrize(
    ("reply", "wait_s"),
    [
        (recorded("error_throttled_member"), 120),
        (without("error_throttled_app", "code", "serviceErrorCode"), 24 * 3600),
        (without("error_throttled_app", "message", "code"), 24 * 3600),
        (answer({"code": "TOO_MANY_REQUESTS"}, 400), 24 * 3600),
        (recorded("error_share_limit"), None),
        (Reply(status=429, body=b"<html>"), None),
        (Reply(status=429, headers={"retry-after": "7"}, body=b"<html>"), 7),
        (answer({"error": "invalid_request", "error_description": "refresh token is invalid"}, 429), None),
    ],
)
async def test_a_rate_limit_says_how_long_where_it_is_known(reply: Reply, wait_s: int | None) -> None:
    error = await failure(reply)

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == wait_s


# What is told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("error_code_used", "invalid_request"),
        ("error_client_wrong", "invalid_client"),
        ("error_token_expired", "EXPIRED_ACCESS_TOKEN"),
        ("error_token_not_sent", "65600"),
        ("error_throttled_app", "TOO_MANY_REQUESTS"),
    ],
)
async def test_the_name_of_the_error_is_kept_for_the_log(name: str, told: str) -> None:
    error = await failure(recorded(name))

    assert isinstance(error, PlatformError)
    assert (error.platform_code, error.platform_status) == (told, recorded(name).status)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=502, body=b"<html>"), Unreachable),
        (answer({"error": "invalid_grant"}, 503), Unreachable),
        (answer({"code": "EXPIRED_ACCESS_TOKEN", "status": 401}, 500), Unreachable),
        (Reply(status=401, body=b"<html>"), UnexpectedReply),
        (Reply(status=403, body=b"<html>"), UnexpectedReply),
        (Reply(status=404, body=b"<html>"), UnexpectedReply),
        (Reply(status=400, body=b"[]"), UnexpectedReply),
        (answer({}, 401), UnexpectedReply),
        (answer({"code": "SOMETHING_NEW"}, 401), Refused),
        (answer({"code": "SOMETHING_NEW", "serviceErrorCode": 4711}, 403), UnexpectedReply),
        (answer({"error": "invalid_request", "error_description": "odd"}, 400), UnexpectedReply),
        (answer({"error": "something_new"}, 400), UnexpectedReply),
        (answer({"error": {}, "code": [], "serviceErrorCode": {}, "message": 7}, 400), UnexpectedReply),
    ],
)
async def test_an_undocumented_error_is_read_by_its_status(reply: Reply, expected: type[MoorlineError]) -> None:
    assert type(await failure(reply)) is expected


async def test_no_answer_means_later() -> None:
    with pytest.raises(Unreachable):
        await LinkedIn().exchange(linkedin({("POST", TOKEN): None}), APP, code=CODE, verifier=None)


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_s30_no_refusal_repeats_code_token_or_secret(name: str) -> None:
    reply, secrets = recorded(name), (CODE, ACCESS, REFRESH, SECRET)
    body = {**reply.json()}
    told = "error_description" if "error" in body else "message"
    body[told] = " ".join((body[told], *secrets))

    error = await failure(answer(body, reply.status))

    shown = "".join(traceback.format_exception(error)) + repr(error.details) + str(getattr(error, "platform_code", ""))
    assert type(error) is MEANING[name]
    assert not any(secret in shown for secret in secrets)


# What the callback says


@pytest.mark.parametrize("code", ["user_cancelled_login", "user_cancelled_authorize", "access_denied", ""])
def test_a_person_who_cancelled_refused(code: str) -> None:
    assert LinkedIn().denial(code, "The user cancelled the authorization") is None


@pytest.mark.parametrize("code", ["unauthorized_scope_error", "invalid_scope_error"])
@pytest.mark.parametrize(
    "description",
    [
        "Scope &quot;w_organization_social&quot; is not authorized for your application",
        'Scope "w_organization_social" is not authorized for your application',
    ],
    ids=["escaped", "plain"],
)
def test_a_scope_the_app_may_not_ask_for_is_the_operators_to_mend(code: str, description: str) -> None:
    error = LinkedIn().denial(code, description)

    assert isinstance(error, AppMisconfigured)
    assert error.platform_code == code
    assert str(error) == (
        "LinkedIn does not let this app ask for w_organization_social: add its product to the app, or leave it out of "
        "MOORLINE_LINKEDIN_SCOPES."
    )


@pytest.mark.parametrize("description", ["", "odd", '"<script>"', f'"{"a" * 41}"', "&quot;"])
def test_a_description_that_names_no_scope_is_not_repeated(description: str) -> None:
    error = LinkedIn().denial("unauthorized_scope_error", description)

    assert isinstance(error, AppMisconfigured)
    assert "ask for one of the scopes:" in str(error)
