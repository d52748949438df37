"""The Bluesky adapter: sessions renewed and ended, and tokens read."""

import base64
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline.adapter.atproto_session import read_claims
from moorline.adapter.values import Tokens
from moorline.errors import PlatformError, PlatformRateLimited, Refused, UnexpectedReply, Unreachable
from moorline.platforms.bluesky import Bluesky, to_identity
from moorline.wire import Reply, Request
from tests.platforms.bluesky_double import (
    CREATE,
    DELETE,
    DID,
    PDS,
    REFRESH,
    answer,
    body_of,
    network,
    recorded,
    sign_in,
    stored_tokens,
    text,
    with_access,
)
from tests.platforms.transport import NOW

# Refresh


async def test_a_refresh_sends_the_refresh_token_and_no_body() -> None:
    net = network()

    await Bluesky().refresh(net, stored_tokens())

    assert net.sent == [
        Request(
            method="POST",
            url=REFRESH,
            bearer=body_of("session")["refreshJwt"],
            repeatable=True,
            guarded=True,
            timeout_s=10.0,
        )
    ]


async def test_a_refresh_answers_both_new_tokens_and_keeps_the_server() -> None:
    renewed = await Bluesky().refresh(network(), stored_tokens())

    assert renewed.access == body_of("refreshed")["accessJwt"]
    assert renewed.refresh == body_of("refreshed")["refreshJwt"]
    assert renewed.service_url == PDS
    assert renewed.access_expires_at == NOW + timedelta(minutes=120)
    assert renewed.refresh_expires_at == NOW + timedelta(days=90)


async def test_a_refresh_follows_the_account_to_the_server_its_document_names() -> None:
    document = body_of("did_document")
    document["service"][0]["serviceEndpoint"] = "https://pds.example.net"

    renewed = await Bluesky().refresh(
        network({REFRESH: answer({**body_of("refreshed"), "didDoc": document})}), stored_tokens()
    )

    assert renewed.service_url == "https://pds.example.net"


@pytest.mark.parametrize(
    "reply",
    [
        "expired_token",
        "revoked_token",
        "invalid_token",
        "bad_token_scope",
        "malformed_token",
        "account_takedown",
        "auth_missing",
        "account_not_found",
        "account_moved",
    ],
)
async def test_a_dead_session_is_refused_so_that_the_person_is_asked_again(reply: str) -> None:
    with pytest.raises(Refused) as caught:
        await Bluesky().refresh(network({REFRESH: recorded(reply)}), stored_tokens())

    assert caught.value.code == "token_revoked"
    assert caught.value.platform_code == body_of(reply)["error"]


@pytest.mark.parametrize("reply", ["internal_error", "upstream_failure", "unavailable", "account_deactivated"])
async def test_a_server_in_trouble_leaves_the_session_for_later(reply: str) -> None:
    with pytest.raises(Unreachable):
        await Bluesky().refresh(network({REFRESH: recorded(reply)}), stored_tokens())


async def test_a_lost_answer_leaves_the_session_for_later() -> None:
    with pytest.raises(Unreachable):
        await Bluesky().refresh(network({REFRESH: None}), stored_tokens())


async def test_a_throttled_refresh_tells_how_long_to_wait() -> None:
    with pytest.raises(PlatformRateLimited) as caught:
        await Bluesky().refresh(network({REFRESH: recorded("throttled")}), stored_tokens())

    assert caught.value.retry_after_s == 300


@pytest.mark.parametrize(
    "reply",
    [recorded("field_missing"), recorded("wrong_password"), text("<html>"), text("<html>", 403), answer({"did": DID})],
)
async def test_an_undocumented_answer_to_a_refresh_does_not_kill_the_session(reply: Reply) -> None:
    with pytest.raises(UnexpectedReply):
        await Bluesky().refresh(network({REFRESH: reply}), stored_tokens())


async def test_s11_a_refresh_that_answers_for_another_account_is_not_taken() -> None:
    with pytest.raises(UnexpectedReply):
        await Bluesky().refresh(network({REFRESH: recorded("refreshed_other_account")}), stored_tokens())


async def test_a_session_without_refresh_token_cannot_be_renewed() -> None:
    net = network()

    with pytest.raises(Refused):
        await Bluesky().refresh(net, Tokens(access="opaque"))

    assert net.sent == []


# Revocation


async def test_revoking_deletes_the_session_with_the_refresh_token() -> None:
    net = network()

    await Bluesky().revoke(net, stored_tokens())

    assert net.sent == [
        Request(
            method="POST",
            url=DELETE,
            bearer=body_of("session")["refreshJwt"],
            repeatable=True,
            guarded=True,
            timeout_s=10.0,
        )
    ]


@pytest.mark.parametrize("reply", ["expired_token", "revoked_token", "invalid_token", "account_not_found"])
async def test_revoking_a_dead_session_succeeds(reply: str) -> None:
    await Bluesky().revoke(network({DELETE: recorded(reply)}), stored_tokens())


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (None, Unreachable),
        (recorded("internal_error"), Unreachable),
        (recorded("throttled"), PlatformRateLimited),
        (text("<html>", 404), UnexpectedReply),
    ],
)
async def test_a_revocation_that_may_have_failed_says_so(reply: Reply | None, expected: type[PlatformError]) -> None:
    with pytest.raises(expected):
        await Bluesky().revoke(network({DELETE: reply}), stored_tokens())


async def test_tokens_without_refresh_token_have_nothing_to_revoke() -> None:
    net = network()

    await Bluesky().revoke(net, Tokens(access="opaque"))

    assert net.sent == []


# Tokens are read, never trusted


@given(st.text(max_size=300))
def test_reading_the_claims_of_anything_never_raises(token: str) -> None:
    assert isinstance(read_claims(token), dict)


@pytest.mark.parametrize("payload", ["[]", "{", "[" * 100_000, '{"exp": 1}trailing'])
def test_a_payload_that_is_no_object_has_no_claims(payload: str) -> None:
    middle = base64.urlsafe_b64encode(payload.encode()).decode()

    assert read_claims(f"e30.{middle}.c2ln") == {}


@pytest.mark.parametrize("exp", [None, "soon", -1, 0, 1e300, float("nan"), 1 << 80])
async def test_an_odd_expiry_counts_as_not_told(exp: object) -> None:
    payload = {"scope": "com.atproto.appPass", "sub": DID, "exp": exp}

    assert (await sign_in(network({CREATE: with_access(payload)}))).tokens.access_expires_at is None


def test_the_connection_carries_the_identity_and_no_tokens() -> None:
    identity = to_identity(DID, "ana.bsky.social", body_of("profile"))

    connection = Bluesky().connection(identity)

    assert connection.platform_account_id == DID
    assert connection.username == "ana.bsky.social"
    assert connection.display_name == "Ana"
    assert connection.picture_url == identity.picture_url
    assert connection.profile_url == identity.profile_url
    assert connection.tokens is None
