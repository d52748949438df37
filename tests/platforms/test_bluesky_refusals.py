"""The Bluesky adapter: passwords and accounts that are refused, servers that fail."""

import traceback

import pytest

from moorline.adapter import app_password
from moorline.errors import PlatformRateLimited, Refused, UnexpectedReply, Unreachable
from moorline.platforms.bluesky import looks_like_app_password
from moorline.wire import Reply
from tests.platforms.bluesky_double import (
    APP_PASSWORD,
    CREATE,
    DELETE,
    DID,
    OTHER_DID,
    PLC,
    RESOLVE,
    WELL_KNOWN,
    answer,
    body_of,
    network,
    recorded,
    refused,
    sign_in,
    text,
    with_access,
)


async def test_s37_a_main_password_is_refused_and_its_session_ended_at_once() -> None:
    net = network({CREATE: recorded("session_main_password")})

    error = await refused(net)

    assert isinstance(error, app_password.MainPassword)
    assert (error.status, error.code) == (400, "main_password")
    assert str(error) == "That was the account's main password. It was not kept; use an app password."
    assert net.urls()[-1] == DELETE
    assert net.request(DELETE).bearer == body_of("session_main_password")["refreshJwt"]


@pytest.mark.parametrize("deletion", [None, recorded("throttled"), recorded("internal_error")])
async def test_s37_a_main_password_is_refused_even_when_the_session_cannot_be_ended(deletion: Reply | None) -> None:
    error = await refused(network({CREATE: recorded("session_main_password"), DELETE: deletion}))

    assert isinstance(error, app_password.MainPassword)


async def test_s37_the_session_of_a_main_password_is_ended_where_it_was_opened() -> None:
    session = body_of("session_main_password")
    session["didDoc"]["service"][0]["serviceEndpoint"] = "https://elsewhere.example"
    net = network({CREATE: answer(session)})

    await refused(net)

    assert net.urls()[-1] == DELETE


async def test_s37_the_tokens_of_a_sign_in_do_not_contain_the_password() -> None:
    signed_in = await sign_in(network())

    everything = (signed_in.tokens.access, signed_in.tokens.refresh, repr(signed_in))
    assert APP_PASSWORD not in str(everything)


@pytest.mark.parametrize(
    ("text_typed", "looks"),
    [
        (APP_PASSWORD, True),
        (f" {APP_PASSWORD} ", True),
        ("2345-abcd-6789-zzzz", True),
        ("correct horse battery staple", False),
        ("abcd-efgh-ijkl", False),
        ("abcd-efgh-ijkl-mnop-qrst", False),
        ("ABCD-EFGH-IJKL-MNOP", False),
        ("", False),
    ],
)
def test_s37_the_form_of_an_app_password_is_recognised(text_typed: str, looks: bool) -> None:
    assert looks_like_app_password(text_typed) is looks


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("session_scope_takendown", "account_taken_down"),
        ("session_scope_signup_queued", "signup_queued"),
        ("session_takendown", "account_taken_down"),
        ("session_suspended", "account_suspended"),
        ("session_deactivated", "account_deactivated"),
        ("account_takedown", "account_taken_down"),
        ("account_deactivated", "account_deactivated"),
    ],
)
async def test_an_account_that_cannot_be_used_is_refused_with_its_reason(reply: str, code: str) -> None:
    error = await refused(network({CREATE: recorded(reply)}))

    assert isinstance(error, app_password.AccountNotEligible)
    assert (error.status, error.code) == (400, code)


async def test_an_inactive_account_without_reason_is_refused_and_its_session_ended() -> None:
    net = network({CREATE: answer({**body_of("session"), "active": False})})

    error = await refused(net)

    assert error.code == "account_inactive"
    assert net.urls()[-1] == DELETE


@pytest.mark.parametrize("reply", ["wrong_password", "password_too_long"])
async def test_a_wrong_password_is_refused_with_the_documented_sentence(reply: str) -> None:
    error = await refused(network({CREATE: recorded(reply)}))

    assert isinstance(error, app_password.InvalidCredentials)
    assert isinstance(error, Refused)
    assert (error.status, error.code) == (400, "invalid_credentials")
    assert str(error) == "Bluesky did not accept this handle and app password."
    assert (error.platform_status, error.platform_code) == (401, "AuthenticationRequired")


async def test_a_sign_in_code_is_not_asked_for_but_an_app_password() -> None:
    error = await refused(network({CREATE: recorded("auth_factor_required")}))

    assert isinstance(error, app_password.SignInCodeRequired)
    assert error.code == "auth_factor_required"


async def test_throttling_tells_how_long_to_wait() -> None:
    error = await refused(network({CREATE: recorded("throttled")}))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == 300
    assert error.platform_code == "RateLimitExceeded"


@pytest.mark.parametrize(
    ("reset", "wait_s"), [("1", 1), ("99999999999", 86_400), ("soon", None), ("", None), ("-5", None), ("1e9", None)]
)
async def test_an_odd_reset_never_makes_us_wait_forever(reset: str, wait_s: int | None) -> None:
    throttled = Reply(status=429, headers={"ratelimit-reset": reset}, body=b"{}")

    error = await refused(network({CREATE: throttled}))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == wait_s


async def test_a_server_that_does_not_answer_is_named() -> None:
    error = await refused(network({CREATE: None}))

    assert isinstance(error, Unreachable)
    assert str(error) == "The server of this account (morel.us-east.host.bsky.network) does not answer."


@pytest.mark.parametrize("reply", ["internal_error", "upstream_failure", "unavailable"])
async def test_a_server_in_trouble_is_unreachable_and_named(reply: str) -> None:
    error = await refused(network({CREATE: recorded(reply)}))

    assert isinstance(error, Unreachable)
    assert "morel.us-east.host.bsky.network" in str(error)


@pytest.mark.parametrize("url", [PLC, RESOLVE])
async def test_a_directory_that_does_not_answer_is_named(url: str) -> None:
    error = await refused(network({WELL_KNOWN: None, RESOLVE: recorded("resolve_handle"), url: None}))

    assert isinstance(error, Unreachable)
    assert url.split("/")[2] in str(error)


def without(key: str) -> Reply:
    return answer({name: value for name, value in body_of("session").items() if name != key})


@pytest.mark.parametrize(
    "reply",
    [
        recorded("field_missing"),
        text("<html>maintenance</html>"),
        text("<html>denied</html>", 401),
        text("<html>none</html>", 404),
        answer([]),
        answer({"error": 7}, 401),
        without("accessJwt"),
        without("refreshJwt"),
        without("did"),
        without("handle"),
        answer({**body_of("session"), "refreshJwt": "a\r\nX-Injected: 1"}),
        Reply(status=302, headers={"location": "https://elsewhere.example"}),
    ],
)
async def test_rubbish_in_answer_to_a_sign_in_is_an_unexpected_reply(reply: Reply) -> None:
    assert isinstance(await refused(network({CREATE: reply})), UnexpectedReply)


@pytest.mark.parametrize(
    "reply",
    [
        with_access({"scope": "com.example.other", "sub": DID}),
        with_access({"scope": ["com.atproto.appPass"], "sub": DID}),
        with_access({"sub": DID}),
        with_access({"scope": "com.atproto.appPass", "sub": OTHER_DID}),
        answer({**body_of("session"), "accessJwt": "opaque"}),
        answer({**body_of("session"), "did": OTHER_DID}),
    ],
)
async def test_s11_a_session_of_unknown_kind_or_another_account_is_refused_and_ended(reply: Reply) -> None:
    net = network({CREATE: reply})

    assert isinstance(await refused(net), UnexpectedReply)
    assert net.urls()[-1] == DELETE


@pytest.mark.parametrize(
    "reply",
    [
        "wrong_password",
        "auth_factor_required",
        "account_takedown",
        "throttled",
        "internal_error",
        "session_main_password",
        "session_suspended",
        "field_missing",
    ],
)
async def test_s30_no_refusal_repeats_password_or_tokens(reply: str) -> None:
    error = await refused(network({CREATE: recorded(reply)}))

    shown = "".join(traceback.format_exception(error)) + repr(error.details) + str(error.platform_code)
    assert APP_PASSWORD not in shown
    assert "c2lnbmF0dXJl" not in shown


async def test_s30_a_server_cannot_have_the_password_repeated_as_its_error_code() -> None:
    error = await refused(network({CREATE: answer({"error": APP_PASSWORD, "message": APP_PASSWORD}, 401)}))

    assert error.platform_code is None
    assert APP_PASSWORD not in str(error)
