"""The Threads adapter: what goes wrong, and who can do something about it."""

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
from moorline.platforms.threads import Threads
from moorline.wire import Reply
from tests.platforms.threads_double import (
    APP,
    CODE,
    HELD,
    LONG,
    LONG_LIVED,
    ME,
    REFRESH,
    SECRET,
    SHORT,
    TOKEN,
    recorded,
    threads,
)
from tests.platforms.transport import answer, names_of

MEANING: dict[str, type[MoorlineError]] = {
    "error_code_used": Refused,
    "error_code_used_graph": Refused,
    "error_redirect_uri": AppMisconfigured,
    "error_redirect_uri_graph": AppMisconfigured,
    "error_redirect_uri_invalid": AppMisconfigured,
    "error_secret_wrong": AppMisconfigured,
    "error_secret_wrong_graph": AppMisconfigured,
    "error_secret_wrong_told": AppMisconfigured,
    "error_app_unknown": AppMisconfigured,
    "error_app_unknown_graph": AppMisconfigured,
    "error_token_expired": Refused,
    "error_token_invalidated": Refused,
    "error_token_app_removed": Refused,
    "error_token_unreadable": Refused,
    "error_session": Refused,
    "error_resource": Refused,
    "error_resource_100": Refused,
    "error_permission": ScopeMissing,
    "error_permission_first": ScopeMissing,
    "error_permission_last": ScopeMissing,
    "error_parameter": UnexpectedReply,
    "error_unknown": Unreachable,
    "error_service": Unreachable,
    "error_transient": Unreachable,
    "error_rate_app": PlatformRateLimited,
    "error_rate_person": PlatformRateLimited,
    "error_rate_32": PlatformRateLimited,
    "error_rate_613": PlatformRateLimited,
    "error_rate_80000": PlatformRateLimited,
    "error_rate_80002": PlatformRateLimited,
    "error_rate_80009": PlatformRateLimited,
}


async def failure(reply: Reply) -> MoorlineError:
    """What an answer to a read, a token call or a refresh is taken for; all must agree."""
    platform = threads({("GET", ME): reply, ("GET", REFRESH): reply})
    with pytest.raises(MoorlineError) as at_me:
        await Threads().identify(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_refresh:
        await Threads().refresh(platform, APP, HELD)
    kinds = {type(at_me.value), type(at_refresh.value)}
    for place in (("POST", TOKEN), ("GET", LONG_LIVED)):
        with pytest.raises(MoorlineError) as at_token:
            await Threads().exchange(threads({place: reply}), APP, code=CODE, verifier=None)
        kinds.add(type(at_token.value))
    assert len(kinds) == 1
    return at_me.value


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_every_documented_error_says_who_can_do_something(name: str) -> None:
    assert type(await failure(recorded(name))) is MEANING[name]


def test_every_recorded_error_has_a_meaning() -> None:
    assert set(names_of("threads", "error_*")) == set(MEANING)


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


@pytest.mark.parametrize(
    ("name", "told"),
    [("error_token_expired", "190/463"), ("error_resource_100", "100"), ("error_code_used", "OAuthException")],
)
async def test_what_the_platform_calls_it_is_kept_for_the_log(name: str, told: str) -> None:
    error = await failure(recorded(name))

    assert isinstance(error, Refused)
    assert (error.platform_code, error.platform_status) == (told, 400)


async def test_a_rate_limit_of_the_profile_tells_the_wait_in_minutes() -> None:
    error = await failure(recorded("error_rate_80002"))

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
