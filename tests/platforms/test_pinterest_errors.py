"""The Pinterest adapter: what goes wrong, and who can do something about it."""

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
from moorline.platforms.pinterest import Pinterest
from moorline.wire import Reply
from tests.platforms.pinterest_double import ACCESS, APP, CODE, HELD, ME, REFRESH, SECRET, TOKEN, pinterest, recorded
from tests.platforms.transport import NOW, answer, names_of

Kind = type[MoorlineError]

# What an answer means to a call of the API, and what at the token address.
MEANING: dict[str, tuple[Kind, Kind]] = {
    "error_grant_invalid": (Refused, Refused),
    "error_grant_invalid_400": (UnexpectedReply, Refused),
    "error_refresh_token_invalid": (UnexpectedReply, Refused),
    "error_invalid_grant": (UnexpectedReply, Refused),
    "error_authentication": (Refused, AppMisconfigured),
    "error_parameters": (UnexpectedReply, Refused),
    "error_scope_401": (ScopeMissing, Refused),
    "error_scope_403": (ScopeMissing, ScopeMissing),
    "error_not_authorized": (AppMisconfigured, AppMisconfigured),
    "error_not_permitted": (AppMisconfigured, AppMisconfigured),
    "error_forbidden": (AppMisconfigured, AppMisconfigured),
    "error_user_unknown": (UnexpectedReply, UnexpectedReply),
    "error_board_unknown": (UnexpectedReply, UnexpectedReply),
    "error_pin_unknown": (UnexpectedReply, UnexpectedReply),
    "error_rate_limit": (PlatformRateLimited, PlatformRateLimited),
    "error_rate_limit_other": (PlatformRateLimited, PlatformRateLimited),
    "error_server": (Unreachable, Unreachable),
    "error_unavailable": (Unreachable, Unreachable),
}


async def at_the_api(reply: Reply | None) -> MoorlineError:
    with pytest.raises(MoorlineError) as caught:
        await Pinterest().identify(pinterest({("GET", ME): reply}), APP, HELD)
    return caught.value


async def at_a_trade(reply: Reply | None) -> MoorlineError:
    """What an answer to the exchange, and to the refresh, is taken for; both must agree."""
    platform = pinterest({("POST", TOKEN): reply})
    with pytest.raises(MoorlineError) as at_exchange:
        await Pinterest().exchange(platform, APP, code=CODE, verifier=None)
    with pytest.raises(MoorlineError) as at_refresh:
        await Pinterest().refresh(platform, APP, HELD)
    assert type(at_exchange.value) is type(at_refresh.value)
    return at_refresh.value


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_every_documented_error_of_the_api_says_who_can_do_something(name: str) -> None:
    assert type(await at_the_api(recorded(name))) is MEANING[name][0]


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_every_documented_error_of_a_trade_says_who_can_do_something(name: str) -> None:
    assert type(await at_a_trade(recorded(name))) is MEANING[name][1]


def test_every_recorded_error_has_a_meaning() -> None:
    assert set(names_of("pinterest", "error_*")) == set(MEANING)


@pytest.mark.parametrize("code", [283, "283", 1, 7, 40, 999, "invalid_grant"])
@pytest.mark.parametrize("status", [400, 401])
async def test_any_refusal_of_a_trade_but_2_means_connecting_again(code: object, status: int) -> None:
    error = await at_a_trade(answer({"code": code, "message": "x"}, status))

    assert isinstance(error, Refused)
    assert (error.code, error.platform_code, error.platform_status) == ("token_revoked", str(code), status)


@pytest.mark.parametrize("body", [{"code": 2}, {"code": "2"}, {"error": "invalid_client"}])
@pytest.mark.parametrize("status", [400, 401])
async def test_bad_credentials_are_the_operators_whatever_the_status(body: dict[str, object], status: int) -> None:
    error = await at_a_trade(answer(body, status))

    assert isinstance(error, AppMisconfigured)
    assert "Check its secret, then try again." in str(error)


@pytest.mark.parametrize("status", [400, 401, 403, 429])
async def test_a_rate_limit_is_never_read_as_a_dead_token(status: int) -> None:
    reply = answer({"code": 8, "message": "x"}, status)

    assert isinstance(await at_the_api(reply), PlatformRateLimited)
    assert isinstance(await at_a_trade(reply), PlatformRateLimited)


@pytest.mark.parametrize("code", [2, 3, 8, 283])
async def test_trouble_at_pinterest_passes_whatever_its_code(code: int) -> None:
    reply = answer({"code": code, "message": "x"}, 500)

    assert isinstance(await at_the_api(reply), Unreachable)
    assert isinstance(await at_a_trade(reply), Unreachable)


SECOND = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"x-ratelimit-reset": "17"}, 17),
        ({"x-ratelimit-reset": "0"}, 1),
        ({"x-ratelimit-reset": "999999"}, 86_400),
        ({"x-ratelimit-reset": f"{SECOND + 40}"}, 40),
        ({"x-ratelimit-reset": f"{SECOND - 40}"}, 1),
        ({"x-ratelimit-reset": "9" * 12}, 86_400),
        ({"x-ratelimit-reset": "17", "retry-after": "5"}, 5),
        ({"retry-after": "999999"}, 86_400),
        ({"x-ratelimit-reset": "9" * 5000}, None),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-reset": "\u00b2"}, None),
        ({}, None),
    ],
)
async def test_a_rate_limit_tells_how_long_to_wait_and_never_for_ever(
    headers: dict[str, str], wait_s: int | None
) -> None:
    error = await at_the_api(Reply(status=429, headers=headers))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == wait_s


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=502, body=b"<html>"), Unreachable),
        (Reply(status=429, body=b"<html>"), PlatformRateLimited),
        (Reply(status=401, body=b"<html>"), Refused),
        (Reply(status=403, body=b"<html>"), UnexpectedReply),
        (Reply(status=400, body=b"<html>"), UnexpectedReply),
        (Reply(status=400, body=b"[]"), UnexpectedReply),
        (answer({"code": {}, "message": []}, 400), UnexpectedReply),
        (answer({"code": True}, 400), UnexpectedReply),
        (answer({"code": 99}, 403), UnexpectedReply),
        (recorded("token_spaced"), UnexpectedReply),
        (None, Unreachable),
    ],
)
async def test_an_answer_without_a_documented_body_is_read_by_its_status(reply: Reply | None, expected: Kind) -> None:
    assert type(await at_the_api(reply)) is expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=502, body=b"<html>"), Unreachable),
        (Reply(status=401, body=b"<html>"), Refused),
        (Reply(status=400, body=b"<html>"), UnexpectedReply),
        (Reply(status=403, body=b"<html>"), UnexpectedReply),
        (answer({"code": {}}, 400), UnexpectedReply),
        (answer({"code": 2, "message": "Authentication failed.", "status": "failure"}), UnexpectedReply),
        (None, Unreachable),
    ],
)
async def test_a_trade_without_a_documented_body_is_read_by_its_status(reply: Reply | None, expected: Kind) -> None:
    assert type(await at_a_trade(reply)) is expected


@pytest.mark.parametrize(
    "name", ["error_authentication", "error_not_permitted", "error_rate_limit", "error_parameters"]
)
async def test_code_and_status_are_kept_for_the_log(name: str) -> None:
    error = await at_the_api(recorded(name))

    assert isinstance(error, PlatformError)
    assert error.platform_code == str(recorded(name).json()["code"])
    assert error.platform_status == recorded(name).status


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_s30_no_refusal_repeats_code_token_or_secret(name: str) -> None:
    body, secrets = recorded(name).json(), (CODE, ACCESS, REFRESH, SECRET)
    body |= {"message": " ".join(secrets), "error_description": " ".join(secrets)}
    reply = answer(body, recorded(name).status)

    for error in (await at_the_api(reply), await at_a_trade(reply)):
        shown = "".join(traceback.format_exception(error)) + str(getattr(error, "platform_code", ""))
        assert not any(secret in shown for secret in secrets)


@pytest.mark.parametrize("echoed", [f"{ACCESS}7", SECRET])
async def test_s30_what_is_no_known_form_of_a_code_is_not_repeated(echoed: str) -> None:
    error = await at_the_api(answer({"code": echoed}, 400))

    assert isinstance(error, PlatformError)
    assert error.platform_code is None
    assert echoed not in str(error)
