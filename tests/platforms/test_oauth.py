"""The shared OAuth shape: what is declared, and what is sent for it."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline import ids
from moorline.adapter.oauth import OAuthSpec, s256
from moorline.adapter.values import Renews, SecretIn
from moorline.wire import Request
from tests.platforms.oauth_double import (
    APP,
    CHALLENGE,
    HELD,
    TOKEN_URL,
    VERIFIER,
    Sent,
    declared,
    form_of,
    query_of,
    sent,
)

# What is declared is what is sent

Told = Callable[[Sent], bool]

DECLARED: dict[str, tuple[dict[str, Any], Told]] = {
    "authorize_url": (
        {"authorize_url": "https://other.example/login"},
        lambda now: now.browser.startswith("https://other.example/login?"),
    ),
    "token_url": (
        {"token_url": "https://other.example/token"},
        lambda now: now.exchange.url == "https://other.example/token" == (now.refresh and now.refresh.url),
    ),
    "scopes": ({"scopes": ("only",)}, lambda now: query_of(now.browser).get("scope") == "only"),
    "scope_pattern": ({"scope_pattern": " "}, lambda now: now.granted == ("read", "write,more")),
    "scope_separator": ({"scope_separator": ","}, lambda now: query_of(now.browser).get("scope") == "read,write"),
    "secret_in": (
        {"secret_in": SecretIn.BODY},
        lambda now: (
            now.exchange.basic is None
            and form_of(now.exchange).get("client_secret") == "s3cret"
            and form_of(now.exchange).get("client_id") == "id-1"
            and all(form_of(request).get("client_secret") == "s3cret" for request in now.revoke)
        ),
    ),
    "client_id_with_basic": (
        {"client_id_with_basic": True},
        lambda now: form_of(now.exchange).get("client_id") == "id-1" and "client_secret" not in form_of(now.exchange),
    ),
    "client_id_field": (
        {"client_id_field": "client_key", "secret_in": SecretIn.BODY},
        lambda now: (
            query_of(now.browser).get("client_key") == form_of(now.exchange).get("client_key") == "id-1"
            and "client_id" not in {**query_of(now.browser), **form_of(now.exchange)}
        ),
    ),
    "pkce": (
        {"pkce": True},
        lambda now: (
            query_of(now.browser).get("code_challenge") == CHALLENGE
            and query_of(now.browser).get("code_challenge_method") == "S256"
            and form_of(now.exchange).get("code_verifier") == VERIFIER
        ),
    ),
    "renews": ({"renews": Renews.NEVER}, lambda now: now.refresh is None),
    "version": (
        {"version": "v2"},
        lambda now: (
            urlsplit(now.browser).path == "/v2/authorize"
            and now.exchange.url == "https://api.example.net/v2/token"
            and {request.url for request in now.revoke} == {"https://api.example.net/v2/revoke"}
        ),
    ),
    "revoke_url": ({"revoke_url": None}, lambda now: now.revoke == []),
    "authorize_extra": (
        {"authorize_extra": {"prompt": "consent"}},
        lambda now: query_of(now.browser).get("prompt") == "consent",
    ),
}


@pytest.mark.parametrize("name", sorted(DECLARED))
async def test_changing_a_declared_field_changes_what_is_sent(name: str) -> None:
    changes, told = DECLARED[name]

    assert not told(await sent({}))
    assert told(await sent(changes))


def test_every_field_that_can_be_declared_is_proven_to_matter() -> None:
    # What the flow reads of a callback is proven in tests/connect/test_issuer.py.
    read_by_the_flow = {"issuer", "issuer_promised"}
    read_by_health = {"analytics_scopes", "spared_scopes"}  # tests/http/test_health.py
    read_when_asked = {"reauth_extra"}
    proven = {*DECLARED, "pkce_optional", *read_by_the_flow, *read_by_health, *read_when_asked}
    assert {field.name for field in fields(OAuthSpec)} == proven


def test_what_makes_the_person_sign_in_anew_is_sent_when_asked_for_in_place_of_the_usual() -> None:
    platform = declared(authorize_extra={"prompt": "a", "kept": "k"}, reauth_extra={"prompt": "b"})
    usual, anew = (
        query_of(platform.authorize_url(APP, state="s", verifier=None, reauth=reauth)) for reauth in (False, True)
    )
    assert (usual["prompt"], usual["kept"]) == ("a", "k")
    assert (anew["prompt"], anew["kept"]) == ("b", "k")


@pytest.mark.parametrize(
    ("spec", "asked_for", "sent_along"),
    [
        ({}, True, False),
        ({"pkce_optional": True}, False, False),
        ({"pkce_optional": True}, True, True),
        ({"pkce": True}, False, True),
    ],
)
async def test_s06_a_challenge_left_to_the_operator_is_sent_when_asked_for(
    spec: dict[str, bool], asked_for: bool, sent_along: bool
) -> None:
    now = await sent(spec, replace(APP, pkce=asked_for))

    assert ("code_challenge" in query_of(now.browser)) is sent_along
    assert ("code_verifier" in form_of(now.exchange)) is sent_along


async def test_the_operators_version_and_scopes_go_before_the_declared_ones() -> None:
    now = await sent({}, replace(APP, api_version="v9", scopes=("mine", "yours")))

    assert urlsplit(now.browser).path == "/v9/authorize"
    assert now.exchange.url == "https://api.example.net/v9/token"
    assert query_of(now.browser).get("scope") == "mine yours"


# The way out


async def test_the_browser_is_sent_with_the_fields_of_rfc_6749_and_no_more() -> None:
    browser = (await sent({})).browser

    assert urlsplit(browser)._replace(query="").geturl() == "https://auth.example.net/v1/authorize"
    assert parse_qs(urlsplit(browser).query) == {
        "response_type": ["code"],
        "client_id": ["id-1"],
        "redirect_uri": [APP.redirect_uri],
        "scope": ["read write"],
        "state": ["st-1"],
    }


async def test_a_space_in_the_browsers_address_is_written_as_platforms_document_it() -> None:
    assert "scope=read%20write" in (await sent({})).browser


async def test_s30_the_secret_is_not_in_the_browsers_address() -> None:
    assert "s3cret" not in (await sent({"secret_in": SecretIn.BODY, "pkce": True})).browser


async def test_s06_the_challenge_is_s256_and_the_verifier_stays_here() -> None:
    browser = (await sent({"pkce": True})).browser

    assert query_of(browser)["code_challenge"] == CHALLENGE
    assert VERIFIER not in browser


@given(st.text(alphabet="ABCXYZabcxyz0189-._~", min_size=43, max_size=128))
def test_s06_every_challenge_is_unpadded_base64url_of_the_hash(verifier: str) -> None:
    plain = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()

    assert s256(verifier) == plain.rstrip("=")
    assert len(s256(verifier)) == 43


def test_s06_a_verifier_is_long_enough_and_of_the_allowed_characters() -> None:
    verifiers = {ids.new_secret() for _ in range(50)}

    assert len(verifiers) == 50
    assert all(43 <= len(verifier) <= 128 for verifier in verifiers)
    assert all(character.isalnum() or character in "-._~" for verifier in verifiers for character in verifier)


async def test_s06_without_pkce_no_verifier_leaves() -> None:
    now = await sent({"pkce": False})

    assert "code_challenge" not in query_of(now.browser)
    assert "code_verifier" not in form_of(now.exchange)


@pytest.mark.parametrize(
    "redirect_uri",
    [
        APP.redirect_uri,
        "https://moorline.example/connect/example/callback/",
        "https://moorline.example:8443/c?a=1&b=%20c",
        "http://127.0.0.1:8400/connect/example/callback",
    ],
)
async def test_s08_the_redirect_uri_is_the_same_at_authorization_and_exchange(redirect_uri: str) -> None:
    now = await sent({}, replace(APP, redirect_uri=redirect_uri))

    assert query_of(now.browser).get("redirect_uri") == form_of(now.exchange).get("redirect_uri") == redirect_uri


async def test_the_code_is_traded_once_in_a_form() -> None:
    assert (await sent({})).exchange == Request(
        method="POST",
        url=TOKEN_URL,
        form={"grant_type": "authorization_code", "code": "c-1", "redirect_uri": APP.redirect_uri},
        basic=("id-1", "s3cret"),
        repeatable=False,
    )


async def test_the_refresh_token_is_traded_once_in_a_form() -> None:
    assert (await sent({})).refresh == Request(
        method="POST",
        url=TOKEN_URL,
        form={"grant_type": "refresh_token", "refresh_token": "refresh-1"},
        basic=("id-1", "s3cret"),
        repeatable=False,
    )


def test_s30_the_repr_of_app_tokens_and_request_shows_no_secret() -> None:
    request = declared().token_request(APP, {"code": "c-1"})

    shown = repr((APP, HELD, request))
    assert not any(secret in shown for secret in ("s3cret", "access-1", "refresh-1", "c-1"))
