"""The Pinterest adapter: what it sends, and whose account comes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from moorline.adapter.values import Identity, SecretIn, Tokens
from moorline.errors import Refused, ScopeMissing, UnexpectedReply
from moorline.platforms.pinterest import Pinterest, to_identity
from moorline.wire import Reply, Request
from tests.platforms import transport
from tests.platforms.oauth_double import Sent, all_sent, form_of
from tests.platforms.pinterest_double import (
    ACCESS,
    API,
    APP,
    AUTHORIZE,
    BOARDS,
    CODE,
    HELD,
    ID,
    ME,
    PERSON,
    POSTERS,
    REFRESH,
    SCOPES,
    SECRET,
    TOKEN,
    got,
    pinterest,
    recorded,
)
from tests.platforms.transport import NOW, Platform, answer


def posted(form: dict[str, str]) -> Request:
    """The one form of a trade: the client in the header, never sent twice by itself."""
    return Request(method="POST", url=TOKEN, form=form, basic=(ID, SECRET), repeatable=False)


def trading(reply: Reply) -> Platform:
    return pinterest({("POST", TOKEN): reply})


async def exchange(platform: Platform) -> Tokens:
    return await Pinterest().exchange(platform, APP, code=CODE, verifier=None)


# Asking the person


def test_the_person_is_sent_to_pinterest_with_the_documented_parameters() -> None:
    url = Pinterest().authorize_url(APP, state="st-1", verifier=None)

    assert url.partition("?")[0] == AUTHORIZE
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": [ID],
        "redirect_uri": [APP.redirect_uri],
        "scope": ["user_accounts:read,boards:read,boards:write,pins:read,pins:write"],
        "state": ["st-1"],
    }


def test_s38_the_scopes_asked_for_are_those_for_connecting_and_posting() -> None:
    assert Pinterest.spec.scopes == SCOPES


async def test_s06_pinterest_knows_no_pkce_and_is_sent_neither_challenge_nor_verifier() -> None:
    platform, verifier = pinterest(), "v" * 43

    await Pinterest().exchange(platform, APP, code=CODE, verifier=verifier)

    url = Pinterest().authorize_url(APP, state="st-1", verifier=verifier)
    assert "code_challenge" not in url
    assert verifier not in url
    assert verifier not in form_of(platform.sent[0]).values()


def test_s30_the_secret_is_not_in_the_browsers_address() -> None:
    assert SECRET not in Pinterest().authorize_url(APP, state="st-1", verifier=None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope_separator": " "}, lambda now: "user_accounts%3Aread%20boards%3Aread" in now.browser),
        ({"scopes": ("boards:read",)}, lambda now: "scope=boards%3Aread&" in now.browser),
        ({"authorize_url": "https://pinterest.com/oauth/"}, lambda now: "//pinterest.com/" in now.browser),
        ({"authorize_extra": {"lang": "de"}}, lambda now: "lang=de" in now.browser),
        ({"client_id_field": "consumer_id"}, lambda now: f"consumer_id={ID}" in now.browser),
        ({"secret_in": SecretIn.BODY}, lambda now: all(in_body(call) for call in trades(now))),
        ({"client_id_with_basic": True}, lambda now: all("client_id" in form_of(call) for call in trades(now))),
        ({"token_url": f"{TOKEN}2"}, lambda now: {call.url for call in trades(now)} == {f"{TOKEN}2"}),
        ({"version": "api9"}, lambda now: all("//api9.pinterest.com/" in call.url for call in trades(now))),
        ({"scope_pattern": " "}, lambda now: now.granted == ("read", "write,more")),
        ({"revoke_url": f"{API}/revoke"}, lambda now: {call.url for call in now.revoke} == {f"{API}/revoke"}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_changing_a_declared_field_changes_what_pinterest_is_sent(
    changes: dict[str, Any], told: Callable[[Sent], bool]
) -> None:
    changed: Pinterest = type("Changed", (Pinterest,), {"spec": replace(Pinterest.spec, **changes)})()

    assert not told(await all_sent(Pinterest(), APP))
    assert told(await all_sent(changed, APP))


def trades(now: Sent) -> list[Request]:
    assert now.refresh is not None
    return [now.exchange, now.refresh]


def in_body(call: Request) -> bool:
    return call.basic is None and form_of(call).get("client_secret") == SECRET


async def test_an_app_on_trial_access_calls_the_other_host_and_asks_people_at_the_same() -> None:
    trial, host = replace(APP, api_version="api-sandbox"), "https://api-sandbox.pinterest.com/v5"
    platform = pinterest(
        {
            ("POST", f"{host}/oauth/token"): recorded("token"),
            ("GET", f"{host}/user_account"): recorded("me"),
            ("GET", f"{host}/boards"): recorded("boards"),
        }
    )

    tokens = await Pinterest().exchange(platform, trial, code=CODE, verifier=None)
    identity = await Pinterest().identify(platform, trial, tokens)
    await Pinterest().list_choices(platform, trial, tokens, identity)
    await Pinterest().adopt(platform, trial, tokens, identity, POSTERS)
    await Pinterest().refresh(platform, trial, tokens)

    assert [url.removeprefix(host) for url in platform.urls()] == [
        "/oauth/token",
        "/user_account",
        "/boards",
        "/boards",
        "/oauth/token",
    ]
    assert Pinterest().authorize_url(trial, state="st-1", verifier=None).startswith(f"{AUTHORIZE}?")


# Tokens


async def test_the_code_is_traded_once_for_a_pair_that_can_be_renewed_for_ever() -> None:
    platform = pinterest()

    await exchange(platform)

    assert platform.sent == [
        posted(
            {
                "grant_type": "authorization_code",
                "code": CODE,
                "redirect_uri": APP.redirect_uri,
                "continuous_refresh": "true",
            }
        )
    ]


async def test_s08_the_redirect_uri_of_the_exchange_is_the_authorized_one() -> None:
    platform, app = pinterest(), replace(APP, redirect_uri="https://moorline.example:8443/cb/")

    await Pinterest().exchange(platform, app, code=CODE, verifier=None)

    authorized = parse_qs(urlsplit(Pinterest().authorize_url(app, state="s", verifier=None)).query)["redirect_uri"]
    assert [form_of(platform.sent[0])["redirect_uri"]] == authorized == [app.redirect_uri]


@pytest.mark.parametrize(("name", "refresh_days"), [("token", 60), ("token_spaced", 60), ("token_older_life", 365)])
async def test_the_pair_lives_as_long_as_the_answer_says(name: str, refresh_days: int) -> None:
    tokens = await exchange(trading(recorded(name)))

    assert tokens == Tokens(
        access=ACCESS,
        refresh=REFRESH,
        access_expires_at=NOW + timedelta(days=30),
        refresh_expires_at=NOW + timedelta(days=refresh_days),
        granted=SCOPES,
    )


@pytest.mark.parametrize("reply", [answer({}), answer([]), Reply(status=200), Reply(status=200, body=b"<html>")])
async def test_a_success_without_token_is_unexpected(reply: Reply) -> None:
    with pytest.raises(UnexpectedReply):
        await exchange(trading(reply))


async def test_a_refresh_sends_the_refresh_token_once_and_takes_the_new_pair() -> None:
    platform = trading(recorded("refreshed"))

    tokens = await Pinterest().refresh(platform, APP, HELD)

    assert platform.sent == [posted({"grant_type": "refresh_token", "refresh_token": REFRESH})]
    assert tokens == Tokens(
        access="pina_second",
        refresh="pinr_second",
        access_expires_at=NOW + timedelta(days=30),
        refresh_expires_at=NOW + timedelta(days=60),
        granted=SCOPES,
    )


async def test_a_refresh_token_that_is_not_returned_is_kept_with_its_end() -> None:
    held = replace(HELD, refresh_expires_at=NOW + timedelta(days=40))

    tokens = await Pinterest().refresh(trading(recorded("refreshed_access_only")), APP, held)

    assert (tokens.access, tokens.refresh) == ("pina_second", REFRESH)
    assert tokens.refresh_expires_at == NOW + timedelta(days=40)


async def test_without_refresh_token_only_the_person_can_help_and_nothing_is_sent() -> None:
    platform = pinterest()

    with pytest.raises(Refused):
        await Pinterest().refresh(platform, APP, replace(HELD, refresh=None))

    assert platform.sent == []


async def test_there_is_nothing_to_call_when_an_account_is_disconnected() -> None:
    platform = pinterest()

    await Pinterest().revoke(platform, APP, HELD, PERSON)

    assert platform.sent == []


# Who it is


async def test_the_person_is_read_with_the_new_token() -> None:
    platform = pinterest()

    await Pinterest().identify(platform, APP, HELD)

    assert platform.sent == [got(ME)]


async def test_s11_the_account_is_kept_by_its_number() -> None:
    assert await Pinterest().identify(pinterest(), APP, HELD) == PERSON


async def test_a_private_person_is_shown_by_the_handle() -> None:
    identity = await Pinterest().identify(pinterest({("GET", ME): recorded("me_pinner")}), APP, HELD)

    assert (identity.username, identity.display_name) == ("larkspurprints", "larkspurprints")


def me_with(**changes: Any) -> dict[str, Any]:
    return {**transport.body_of("pinterest", "me"), **changes}


@pytest.mark.parametrize("handle", [None, "", " ", 7, {}])
def test_an_account_without_handle_goes_by_its_business_or_else_its_number(handle: object) -> None:
    number = PERSON.platform_user_id

    assert to_identity(me_with(username=handle)) == replace(PERSON, username="Larkspur Prints", profile_url=None)
    assert to_identity(me_with(username=handle, business_name=None)) == Identity(
        platform_user_id=number, username=number, display_name=number, picture_url=PERSON.picture_url
    )


@pytest.mark.parametrize("picture", [None, "", 7, {}])
def test_an_odd_picture_is_none(picture: object) -> None:
    assert to_identity(me_with(profile_image=picture)).picture_url is None


@pytest.mark.parametrize("me", [{}, me_with(id=None), me_with(id=""), me_with(id=7), me_with(id={})])
def test_s11_a_handle_never_stands_in_for_a_missing_number(me: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        to_identity(me)


@pytest.mark.parametrize("missing", ["user_accounts:read", "boards:read"])
async def test_a_grant_without_a_required_scope_names_it(missing: str) -> None:
    platform, granted = pinterest(), tuple(scope for scope in SCOPES if scope != missing)

    with pytest.raises(ScopeMissing) as caught:
        await Pinterest().identify(platform, APP, replace(HELD, granted=granted))

    assert caught.value.scope == missing
    assert platform.sent == []


async def test_where_the_grant_is_not_told_what_was_asked_for_counts() -> None:
    untold, asked_less = replace(HELD, granted=None), replace(APP, scopes=("user_accounts:read",))

    assert await Pinterest().identify(pinterest(), APP, untold) == PERSON
    with pytest.raises(ScopeMissing) as caught:
        await Pinterest().identify(pinterest(), asked_less, untold)
    assert caught.value.scope == "boards:read"


async def test_every_read_goes_to_the_documented_host_with_the_token_as_bearer() -> None:
    platform = pinterest()

    identity = await Pinterest().identify(platform, APP, HELD)
    await Pinterest().list_choices(platform, APP, HELD, identity)
    await Pinterest().adopt(platform, APP, HELD, identity, POSTERS)

    assert platform.sent == [got(ME), *[got(BOARDS, {"page_size": "250"})] * 2]
