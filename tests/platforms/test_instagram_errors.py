"""The Instagram adapter: what goes wrong, and who can do something about it."""

import traceback

import pytest

from moorline.errors import (
    AppMisconfigured,
    FlowFailed,
    MoorlineError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.instagram import Instagram
from moorline.wire import Reply
from tests.platforms.instagram_double import (
    APP,
    CODE,
    HELD,
    LONG,
    LONG_LIVED,
    ME,
    ME_UNVERSIONED,
    REFRESH,
    SECRET,
    SHORT,
    TOKEN,
    instagram,
    recorded,
)
from tests.platforms.transport import answer, names_of

MEANING: dict[str, type[MoorlineError]] = {
    "error_code_used": Refused,
    "error_code_used_short": Refused,
    "error_code_used_graph": Refused,
    "error_redirect_uri": AppMisconfigured,
    "error_redirect_uri_graph": AppMisconfigured,
    "error_secret_wrong": AppMisconfigured,
    "error_secret_wrong_long_lived": AppMisconfigured,
    "error_app_unknown": AppMisconfigured,
    "error_app_unknown_graph": AppMisconfigured,
    "error_already_long_lived": Refused,
    "error_token_expired": Refused,
    "error_token_invalidated": Refused,
    "error_token_app_removed": Refused,
    "error_token_invalid": Refused,
    "error_token_unreadable": Refused,
    "error_unknown_object": Refused,
    "error_restricted": Refused,
    "error_not_professional": FlowFailed,
    "error_permission": ScopeMissing,
    "error_permission_first": ScopeMissing,
    "error_permission_last": ScopeMissing,
    "error_parameter": UnexpectedReply,
    "error_unversioned_only": UnexpectedReply,
    "error_unknown": Unreachable,
    "error_service": Unreachable,
    "error_transient": Unreachable,
    "error_rate_app": PlatformRateLimited,
    "error_rate_person": PlatformRateLimited,
    "error_rate_32": PlatformRateLimited,
    "error_rate_613": PlatformRateLimited,
    "error_rate_blocked": PlatformRateLimited,
    "error_rate_posts": PlatformRateLimited,
    "error_rate_account": PlatformRateLimited,
}


async def failure(reply: Reply) -> MoorlineError:
    """What an answer to a read, a token call or a refresh is taken for; all must agree."""
    platform = instagram({("GET", ME): reply, ("GET", ME_UNVERSIONED): reply, ("GET", REFRESH): reply})
    with pytest.raises(MoorlineError) as at_me:
        await Instagram().identify(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_refresh:
        await Instagram().refresh(platform, APP, HELD)
    kinds = {type(at_me.value), type(at_refresh.value)}
    for place in (("POST", TOKEN), ("GET", LONG_LIVED)):
        with pytest.raises(MoorlineError) as at_token:
            await Instagram().exchange(instagram({place: reply}), APP, code=CODE, verifier=None)
        kinds.add(type(at_token.value))
    assert len(kinds) == 1
    return at_me.value


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_every_documented_error_says_who_can_do_something(name: str) -> None:
    assert type(await failure(recorded(name))) is MEANING[name]


def test_every_recorded_error_has_a_meaning() -> None:
    assert set(names_of("instagram", "error_*")) == set(MEANING)


@pytest.mark.parametrize("name", sorted(MEANING))
@pytest.mark.parametrize("status", [400, 403, 500])
async def test_an_error_is_judged_by_what_it_says_and_not_by_its_status(name: str, status: int) -> None:
    reply = recorded(name)
    unknown = MEANING[name] is UnexpectedReply and status == 500

    error = await failure(Reply(status=status, headers=reply.headers, body=reply.body))

    assert type(error) is (Unreachable if unknown else MEANING[name])


async def test_a_wrong_redirect_uri_and_a_wrong_secret_are_told_alike() -> None:
    error = await failure(recorded("error_secret_wrong"))

    assert "app secret and redirect URI" in str(error)


async def test_a_restricted_account_is_told_from_a_dead_token() -> None:
    assert (await failure(recorded("error_restricted"))).code == "account_not_eligible"
    assert (await failure(recorded("error_token_expired"))).code == "token_revoked"


async def test_two_people_with_personal_accounts_are_told_by_two_errors() -> None:
    reply = recorded("error_not_professional")

    assert await failure(reply) is not await failure(reply)


@pytest.mark.parametrize(
    ("name", "told"),
    [("error_token_expired", "190/463"), ("error_unknown_object", "100/33"), ("error_code_used", "OAuthException")],
)
async def test_what_the_platform_calls_it_is_kept_for_the_log(name: str, told: str) -> None:
    error = await failure(recorded(name))

    assert isinstance(error, Refused)
    assert (error.platform_code, error.platform_status) == (told, 400)


async def test_a_rate_limit_of_the_account_tells_the_wait_in_minutes() -> None:
    error = await failure(recorded("error_rate_account"))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == 19 * 60


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=502, body=b"<html>"), Unreachable),
        (Reply(status=429, body=b"<html>"), PlatformRateLimited),
        (Reply(status=401, body=b"<html>"), Refused),
        (Reply(status=400, body=b"<html>"), UnexpectedReply),
        (Reply(status=200, body=b"<html>"), UnexpectedReply),
        (Reply(status=200, body=b"[]"), UnexpectedReply),
        (answer({"error_message": "something new", "error_type": "OAuthException"}, 400), UnexpectedReply),
        (answer({"error_message": "something new", "error_type": "OAuthException"}, 503), Unreachable),
        (answer({"error_message": "something new", "error_type": "OAuthException"}, 429), PlatformRateLimited),
        (answer({"error_message": 7, "error_type": {}}, 400), UnexpectedReply),
        (answer({"error": "odd"}, 400), UnexpectedReply),
        (answer({"error": {"code": [190], "error_subcode": {}, "message": 7}}, 400), UnexpectedReply),
    ],
)
async def test_an_undocumented_error_is_read_by_its_status(reply: Reply, expected: type[MoorlineError]) -> None:
    assert type(await failure(reply)) is expected


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_s30_no_refusal_repeats_code_token_or_secret(name: str) -> None:
    reply = recorded(name)
    body, secrets = reply.json(), (CODE, SHORT, LONG, SECRET)
    if "error" in body:
        body["error"]["message"] += " ".join(("", *secrets))
    else:
        body["error_message"] += " ".join(("", *secrets))

    error = await failure(answer(body, reply.status))

    shown = "".join(traceback.format_exception(error)) + repr(error.details) + str(getattr(error, "platform_code", ""))
    assert not any(secret in shown for secret in secrets)
