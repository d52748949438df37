"""The TikTok adapter: what it sends, and the account that comes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from moorline.adapter.values import Identity, Renews, SecretIn, Tokens
from moorline.errors import AppMisconfigured, MoorlineError, Refused, ScopeMissing, UnexpectedReply, Unreachable
from moorline.platforms.tiktok import TikTok, to_identity
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.oauth_double import Sent, all_sent, form_of
from tests.platforms.tiktok_double import (
    ACCESS,
    APP,
    AUTHORIZE,
    CLIENT,
    CODE,
    HELD,
    KEY,
    ME,
    PERSON,
    REFRESH,
    REVOKE,
    SCOPES,
    SECRET,
    TOKEN,
    recorded,
    tiktok,
)
from tests.platforms.transport import NOW, Platform, answer


def posted(url: str, form: dict[str, str], *, repeatable: bool) -> Request:
    """The one form of every call with our credentials."""
    return Request(method="POST", url=url, form={**form, **CLIENT}, repeatable=repeatable)


async def exchange(platform: Platform) -> Tokens:
    return await TikTok().exchange(platform, APP, code=CODE, verifier=None)


# Asking the person


def test_the_person_is_sent_to_tiktok_with_the_documented_parameters() -> None:
    url = TikTok().authorize_url(APP, state="st-1", verifier=None)

    assert url.partition("?")[0] == AUTHORIZE
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_key": [KEY],
        "redirect_uri": [APP.redirect_uri],
        "scope": ["user.info.basic,user.info.profile,video.publish,video.upload"],
        "state": ["st-1"],
        "disable_auto_auth": ["1"],
    }


def test_s38_the_scopes_asked_for_are_those_for_connecting_and_posting() -> None:
    assert TikTok.spec.scopes == SCOPES


async def test_s06_a_web_app_sends_neither_challenge_nor_verifier() -> None:
    platform, verifier = tiktok(token=recorded("token")), "v" * 43

    await TikTok().exchange(platform, APP, code=CODE, verifier=verifier)

    url = TikTok().authorize_url(APP, state="st-1", verifier=verifier)
    assert "code_challenge" not in url
    assert verifier not in url
    assert verifier not in form_of(platform.sent[0]).values()


def test_s30_the_secret_is_not_in_the_browsers_address() -> None:
    assert SECRET not in TikTok().authorize_url(APP, state="st-1", verifier=None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope_separator": " "}, lambda now: "user.info.basic%20user.info.profile" in now.browser),
        ({"scopes": ("user.info.basic",)}, lambda now: "scope=user.info.basic&" in now.browser),
        ({"authorize_extra": {}}, lambda now: "disable_auto_auth" not in now.browser),
        ({"authorize_url": "https://tiktok.com/v2/auth/authorize/"}, lambda now: "//tiktok.com/" in now.browser),
        (
            {"client_id_field": "client_id"},
            lambda now: all(form_of(call).get("client_id") == KEY for call in calls(now)),
        ),
        ({"secret_in": SecretIn.HEADER}, lambda now: all(call.basic == (KEY, SECRET) for call in calls(now))),
        ({"pkce": True}, lambda now: "challenge" in now.browser and "code_verifier" in form_of(now.exchange)),
        ({"token_url": f"{TOKEN}2"}, lambda now: now.exchange.url == f"{TOKEN}2"),
        ({"revoke_url": f"{REVOKE}2"}, lambda now: {request.url for request in now.revoke} == {f"{REVOKE}2"}),
        ({"renews": Renews.NEVER}, lambda now: now.refresh is None),
        ({"scope_pattern": " "}, lambda now: now.granted == ("read", "write,more")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_changing_a_declared_field_changes_what_tiktok_is_sent(
    changes: dict[str, Any], told: Callable[[Sent], bool]
) -> None:
    changed: TikTok = type("Changed", (TikTok,), {"spec": replace(TikTok.spec, **changes)})()

    assert not told(await all_sent(TikTok(), APP))
    assert told(await all_sent(changed, APP))


def calls(now: Sent) -> list[Request]:
    assert now.refresh is not None
    return [now.exchange, now.refresh, *now.revoke]


# Tokens


async def test_the_code_is_traded_once_with_the_client_in_the_form() -> None:
    platform = tiktok(token=recorded("token"))

    await exchange(platform)

    form = {"grant_type": "authorization_code", "code": CODE, "redirect_uri": APP.redirect_uri}
    assert platform.sent == [posted(TOKEN, form, repeatable=False)]


async def test_s08_the_redirect_uri_of_the_exchange_is_the_authorized_one() -> None:
    platform, app = tiktok(token=recorded("token")), replace(APP, redirect_uri="https://moorline.example:8443/cb/")

    await TikTok().exchange(platform, app, code=CODE, verifier=None)

    authorized = parse_qs(urlsplit(TikTok().authorize_url(app, state="s", verifier=None)).query)["redirect_uri"]
    assert [form_of(platform.sent[0])["redirect_uri"]] == authorized == [app.redirect_uri]


@pytest.mark.parametrize(
    ("name", "access", "refresh"),
    [
        ("token", timedelta(hours=2), timedelta(days=180)),
        ("token_older_lives", timedelta(hours=24), timedelta(days=365)),
    ],
)
async def test_the_pair_lives_as_long_as_the_answer_says(name: str, access: timedelta, refresh: timedelta) -> None:
    tokens = await exchange(tiktok(token=recorded(name)))

    assert tokens == Tokens(
        access=ACCESS,
        refresh=REFRESH,
        access_expires_at=NOW + access,
        refresh_expires_at=NOW + refresh,
        granted=SCOPES,
    )


@pytest.mark.parametrize("reply", [answer({}), answer([]), Reply(status=200), Reply(status=200, body=b"<html>")])
async def test_a_success_without_token_is_unexpected(reply: Reply) -> None:
    with pytest.raises(UnexpectedReply):
        await exchange(tiktok(token=reply))


async def test_a_refresh_sends_the_refresh_token_once_and_takes_the_new_pair() -> None:
    platform = tiktok(token=recorded("refreshed"))

    tokens = await TikTok().refresh(platform, APP, HELD)

    form = {"grant_type": "refresh_token", "refresh_token": REFRESH}
    assert platform.sent == [posted(TOKEN, form, repeatable=False)]
    assert (tokens.access, tokens.refresh) == ("act.second", "rft.second")
    assert tokens.access_expires_at == NOW + timedelta(hours=2)
    assert tokens.refresh_expires_at == NOW + timedelta(days=179)


async def test_a_refresh_token_that_is_not_returned_is_kept_with_its_end() -> None:
    held = replace(HELD, refresh_expires_at=NOW + timedelta(days=90))

    tokens = await TikTok().refresh(tiktok(token=recorded("refreshed_without_refresh_token")), APP, held)

    assert (tokens.access, tokens.refresh) == ("act.second", REFRESH)
    assert tokens.refresh_expires_at == NOW + timedelta(days=90)


# Revocation


@pytest.mark.parametrize("body", ["revoked", "revoked_empty"])
async def test_revoking_sends_the_access_token_alone(body: str) -> None:
    platform = tiktok(revoke=recorded(body))

    await TikTok().revoke(platform, APP, HELD, PERSON)

    assert platform.sent == [posted(REVOKE, {"token": ACCESS}, repeatable=True)]
    assert TikTok.revokes_person


async def test_an_expired_access_token_is_renewed_to_be_revoked() -> None:
    platform = tiktok(token=recorded("refreshed"), revoke=recorded("revoked"))

    await TikTok().revoke(platform, APP, replace(HELD, access_expires_at=NOW), PERSON)

    assert platform.sent == [
        posted(TOKEN, {"grant_type": "refresh_token", "refresh_token": REFRESH}, repeatable=False),
        posted(REVOKE, {"token": "act.second"}, repeatable=True),
    ]


async def test_a_live_access_token_is_not_renewed_to_be_revoked() -> None:
    platform = tiktok(revoke=recorded("revoked"))

    await TikTok().revoke(platform, APP, replace(HELD, access_expires_at=NOW + timedelta(seconds=1)), PERSON)

    assert platform.urls() == [REVOKE]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_client_wrong"), AppMisconfigured),
        (recorded("error_token_invalid"), Refused),
        (Reply(status=200, body=recorded("error_token_invalid").body), Refused),
        (None, Unreachable),
    ],
)
async def test_a_revocation_that_failed_says_so(reply: Reply | None, expected: type[MoorlineError]) -> None:
    with pytest.raises(expected):
        await TikTok().revoke(tiktok(revoke=reply), APP, HELD, PERSON)


async def test_a_grant_that_cannot_be_renewed_any_more_is_not_revoked() -> None:
    platform = tiktok(token=recorded("error_refresh_token_dead"))

    with pytest.raises(Refused):
        await TikTok().revoke(platform, APP, replace(HELD, access_expires_at=NOW), PERSON)

    assert platform.urls() == [TOKEN]


# Who it is


async def test_the_person_is_read_with_the_new_token() -> None:
    platform = tiktok(me=recorded("me"))

    await TikTok().identify(platform, APP, HELD)

    fields = "open_id,avatar_url,display_name,username"
    assert platform.sent == [Request(method="GET", url=ME, query={"fields": fields}, bearer=ACCESS, repeatable=True)]


@pytest.mark.parametrize(
    ("granted", "asked", "fields"),
    [
        (("user.info.basic",), (), "open_id,avatar_url,display_name"),
        (SCOPES, ("user.info.basic",), "open_id,avatar_url,display_name,username"),
        (None, (), "open_id,avatar_url,display_name,username"),
        (None, ("user.info.basic",), "open_id,avatar_url,display_name"),
    ],
    ids=["granted less", "granted", "not told", "not told and asked less"],
)
async def test_no_field_is_asked_for_whose_scope_is_missing(
    granted: tuple[str, ...] | None, asked: tuple[str, ...], fields: str
) -> None:
    platform = tiktok(me=recorded("me"))

    await TikTok().identify(platform, replace(APP, scopes=asked), replace(HELD, granted=granted))

    assert platform.sent[0].query == {"fields": fields}


async def test_s11_the_account_is_kept_by_its_open_id_to_the_letter() -> None:
    identity = await TikTok().identify(tiktok(me=recorded("me")), APP, HELD)

    assert identity == Identity(
        platform_user_id="5b1d9f0c-3e7a-4c2b-9a61-7f20d4e8c913",
        username="jane.doe",
        display_name="Jane",
        picture_url="https://p19-sign.tiktokcdn.com/jane.jpeg?x-expires=1795564800",
        profile_url="https://tiktok.com/@jane.doe",
    )


async def test_a_person_who_shows_no_handle_is_called_by_the_name() -> None:
    tokens = await exchange(tiktok(token=recorded("token_without_profile")))

    identity = await TikTok().identify(tiktok(me=recorded("me_without_profile")), APP, tokens)

    assert (identity.username, identity.display_name, identity.profile_url) == ("Jane", "Jane", None)


def me_with(**changes: Any) -> dict[str, Any]:
    return {"data": {"user": {**transport.body_of("tiktok", "me")["data"]["user"], **changes}}}


@pytest.mark.parametrize("name", ["", "  ", None])
def test_an_account_without_name_is_shown_by_its_handle_or_else_its_number(name: object) -> None:
    assert to_identity(me_with(display_name=name)).display_name == "jane.doe"
    assert to_identity(me_with(display_name=name, username=None)).display_name == PERSON.platform_user_id


@pytest.mark.parametrize("picture", [None, 7, {}])
def test_an_odd_picture_is_none(picture: object) -> None:
    assert to_identity(me_with(avatar_url=picture)).picture_url is None


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"data": []},
        {"data": {}},
        {"data": {"user": []}},
        me_with(open_id=None),
        me_with(open_id=""),
        me_with(open_id=7),
    ],
)
def test_s11_a_success_that_does_not_say_who_is_unexpected(info: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        to_identity(info)


@pytest.mark.parametrize("granted", [("video.publish",), ()])
async def test_a_grant_without_the_basic_scope_names_it(granted: tuple[str, ...]) -> None:
    platform = tiktok(me=recorded("me"))

    with pytest.raises(ScopeMissing) as caught:
        await TikTok().identify(platform, APP, replace(HELD, granted=granted))

    assert caught.value.scope == "user.info.basic"
    assert platform.sent == []


def test_there_is_nothing_to_choose() -> None:
    connection = TikTok().person(PERSON)

    assert TikTok.selection is None
    assert connection.platform_account_id == PERSON.platform_user_id
    assert connection.tokens is None
