"""The YouTube adapter: what it sends, and the channel that comes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from moorline.adapter.values import Connection, Identity, Renews, SecretIn, Tokens
from moorline.errors import FlowFailed, ScopeMissing, UnexpectedReply
from moorline.platforms.youtube import YouTube, to_identity
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.oauth_double import CHALLENGE, VERIFIER, Sent, all_sent, form_of
from tests.platforms.transport import NOW, Platform, answer
from tests.platforms.youtube_double import (
    ACCESS,
    APP,
    AUTHORIZE,
    CHANNEL,
    CHANNELS,
    CLIENT,
    CODE,
    HELD,
    KEY,
    PERSON,
    READ,
    REFRESH,
    REVOKE,
    SECRET,
    TOKEN,
    UPLOAD,
    recorded,
    youtube,
)


def traded(form: dict[str, str]) -> Request:
    """The one form of every call for tokens, never sent twice."""
    return Request(method="POST", url=TOKEN, form={**form, **CLIENT})


async def exchange(platform: Platform) -> Tokens:
    return await YouTube().exchange(platform, APP, code=CODE, verifier=VERIFIER)


# Asking the person


def test_the_person_is_sent_to_google_with_the_documented_parameters() -> None:
    url = YouTube().authorize_url(APP, state="st-1", verifier=VERIFIER)

    assert url.partition("?")[0] == AUTHORIZE
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": [KEY],
        "redirect_uri": [APP.redirect_uri],
        "scope": [f"{READ} {UPLOAD}"],
        "state": ["st-1"],
        "access_type": ["offline"],
        "prompt": ["consent select_account"],
        "code_challenge": [CHALLENGE],
        "code_challenge_method": ["S256"],
    }


def test_s38_the_scopes_asked_for_are_those_for_connecting_and_posting() -> None:
    assert YouTube.spec.scopes == (READ, UPLOAD)


async def test_s06_the_challenge_goes_to_the_browser_and_the_verifier_only_to_the_exchange() -> None:
    platform = youtube(token=recorded("token"))

    await exchange(platform)

    assert VERIFIER not in YouTube().authorize_url(APP, state="st-1", verifier=VERIFIER)
    assert form_of(platform.sent[0])["code_verifier"] == VERIFIER


def test_s30_the_secret_is_not_in_the_browsers_address() -> None:
    assert SECRET not in YouTube().authorize_url(APP, state="st-1", verifier=VERIFIER)


def test_the_issuer_is_compared_where_google_names_it_and_not_demanded() -> None:
    assert YouTube.spec.issuer == "https://accounts.google.com"
    assert YouTube.spec.issuer_promised is False


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope_separator": ","}, lambda now: "youtube.readonly%2Chttps" in now.browser),
        ({"scopes": ("openid",)}, lambda now: "scope=openid&" in now.browser),
        ({"authorize_extra": {}}, lambda now: "access_type" not in now.browser and "prompt" not in now.browser),
        ({"authorize_url": "https://google.example/auth"}, lambda now: "//google.example/auth?" in now.browser),
        ({"client_id_field": "app"}, lambda now: form_of(now.exchange).get("app") == KEY),
        ({"secret_in": SecretIn.HEADER}, lambda now: now.exchange.basic == (KEY, SECRET)),
        ({"pkce": False}, lambda now: "challenge" not in now.browser and "code_verifier" not in form_of(now.exchange)),
        ({"token_url": f"{TOKEN}2"}, lambda now: now.exchange.url == f"{TOKEN}2"),
        ({"revoke_url": f"{REVOKE}2"}, lambda now: [request.url for request in now.revoke] == [f"{REVOKE}2"]),
        ({"revoke_url": None}, lambda now: now.revoke == []),
        ({"renews": Renews.NEVER}, lambda now: now.refresh is None),
        ({"scope_pattern": " "}, lambda now: now.granted == ("read", "write,more")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_changing_a_declared_field_changes_what_youtube_is_sent(
    changes: dict[str, Any], told: Callable[[Sent], bool]
) -> None:
    changed: YouTube = type("Changed", (YouTube,), {"spec": replace(YouTube.spec, **changes)})()

    assert not told(await all_sent(YouTube(), APP))
    assert told(await all_sent(changed, APP))


# Tokens


async def test_the_code_is_traded_once_with_the_client_in_the_form() -> None:
    platform = youtube(token=recorded("token"))

    tokens = await exchange(platform)

    form = {"grant_type": "authorization_code", "code": CODE, "redirect_uri": APP.redirect_uri}
    assert platform.sent == [traded({**form, "code_verifier": VERIFIER})]
    assert tokens == Tokens(
        access=ACCESS, refresh=REFRESH, access_expires_at=NOW + timedelta(seconds=3599), granted=(READ, UPLOAD)
    )


async def test_s08_the_redirect_uri_of_the_exchange_is_the_authorized_one() -> None:
    platform, app = youtube(token=recorded("token")), replace(APP, redirect_uri="https://moorline.example:8443/cb/")

    await YouTube().exchange(platform, app, code=CODE, verifier=VERIFIER)

    authorized = parse_qs(urlsplit(YouTube().authorize_url(app, state="s", verifier=VERIFIER)).query)["redirect_uri"]
    assert [form_of(platform.sent[0])["redirect_uri"]] == authorized == [app.redirect_uri]


@pytest.mark.parametrize(
    ("name", "life"), [("token", None), ("token_for_a_week", timedelta(seconds=604799))], ids=["not told", "told"]
)
async def test_the_end_of_the_refresh_token_is_kept_where_google_tells_it(name: str, life: timedelta | None) -> None:
    tokens = await exchange(youtube(token=recorded(name)))

    assert tokens.refresh_expires_at == (None if life is None else NOW + life)


async def test_a_consent_without_refresh_token_brings_none() -> None:
    tokens = await exchange(youtube(token=recorded("token_without_refresh_token")))

    assert (tokens.access, tokens.refresh) == (ACCESS, None)


@pytest.mark.parametrize("reply", [answer({}), answer([]), Reply(status=200), Reply(status=200, body=b"<html>")])
async def test_a_success_without_token_is_unexpected(reply: Reply) -> None:
    with pytest.raises(UnexpectedReply):
        await exchange(youtube(token=reply))


@pytest.mark.parametrize(
    ("name", "kept"), [("refreshed", REFRESH), ("refreshed_with_refresh_token", "1//0second")], ids=["none", "new"]
)
async def test_a_refresh_keeps_the_refresh_token_unless_a_new_one_comes(name: str, kept: str) -> None:
    platform = youtube(token=recorded(name))

    tokens = await YouTube().refresh(platform, APP, HELD)

    assert platform.sent == [traded({"grant_type": "refresh_token", "refresh_token": REFRESH})]
    assert (tokens.access, tokens.refresh) == ("ya29.second", kept)
    assert tokens.access_expires_at == NOW + timedelta(seconds=3599)


# Whose it is


async def test_the_channel_is_read_with_the_new_token() -> None:
    platform = youtube(channels=recorded("channels"))

    await YouTube().identify(platform, APP, HELD)

    query = {"part": "snippet", "mine": "true"}
    assert platform.sent == [Request(method="GET", url=CHANNELS, query=query, bearer=ACCESS, repeatable=True)]


async def test_s11_the_account_is_kept_by_its_channel_id() -> None:
    identity = await YouTube().identify(youtube(channels=recorded("channels")), APP, HELD)

    assert identity == Identity(
        platform_user_id=CHANNEL,
        username="northwindbikes",
        display_name="Northwind Bikes",
        picture_url=f"https://yt3.ggpht.com/{CHANNEL}=s800",
        profile_url="https://youtube.com/@northwindbikes",
    )


async def test_a_channel_without_handle_goes_by_its_id() -> None:
    identity = await YouTube().identify(youtube(channels=recorded("channels_without_handle")), APP, HELD)

    assert (identity.username, identity.display_name) == (CHANNEL, "Northwind Bikes")
    assert identity.profile_url == f"https://youtube.com/channel/{CHANNEL}"


async def test_the_first_of_several_channels_is_the_one_consented_for() -> None:
    identity = await YouTube().identify(youtube(channels=recorded("channels_two")), APP, HELD)

    assert identity.platform_user_id == CHANNEL


@pytest.mark.parametrize("name", ["channels_none", "channels_none_without_items", "error_signup_required"])
async def test_a_google_account_without_channel_is_told_to_create_one(name: str) -> None:
    with pytest.raises(FlowFailed) as caught:
        await YouTube().identify(youtube(channels=recorded(name)), APP, HELD)

    assert caught.value.slug == "no_youtube_channel"
    assert "create one at YouTube" in str(caught.value)


def channel_with(**changes: Any) -> dict[str, Any]:
    [channel] = transport.body_of("youtube", "channels")["items"]
    return {"items": [{**channel, "snippet": {**channel["snippet"], **changes}}]}


@pytest.mark.parametrize("title", ["", "  ", None, 7])
def test_a_channel_without_title_is_shown_by_its_handle_or_else_its_id(title: object) -> None:
    assert to_identity(channel_with(title=title)).display_name == "northwindbikes"
    assert to_identity(channel_with(title=title, customUrl="")).display_name == CHANNEL


@pytest.mark.parametrize("handle", [None, "", "@", 7])
def test_an_odd_handle_is_none(handle: object) -> None:
    assert to_identity(channel_with(customUrl=handle)).username == CHANNEL


@pytest.mark.parametrize(
    ("thumbnails", "picture"),
    [
        ({"default": {"url": "d"}, "medium": {"url": "m"}}, "m"),
        ({"default": {"url": "d"}, "high": {}}, "d"),
        ({"default": {"url": "d"}, "high": "odd"}, "d"),
        ({"default": {"url": 7}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_picture_is_the_largest_there_is_or_none(thumbnails: object, picture: str | None) -> None:
    assert to_identity(channel_with(thumbnails=thumbnails)).picture_url == picture


def test_a_channel_that_tells_nothing_but_its_id_is_called_by_it() -> None:
    identity = to_identity({"items": [{"id": CHANNEL}]})

    assert (identity.username, identity.display_name, identity.picture_url) == (CHANNEL, CHANNEL, None)


@pytest.mark.parametrize(
    "items", ["", {}, "odd", {"id": CHANNEL}, ["odd"], [{}], [{"id": None}], [{"id": ""}], [{"id": 7}]]
)
def test_s11_a_success_that_does_not_say_which_channel_is_unexpected(items: object) -> None:
    with pytest.raises(UnexpectedReply):
        to_identity({"items": items})


async def test_a_box_left_unticked_is_named_before_anything_is_asked() -> None:
    platform = youtube(token=recorded("token_unticked"), channels=recorded("channels"))
    tokens = await exchange(platform)

    with pytest.raises(ScopeMissing) as caught:
        await YouTube().identify(platform, APP, tokens)

    assert caught.value.scope == READ
    assert platform.urls() == [TOKEN]


async def test_a_grant_whose_scopes_are_not_told_is_tried() -> None:
    platform = youtube(token=recorded("token_without_scope"), channels=recorded("channels"))
    tokens = await exchange(platform)

    assert (await YouTube().identify(platform, APP, tokens)).platform_user_id == CHANNEL


def test_there_is_nothing_to_choose() -> None:
    assert YouTube.selection is None
    assert YouTube().person(PERSON) == Connection(
        platform_account_id=CHANNEL, username="northwindbikes", display_name="Northwind Bikes"
    )
