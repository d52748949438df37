"""The Reddit adapter: what goes wrong, and who can do something about it."""

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
from moorline.platforms.reddit import Reddit
from moorline.wire import Reply
from tests.platforms.reddit_double import (
    ACCESS,
    APP,
    CODE,
    HELD,
    ME,
    PERSON,
    REFRESH,
    REVOKE,
    SECRET,
    TOKEN,
    page,
    recorded,
    reddit,
)
from tests.platforms.transport import answer, names_of

# www.reddit.com, where our app asks
MEANING_FOR_THE_APP: dict[str, type[MoorlineError]] = {
    "error_www_code_dead": Refused,
    "error_www_refresh_token_dead": Refused,
    "error_www_refresh_token_dead_2016": Refused,
    "error_www_code_missing": AppMisconfigured,
    "error_www_grant_type": AppMisconfigured,
    "error_www_app_kind": AppMisconfigured,
    "error_www_foreign_token": AppMisconfigured,
    "error_www_credentials": AppMisconfigured,
    "error_www_throttled": PlatformRateLimited,
}
NAMED = sorted(name for name in MEANING_FOR_THE_APP if isinstance(recorded(name).json()["error"], str))

# oauth.reddit.com, where the person's access asks
MEANING_FOR_THE_PERSON: dict[str, type[MoorlineError]] = {
    "error_api_token_dead": Refused,
    "error_api_no_person": Refused,
    "error_api_scope": ScopeMissing,
    "error_api_forbidden": UnexpectedReply,
    "error_api_private": UnexpectedReply,
    "error_api_not_found": UnexpectedReply,
    "error_api_banned": UnexpectedReply,
    "error_api_cursor": UnexpectedReply,
    "error_api_throttled": PlatformRateLimited,
}


async def app_failure(reply: Reply) -> MoorlineError:
    """What an answer to an exchange, a refresh or a revocation is taken for; all must agree."""
    platform = reddit({("POST", TOKEN): reply, ("POST", REVOKE): reply})
    with pytest.raises(MoorlineError) as at_exchange:
        await Reddit().exchange(platform, APP, code=CODE, verifier=None)
    with pytest.raises(MoorlineError) as at_refresh:
        await Reddit().refresh(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_revoke:
        await Reddit().revoke(platform, APP, HELD, PERSON)
    assert len({type(caught.value) for caught in (at_exchange, at_refresh, at_revoke)}) == 1
    return at_refresh.value


async def person_failure(reply: Reply) -> MoorlineError:
    """What an answer to /api/v1/me is taken for."""
    with pytest.raises(MoorlineError) as caught:
        await Reddit().identify(reddit({("GET", ME): reply}), APP, HELD)
    return caught.value


async def failures(reply: Reply) -> list[MoorlineError]:
    """What an answer of either host is taken for."""
    return [await app_failure(reply), await person_failure(reply)]


@pytest.mark.parametrize("name", sorted(MEANING_FOR_THE_APP))
async def test_every_documented_error_of_a_token_call_says_who_can_do_something(name: str) -> None:
    assert type(await app_failure(recorded(name))) is MEANING_FOR_THE_APP[name]


@pytest.mark.parametrize("name", sorted(MEANING_FOR_THE_PERSON))
async def test_every_documented_error_of_the_api_says_who_can_do_something(name: str) -> None:
    assert type(await person_failure(recorded(name))) is MEANING_FOR_THE_PERSON[name]


def test_every_recorded_error_has_a_meaning() -> None:
    assert set(names_of("reddit", "error_*")) == {*MEANING_FOR_THE_APP, *MEANING_FOR_THE_PERSON}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("status", [200, 400, 401, 403])
async def test_an_error_with_a_name_is_judged_by_it_whatever_the_status(name: str, status: int) -> None:
    assert type(await app_failure(Reply(status=status, body=recorded(name).body))) is MEANING_FOR_THE_APP[name]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (400, Refused),
        (401, AppMisconfigured),
        (403, AppMisconfigured),
        (404, UnexpectedReply),
        (429, PlatformRateLimited),
        (503, Unreachable),
    ],
)
async def test_an_error_with_a_number_is_an_error_in_a_success_too(number: int, expected: type[MoorlineError]) -> None:
    assert type(await app_failure(answer({"error": number}))) is expected


async def test_an_error_beside_a_token_is_still_an_error() -> None:
    body = {**recorded("token").json(), **recorded("error_www_code_dead").json()}

    with pytest.raises(Refused):
        await Reddit().exchange(reddit({("POST", TOKEN): answer(body)}), APP, code=CODE, verifier=None)


async def test_wrong_credentials_do_not_cost_the_person_the_connection() -> None:
    unauthorized = recorded("error_www_credentials")

    assert type(await app_failure(unauthorized)) is AppMisconfigured
    assert type(await app_failure(Reply(status=401, body=b"<html>"))) is AppMisconfigured
    assert type(await person_failure(Reply(status=401, body=unauthorized.body))) is Refused
    assert type(await person_failure(page(401))) is Refused


async def test_a_scope_that_is_missing_is_named() -> None:
    error = await person_failure(recorded("error_api_scope"))

    assert isinstance(error, ScopeMissing)
    assert error.scope == "identity"


# Waiting


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "30", "x-ratelimit-reset": "540"}, 30),
        ({"x-ratelimit-reset": "540"}, 540),
        ({"x-ratelimit-reset": "0.4"}, 1),
        ({"x-ratelimit-reset": "540.2"}, 541),
        ({"retry-after": "0", "x-ratelimit-reset": "12"}, 12),
        ({"retry-after": "0"}, 1),
        ({"x-ratelimit-reset": "0"}, 1),
        ({"retry-after": "Wed, 25 Nov 2026 00:00:00 GMT"}, None),
        ({"retry-after": "999999999"}, 86_400),
        ({"x-ratelimit-reset": "9" * 5000}, None),
        ({"x-ratelimit-reset": "-1"}, None),
        ({"x-ratelimit-reset": "inf"}, None),
        ({"x-ratelimit-reset": "\u00b2"}, None),
        ({}, None),
    ],
    ids=str,
)
async def test_a_rate_limit_is_waited_for_as_long_as_the_headers_say(
    headers: dict[str, str], wait_s: int | None
) -> None:
    for error in await failures(answer({"message": "Too Many Requests", "error": 429}, 429, headers)):
        assert isinstance(error, PlatformRateLimited)
        assert error.retry_after_s == wait_s


async def test_a_rate_limit_told_in_html_is_one() -> None:
    for error in await failures(page(429, {"retry-after": "7"})):
        assert isinstance(error, PlatformRateLimited)
        assert error.retry_after_s == 7


async def test_a_block_with_an_end_is_waited_for() -> None:
    for error in await failures(page(403, {"retry-after": "60"})):
        assert isinstance(error, PlatformRateLimited)
        assert error.retry_after_s == 60


async def test_a_block_without_end_is_told_to_the_operator() -> None:
    for error in await failures(page(403)):
        assert isinstance(error, AppMisconfigured)
        assert (error.platform_status, error.platform_code) == (403, "blocked")


async def test_limits_beside_a_refusal_do_not_make_it_a_rate_limit() -> None:
    headers = {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "540"}

    assert type(await person_failure(answer({"message": "Unauthorized", "error": 401}, 401, headers))) is Refused


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 522])
async def test_trouble_at_reddit_means_later(status: int) -> None:
    assert {type(error) for error in await failures(page(status))} == {Unreachable}
    assert type(await app_failure(answer({"error": "invalid_grant"}, status))) is Unreachable


async def test_no_answer_means_later() -> None:
    with pytest.raises(Unreachable):
        await Reddit().exchange(reddit({("POST", TOKEN): None}), APP, code=CODE, verifier=None)


# The rest


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=400, body=b"<html>"),
        Reply(status=400, body=b"[]"),
        answer({"error": None}, 400),
        answer({"error": ""}, 400),
        answer({"error": {}}, 400),
        answer({"error": True}, 400),
        answer({"error": 7}, 400),
        answer({}, 404),
        Reply(status=302, headers={"location": "https://www.reddit.com/login"}),
    ],
)
async def test_what_no_document_describes_is_unexpected_and_kills_no_token(reply: Reply) -> None:
    assert {type(error) for error in await failures(reply)} == {UnexpectedReply}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("error_www_code_dead", "invalid_grant"),
        ("error_www_app_kind", "unauthorized_client"),
        ("error_www_refresh_token_dead", "400"),
        ("error_www_credentials", None),
    ],
)
async def test_the_name_of_the_error_is_kept_for_the_log(name: str, told: str | None) -> None:
    error = await app_failure(recorded(name))

    assert isinstance(error, PlatformError)
    assert (error.platform_code, error.platform_status) == (told, recorded(name).status)


@pytest.mark.parametrize("field", ["error", "error_description", "message", "explanation", "reason"])
@pytest.mark.parametrize("name", sorted({*MEANING_FOR_THE_APP, *MEANING_FOR_THE_PERSON}))
async def test_s30_no_refusal_repeats_code_token_or_secret(name: str, field: str) -> None:
    reply, secrets = recorded(name), (CODE, ACCESS, REFRESH, SECRET)
    echo = answer({**reply.json(), field: " ".join(secrets)}, reply.status, reply.headers)
    platform = reddit({("POST", TOKEN): echo, ("GET", ME): echo})

    with pytest.raises(MoorlineError) as at_exchange:
        await Reddit().exchange(platform, APP, code=CODE, verifier=None)
    with pytest.raises(MoorlineError) as at_me:
        await Reddit().identify(platform, APP, HELD)

    for error in (at_exchange.value, at_me.value):
        shown = "".join(traceback.format_exception(error)) + repr(error.details)
        shown += str(getattr(error, "platform_code", ""))
        assert not any(secret in shown for secret in secrets)
