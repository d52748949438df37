"""What Google's platforms share: both shapes of errors, quotas, paging, revocation."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from moorline import clock
from moorline.adapter import google
from moorline.adapter.oauth import MAX_ITEMS
from moorline.adapter.values import App, Identity, Tokens
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
from moorline.platforms.googlebusiness import GoogleBusiness
from moorline.platforms.youtube import YouTube
from moorline.wire import Reply, Request
from tests.platforms.transport import MAX_CALLS, Platform, answer, body_of, names_of, recorded

REVOKE = "https://oauth2.googleapis.com/revoke"
APP = App(client_id="7-x.apps.googleusercontent.com", client_secret="GOCSPX-x")
HELD = Tokens(access="ya29.first", refresh="1//0first")
PERSON = Identity(platform_user_id="1", username="Jane", display_name="Jane")

MEANING: dict[str, type[MoorlineError]] = {
    "signin_code_malformed": Refused,
    "signin_code_used": Refused,
    "signin_verifier_missing": Refused,
    "signin_verifier_wrong": Refused,
    "signin_verifier_not_needed": Refused,
    "signin_refresh_token_dead": Refused,
    "signin_session_policy": Refused,
    "signin_administrator": Refused,
    "signin_token_gone": Refused,
    "signin_redirect_uri": AppMisconfigured,
    "signin_secret_wrong": AppMisconfigured,
    "signin_secret_wrong_older": AppMisconfigured,
    "signin_secret_missing": AppMisconfigured,
    "signin_client_unknown": AppMisconfigured,
    "signin_client_deleted": AppMisconfigured,
    "signin_client_unauthorized": AppMisconfigured,
    "signin_client_unauthorized_400": AppMisconfigured,
    "signin_code_missing": UnexpectedReply,
    "signin_grant_type": UnexpectedReply,
    "signin_internal_failure": Unreachable,
    "signin_server_error": Unreachable,
    "signin_temporarily_unavailable": Unreachable,
    "call_unauthenticated": Refused,
    "call_token_expired": Refused,
    "call_scope": ScopeMissing,
    "call_scope_by_text": ScopeMissing,
    "call_disabled": AppMisconfigured,
    "call_quota_zero": AppMisconfigured,
    "call_quota_of_the_minute": PlatformRateLimited,
    "call_quota_without_details": PlatformRateLimited,
    "call_permission_denied": UnexpectedReply,
    "call_not_found": UnexpectedReply,
    "call_invalid_argument": UnexpectedReply,
    "call_unavailable": Unreachable,
    "call_internal": Unreachable,
}


def judged(reply: Reply) -> MoorlineError:
    error = google.judge("YouTube", reply)
    assert error is not None
    return error


# Errors


@pytest.mark.parametrize("name", sorted(MEANING))
def test_every_documented_error_says_who_can_do_something(name: str) -> None:
    assert type(judged(recorded("google", name))) is MEANING[name]


def test_every_recorded_error_has_a_meaning() -> None:
    assert {*names_of("google", "signin_*"), *names_of("google", "call_*")} == set(MEANING)


@pytest.mark.parametrize("name", sorted(names_of("google", "signin_*")))
@pytest.mark.parametrize(
    ("status", "expected"),
    [(408, Unreachable), (429, PlatformRateLimited), (500, Unreachable), (503, Unreachable), (504, Unreachable)],
)
def test_no_error_of_the_sign_in_ends_a_grant_with_a_status_that_means_later(
    name: str, status: int, expected: type[MoorlineError]
) -> None:
    assert type(judged(Reply(status=status, body=recorded("google", name).body))) is expected


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("signin_refresh_token_dead", "invalid_grant"),
        ("signin_secret_wrong", "invalid_client"),
        ("call_unauthenticated", "UNAUTHENTICATED"),
        ("call_token_expired", "UNAUTHENTICATED/ACCESS_TOKEN_EXPIRED"),
        ("call_disabled", "PERMISSION_DENIED/SERVICE_DISABLED"),
        ("call_invalid_argument", "INVALID_ARGUMENT"),
    ],
)
def test_the_name_of_the_error_is_kept_for_the_log(name: str, told: str) -> None:
    reply = recorded("google", name)
    error = judged(reply)

    assert isinstance(error, PlatformError)
    assert (error.platform_code, error.platform_status) == (told, reply.status)


def test_what_an_administrator_forbids_is_told_from_a_dead_token() -> None:
    assert judged(recorded("google", "signin_administrator")).code == "account_not_eligible"
    assert judged(recorded("google", "signin_refresh_token_dead")).code == "token_revoked"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=502, body=b"<html>"), Unreachable),
        (Reply(status=408), Unreachable),
        (Reply(status=429, body=b"<html>"), PlatformRateLimited),
        (Reply(status=401, body=b"<html>"), Refused),
        (Reply(status=403, body=b"<html>"), UnexpectedReply),
        (Reply(status=400, body=b"[]"), UnexpectedReply),
        (answer({"error": None}, 400), UnexpectedReply),
        (answer({"error": ["invalid_grant"]}, 400), UnexpectedReply),
        (answer({"error": "invalid_grant", "error_description": ["odd"]}, 400), Refused),
        (answer({"error": "invalid_request", "error_description": "Invalid Credentials"}, 401), Refused),
        (answer({"error": {}}, 400), UnexpectedReply),
        (answer({"error": {}}, 401), Refused),
        (answer({"error": {}}, 408), Unreachable),
        (answer({"error": {"errors": "odd", "details": [7], "status": [], "message": 7}}, 403), UnexpectedReply),
        (answer({"error": {"details": [{"reason": {}, "metadata": "odd"}]}}, 403), UnexpectedReply),
    ],
)
def test_an_undocumented_error_is_read_by_its_status(reply: Reply, expected: type[MoorlineError]) -> None:
    assert type(judged(reply)) is expected


def test_a_success_is_no_error() -> None:
    assert google.judge("YouTube", answer({"error": "invalid_grant"})) is None
    assert google.reasons_of(answer({"error": {"status": "INTERNAL"}})) == frozenset()


@pytest.mark.parametrize("name", ["4/0AcOde", "ya29.first", "1//0first", "GOCSPX-x", "a" * 61])
def test_s30_what_cannot_be_the_name_of_an_error_is_not_repeated(name: str) -> None:
    for error in (judged(answer({"error": name}, 400)), judged(answer({"error": {"status": name}}, 400))):
        assert name not in str(error)
        assert getattr(error, "platform_code", None) == "400"


# Quotas


def with_limit(value: object) -> Reply:
    body = body_of("google", "call_quota_zero")
    body["error"]["details"] = [{"reason": "RATE_LIMIT_EXCEEDED"}, {"metadata": {"quota_limit_value": value}}]
    return answer(body, 429)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0", AppMisconfigured), (0, AppMisconfigured), ("300", PlatformRateLimited), (None, PlatformRateLimited)],
)
def test_a_quota_of_zero_is_the_operators_and_no_wait_ends_it(value: object, expected: type[MoorlineError]) -> None:
    assert type(judged(with_limit(value))) is expected


def daily() -> Reply:
    return answer({"error": {"code": 403, "message": "x", "errors": [{"reason": "quotaExceeded"}]}}, 403)


@pytest.mark.parametrize(
    ("now", "wait_s"),
    [
        (datetime(2026, 11, 24, 0, 0, tzinfo=UTC), 8 * 3600),
        (datetime(2026, 11, 24, 7, 59, 30, tzinfo=UTC), 30),
        (datetime(2026, 11, 24, 8, 0, tzinfo=UTC), 24 * 3600),
        (datetime(2026, 12, 31, 20, 0, tzinfo=UTC), 12 * 3600),
    ],
)
def test_a_days_quota_is_waited_for_until_midnight_in_california(now: datetime, wait_s: int) -> None:
    clock.freeze(now)
    error = judged(daily())

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == wait_s


@pytest.mark.parametrize(
    "reply", [recorded("google", "call_quota_of_the_minute"), answer({"error": "x"}, 429), Reply(status=429)]
)
def test_another_rate_limit_is_waited_for_a_minute_or_as_long_as_google_says(reply: Reply) -> None:
    told = Reply(status=reply.status, headers={"retry-after": "7"}, body=reply.body)
    waits = [getattr(judged(given), "retry_after_s", None) for given in (reply, told)]

    assert waits == [60, 7]


# Granted scopes


@pytest.mark.parametrize(("granted", "missing"), [(("b",), "a"), ((), "a"), (("a",), "b")])
def test_the_first_scope_that_is_missing_is_named(granted: tuple[str, ...], missing: str) -> None:
    with pytest.raises(ScopeMissing) as caught:
        google.require("YouTube", Tokens(access="t", granted=granted), "a", "b")

    assert caught.value.scope == missing


@pytest.mark.parametrize("granted", [("b", "c", "a"), None])
def test_scopes_are_a_set_and_those_not_told_are_not_missing(granted: tuple[str, ...] | None) -> None:
    google.require("YouTube", Tokens(access="t", granted=granted), "a", "b")


# Revocation


@pytest.mark.parametrize("adapter", [YouTube(), GoogleBusiness()], ids=lambda adapter: adapter.name)
@pytest.mark.parametrize(
    ("tokens", "token"), [(HELD, "1//0first"), (Tokens(access="ya29.first"), "ya29.first")], ids=["refresh", "access"]
)
async def test_s30_one_token_is_revoked_in_the_form_and_without_our_credentials(
    adapter: YouTube | GoogleBusiness, tokens: Tokens, token: str
) -> None:
    platform = Platform({("POST", REVOKE): recorded("google", "revoked")})

    await adapter.revoke(platform, APP, tokens, PERSON)

    assert platform.sent == [Request(method="POST", url=REVOKE, form={"token": token}, repeatable=True)]
    assert adapter.revokes_person


@pytest.mark.parametrize("adapter", [YouTube(), GoogleBusiness()], ids=lambda adapter: adapter.name)
@pytest.mark.parametrize("reply", [recorded("google", "signin_token_gone"), Reply(status=200), Reply(status=204)])
async def test_a_grant_that_is_gone_already_is_revoked(adapter: YouTube | GoogleBusiness, reply: Reply) -> None:
    platform = Platform({("POST", REVOKE): reply})

    await adapter.revoke(platform, APP, HELD, PERSON)

    assert len(platform.sent) == 1


@pytest.mark.parametrize("adapter", [YouTube(), GoogleBusiness()], ids=lambda adapter: adapter.name)
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=404, body=b"<html>"), UnexpectedReply),
        (answer({"error": "invalid_request"}, 400), UnexpectedReply),
        (recorded("google", "signin_temporarily_unavailable"), Unreachable),
        (Reply(status=429), PlatformRateLimited),
        (None, Unreachable),
    ],
)
async def test_a_revocation_that_failed_says_so(
    adapter: YouTube | GoogleBusiness, reply: Reply | None, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await adapter.revoke(Platform({("POST", REVOKE): reply}), APP, HELD, PERSON)


# Lists


class Pages:
    """Result pages, given one after the other, the last again and again."""

    def __init__(self, *pages: Mapping[str, Any]) -> None:
        self.asked: list[Mapping[str, str]] = []
        self._left = list(pages)

    async def __call__(self, paging: Mapping[str, str]) -> Mapping[str, Any]:
        self.asked.append(paging)
        assert len(self.asked) <= MAX_CALLS
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


async def numbers(entries: AsyncIterator[Mapping[str, Any]]) -> list[int]:
    return [entry["n"] async for entry in entries]


async def test_a_list_is_read_to_its_end_over_short_and_empty_pages() -> None:
    pages = Pages(
        {"things": [{"n": 1}], "nextPageToken": "b"},
        {"nextPageToken": "c"},
        {"things": [], "nextPageToken": "d"},
        {"things": [{"n": 2}], "nextPageToken": ""},
    )

    assert await numbers(google.pages_of(pages, "things")) == [1, 2]
    assert pages.asked == [{}, {"pageToken": "b"}, {"pageToken": "c"}, {"pageToken": "d"}]


@pytest.mark.parametrize("tokens", [("a", "a"), ("a", "b", "a")])
async def test_a_list_that_turns_in_a_circle_is_unexpected(tokens: tuple[str, ...]) -> None:
    pages = Pages(*({"things": [], "nextPageToken": token} for token in tokens))

    with pytest.raises(UnexpectedReply):
        await numbers(google.pages_of(pages, "things"))

    assert len(pages.asked) == len(tokens)


async def test_a_list_without_end_is_left_once_it_is_too_long() -> None:
    half = [{"n": 1}] * (MAX_ITEMS // 2)
    pages = Pages(*({"things": half, "nextPageToken": token} for token in "abc"))

    assert len(await numbers(google.pages_of(pages, "things"))) == MAX_ITEMS
    assert len(pages.asked) == 2


@pytest.mark.parametrize(
    "page", [{"things": None}, {"things": {"n": 1}}, {"things": ["odd"]}, {"things": [], "nextPageToken": 7}]
)
async def test_a_list_that_is_none_is_unexpected(page: Mapping[str, Any]) -> None:
    pages = Pages(page)

    with pytest.raises(UnexpectedReply):
        await numbers(google.pages_of(pages, "things"))

    assert len(pages.asked) == 1
