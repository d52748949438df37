"""The Reddit adapter: what it sends, and the account that comes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from moorline.adapter.oauth import to_connection
from moorline.adapter.values import Identity, Renews, SecretIn, Tokens
from moorline.errors import AppMisconfigured, FlowFailed, ScopeMissing, UnexpectedReply
from moorline.platforms.reddit import Reddit, to_identity
from moorline.wire import Reply, Request
from tests.platforms.oauth_double import Sent, all_sent, form_of
from tests.platforms.reddit_double import (
    ACCESS,
    APP,
    AUTHORIZE,
    CLIENT,
    CODE,
    HELD,
    ME,
    PERSON,
    REFRESH,
    REVOKE,
    SCOPES,
    SECRET,
    TOKEN,
    USER_AGENT,
    got,
    posted,
    recorded,
    reddit,
)
from tests.platforms.transport import NOW, Platform, answer, body_of


async def exchange(platform: Platform, code: str = CODE) -> Tokens:
    return await Reddit().exchange(platform, APP, code=code, verifier=None)


# Asking the person


def test_the_person_is_sent_to_reddit_with_the_documented_parameters() -> None:
    url = Reddit().authorize_url(APP, state="st-1", verifier=None)

    assert url.partition("?")[0] == AUTHORIZE
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": [CLIENT],
        "redirect_uri": [APP.redirect_uri],
        "scope": ["identity mysubreddits read submit flair"],
        "state": ["st-1"],
        "duration": ["permanent"],
    }


def test_s38_the_scopes_asked_for_are_those_for_connecting_choosing_and_posting() -> None:
    assert Reddit.spec.scopes == SCOPES


async def test_s06_neither_challenge_nor_verifier_is_sent() -> None:
    platform, verifier = reddit(), "v" * 43

    await Reddit().exchange(platform, APP, code=CODE, verifier=verifier)

    url = Reddit().authorize_url(APP, state="st-1", verifier=verifier)
    assert "code_challenge" not in url
    assert verifier not in url
    assert verifier not in form_of(platform.sent[0]).values()


def test_s30_the_secret_is_not_in_the_browsers_address() -> None:
    assert SECRET not in Reddit().authorize_url(APP, state="st-1", verifier=None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope_separator": ","}, lambda now: "identity%2Cmysubreddits" in now.browser),
        ({"scopes": ("identity",)}, lambda now: "scope=identity&" in now.browser),
        ({"authorize_extra": {}}, lambda now: "duration" not in now.browser),
        ({"authorize_url": f"{AUTHORIZE}.compact"}, lambda now: f"{AUTHORIZE}.compact?" in now.browser),
        ({"client_id_field": "client_key"}, lambda now: f"client_key={CLIENT}" in now.browser),
        ({"client_id_with_basic": True}, lambda now: all(form_of(call).get("client_id") for call in calls(now))),
        ({"secret_in": SecretIn.BODY}, lambda now: all(call.basic is None for call in calls(now))),
        ({"pkce": True}, lambda now: "challenge" in now.browser and "code_verifier" in form_of(now.exchange)),
        ({"token_url": f"{TOKEN}2"}, lambda now: now.exchange.url == f"{TOKEN}2"),
        ({"revoke_url": f"{REVOKE}2"}, lambda now: {request.url for request in now.revoke} == {f"{REVOKE}2"}),
        ({"renews": Renews.NEVER}, lambda now: now.refresh is None),
        ({"scope_pattern": " "}, lambda now: now.granted == ("read", "write,more")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_changing_a_declared_field_changes_what_reddit_is_sent(
    changes: dict[str, Any], told: Callable[[Sent], bool]
) -> None:
    changed: Reddit = type("Changed", (Reddit,), {"spec": replace(Reddit.spec, **changes)})()

    assert not told(await all_sent(Reddit(), APP))
    assert told(await all_sent(changed, APP))


def calls(now: Sent) -> list[Request]:
    assert now.refresh is not None
    return [now.exchange, now.refresh, *now.revoke]


# The name every call goes by


async def test_every_call_names_the_app_in_the_form_reddit_demands() -> None:
    platform = reddit()

    await exchange(platform)
    await Reddit().refresh(platform, APP, HELD)
    await Reddit().identify(platform, APP, HELD)
    await Reddit().list_choices(platform, APP, HELD, PERSON)
    await Reddit().adopt(platform, APP, HELD, PERSON, "2qh1i")
    await Reddit().revoke(platform, APP, HELD, PERSON)

    assert len(platform.sent) == 9
    assert all(request.headers == USER_AGENT for request in platform.sent)


def test_another_app_goes_by_another_name() -> None:
    names = {Reddit().headers(replace(APP, client_id=client))["User-Agent"] for client in ("one", "two")}

    assert len(names) == 2


def test_s30_the_name_holds_no_secret_and_claims_to_be_nobody() -> None:
    name = Reddit().headers(APP)["User-Agent"]

    assert SECRET not in name
    owner = name.rpartition("/u/")[2].rstrip(")")
    assert len(owner) > 20  # what people are called has twenty characters at most


# Tokens


async def test_the_code_is_traded_once_with_the_client_in_the_header_alone() -> None:
    platform = reddit()

    await exchange(platform)

    form = {"grant_type": "authorization_code", "code": CODE, "redirect_uri": APP.redirect_uri}
    assert platform.sent == [posted(TOKEN, form, repeatable=False)]


async def test_what_a_browser_shows_behind_the_code_is_cut_off() -> None:
    platform = reddit()

    await exchange(platform, f"{CODE}#_")

    assert form_of(platform.sent[0])["code"] == CODE


async def test_s08_the_redirect_uri_of_the_exchange_is_the_authorized_one() -> None:
    platform, app = reddit(), replace(APP, redirect_uri="https://moorline.example:8443/cb/")

    await Reddit().exchange(platform, app, code=CODE, verifier=None)

    authorized = parse_qs(urlsplit(Reddit().authorize_url(app, state="s", verifier=None)).query)["redirect_uri"]
    assert [form_of(platform.sent[0])["redirect_uri"]] == authorized == [app.redirect_uri]


@pytest.mark.parametrize(
    ("name", "life"), [("token", timedelta(days=1)), ("token_of_an_hour", timedelta(hours=1))], ids=["2025", "2021"]
)
async def test_access_lives_as_long_as_the_answer_says(name: str, life: timedelta) -> None:
    tokens = await exchange(reddit({("POST", TOKEN): recorded(name)}))

    assert tokens == Tokens(
        access=ACCESS,
        refresh=REFRESH,
        access_expires_at=NOW + life,
        granted=SCOPES,
    )


async def test_a_token_of_any_length_is_taken() -> None:
    long = "e" * 5000

    tokens = await exchange(reddit({("POST", TOKEN): answer({**body_of("reddit", "token"), "access_token": long})}))

    assert tokens.access == long


@pytest.mark.parametrize("reply", [answer({}), answer([]), Reply(status=200), Reply(status=200, body=b"<html>")])
async def test_a_success_without_token_is_unexpected(reply: Reply) -> None:
    with pytest.raises(UnexpectedReply):
        await exchange(reddit({("POST", TOKEN): reply}))


@pytest.mark.parametrize(
    ("name", "refresh"),
    [
        ("refreshed", REFRESH),
        ("refreshed_without_refresh_token", REFRESH),
        ("refreshed_with_another_refresh_token", "7302867-second"),
    ],
)
async def test_a_refresh_keeps_the_refresh_token_unless_another_comes(name: str, refresh: str) -> None:
    platform = reddit({("POST", TOKEN): recorded(name)})

    tokens = await Reddit().refresh(platform, APP, HELD)

    form = {"grant_type": "refresh_token", "refresh_token": REFRESH}
    assert platform.sent == [posted(TOKEN, form, repeatable=False)]
    assert (tokens.access, tokens.refresh) == ("eyJhbGciOi.second", refresh)
    assert tokens.access_expires_at == NOW + timedelta(days=1)


# Revocation


@pytest.mark.parametrize("name", ["revoked", "revoked_204"])
async def test_revoking_ends_the_refresh_token_and_then_the_access_token(name: str) -> None:
    platform = reddit({("POST", REVOKE): recorded(name)})

    await Reddit().revoke(platform, APP, HELD, PERSON)

    assert platform.sent == [
        posted(REVOKE, {"token": REFRESH, "token_type_hint": "refresh_token"}, repeatable=True),
        posted(REVOKE, {"token": ACCESS, "token_type_hint": "access_token"}, repeatable=True),
    ]
    assert not Reddit.revokes_person


# Who it is


async def test_the_person_is_read_with_the_new_token() -> None:
    platform = reddit()

    await Reddit().identify(platform, APP, HELD)

    assert platform.sent == [got(ME)]


async def test_s11_the_account_is_kept_by_its_id_not_by_its_name() -> None:
    assert await Reddit().identify(reddit(), APP, HELD) == Identity(
        platform_user_id="75u2lqkb",
        username="jane_doe",
        display_name="Jane",
        picture_url="https://styles.redditmedia.com/t5_2tso75/icon.png?width=256&height=256&s=5f1c",
        profile_url="https://reddit.com/user/jane_doe",
    )


def me_with(**changes: Any) -> dict[str, Any]:
    return {**body_of("reddit", "me"), **changes}


@pytest.mark.parametrize("profile", [None, [], {}, {"title": ""}, {"title": "  "}, {"title": None}, {"title": 7}])
def test_a_person_without_title_is_shown_by_the_name(profile: object) -> None:
    assert to_identity(me_with(subreddit=profile)).display_name == "jane_doe"


def test_an_avatar_comes_before_the_icon() -> None:
    avatar = "https://i.redd.it/snoovatar/jane.png"

    assert to_identity(me_with(snoovatar_img=avatar)).picture_url == avatar


@pytest.mark.parametrize("picture", [None, "", 7, {}])
def test_an_odd_picture_is_none(picture: object) -> None:
    assert to_identity(me_with(snoovatar_img=picture, icon_img=picture)).picture_url is None


@pytest.mark.parametrize(
    "me",
    [
        {},
        body_of("reddit", "me_without_person"),
        me_with(id=None),
        me_with(id=""),
        me_with(id=7),
        me_with(name=None),
        me_with(name=" "),
        me_with(name=[]),
    ],
)
async def test_s11_a_success_that_does_not_say_who_is_unexpected(me: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        await Reddit().identify(reddit({("GET", ME): answer(me)}), APP, HELD)


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]"])
async def test_a_success_that_is_no_object_is_unexpected(body: bytes) -> None:
    with pytest.raises(UnexpectedReply):
        await Reddit().identify(reddit({("GET", ME): Reply(status=200, body=body)}), APP, HELD)


async def test_a_suspended_person_cannot_be_connected() -> None:
    with pytest.raises(FlowFailed) as caught:
        await Reddit().identify(reddit({("GET", ME): answer(me_with(is_suspended=True))}), APP, HELD)

    assert caught.value.slug == "account_not_eligible"


@pytest.mark.parametrize("granted", [("submit", "read"), ()])
async def test_a_grant_without_identity_names_it(granted: tuple[str, ...]) -> None:
    platform = reddit()

    with pytest.raises(ScopeMissing) as caught:
        await Reddit().identify(platform, APP, replace(HELD, granted=granted))

    assert caught.value.scope == "identity"
    assert platform.sent == []


async def test_a_grant_that_does_not_tell_its_scopes_is_tried() -> None:
    assert await Reddit().identify(reddit(), APP, replace(HELD, granted=None)) == PERSON


async def test_a_grant_without_subreddits_connects_like_any_other() -> None:
    tokens = await exchange(reddit({("POST", TOKEN): recorded("token_without_subreddits")}))

    assert await Reddit().identify(reddit(), APP, tokens) == PERSON


async def test_a_grant_that_would_be_dead_within_a_day_is_not_taken() -> None:
    tokens = await exchange(reddit({("POST", TOKEN): recorded("token_without_refresh_token")}))

    with pytest.raises(UnexpectedReply):
        await Reddit().identify(reddit(), APP, tokens)


def test_the_person_is_connected_without_choosing() -> None:
    assert Reddit.selection is None
    assert Reddit().person(PERSON) == to_connection(PERSON)


# Refusals in the browser


@pytest.mark.parametrize("code", ["invalid_request", "invalid_scope", "unsupported_response_type"])
def test_a_request_that_reddit_refuses_is_the_operators_to_repair(code: str) -> None:
    assert isinstance(Reddit().denial(code, ""), AppMisconfigured)


def test_a_person_who_declines_is_not_the_operators_problem() -> None:
    assert Reddit().denial("access_denied", "") is None
