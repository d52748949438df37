"""The X adapter: what it sends, and the account that comes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from moorline.adapter.values import Identity, Renews, SecretIn, Tokens
from moorline.errors import (
    Refused,
    ScopeMissing,
    UnexpectedReply,
)
from moorline.platforms.twitter import Twitter, to_identity
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.oauth_double import Sent, all_sent, form_of
from tests.platforms.transport import NOW, answer
from tests.platforms.twitter_double import (
    ACCESS,
    APP,
    AUTHORIZE,
    BASIC,
    CODE,
    HELD,
    ME,
    PERSON,
    REFRESH,
    REVOKE,
    SCOPES,
    SECRET,
    TOKEN,
    VERIFIER,
    recorded,
    x,
)

# Asking the person


def test_the_person_is_sent_to_x_with_the_documented_parameters() -> None:
    url = Twitter().authorize_url(APP, state="st-1", verifier=VERIFIER)

    assert url.partition("?")[0] == AUTHORIZE
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["x-id"],
        "redirect_uri": [APP.redirect_uri],
        "scope": ["tweet.read tweet.write users.read media.write offline.access"],
        "state": ["st-1"],
        "code_challenge": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
        "code_challenge_method": ["S256"],
    }


def test_scopes_are_parted_by_an_encoded_space() -> None:
    assert "scope=tweet.read%20tweet.write%20" in Twitter().authorize_url(APP, state="s", verifier=VERIFIER)


def test_s38_the_scopes_asked_for_are_those_for_connecting_posting_and_media() -> None:
    assert set(Twitter.spec.scopes) == {"users.read", "tweet.read", "offline.access", "tweet.write", "media.write"}


def test_s06_the_verifier_is_hashed_and_not_in_the_address() -> None:
    url = Twitter().authorize_url(APP, state="st-1", verifier=VERIFIER)

    assert VERIFIER not in url
    assert SECRET not in url


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope_separator": ","}, lambda now: "tweet.read%2Ctweet.write" in now.browser),
        ({"scopes": ("users.read",)}, lambda now: "scope=users.read&" in now.browser),
        ({"authorize_extra": {"force_login": "true"}}, lambda now: "force_login=true" in now.browser),
        ({"authorize_url": "https://twitter.com/i/oauth2/authorize"}, lambda now: "//twitter.com/" in now.browser),
        ({"pkce": False}, lambda now: "challenge" not in now.browser and "code_verifier" not in form_of(now.exchange)),
        ({"secret_in": SecretIn.BODY}, lambda now: not now.exchange.basic and SECRET in form_of(now.exchange).values()),
        ({"client_id_with_basic": False}, lambda now: "client_id" not in form_of(now.exchange)),
        ({"token_url": f"{TOKEN}2"}, lambda now: now.exchange.url == f"{TOKEN}2"),
        ({"revoke_url": f"{REVOKE}2"}, lambda now: {request.url for request in now.revoke} == {f"{REVOKE}2"}),
        ({"renews": Renews.NEVER}, lambda now: now.refresh is None),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_changing_a_declared_field_changes_what_x_is_sent(
    changes: dict[str, Any], told: Callable[[Sent], bool]
) -> None:
    changed: Twitter = type("Changed", (Twitter,), {"spec": replace(Twitter.spec, **changes)})()

    assert not told(await all_sent(Twitter(), APP))
    assert told(await all_sent(changed, APP))


# Tokens


async def test_the_code_is_traded_with_basic_and_the_client_id_in_the_form() -> None:
    platform = x(token=recorded("token"))

    await Twitter().exchange(platform, APP, code=CODE, verifier=VERIFIER)

    assert platform.sent == [
        Request(
            method="POST",
            url=TOKEN,
            form={
                "grant_type": "authorization_code",
                "code": CODE,
                "redirect_uri": APP.redirect_uri,
                "code_verifier": VERIFIER,
                "client_id": "x-id",
            },
            basic=BASIC,
            repeatable=False,
        )
    ]


async def test_s08_the_redirect_uri_of_the_exchange_is_the_authorized_one() -> None:
    platform, app = x(token=recorded("token")), replace(APP, redirect_uri="https://moorline.example/cb/?a=1&b=%20")

    await Twitter().exchange(platform, app, code=CODE, verifier=VERIFIER)

    authorized = parse_qs(urlsplit(Twitter().authorize_url(app, state="s", verifier=VERIFIER)).query)["redirect_uri"]
    assert platform.sent[0].form is not None
    assert [platform.sent[0].form["redirect_uri"]] == authorized == [app.redirect_uri]


async def test_the_answer_to_a_code_is_a_pair_that_lives_two_hours() -> None:
    tokens = await Twitter().exchange(x(token=recorded("token")), APP, code=CODE, verifier=VERIFIER)

    assert tokens == Tokens(access=ACCESS, refresh=REFRESH, access_expires_at=NOW + timedelta(hours=2), granted=SCOPES)


async def test_a_refresh_sends_the_refresh_token_once_and_takes_the_new_pair() -> None:
    platform = x(token=recorded("refreshed"))

    tokens = await Twitter().refresh(platform, APP, HELD)

    form = {"grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": "x-id"}
    assert platform.sent == [Request(method="POST", url=TOKEN, form=form, basic=BASIC, repeatable=False)]
    assert (tokens.access, tokens.refresh) == ("dXNlci1hY2Nlc3MtMg", "cmVmcmVzaC0y")
    assert tokens.access_expires_at == NOW + timedelta(hours=2)


async def test_revoking_withdraws_refresh_and_access_token() -> None:
    platform = x(revoke=recorded("revoked"))

    await Twitter().revoke(platform, APP, HELD, PERSON)

    assert platform.sent == [
        Request(
            method="POST",
            url=REVOKE,
            form={"token": token, "token_type_hint": hint, "client_id": "x-id"},
            basic=BASIC,
            repeatable=True,
        )
        for token, hint in ((REFRESH, "refresh_token"), (ACCESS, "access_token"))
    ]


async def test_a_refresh_token_x_no_longer_knows_does_not_spare_the_access_token() -> None:
    platform = x(revoke=[recorded("error_refresh_token_dead"), recorded("revoked")])

    with pytest.raises(Refused):
        await Twitter().revoke(platform, APP, HELD, PERSON)

    assert len(platform.sent) == 2


# Who it is


async def test_the_person_is_read_with_the_new_token() -> None:
    platform = x(me=recorded("me"))

    await Twitter().identify(platform, APP, HELD)

    fields = "profile_image_url,username,name,verified,verified_type,public_metrics"
    assert platform.sent == [
        Request(method="GET", url=ME, query={"user.fields": fields}, bearer=ACCESS, repeatable=True)
    ]


async def test_s11_the_account_is_kept_by_its_number_not_by_its_name() -> None:
    identity = await Twitter().identify(x(me=recorded("me")), APP, HELD)

    assert identity == Identity(
        platform_user_id="1790000000000000123",
        username="northwindbikes",
        display_name="Northwind Bikes",
        picture_url="https://pbs.twimg.com/profile_images/1790000000000000999/abc_400x400.jpg",
        profile_url="https://x.com/northwindbikes",
    )


def me_with(**changes: Any) -> dict[str, Any]:
    return {"data": {**transport.body_of("twitter", "me")["data"], **changes}}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://pbs.twimg.com/profile_images/1/a_normal.png", "https://pbs.twimg.com/profile_images/1/a_400x400.png"),
        ("https://pbs.twimg.com/profile_images/1/a_bigger.png", "https://pbs.twimg.com/profile_images/1/a_bigger.png"),
        (None, None),
        (7, None),
    ],
)
def test_the_picture_is_the_large_one(given: object, shown: str | None) -> None:
    assert to_identity(me_with(profile_image_url=given)).picture_url == shown


@pytest.mark.parametrize("name", ["", "   ", None])
def test_an_account_without_name_is_shown_by_its_user_name(name: object) -> None:
    assert to_identity(me_with(name=name)).display_name == "northwindbikes"


async def test_errors_beside_the_data_do_not_hide_the_person() -> None:
    identity = await Twitter().identify(x(me=recorded("me_errors_beside_data")), APP, HELD)

    assert (identity.platform_user_id, identity.picture_url) == ("1790000000000000123", None)


@pytest.mark.parametrize(
    "reply",
    [
        recorded("me_errors_only"),
        answer({}),
        answer({"data": []}),
        answer(me_with(id=1790000000000000123)),
        answer(me_with(username=None)),
        answer([]),
        Reply(status=200, body=b"<html>"),
    ],
)
async def test_a_success_that_does_not_say_who_is_unexpected(reply: Reply) -> None:
    with pytest.raises(UnexpectedReply):
        await Twitter().identify(x(me=reply), APP, HELD)


async def test_errors_without_data_are_named_in_the_log() -> None:
    with pytest.raises(UnexpectedReply) as caught:
        await Twitter().identify(x(me=recorded("me_errors_only")), APP, HELD)

    assert caught.value.platform_code == "Forbidden"


@pytest.mark.parametrize("scope", ["users.read", "tweet.read"])
async def test_a_grant_that_cannot_read_the_person_names_the_missing_scope(scope: str) -> None:
    platform = x(me=recorded("me"))

    with pytest.raises(ScopeMissing) as caught:
        await Twitter().identify(platform, APP, replace(HELD, granted=tuple(set(SCOPES) - {scope})))

    assert caught.value.scope == scope
    assert platform.sent == []


@pytest.mark.parametrize("granted", [SCOPES[:-1], None], ids=["told", "not told"])
async def test_a_grant_that_dies_in_two_hours_is_refused(granted: tuple[str, ...] | None) -> None:
    tokens = await Twitter().exchange(x(token=recorded("token_without_refresh")), APP, code=CODE, verifier=VERIFIER)

    with pytest.raises(ScopeMissing) as caught:
        await Twitter().identify(x(me=recorded("me")), APP, replace(tokens, granted=granted))

    assert caught.value.scope == "offline.access"


async def test_scopes_that_x_does_not_tell_are_not_held_against_the_person() -> None:
    identity = await Twitter().identify(x(me=recorded("me")), APP, replace(HELD, granted=None))

    assert identity.username == "northwindbikes"


def test_there_is_nothing_to_choose() -> None:
    connection = Twitter().person(PERSON)

    assert Twitter.selection is None
    assert connection.platform_account_id == PERSON.platform_user_id
    assert connection.tokens is None
