"""The X adapter: what goes wrong, and who can do something about it."""

import traceback

import pytest

from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    PlatformError,
    PlatformRateLimited,
    Refused,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.twitter import Twitter
from moorline.wire import Reply
from tests.platforms import transport
from tests.platforms.transport import answer
from tests.platforms.twitter_double import (
    APP,
    CODE,
    HELD,
    SECRET,
    VERIFIER,
    recorded,
    x,
)

MEANING: dict[str, type[PlatformError]] = {
    "error_code_used": Refused,
    "error_code_invalid_grant": Refused,
    "error_redirect_uri": Refused,
    "error_verifier_wrong": Refused,
    "error_verifier_missing": UnexpectedReply,
    "error_client_id_missing": UnexpectedReply,
    "error_refresh_token_dead": Refused,
    "error_secret_wrong": AppMisconfigured,
    "error_client_unknown": AppMisconfigured,
    "error_client_unknown_400": AppMisconfigured,
    "error_unauthorized": Refused,
    "error_credits_depleted": AppMisconfigured,
    "error_unsupported_authentication": UnexpectedReply,
    "error_client_not_enrolled": AppMisconfigured,
    "error_client_forbidden": AppMisconfigured,
    "error_not_authorized_for_resource": Refused,
    "error_forbidden": Refused,
    "error_suspended": Refused,
    "error_not_found": UnexpectedReply,
    "error_invalid_request": UnexpectedReply,
    "error_too_many_requests": PlatformRateLimited,
    "error_rate_limit_exceeded": PlatformRateLimited,
    "error_usage_capped": AppMisconfigured,
    "error_service_unavailable": Unreachable,
    "error_v1_rate_limit": PlatformRateLimited,
    "error_v1_token_invalid": Refused,
    "error_v1_not_authenticated": Refused,
}


async def failure(reply: Reply) -> MoorlineError:
    """What an answer to /2/users/me, or to a token call, is taken for; both must agree."""
    with pytest.raises(MoorlineError) as at_me:
        await Twitter().identify(x(me=reply), APP, HELD)
    with pytest.raises(MoorlineError) as at_token:
        await Twitter().refresh(x(token=reply), APP, HELD)
    assert type(at_me.value) is type(at_token.value)
    return at_me.value


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_every_documented_error_says_who_can_do_something(name: str) -> None:
    error = await failure(recorded(name))

    assert type(error) is MEANING[name]


def test_every_recorded_error_has_a_meaning() -> None:
    assert set(transport.names_of("twitter", "error_*")) == set(MEANING)


async def test_a_suspended_account_is_told_from_a_dead_token() -> None:
    assert (await failure(recorded("error_suspended"))).code == "account_not_eligible"
    assert (await failure(recorded("error_unauthorized"))).code == "token_revoked"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer({}, 402), AppMisconfigured),
        (answer({}, 429), PlatformRateLimited),
        (Reply(status=502, body=b"<html>"), Unreachable),
        (Reply(status=403, body=b"<html>"), UnexpectedReply),
        (Reply(status=400, body=b"[]"), UnexpectedReply),
        (answer({"errors": "odd"}, 400), UnexpectedReply),
        (answer({"title": 7, "type": 7}, 404), UnexpectedReply),
    ],
)
async def test_an_error_without_a_documented_body_is_read_by_its_status(
    reply: Reply, expected: type[PlatformError]
) -> None:
    assert type(await failure(reply)) is expected


@pytest.mark.parametrize("name", ["error_too_many_requests", "error_rate_limit_exceeded", "error_v1_rate_limit"])
async def test_a_rate_limit_tells_the_seconds_until_the_reset(name: str) -> None:
    error = await failure(recorded(name))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == 480


@pytest.mark.parametrize(
    ("reset", "wait_s"),
    [("1795478401", 1), ("1795470000", 1), ("9" * 12, 86_400), ("9" * 5000, None), ("soon", None), ("\u00b2", None)],
)
async def test_an_odd_reset_never_makes_us_wait_forever(reset: str, wait_s: int | None) -> None:
    error = await failure(Reply(status=429, headers={"x-rate-limit-reset": reset}))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == wait_s


async def test_no_answer_means_later() -> None:
    with pytest.raises(Unreachable):
        await Twitter().exchange(x(), APP, code=CODE, verifier=VERIFIER)


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_s30_no_refusal_repeats_code_verifier_or_secret(name: str) -> None:
    reply = recorded(name)
    echo = {**reply.json(), "detail": f"{CODE} {VERIFIER}", "request": {"client_secret": SECRET, "code": CODE}}

    with pytest.raises(PlatformError) as caught:
        await Twitter().exchange(x(token=answer(echo, reply.status)), APP, code=CODE, verifier=VERIFIER)

    error = caught.value
    shown = "".join(traceback.format_exception(error)) + repr(error.details) + str(error.platform_code)
    assert not any(secret in shown for secret in (CODE, VERIFIER, SECRET))
