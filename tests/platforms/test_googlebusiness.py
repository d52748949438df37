"""The Google Business adapter: what it sends, and the person that comes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from moorline.adapter.values import Carrier, Identity, Renews, SecretIn, Tokens
from moorline.errors import ScopeMissing, UnexpectedReply
from moorline.platforms.googlebusiness import GoogleBusiness, to_identity
from moorline.wire import Reply, Request
from tests.platforms.googlebusiness_double import (
    ACCESS,
    APP,
    AUTHORIZE,
    CLIENT,
    CODE,
    HELD,
    KEY,
    MANAGE,
    REFRESH,
    REVOKE,
    SCOPES,
    SECRET,
    TOKEN,
    USERINFO,
    google_business,
    got,
    recorded,
)
from tests.platforms.oauth_double import CHALLENGE, VERIFIER, Sent, all_sent, form_of
from tests.platforms.transport import NOW, Answers, Platform, answer


def traded(form: dict[str, str]) -> Request:
    """The one form of every call for tokens, never sent twice."""
    return Request(method="POST", url=TOKEN, form={**form, **CLIENT})


def with_token(reply: Answers) -> Platform:
    return google_business({("POST", TOKEN): reply})


async def exchange(platform: Platform) -> Tokens:
    return await GoogleBusiness().exchange(platform, APP, code=CODE, verifier=VERIFIER)


# Asking the person


def test_the_person_is_sent_to_google_with_the_documented_parameters() -> None:
    url = GoogleBusiness().authorize_url(APP, state="st-1", verifier=VERIFIER)

    assert url.partition("?")[0] == AUTHORIZE
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": [KEY],
        "redirect_uri": [APP.redirect_uri],
        "scope": [" ".join(SCOPES)],
        "state": ["st-1"],
        "access_type": ["offline"],
        "prompt": ["consent select_account"],
        "code_challenge": [CHALLENGE],
        "code_challenge_method": ["S256"],
    }


def test_s38_the_scopes_asked_for_are_those_for_locations_and_the_persons_name() -> None:
    assert GoogleBusiness.spec.scopes == SCOPES


async def test_s06_the_challenge_goes_to_the_browser_and_the_verifier_only_to_the_exchange() -> None:
    platform = google_business()

    await exchange(platform)

    assert VERIFIER not in GoogleBusiness().authorize_url(APP, state="st-1", verifier=VERIFIER)
    assert form_of(platform.sent[0])["code_verifier"] == VERIFIER


def test_s30_the_secret_is_not_in_the_browsers_address() -> None:
    assert SECRET not in GoogleBusiness().authorize_url(APP, state="st-1", verifier=VERIFIER)


def test_the_issuer_is_compared_where_google_names_it_and_not_demanded() -> None:
    assert GoogleBusiness.spec.issuer == "https://accounts.google.com"
    assert GoogleBusiness.spec.issuer_promised is False


def test_the_person_picks_a_location_by_the_documented_names() -> None:
    selection = GoogleBusiness.selection

    assert selection is not None
    assert (selection.step, selection.path, selection.noun) == ("select_location", "select-location", "location")
    assert (selection.nothing_found, selection.or_person) == ("no_business_locations", False)
    assert (selection.carrier, selection.tells_tokens) == (Carrier.TEMP_TOKEN, True)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope_separator": ","}, lambda now: "business.manage%2Copenid" in now.browser),
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
async def test_changing_a_declared_field_changes_what_google_is_sent(
    changes: dict[str, Any], told: Callable[[Sent], bool]
) -> None:
    changed: GoogleBusiness = type("Changed", (GoogleBusiness,), {"spec": replace(GoogleBusiness.spec, **changes)})()

    assert not told(await all_sent(GoogleBusiness(), APP))
    assert told(await all_sent(changed, APP))


# Tokens


async def test_the_code_is_traded_once_with_the_client_in_the_form() -> None:
    platform = google_business()

    tokens = await exchange(platform)

    form = {"grant_type": "authorization_code", "code": CODE, "redirect_uri": APP.redirect_uri}
    assert platform.sent == [traded({**form, "code_verifier": VERIFIER})]
    assert tokens == Tokens(
        access=ACCESS, refresh=REFRESH, access_expires_at=NOW + timedelta(seconds=3599), granted=SCOPES
    )


async def test_s08_the_redirect_uri_of_the_exchange_is_the_authorized_one() -> None:
    platform, app = google_business(), replace(APP, redirect_uri="https://moorline.example:8443/cb/")

    await GoogleBusiness().exchange(platform, app, code=CODE, verifier=VERIFIER)

    browser = GoogleBusiness().authorize_url(app, state="s", verifier=VERIFIER)
    authorized = parse_qs(urlsplit(browser).query)["redirect_uri"]
    assert [form_of(platform.sent[0])["redirect_uri"]] == authorized == [app.redirect_uri]


async def test_a_consent_without_refresh_token_brings_none() -> None:
    tokens = await exchange(with_token(recorded("token_without_refresh_token")))

    assert (tokens.access, tokens.refresh) == (ACCESS, None)


@pytest.mark.parametrize("reply", [answer({}), answer([]), Reply(status=200), Reply(status=200, body=b"<html>")])
async def test_a_success_without_token_is_unexpected(reply: Reply) -> None:
    with pytest.raises(UnexpectedReply):
        await exchange(with_token(reply))


async def test_a_refresh_keeps_the_refresh_token_since_google_returns_none() -> None:
    platform = with_token(recorded("refreshed"))

    tokens = await GoogleBusiness().refresh(platform, APP, HELD)

    assert platform.sent == [traded({"grant_type": "refresh_token", "refresh_token": REFRESH})]
    assert (tokens.access, tokens.refresh) == ("ya29.second", REFRESH)
    assert tokens.access_expires_at == NOW + timedelta(seconds=3599)


# Who it is


async def test_the_person_is_read_with_the_new_token() -> None:
    platform = google_business()

    await GoogleBusiness().identify(platform, APP, HELD)

    assert platform.sent == [got(USERINFO, {})]


async def test_s11_the_person_is_kept_by_the_subject() -> None:
    assert await GoogleBusiness().identify(google_business(), APP, HELD) == Identity(
        platform_user_id="113303573364907650416",
        username="John Doe",
        display_name="John Doe",
        picture_url="https://lh3.googleusercontent.com/a/john=s96-c",
    )


async def test_a_person_who_does_not_show_the_profile_goes_by_the_number() -> None:
    platform = google_business({("GET", USERINFO): recorded("userinfo_without_profile")})

    identity = await GoogleBusiness().identify(platform, APP, HELD)

    assert (identity.username, identity.display_name) == (identity.platform_user_id, identity.platform_user_id)
    assert identity.picture_url is None


@pytest.mark.parametrize("odd", [None, "", " ", 7, {}])
def test_an_odd_name_or_picture_is_none(odd: object) -> None:
    identity = to_identity({"sub": "1", "name": odd, "picture": odd, "email": "j@example.com"})

    assert identity == Identity(platform_user_id="1", username="1", display_name="1")


@pytest.mark.parametrize("userinfo", [{}, {"sub": None}, {"sub": ""}, {"sub": 7}, {"id": "1", "email": "j@e.example"}])
def test_s11_a_success_that_does_not_say_who_is_unexpected(userinfo: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        to_identity(userinfo)


async def test_a_box_left_unticked_is_named_before_anything_is_asked() -> None:
    platform = with_token(recorded("token_unticked"))
    tokens = await exchange(platform)

    with pytest.raises(ScopeMissing) as caught:
        await GoogleBusiness().identify(platform, APP, tokens)

    assert caught.value.scope == MANAGE
    assert platform.urls() == [TOKEN]


async def test_a_grant_that_cannot_say_who_it_is_is_refused() -> None:
    with pytest.raises(ScopeMissing) as caught:
        await GoogleBusiness().identify(google_business(), APP, replace(HELD, granted=(MANAGE,)))

    assert caught.value.scope == "openid"


async def test_a_grant_whose_scopes_are_not_told_is_tried() -> None:
    platform = with_token(recorded("token_without_scope"))
    tokens = await exchange(platform)

    assert (await GoogleBusiness().identify(platform, APP, tokens)).display_name == "John Doe"
