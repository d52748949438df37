"""The YouTube adapter: what goes wrong, and who can do something about it."""

import traceback

import pytest

from moorline.errors import (
    AppMisconfigured,
    FlowFailed,
    MoorlineError,
    PlatformError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.youtube import YouTube
from moorline.wire import Reply
from tests.platforms import transport
from tests.platforms.oauth_double import VERIFIER
from tests.platforms.transport import answer, names_of
from tests.platforms.youtube_double import ACCESS, APP, CODE, HELD, PERSON, REFRESH, SECRET, recorded, youtube

MEANING: dict[str, type[MoorlineError]] = {
    "error_auth": Refused,
    "error_auth_without_status": Refused,
    "error_signup_required": FlowFailed,
    "error_channel_closed": FlowFailed,
    "error_channel_suspended": FlowFailed,
    "error_person_suspended": FlowFailed,
    "error_quota": PlatformRateLimited,
    "error_daily_limit": PlatformRateLimited,
    "error_rate_limit": PlatformRateLimited,
    "error_rate_limit_person": PlatformRateLimited,
    "error_rate_limit_details": PlatformRateLimited,
    "error_scope": ScopeMissing,
    "error_scope_details": ScopeMissing,
    "error_not_configured": AppMisconfigured,
    "error_not_configured_details": AppMisconfigured,
    "error_forbidden": UnexpectedReply,
    "error_backend": Unreachable,
    "error_backend_503": Unreachable,
}

SIGN_IN: dict[str, type[MoorlineError]] = {
    "signin_code_used": Refused,
    "signin_verifier_wrong": Refused,
    "signin_refresh_token_dead": Refused,
    "signin_redirect_uri": AppMisconfigured,
    "signin_secret_wrong": AppMisconfigured,
    "signin_temporarily_unavailable": Unreachable,
    "signin_code_missing": UnexpectedReply,
}


async def failure(reply: Reply | None) -> MoorlineError:
    """What an answer to the list of channels, a token call or a revocation is taken for; all must agree."""
    platform = youtube(token=reply, channels=reply, revoke=reply)
    with pytest.raises(MoorlineError) as at_channels:
        await YouTube().identify(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_exchange:
        await YouTube().exchange(platform, APP, code=CODE, verifier=VERIFIER)
    with pytest.raises(MoorlineError) as at_refresh:
        await YouTube().refresh(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_revoke:
        await YouTube().revoke(platform, APP, HELD, PERSON)
    assert len({type(caught.value) for caught in (at_channels, at_exchange, at_refresh, at_revoke)}) == 1
    return at_channels.value


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_every_documented_error_says_who_can_do_something(name: str) -> None:
    assert type(await failure(recorded(name))) is MEANING[name]


def test_every_recorded_error_has_a_meaning() -> None:
    assert set(names_of("youtube", "error_*")) == set(MEANING)


@pytest.mark.parametrize("name", sorted(SIGN_IN))
async def test_an_error_of_the_sign_in_says_who_can_do_something(name: str) -> None:
    assert type(await failure(transport.recorded("google", name))) is SIGN_IN[name]


@pytest.mark.parametrize("name", ["error_channel_closed", "error_channel_suspended", "error_person_suspended"])
async def test_a_closed_channel_is_told_from_a_dead_token(name: str) -> None:
    error = await failure(recorded(name))

    assert isinstance(error, FlowFailed)
    assert error.slug == "account_not_eligible"


@pytest.mark.parametrize(
    ("name", "wait_s"),
    [("error_quota", 8 * 3600), ("error_daily_limit", 8 * 3600), ("error_rate_limit", 60)],
)
async def test_a_days_quota_is_waited_for_longer_than_a_rate_limit(name: str, wait_s: int) -> None:
    error = await failure(recorded(name))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == wait_s


@pytest.mark.parametrize(
    ("name", "told"),
    [("error_auth", "UNAUTHENTICATED/authError"), ("error_quota", "quotaExceeded"), ("error_forbidden", "forbidden")],
)
async def test_the_name_of_the_error_is_kept_for_the_log(name: str, told: str) -> None:
    error = await failure(recorded(name))

    assert isinstance(error, PlatformError)
    assert (error.platform_code, error.platform_status) == (told, recorded(name).status)


async def test_no_answer_means_later() -> None:
    assert type(await failure(None)) is Unreachable


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_s30_no_error_of_the_api_repeats_token_or_secret(name: str) -> None:
    body, secrets = recorded(name).json(), (CODE, VERIFIER, ACCESS, REFRESH, SECRET)
    body["error"]["message"] += " ".join(("", *secrets))
    body["error"]["errors"] = [*body["error"].get("errors", []), {"reason": ACCESS, "message": SECRET}]

    assert_silent(await failure(answer(body, recorded(name).status)), secrets)


@pytest.mark.parametrize("name", sorted(SIGN_IN))
async def test_s30_no_error_of_the_sign_in_repeats_code_token_or_secret(name: str) -> None:
    reply, secrets = transport.recorded("google", name), (CODE, VERIFIER, ACCESS, REFRESH, SECRET)
    body = reply.json()
    body["error_description"] += " ".join(("", *secrets))

    assert_silent(await failure(answer(body, reply.status)), secrets)


def assert_silent(error: MoorlineError, secrets: tuple[str, ...]) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error.details) + str(getattr(error, "platform_code", ""))
    assert not any(secret in shown for secret in secrets)
