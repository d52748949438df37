"""The Bluesky adapter: a sign-in and the profile it yields."""

from datetime import timedelta

import pytest

from moorline.adapter.values import Tokens
from moorline.errors import BadRequest
from moorline.platforms.bluesky import Bluesky, to_identity
from moorline.wire import Reply, Request
from tests.platforms.bluesky_double import (
    APP_PASSWORD,
    CREATE,
    CREATE_AT_ENTRYWAY,
    DID,
    OTHER_DID,
    PDS,
    PLC,
    PROFILE,
    WELL_KNOWN,
    answer,
    body_of,
    network,
    recorded,
    sign_in,
    text,
)
from tests.platforms.transport import NOW

# Signing in


async def test_a_sign_in_yields_the_session_and_the_profile() -> None:
    signed_in = await sign_in(network())

    session = body_of("session")
    assert signed_in.tokens == Tokens(
        access=session["accessJwt"],
        refresh=session["refreshJwt"],
        access_expires_at=NOW + timedelta(minutes=120),
        refresh_expires_at=NOW + timedelta(days=90),
        granted=("com.atproto.appPass",),
        service_url=PDS,
    )
    assert signed_in.identity.platform_user_id == DID
    assert signed_in.identity.username == "ana.bsky.social"
    assert signed_in.identity.display_name == "Ana"
    assert signed_in.identity.picture_url == f"https://cdn.bsky.app/img/avatar/plain/{DID}/bafkreiexample@jpeg"
    assert signed_in.identity.profile_url == "https://bsky.app/profile/ana.bsky.social"


async def test_a_sign_in_asks_well_known_file_directory_server_and_profile_in_this_order() -> None:
    net = network()

    await sign_in(net)

    assert net.urls() == [WELL_KNOWN, PLC, CREATE, PROFILE]


async def test_the_session_is_created_with_the_did_at_the_accounts_own_server() -> None:
    net = network()

    await sign_in(net)

    assert net.request(CREATE) == Request(
        method="POST",
        url=CREATE,
        json={"identifier": DID, "password": APP_PASSWORD},
        repeatable=False,
        guarded=True,
        timeout_s=10.0,
    )


async def test_the_profile_is_read_with_the_access_token() -> None:
    net = network()

    signed_in = await sign_in(net)

    asked = net.request(PROFILE)
    assert (asked.method, asked.query, asked.bearer) == ("GET", {"actor": DID}, signed_in.tokens.access)
    assert asked.guarded
    assert asked.json is None


async def test_s11_the_platform_user_id_is_the_did_even_when_the_handle_is_known() -> None:
    signed_in = await sign_in(network())

    assert Bluesky().connection(signed_in.identity).platform_account_id == DID


async def test_spaces_around_the_password_are_not_sent() -> None:
    net = network()

    await Bluesky().sign_in(net, identifier="ana.bsky.social", password=f" {APP_PASSWORD}\n")

    assert net.request(CREATE).json == {"identifier": DID, "password": APP_PASSWORD}


async def test_an_empty_password_is_refused_before_anything_is_sent() -> None:
    net = network()

    with pytest.raises(BadRequest) as caught:
        await Bluesky().sign_in(net, identifier="ana.bsky.social", password="  ")

    assert caught.value.fields == {"appPassword": "is empty"}
    assert net.sent == []


async def test_a_privileged_app_password_is_accepted() -> None:
    signed_in = await sign_in(network({CREATE: recorded("session_privileged")}))

    assert signed_in.tokens.granted == ("com.atproto.appPassPrivileged",)


async def test_an_email_signs_in_at_the_entryway_and_the_document_points_to_the_server() -> None:
    net = network({CREATE_AT_ENTRYWAY: recorded("session")})

    signed_in = await sign_in(net, "Ana@Example.com")

    assert net.urls() == [CREATE_AT_ENTRYWAY, PROFILE]
    assert net.sent[0].json == {"identifier": "ana@example.com", "password": APP_PASSWORD}
    assert signed_in.tokens.service_url == PDS
    assert signed_in.identity.username == "ana.bsky.social"


async def test_a_session_without_document_stays_with_the_server_that_opened_it() -> None:
    session = {key: value for key, value in body_of("session").items() if key != "didDoc"}
    entryway_profile = "https://bsky.social/xrpc/app.bsky.actor.getProfile"

    signed_in = await sign_in(
        network({CREATE_AT_ENTRYWAY: answer(session), entryway_profile: recorded("profile")}), "ana@example.com"
    )

    assert signed_in.tokens.service_url == "https://bsky.social"
    assert signed_in.identity.display_name == "Ana"


async def test_the_handle_of_an_email_sign_in_needs_the_document_to_agree() -> None:
    signed_in = await sign_in(
        network({CREATE_AT_ENTRYWAY: answer({**body_of("session"), "handle": "somebody.else"})}), "ana@example.com"
    )

    assert signed_in.identity.username == DID


async def test_a_document_of_another_did_does_not_move_the_session() -> None:
    foreign = {**body_of("did_document"), "id": OTHER_DID}

    signed_in = await sign_in(network({CREATE: answer({**body_of("session"), "didDoc": foreign})}))

    assert signed_in.tokens.service_url == PDS


# The profile


@pytest.mark.parametrize(
    "reply",
    [
        recorded("profile_not_found"),
        recorded("expired_token"),
        recorded("throttled"),
        recorded("upstream_failure"),
        text("<html>"),
        answer({"did": OTHER_DID, "displayName": "Somebody else"}),
        None,
    ],
)
async def test_a_profile_that_cannot_be_read_falls_back_to_the_session(reply: Reply | None) -> None:
    identity = (await sign_in(network({PROFILE: reply}))).identity

    assert (identity.platform_user_id, identity.username) == (DID, "ana.bsky.social")
    assert identity.display_name == "ana.bsky.social"
    assert identity.picture_url is None
    assert identity.profile_url == "https://bsky.app/profile/ana.bsky.social"


def test_a_new_account_without_name_and_picture_is_shown_by_its_handle() -> None:
    identity = to_identity(DID, "ana.bsky.social", body_of("profile_new_account"))

    assert (identity.display_name, identity.picture_url) == ("ana.bsky.social", None)


def test_a_handle_the_network_calls_invalid_is_shown_as_did() -> None:
    identity = to_identity(DID, "ana.bsky.social", body_of("profile_broken_handle"))

    assert (identity.username, identity.profile_url) == (DID, f"https://bsky.app/profile/{DID}")
    assert identity.display_name == "Ana"


@pytest.mark.parametrize("avatar", ["http://cdn.example/a.png", "javascript:alert(1)", 7, None])
def test_a_picture_is_an_https_address_or_none(avatar: object) -> None:
    assert to_identity(DID, None, {"avatar": avatar}).picture_url is None


def test_a_display_name_loses_what_no_store_takes_and_keeps_joined_emoji() -> None:
    identity = to_identity(DID, None, {"displayName": " An\0a\ud800 \U0001f469\u200d\U0001f4bb\n"})

    assert identity.display_name == "Ana \U0001f469\u200d\U0001f4bb"
