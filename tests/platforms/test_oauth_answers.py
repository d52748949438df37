"""The shared OAuth shape: what comes back, and what is made of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline.adapter.oauth import judge_by_status, parse_tokens
from moorline.adapter.values import Connection, Renews, Tokens
from moorline.errors import MoorlineError, PlatformError, PlatformRateLimited, Refused, UnexpectedReply, Unreachable
from moorline.wire import Reply, Request
from tests.platforms.oauth_double import APP, HELD, ME_URL, PERSON, REVOKE_URL, Anywhere, declared, form_of, sent
from tests.platforms.transport import NOW, Platform, answer


def test_a_token_answer_is_mapped() -> None:
    reply = {"access_token": "a", "refresh_token": "r", "expires_in": 3600, "scope": "read write"}

    assert parse_tokens(reply, scope_pattern=" +") == Tokens(
        access="a", refresh="r", access_expires_at=NOW + timedelta(hours=1), granted=("read", "write")
    )


def test_scopes_are_split_where_the_platform_splits_them() -> None:
    assert parse_tokens({"access_token": "a", "scope": "read,write"}, scope_pattern=",").granted == ("read", "write")


@pytest.mark.parametrize(("scope", "granted"), [("", ()), ("read  write ", ("read", "write")), (None, None), (7, None)])
def test_an_odd_scope_names_no_empty_one(scope: object, granted: tuple[str, ...] | None) -> None:
    assert parse_tokens({"access_token": "a", "scope": scope}, scope_pattern=" +").granted == granted


def test_what_a_refresh_does_not_return_is_kept() -> None:
    before = Tokens(
        access="old",
        refresh="r",
        granted=("read",),
        refresh_expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        service_url="https://pds.example",
    )

    assert parse_tokens({"access_token": "new"}, scope_pattern=" +", before=before) == replace(before, access="new")


@pytest.mark.parametrize("returned", [None, "", 7])
def test_a_refresh_token_is_never_blanked(returned: object) -> None:
    after = parse_tokens({"access_token": "a", "refresh_token": returned}, scope_pattern=" +", before=HELD)

    assert after.refresh == "refresh-1"


@pytest.mark.parametrize("reply", [{}, {"access_token": None}, {"access_token": ""}, {"access_token": ["a"]}])
def test_an_answer_without_access_token_is_unexpected(reply: Mapping[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        parse_tokens(reply, scope_pattern=" +")


@pytest.mark.parametrize("lives_s", [None, 0, -1, "3600", float("inf"), float("nan"), 10**30])
def test_a_life_that_is_no_number_of_seconds_counts_as_not_told(lives_s: object) -> None:
    assert parse_tokens({"access_token": "a", "expires_in": lives_s}, scope_pattern=" +").access_expires_at is None


ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.integers())


@given(st.dictionaries(st.sampled_from(["access_token", "refresh_token", "scope", "expires_in"]), ODD))
def test_any_token_answer_gives_tokens_or_is_unexpected(reply: dict[str, Any]) -> None:
    try:
        tokens = parse_tokens(reply, scope_pattern=" +")
    except UnexpectedReply:
        return

    assert tokens.access


@pytest.mark.parametrize(
    "changes", [{"renews": Renews.NEVER}, {"renews": Renews.BY_EXCHANGE}], ids=["never", "exchange"]
)
async def test_a_platform_that_does_not_renew_by_refresh_token_asks_the_person(changes: dict[str, Any]) -> None:
    platform = Anywhere()

    with pytest.raises(Refused):
        await declared(**changes).refresh(platform, APP, HELD)

    assert platform.sent == []


async def test_a_grant_without_refresh_token_asks_the_person() -> None:
    platform = Anywhere()

    with pytest.raises(Refused):
        await declared().refresh(platform, APP, Tokens(access="a"))

    assert platform.sent == []


STATUSES: list[tuple[Reply, type[PlatformError]]] = [
    (answer({}, 429), PlatformRateLimited),
    (answer({}, 500), Unreachable),
    (answer({}, 503), Unreachable),
    (answer({}, 401), Refused),
    (answer({}, 400), UnexpectedReply),
    (answer({}, 403), UnexpectedReply),
    (answer({}, 404), UnexpectedReply),
    (Reply(status=200, body=b"<html>"), UnexpectedReply),
    (Reply(status=200, body=b"[]"), UnexpectedReply),
    (Reply(status=302, headers={"location": "https://elsewhere.example"}), UnexpectedReply),
]


@pytest.mark.parametrize(
    ("reply", "expected"), STATUSES, ids=[f"{reply.status}-{i}" for i, (reply, _) in enumerate(STATUSES)]
)
async def test_a_status_alone_says_what_the_caller_can_do(reply: Reply, expected: type[PlatformError]) -> None:
    with pytest.raises(PlatformError) as caught:
        await declared().identify(Platform({("GET", ME_URL): reply}), APP, HELD)

    assert type(caught.value) is expected


@pytest.mark.parametrize(("told", "wait_s"), [("7", 7), ("soon", None), ("", None), ("\u00b2", None), ("9" * 40, None)])
def test_a_rate_limit_tells_how_long_to_wait(told: str, wait_s: int | None) -> None:
    error = judge_by_status("example", Reply(status=429, headers={"retry-after": told}))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == wait_s


async def test_an_exchange_that_gets_no_answer_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await declared().exchange(Platform({}), APP, code="c-1", verifier=None)


# Revocation


async def test_revoking_withdraws_the_refresh_token_first_then_the_access_token() -> None:
    def revocation(token: str, hint: str) -> Request:
        form = {"token": token, "token_type_hint": hint}
        return Request(method="POST", url=REVOKE_URL, form=form, basic=("id-1", "s3cret"), repeatable=True)

    assert (await sent({})).revoke == [
        revocation("refresh-1", "refresh_token"),
        revocation("access-1", "access_token"),
    ]


async def test_tokens_without_refresh_token_are_revoked_by_the_access_token_alone() -> None:
    platform = Anywhere()

    await declared().revoke(platform, APP, Tokens(access="a"), PERSON)

    assert [form_of(request)["token"] for request in platform.sent] == ["a"]


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>"])
async def test_a_revocation_succeeds_whatever_the_body(body: bytes) -> None:
    await declared().revoke(Platform({("POST", REVOKE_URL): Reply(status=200, body=body)}), APP, HELD, PERSON)


@pytest.mark.parametrize("first", [answer({}, 400), None], ids=["refused", "no answer"])
async def test_a_failed_revocation_of_one_token_does_not_spare_the_other(first: Reply | None) -> None:
    platform = Platform({("POST", REVOKE_URL): [first, answer({})]})

    with pytest.raises(MoorlineError):
        await declared().revoke(platform, APP, HELD, PERSON)

    assert [form_of(request)["token"] for request in platform.sent] == ["refresh-1", "access-1"]


# Nothing to choose


def test_the_person_is_an_account_as_they_are_known() -> None:
    assert declared().person(PERSON) == Connection(
        platform_account_id="7", username="ann", display_name="Ann", picture_url="https://x.example/a.jpg"
    )


async def test_a_platform_without_selection_has_nothing_to_list() -> None:
    with pytest.raises(UnexpectedReply):
        await declared().list_choices(Anywhere(), APP, HELD, PERSON)
    with pytest.raises(UnexpectedReply):
        await declared().adopt(Anywhere(), APP, HELD, PERSON, "7")


async def test_a_choice_is_described_by_nothing_unless_a_platform_says_so() -> None:
    assert await declared().describe(Anywhere(), APP, HELD, "7") == {}


def test_every_error_of_a_callback_is_a_denial_unless_a_platform_says_otherwise() -> None:
    assert declared().denial("access_denied", "The person refused.") is None
