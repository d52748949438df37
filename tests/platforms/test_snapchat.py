"""The Snapchat adapter: what it sends, and the person that comes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from moorline.adapter.values import Identity, Renews, SecretIn, Tokens
from moorline.errors import FlowFailed, Refused, ScopeMissing, UnexpectedReply
from moorline.platforms.snapchat import Snapchat, to_identity, to_member, to_own_profile
from moorline.wire import Reply, Request
from tests.platforms.oauth_double import Sent, all_sent, form_of
from tests.platforms.snapchat_double import (
    ACCESS,
    ADS_ME,
    APP,
    AUTHORIZE,
    CHALLENGE,
    CLIENT,
    CLIENT_ID,
    CODE,
    HELD,
    HELD_WITH_MARKETING,
    MY_PROFILE,
    PERSON,
    REFRESH,
    SCOPES,
    SECRET,
    TOKEN,
    VERIFIER,
    WITH_MARKETING,
    body_of,
    got,
    recorded,
    snapchat,
)
from tests.platforms.transport import NOW, Answers, Platform, answer

WITH_PKCE = replace(APP, pkce=True)


def posted(form: dict[str, str]) -> Request:
    """The one form of every token call."""
    return Request(method="POST", url=TOKEN, form={**form, **CLIENT}, repeatable=False)


async def exchange(platform: Platform) -> Tokens:
    return await Snapchat().exchange(platform, APP, code=CODE, verifier=None)


async def identified(my_profile: Answers, tokens: Tokens = HELD) -> Identity:
    return await Snapchat().identify(snapchat({MY_PROFILE: my_profile}), APP, tokens)


# Asking the person


def test_the_person_is_sent_to_snapchat_with_the_documented_parameters() -> None:
    url = Snapchat().authorize_url(APP, state="st-1", verifier=None)

    assert url.partition("?")[0] == AUTHORIZE
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": [CLIENT_ID],
        "redirect_uri": [APP.redirect_uri],
        "scope": ["snapchat-profile-api"],
        "state": ["st-1"],
    }


def test_s38_the_one_scope_asked_for_is_the_profile_api() -> None:
    assert Snapchat.spec.scopes == SCOPES


def test_more_scopes_are_parted_by_a_space() -> None:
    url = Snapchat().authorize_url(replace(APP, scopes=WITH_MARKETING), state="st-1", verifier=None)

    assert parse_qs(urlsplit(url).query)["scope"] == ["snapchat-profile-api snapchat-marketing-api"]


def test_s30_the_secret_is_not_in_the_browsers_address() -> None:
    assert SECRET not in Snapchat().authorize_url(APP, state="st-1", verifier=None)


async def test_s06_the_operator_can_have_challenge_and_verifier_sent() -> None:
    platform = snapchat(token=recorded("token"))

    await Snapchat().exchange(platform, WITH_PKCE, code=CODE, verifier=VERIFIER)

    query = parse_qs(urlsplit(Snapchat().authorize_url(WITH_PKCE, state="st-1", verifier=VERIFIER)).query)
    assert (query["code_challenge"], query["code_challenge_method"]) == ([CHALLENGE], ["S256"])
    form = {"grant_type": "authorization_code", "code": CODE, "redirect_uri": APP.redirect_uri}
    assert platform.sent == [posted({**form, "code_verifier": VERIFIER})]


def test_s06_the_verifier_itself_is_never_in_the_browsers_address() -> None:
    assert VERIFIER not in Snapchat().authorize_url(WITH_PKCE, state="st-1", verifier=VERIFIER)


async def test_s06_by_itself_neither_challenge_nor_verifier_is_sent() -> None:
    platform = snapchat(token=recorded("token"))

    await Snapchat().exchange(platform, APP, code=CODE, verifier=VERIFIER)

    assert "code_challenge" not in Snapchat().authorize_url(APP, state="st-1", verifier=VERIFIER)
    assert "code_verifier" not in form_of(platform.sent[0])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope_separator": ","}, lambda now: "profile-api%2Cb" in now.browser),
        ({"scopes": ("a",)}, lambda now: "scope=a&" in now.browser),
        ({"authorize_extra": {"prompt": "x"}}, lambda now: "prompt=x" in now.browser),
        ({"authorize_url": f"{AUTHORIZE}2"}, lambda now: f"{AUTHORIZE}2?" in now.browser),
        ({"client_id_field": "key"}, lambda now: all(form_of(call).get("key") == CLIENT_ID for call in calls(now))),
        ({"secret_in": SecretIn.HEADER}, lambda now: all(call.basic == (CLIENT_ID, SECRET) for call in calls(now))),
        ({"pkce_optional": False}, lambda now: "challenge" not in now.browser),
        ({"token_url": f"{TOKEN}2"}, lambda now: {call.url for call in calls(now)} == {f"{TOKEN}2"}),
        ({"revoke_url": f"{TOKEN}/revoke"}, lambda now: {call.url for call in now.revoke} == {f"{TOKEN}/revoke"}),
        ({"renews": Renews.NEVER}, lambda now: now.refresh is None),
        ({"scope_pattern": " "}, lambda now: now.granted == ("read", "write,more")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_changing_a_declared_field_changes_what_snapchat_is_sent(
    changes: dict[str, Any], told: Callable[[Sent], bool]
) -> None:
    app = replace(WITH_PKCE, scopes=() if "scopes" in changes else ("snapchat-profile-api", "b"))
    changed: Snapchat = type("Changed", (Snapchat,), {"spec": replace(Snapchat.spec, **changes)})()

    assert not told(await all_sent(Snapchat(), app))
    assert told(await all_sent(changed, app))


def calls(now: Sent) -> list[Request]:
    assert now.refresh is not None
    return [now.exchange, now.refresh]


# Tokens


async def test_the_code_is_traded_once_with_the_client_in_the_form() -> None:
    platform = snapchat(token=recorded("token"))

    await exchange(platform)

    form = {"grant_type": "authorization_code", "code": CODE, "redirect_uri": APP.redirect_uri}
    assert platform.sent == [posted(form)]


async def test_s08_the_redirect_uri_of_the_exchange_is_the_authorized_one() -> None:
    platform, app = snapchat(token=recorded("token")), replace(APP, redirect_uri="https://moorline.example:8443/cb/")

    await Snapchat().exchange(platform, app, code=CODE, verifier=None)

    authorized = parse_qs(urlsplit(Snapchat().authorize_url(app, state="s", verifier=None)).query)["redirect_uri"]
    assert [form_of(platform.sent[0])["redirect_uri"]] == authorized == [app.redirect_uri]


@pytest.mark.parametrize(
    ("name", "life"), [("token", timedelta(minutes=60)), ("token_half_hour", timedelta(minutes=30))]
)
async def test_access_lives_as_long_as_the_answer_says(name: str, life: timedelta) -> None:
    tokens = await exchange(snapchat(token=recorded(name)))

    assert tokens == Tokens(access=ACCESS, refresh=REFRESH, access_expires_at=NOW + life, granted=SCOPES)


@pytest.mark.parametrize("reply", [answer({}), answer([]), Reply(status=200), Reply(status=200, body=b"<html>")])
async def test_a_success_without_token_is_unexpected(reply: Reply) -> None:
    with pytest.raises(UnexpectedReply):
        await exchange(snapchat(token=reply))


@pytest.mark.parametrize(("name", "refresh"), [("refreshed_rotated", "hCgwKsecond"), ("refreshed", REFRESH)])
async def test_a_refresh_takes_a_new_refresh_token_or_keeps_the_one_there_is(name: str, refresh: str) -> None:
    tokens = await Snapchat().refresh(snapchat(token=recorded(name)), APP, HELD)

    assert (tokens.access, tokens.refresh) == ("eyJhbGciOiJIUzI1NiJ9.second", refresh)
    assert tokens.access_expires_at == NOW + timedelta(minutes=60)


async def test_a_refresh_token_that_may_rotate_is_sent_once() -> None:
    platform = snapchat(token=recorded("refreshed"))

    await Snapchat().refresh(platform, APP, HELD)

    assert platform.sent == [posted({"grant_type": "refresh_token", "refresh_token": REFRESH})]


async def test_a_refresh_that_does_not_repeat_the_scopes_keeps_them() -> None:
    tokens = await Snapchat().refresh(snapchat(token=recorded("token_without_scope")), APP, HELD_WITH_MARKETING)

    assert tokens.granted == WITH_MARKETING


async def test_a_grant_without_refresh_token_cannot_be_renewed() -> None:
    platform = snapchat(token=recorded("refreshed"))

    with pytest.raises(Refused):
        await Snapchat().refresh(platform, APP, replace(HELD, refresh=None))

    assert platform.sent == []


async def test_there_is_no_address_for_a_revocation() -> None:
    platform = snapchat()

    await Snapchat().revoke(platform, APP, HELD, PERSON)

    assert platform.sent == []
    assert not Snapchat.revokes_person


# Who it is


async def test_the_own_profile_is_read_with_the_new_token() -> None:
    platform = snapchat()

    await Snapchat().identify(platform, APP, HELD)

    assert platform.sent == [got(MY_PROFILE)]


@pytest.mark.parametrize("name", ["my_profile", "my_profile_wrapped"])
async def test_s11_the_person_is_known_by_the_id_of_the_profile_they_host(name: str) -> None:
    assert await identified(recorded(name)) == PERSON


async def test_a_token_answer_that_tells_no_scopes_goes_by_those_asked_for() -> None:
    tokens = await exchange(snapchat(token=recorded("token_without_scope")))

    assert tokens.granted is None
    assert await identified(recorded("my_profile"), tokens) == PERSON


@pytest.mark.parametrize("granted", [("snapchat-marketing-api",), ()])
async def test_a_grant_without_the_profile_scope_names_it(granted: tuple[str, ...]) -> None:
    platform = snapchat()

    with pytest.raises(ScopeMissing) as caught:
        await Snapchat().identify(platform, APP, replace(HELD, granted=granted))

    assert caught.value.scope == "snapchat-profile-api"
    assert platform.sent == []


NONE_HOSTED = ["my_profile_none", "my_profile_none_wrapped", "error_not_found", "error_gone"]


@pytest.mark.parametrize("name", NONE_HOSTED)
async def test_s11_a_person_who_hosts_no_profile_has_no_id_and_is_told_to_create_one(name: str) -> None:
    with pytest.raises(FlowFailed) as caught:
        await identified(recorded(name))

    assert caught.value.slug == "no_public_profiles"


@pytest.mark.parametrize("name", NONE_HOSTED)
async def test_s11_with_the_marketing_scope_they_are_known_by_the_id_of_the_ads_api(name: str) -> None:
    platform = snapchat({MY_PROFILE: recorded(name)})

    identity = await Snapchat().identify(platform, APP, HELD_WITH_MARKETING)

    assert platform.sent == [got(MY_PROFILE), got(ADS_ME)]
    assert identity == Identity(platform_user_id="2f5d8b91-member", username="Sam Reed", display_name="Sam Reed")


@pytest.mark.parametrize("asked", [(), WITH_MARKETING])
async def test_the_ads_api_is_asked_only_under_its_own_scope(asked: tuple[str, ...]) -> None:
    platform = snapchat({MY_PROFILE: recorded("my_profile_none")})
    app, tokens = replace(APP, scopes=asked), replace(HELD, granted=None)

    if asked:
        await Snapchat().identify(platform, app, tokens)
    else:
        with pytest.raises(FlowFailed):
            await Snapchat().identify(platform, app, tokens)

    assert (ADS_ME in platform.urls()) is bool(asked)


async def test_someone_with_a_profile_of_their_own_is_known_by_it_whatever_the_scopes() -> None:
    assert await identified(recorded("my_profile"), HELD_WITH_MARKETING) == PERSON


def own_with(**changes: Any) -> dict[str, Any]:
    return {**body_of("my_profile")["public_profile"], **changes}


@pytest.mark.parametrize("name", [None, "", "  ", 7])
def test_a_profile_without_name_is_called_by_its_user_name_or_else_its_id(name: object) -> None:
    assert to_identity(own_with(display_name=name)).display_name == "northwindbikes"
    assert to_identity(own_with(display_name=name, snap_user_name=name)).display_name == PERSON.platform_user_id


@pytest.mark.parametrize("name", [None, "", "  ", 7])
def test_a_profile_without_user_name_goes_by_its_name_and_has_no_address(name: object) -> None:
    identity = to_identity(own_with(snap_user_name=name))

    assert (identity.username, identity.profile_url) == ("Northwind Bikes", None)


@pytest.mark.parametrize(
    ("logos", "picture"),
    [
        ({"manage_profile_logo_url": "https://m", "original_logo_url": "https://o"}, "https://m"),
        ({"manage_profile_logo_url": "", "original_logo_url": "https://o"}, "https://o"),
        ({"original_logo_url": "https://o"}, "https://o"),
        ({"original_logo_url": 7}, None),
        ({}, None),
        (None, None),
        ("https://o", None),
    ],
)
def test_the_picture_is_the_managed_logo_or_else_the_original(logos: object, picture: str | None) -> None:
    assert to_identity(own_with(logo_urls=logos)).picture_url == picture


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"request_status": "PARTIAL"},
        {"request_status": "PARTIAL", "public_profiles": []},
        {"public_profile": "odd"},
        {"public_profile": ["odd"]},
        {"public_profile": {"display_name": "No id"}},
        {"public_profile": own_with(id=7)},
        {"public_profile": own_with(id=" ")},
        {"public_profiles": "odd"},
        {"public_profiles": ["odd"]},
        {"public_profiles": [{"sub_request_status": "ERROR"}]},
        {"public_profiles": [{"sub_request_status": "ERROR", "public_profile": own_with()}]},
        {"request_status": "SUCCESS", "public_profiles": [{"sub_request_status": "SUCCESS"}]},
    ],
)
def test_s11_an_answer_that_does_not_say_who_is_unexpected_and_not_no_profile(body: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        to_own_profile(body)


@pytest.mark.parametrize("name", [None, "", 7])
def test_a_member_without_name_is_called_by_the_id(name: object) -> None:
    me = {**body_of("ads_me")["me"], "display_name": name}

    assert to_member({"me": me}).username == to_member({"me": me}).display_name == "2f5d8b91-member"


@pytest.mark.parametrize("body", [{}, {"me": []}, {"me": {}}, {"me": {"id": 7}}, {"me": {"email": "a@b.example"}}])
def test_s11_a_member_without_id_is_unexpected(body: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        to_member(body)
