"""The Facebook adapter: what goes wrong, and who can do something about it."""

import json
import traceback

import pytest

from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.facebook import Facebook
from moorline.wire import Reply
from tests.platforms.facebook_double import APP, CODE, HELD, LONG, ME, SECRET, TOKEN, facebook, recorded
from tests.platforms.transport import answer, names_of

MEANING: dict[str, type[MoorlineError]] = {
    "error_code_used": Refused,
    "error_code_expired": Refused,
    "error_code_redirect_uri": Refused,
    "error_code_malformed": Refused,
    "error_secret_wrong": AppMisconfigured,
    "error_app_unknown": AppMisconfigured,
    "error_app_redirect": AppMisconfigured,
    "error_proof_missing": AppMisconfigured,
    "error_token_expired": Refused,
    "error_token_password_changed": Refused,
    "error_token_app_removed": Refused,
    "error_token_checkpoint": Refused,
    "error_token_unconfirmed_person": Refused,
    "error_token_invalid": Refused,
    "error_token_page_role_lost": Refused,
    "error_token_unreadable": Refused,
    "error_token_unreadable_401": Refused,
    "error_session": Refused,
    "error_token_not_sent": UnexpectedReply,
    "error_permission": ScopeMissing,
    "error_permission_first": ScopeMissing,
    "error_permission_last": ScopeMissing,
    "error_parameter": UnexpectedReply,
    "error_unknown_object": UnexpectedReply,
    "error_foreign_token": UnexpectedReply,
    "error_unknown": Unreachable,
    "error_service": Unreachable,
    "error_transient": Unreachable,
    "error_rate_app": PlatformRateLimited,
    "error_rate_person": PlatformRateLimited,
    "error_rate_page": PlatformRateLimited,
    "error_rate_341": PlatformRateLimited,
    "error_rate_613": PlatformRateLimited,
    "error_rate_business": PlatformRateLimited,
    "error_restricted": Refused,
    "error_restricted_publishing": Refused,
    "error_duplicate_post": UnexpectedReply,
}


async def failure(reply: Reply) -> MoorlineError:
    """What an answer to a read, or to a token call, is taken for; both must agree."""
    with pytest.raises(MoorlineError) as at_me:
        await Facebook().identify(facebook({("GET", ME): reply}), APP, HELD)
    with pytest.raises(MoorlineError) as at_token:
        await Facebook().exchange(facebook({("POST", TOKEN): reply}), APP, code=CODE, verifier=None)
    assert type(at_me.value) is type(at_token.value)
    return at_me.value


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_every_documented_error_says_who_can_do_something(name: str) -> None:
    assert type(await failure(recorded(name))) is MEANING[name]


def test_every_recorded_error_has_a_meaning() -> None:
    assert set(names_of("facebook", "error_*")) == set(MEANING)


@pytest.mark.parametrize("name", sorted(MEANING))
@pytest.mark.parametrize("status", [200, 400, 403, 500])
async def test_an_error_is_judged_by_its_code_and_not_by_its_status(name: str, status: int) -> None:
    reply = recorded(name)
    unknown = MEANING[name] is UnexpectedReply and status == 500

    error = await failure(Reply(status=status, headers=reply.headers, body=reply.body))

    assert type(error) is (Unreachable if unknown else MEANING[name])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("error_token_checkpoint", "log in at facebook.com"),
        ("error_token_unconfirmed_person", "confirm the Facebook account"),
        ("error_token_page_role_lost", "no role on the Page"),
        ("error_token_expired", "no longer accepts this access"),
    ],
)
async def test_a_dead_token_is_told_with_what_the_person_has_to_do(name: str, told: str) -> None:
    error = await failure(recorded(name))

    assert told in str(error)
    assert error.code == "token_revoked"


@pytest.mark.parametrize("name", ["error_restricted", "error_restricted_publishing"])
async def test_a_restricted_account_is_told_from_a_dead_token(name: str) -> None:
    assert (await failure(recorded(name))).code == "account_not_eligible"


async def test_code_and_subcode_are_kept_for_the_log() -> None:
    error = await failure(recorded("error_token_expired"))

    assert isinstance(error, Refused)
    assert (error.platform_code, error.platform_status) == ("190/463", 400)


async def test_a_rate_limit_of_a_portfolio_tells_the_wait_in_minutes() -> None:
    error = await failure(recorded("error_rate_business"))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == 19 * 60


@pytest.mark.parametrize(("code", "of_app"), [(4, True), (17, False), (32, False), (80001, True)])
async def test_the_limit_of_one_person_or_page_is_told_from_that_of_the_app(code: int, *, of_app: bool) -> None:
    error = await failure(answer({"error": {"code": code}}, 400))

    assert isinstance(error, PlatformRateLimited)
    assert error.app_waits is of_app


def used(*minutes: object) -> str:
    return json.dumps({"901": [{"type": "pages", "estimated_time_to_regain_access": told} for told in minutes]})


@pytest.mark.parametrize(
    ("usage", "wait_s"),
    [
        (used(3, 7, 0), 420),
        (used(0), None),
        (used(-5), None),
        (used("soon", None), None),
        ('{"901": "odd", "902": ["odd"], "903": 7}', None),
        ("[]", None),
        ("not json", None),
        ("[" * 100_000, None),
        ("", None),
    ],
    ids=["longest", "none", "negative", "no number", "odd", "list", "no json", "deep", "absent"],
)
async def test_an_odd_usage_header_tells_no_wait(usage: str, wait_s: int | None) -> None:
    body = recorded("error_rate_business").body

    error = await failure(Reply(status=400, headers={"x-business-use-case-usage": usage}, body=body))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == wait_s


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=502, body=b"<html>"), Unreachable),
        (Reply(status=429, body=b"<html>"), PlatformRateLimited),
        (Reply(status=401, body=b"<html>"), Refused),
        (Reply(status=400, body=b"<html>"), UnexpectedReply),
        (Reply(status=200, body=b"<html>"), UnexpectedReply),
        (answer({"error": "odd"}, 400), UnexpectedReply),
        (answer({"error": {}}, 400), UnexpectedReply),
        (answer({"error": {}}, 500), Unreachable),
        (answer({"error": {"code": [190], "error_subcode": {}, "message": 7}}, 400), UnexpectedReply),
        (answer({"error": {"code": "190"}}, 400), UnexpectedReply),
    ],
)
async def test_an_undocumented_error_is_read_by_its_status(reply: Reply, expected: type[MoorlineError]) -> None:
    assert type(await failure(reply)) is expected


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_s30_no_refusal_repeats_code_token_or_secret(name: str) -> None:
    reply = recorded(name)
    body = reply.json()
    body["error"]["message"] += f" {CODE} {LONG} {SECRET}"
    body["error"]["error_user_msg"] = f"{CODE} {LONG} {SECRET}"

    error = await failure(answer(body, reply.status))

    shown = "".join(traceback.format_exception(error)) + repr(error.details) + str(getattr(error, "platform_code", ""))
    assert not any(secret in shown for secret in (CODE, LONG, SECRET))
