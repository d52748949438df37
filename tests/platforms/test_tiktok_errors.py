"""The TikTok adapter: what goes wrong, and who can do something about it."""

import traceback

import pytest

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
from moorline.platforms.tiktok import TikTok
from moorline.wire import Reply
from tests.platforms.tiktok_double import ACCESS, APP, CODE, HELD, PERSON, REFRESH, SECRET, recorded, tiktok
from tests.platforms.transport import answer, names_of

MEANING: dict[str, type[MoorlineError]] = {
    "error_code_expired": Refused,
    "error_access_denied": Refused,
    "error_refresh_token_dead": Refused,
    "error_token_invalid": Refused,
    "error_token_invalid_flat": Refused,
    "error_spam_risk": Refused,
    "error_user_banned": Refused,
    "error_redirect_uri": AppMisconfigured,
    "error_client_wrong": AppMisconfigured,
    "error_client_unauthorized": AppMisconfigured,
    "error_secret_missing": AppMisconfigured,
    "error_verifier": AppMisconfigured,
    "error_scope_invalid": AppMisconfigured,
    "error_user_cap": AppMisconfigured,
    "error_scope_not_authorized": ScopeMissing,
    "error_scope_missed": ScopeMissing,
    "error_malformed": UnexpectedReply,
    "error_grant_type": UnexpectedReply,
    "error_response_type": UnexpectedReply,
    "error_params": UnexpectedReply,
    "error_older_wrapper": UnexpectedReply,
    "error_server": Unreachable,
    "error_unavailable": Unreachable,
    "error_internal": Unreachable,
    "error_rate_limit": PlatformRateLimited,
}


async def failure(reply: Reply) -> MoorlineError:
    """What an answer to /v2/user/info/, a token call or a revocation is taken for; all must agree."""
    platform = tiktok(token=reply, me=reply, revoke=reply)
    with pytest.raises(MoorlineError) as at_me:
        await TikTok().identify(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_exchange:
        await TikTok().exchange(platform, APP, code=CODE, verifier=None)
    with pytest.raises(MoorlineError) as at_refresh:
        await TikTok().refresh(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_revoke:
        await TikTok().revoke(platform, APP, HELD, PERSON)
    assert len({type(caught.value) for caught in (at_me, at_exchange, at_refresh, at_revoke)}) == 1
    return at_me.value


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_every_documented_error_says_who_can_do_something(name: str) -> None:
    assert type(await failure(recorded(name))) is MEANING[name]


def test_every_recorded_error_has_a_meaning() -> None:
    assert set(names_of("tiktok", "error_*")) == set(MEANING)


@pytest.mark.parametrize("name", sorted(MEANING))
@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
async def test_an_error_is_judged_by_its_name_and_not_by_its_status(name: str, status: int) -> None:
    unknown = MEANING[name] is UnexpectedReply and status == 500

    error = await failure(Reply(status=status, body=recorded(name).body))

    assert type(error) is (Unreachable if unknown else MEANING[name])


async def test_an_error_beside_a_token_is_still_an_error() -> None:
    body = {**recorded("token").json(), **recorded("error_code_expired").json()}

    with pytest.raises(Refused):
        await TikTok().exchange(tiktok(token=answer(body)), APP, code=CODE, verifier=None)


@pytest.mark.parametrize("name", ["error_spam_risk", "error_user_banned"])
async def test_a_restricted_account_is_told_from_a_dead_token(name: str) -> None:
    assert (await failure(recorded(name))).code == "account_not_eligible"
    assert (await failure(recorded("error_token_invalid"))).code == "token_revoked"


@pytest.mark.parametrize("reply", [recorded("error_rate_limit"), answer({}, 429), Reply(status=429, body=b"<html>")])
async def test_a_rate_limit_is_waited_for_a_minute_since_no_header_tells(reply: Reply) -> None:
    error = await failure(reply)

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == 60


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("error_code_expired", "invalid_grant"),
        ("error_token_invalid", "access_token_invalid"),
        ("error_token_invalid_flat", "access_token_invalid"),
        ("error_older_wrapper", "10007"),
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
        (Reply(status=401, body=b"<html>"), Refused),
        (Reply(status=403, body=b"<html>"), UnexpectedReply),
        (Reply(status=400, body=b"[]"), UnexpectedReply),
        (answer({"error": {"code": "ok"}}, 500), Unreachable),
        (answer({"error": {"code": "something_new"}}), UnexpectedReply),
        (answer({"error": "something_new"}), UnexpectedReply),
        (answer({"error": {}}, 400), UnexpectedReply),
        (answer({"error": {"code": {}, "message": []}}, 400), UnexpectedReply),
        (answer({"message": "error", "data": "odd"}), UnexpectedReply),
    ],
)
async def test_an_undocumented_error_is_read_by_its_status(reply: Reply, expected: type[MoorlineError]) -> None:
    assert type(await failure(reply)) is expected


async def test_no_answer_means_later() -> None:
    with pytest.raises(Unreachable):
        await TikTok().exchange(tiktok(), APP, code=CODE, verifier=None)


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_s30_no_refusal_repeats_code_token_or_secret(name: str) -> None:
    body, secrets = recorded(name).json(), (CODE, ACCESS, REFRESH, SECRET)
    echo = " ".join(("", *secrets))
    if isinstance(body.get("error"), dict):
        body["error"]["message"] += echo
    else:
        body["error_description"] = body.get("error_description", "") + echo
        body["data"] = {**body.get("data", {}), "description": echo}

    error = await failure(answer(body, recorded(name).status))

    shown = "".join(traceback.format_exception(error)) + repr(error.details) + str(getattr(error, "platform_code", ""))
    assert not any(secret in shown for secret in secrets)
