"""The Snapchat adapter: what goes wrong, and who can do something about it."""

import json
import traceback

import pytest

from moorline.errors import (
    AppMisconfigured,
    FlowFailed,
    MoorlineError,
    PlatformError,
    PlatformRateLimited,
    Refused,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.snapchat import Snapchat
from moorline.wire import Reply
from tests.platforms.snapchat_double import (
    ACCESS,
    ADS_ME,
    APP,
    CODE,
    HELD,
    HELD_WITH_MARKETING,
    MY_PROFILE,
    REFRESH,
    SECRET,
    listed,
    recorded,
    snapchat,
)
from tests.platforms.transport import NOW, answer, names_of

MEANING: dict[str, type[MoorlineError]] = {
    "error_code_used": Refused,
    "error_refresh_token_dead": Refused,
    "error_refresh_token_dead_401": Refused,
    "error_token_invalid": Refused,
    "error_token_invalid_header": Refused,
    "error_client_wrong": AppMisconfigured,
    "error_client_wrong_400": AppMisconfigured,
    "error_client_unauthorized": AppMisconfigured,
    "error_not_allowlisted": AppMisconfigured,
    "error_no_role": FlowFailed,
    "error_grant_type": UnexpectedReply,
    "error_with_success_status": UnexpectedReply,
    "error_rate_limit": PlatformRateLimited,
    "error_teapot": Unreachable,
    "error_server": Unreachable,
}
GONE = {"error_not_found", "error_gone"}  # at my_profile they mean that the person hosts none: test_snapchat.py


async def failure(reply: Reply) -> MoorlineError:
    """What an answer to my_profile or to a token call is taken for; all must agree."""
    platform = snapchat({MY_PROFILE: reply}, token=reply)
    with pytest.raises(MoorlineError) as at_profile:
        await Snapchat().identify(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_list:
        await listed(platform)
    with pytest.raises(MoorlineError) as at_exchange:
        await Snapchat().exchange(platform, APP, code=CODE, verifier=None)
    with pytest.raises(MoorlineError) as at_refresh:
        await Snapchat().refresh(platform, APP, HELD)
    assert len({type(caught.value) for caught in (at_profile, at_list, at_exchange, at_refresh)}) == 1
    return at_profile.value


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_every_documented_error_says_who_can_do_something(name: str) -> None:
    assert type(await failure(recorded(name))) is MEANING[name]


def test_every_recorded_error_has_a_meaning() -> None:
    assert set(names_of("snapchat", "error_*")) == set(MEANING) | GONE


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_a_person_without_profile_fails_at_the_ads_api_alike(name: str) -> None:
    platform = snapchat({MY_PROFILE: recorded("my_profile_none"), ADS_ME: recorded(name)})

    with pytest.raises(MEANING[name]):
        await Snapchat().identify(platform, APP, HELD_WITH_MARKETING)


@pytest.mark.parametrize("name", sorted(GONE))
async def test_what_is_gone_is_unexpected_where_tokens_are_asked_for(name: str) -> None:
    with pytest.raises(UnexpectedReply):
        await Snapchat().refresh(snapchat(token=recorded(name)), APP, HELD)


@pytest.mark.parametrize("status", [429, 418, 500, 503])
@pytest.mark.parametrize("name", ["error_refresh_token_dead", "error_token_invalid", "error_client_wrong"])
async def test_a_name_that_comes_with_a_passing_status_is_no_dead_token(name: str, status: int) -> None:
    error = await failure(Reply(status=status, body=recorded(name).body))

    assert type(error) is (PlatformRateLimited if status == 429 else Unreachable)


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize(("name", "expected"), [("error_code_used", Refused), ("error_client_wrong", AppMisconfigured)])
async def test_a_name_of_the_token_address_says_more_than_its_status(
    name: str, expected: type[MoorlineError], status: int
) -> None:
    assert type(await failure(Reply(status=status, body=recorded(name).body))) is expected


@pytest.mark.parametrize("code", ["E3002", "E3003", "E1001", None])
@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, UnexpectedReply), (400, UnexpectedReply), (401, Refused), (403, FlowFailed), (500, Unreachable)],
)
async def test_the_apis_errors_are_judged_by_status_and_never_by_code(
    status: int, expected: type[MoorlineError], code: str | None
) -> None:
    assert type(await failure(answer({"request_status": "ERROR", "error_code": code}, status))) is expected


@pytest.mark.parametrize("state", ["ERROR", "error", "FAILED", 7, ["SUCCESS"]])
async def test_a_success_that_is_not_called_one_is_none(state: object) -> None:
    body = {**recorded("my_profile").json(), **recorded("token").json(), "request_status": state}

    assert type(await failure(answer(body))) is UnexpectedReply


@pytest.mark.parametrize("state", ["success", "Success", "PARTIAL"])
async def test_a_profile_that_came_is_taken_however_success_is_written(state: str) -> None:
    reply = answer({**recorded("my_profile").json(), "request_status": state})

    assert (await Snapchat().identify(snapchat({MY_PROFILE: reply}), APP, HELD)).username == "northwindbikes"


@pytest.mark.parametrize("body", [b"", b"\n"])
async def test_a_403_without_a_word_sends_the_operator_to_the_allowlist(body: bytes) -> None:
    error = await failure(Reply(status=403, body=body))

    assert isinstance(error, AppMisconfigured)
    assert "allowlist" in str(error)


async def test_a_403_with_a_reason_is_about_the_person() -> None:
    error = await failure(recorded("error_no_role"))

    assert isinstance(error, FlowFailed)
    assert error.slug == "account_not_eligible"


@pytest.mark.parametrize("body", [b"", b"E", b"{}", b"<html>", b'{"request_status": "ERROR"}', b"[]", b"null"])
async def test_a_403_of_any_form_is_never_a_dead_token(body: bytes) -> None:
    assert not isinstance(await failure(Reply(status=403, body=body)), Refused)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"x-rate-limit-reset": str(int(NOW.timestamp()) + 7)}, 7),
        ({"x-rate-limit-reset": str(int(NOW.timestamp()) - 7)}, 1),
        ({"x-rate-limit-reset": "7"}, 1),
        ({"x-rate-limit-reset": "999999999999"}, 3600),
        ({"x-rate-limit-reset": "soon"}, None),
        ({"x-rate-limit-reset": "soon", "retry-after": "9"}, 9),
        ({"retry-after": "9"}, 9),
        ({}, None),
    ],
)
async def test_a_rate_limit_is_waited_for_as_long_as_the_headers_say(
    headers: dict[str, str], wait_s: int | None
) -> None:
    error = await failure(answer({}, 429, headers))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == wait_s


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("error_code_used", "invalid_grant"),
        ("error_client_wrong", "invalid_client"),
        ("error_token_invalid", "E3002"),
        ("error_with_success_status", "E1001"),
        ("error_rate_limit", "E1005"),
        ("error_server", "E1000"),
        ("error_not_allowlisted", None),
    ],
)
async def test_the_code_of_the_error_is_kept_for_the_log(name: str, told: str | None) -> None:
    error = await failure(recorded(name))

    assert isinstance(error, PlatformError)
    assert (error.platform_code, error.platform_status) == (told, recorded(name).status)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=401, body=b"unauthorized"), Refused),
        (Reply(status=401, body=b"<html>"), Refused),
        (Reply(status=502, body=b"<html>"), Unreachable),
        (Reply(status=418, body=b"<html>"), Unreachable),
        (Reply(status=429, body=b"<html>"), PlatformRateLimited),
        (Reply(status=403, body=b"<html>"), UnexpectedReply),
        (Reply(status=200, body=b"<html>"), UnexpectedReply),
        (Reply(status=200), UnexpectedReply),
        (Reply(status=400, body=b"[]"), UnexpectedReply),
        (answer({"error": {}, "error_code": 7}, 400), UnexpectedReply),
        (answer({"error": "something_new"}, 400), UnexpectedReply),
    ],
)
async def test_an_undocumented_answer_is_read_by_its_status(reply: Reply, expected: type[MoorlineError]) -> None:
    assert type(await failure(reply)) is expected


async def test_no_answer_means_later() -> None:
    with pytest.raises(Unreachable):
        await Snapchat().exchange(snapchat(), APP, code=CODE, verifier=None)


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_s30_no_refusal_repeats_code_token_or_secret(name: str) -> None:
    secrets = (CODE, ACCESS, REFRESH, SECRET)
    reply, echo = recorded(name), " ".join(secrets)
    texts = dict.fromkeys(("error_description", "debug_message", "display_message"), echo)
    body = json.dumps({**reply.json(), **texts}).encode() if reply.body else b""

    error = await failure(Reply(status=reply.status, headers={"www-authenticate": echo}, body=body))

    shown = "".join(traceback.format_exception(error)) + repr(error.details) + str(getattr(error, "platform_code", ""))
    assert not any(secret in shown for secret in secrets)


@pytest.mark.parametrize("name", ["error", "error_code"])
@pytest.mark.parametrize("text", [f"token {ACCESS} is bad", ACCESS + "." + SECRET, "x" * 41, "\ud800", "E 1"])
async def test_s30_a_code_that_is_none_is_not_repeated(name: str, text: str) -> None:
    error = await failure(answer({name: text, "request_status": text}, 418))

    assert isinstance(error, PlatformError)
    assert error.platform_code is None
    assert text not in str(error)
