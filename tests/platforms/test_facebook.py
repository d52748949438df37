"""The Facebook adapter: from the person's consent to a long-lived token and an identity."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from moorline.adapter import meta
from moorline.adapter.values import Identity, Renews, SecretIn, Tokens
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    PlatformError,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.facebook import Facebook, to_granted, to_identity
from moorline.wire import Reply, Request
from tests.platforms.facebook_double import (
    APP,
    CODE,
    DEBUG,
    HELD,
    LONG,
    ME,
    PERMISSIONS,
    PERSON,
    REVOKE,
    SECRET,
    SHORT,
    TOKEN,
    facebook,
    got,
    proof,
    recorded,
)
from tests.platforms.transport import NOW, Answers, Platform, answer, body_of

SCOPES = "public_profile,pages_show_list,pages_read_engagement,pages_manage_posts,business_management"
TOKEN_CALL = ("POST", TOKEN)


def posted(form: Mapping[str, str]) -> Request:
    client = {"client_id": "30000001", "client_secret": SECRET}
    return Request(method="POST", url=TOKEN, form={**form, **client}, repeatable=False)


FIRST = posted({"code": CODE, "redirect_uri": APP.redirect_uri})
SECOND = posted({"grant_type": "fb_exchange_token", "fb_exchange_token": SHORT})


async def exchange(platform: Platform, adapter: Facebook | None = None) -> Tokens:
    return await (adapter or Facebook()).exchange(platform, APP, code=CODE, verifier=None)


def browser(adapter: Facebook | None = None) -> str:
    return (adapter or Facebook()).authorize_url(APP, state="st-1", verifier=None)


# Asking the person


def test_the_person_is_sent_to_the_dialog_with_the_documented_parameters() -> None:
    assert browser().partition("?")[0] == "https://www.facebook.com/v25.0/dialog/oauth"
    assert dict(parse_qsl(urlsplit(browser()).query)) == {
        "response_type": "code",
        "client_id": "30000001",
        "redirect_uri": APP.redirect_uri,
        "scope": SCOPES,
        "state": "st-1",
        "auth_type": "rerequest",
    }


def test_s38_the_scopes_asked_for_are_those_for_listing_pages_and_posting() -> None:
    assert ",".join(Facebook.spec.scopes) == SCOPES


def test_s06_no_challenge_is_sent_where_the_platform_documents_none() -> None:
    url = Facebook().authorize_url(APP, state="st-1", verifier="v" * 43)

    assert "code_challenge" not in url
    assert "v" * 43 not in url


def test_s30_the_secret_is_not_in_the_browsers_address() -> None:
    assert SECRET not in browser()


async def test_s08_the_redirect_uri_of_the_exchange_is_the_authorized_one() -> None:
    platform, app = facebook(), replace(APP, redirect_uri="https://moorline.example/cb/?a=1&b=%20")

    await Facebook().exchange(platform, app, code=CODE, verifier=None)

    url = Facebook().authorize_url(app, state="st-1", verifier=None)
    assert platform.sent[0].form is not None
    assert [platform.sent[0].form["redirect_uri"]] == parse_qs(urlsplit(url).query)["redirect_uri"]
    assert platform.sent[0].form["redirect_uri"] == app.redirect_uri


Told = Callable[[str, list[Request]], bool]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope_separator": " "}, lambda url, _: "public_profile%20pages_show_list" in url),
        ({"scopes": ("email",)}, lambda url, _: "scope=email&" in url),
        ({"authorize_extra": {}}, lambda url, _: "auth_type" not in url),
        ({"pkce": True}, lambda url, _: "code_challenge_method=S256" in url),
        ({"authorize_url": "https://m.facebook.com/dialog/oauth"}, lambda url, _: "//m.facebook.com/dialog" in url),
        ({"version": "v26.0"}, lambda url, sent: all("/v26.0/" in place for place in (url, *(r.url for r in sent)))),
        ({"token_url": TOKEN.replace("v25.0", "v9.0")}, lambda _, sent: "/v9.0/" in sent[0].url),
        ({"secret_in": SecretIn.HEADER}, lambda _, sent: all(r.basic == ("30000001", SECRET) for r in sent)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_changing_a_declared_field_changes_what_facebook_is_sent(changes: dict[str, Any], told: Told) -> None:
    async def holds(adapter: Facebook) -> bool:
        platform = Platform({("POST", adapter.versioned(adapter.spec.token_url, APP)): recorded("token_long")})
        await exchange(platform, adapter)
        return told(adapter.authorize_url(APP, state="st-1", verifier="v" * 43), platform.sent)

    assert not await holds(Facebook())
    assert await holds(type("Changed", (Facebook,), {"spec": replace(Facebook.spec, **changes)})())


async def test_the_operators_version_is_used_in_every_call() -> None:
    app = replace(APP, api_version="v26.0")
    platform = Platform({("GET", ME.replace("v25.0", "v26.0")): recorded("me")})

    with pytest.raises(Unreachable):
        await Facebook().identify(platform, app, HELD)

    assert {urlsplit(url).path.split("/")[1] for url in platform.urls()} == {"v26.0"}


# Tokens


async def test_the_code_is_traded_and_the_short_lived_token_made_long_lived() -> None:
    platform = facebook()

    tokens = await exchange(platform)

    assert platform.sent == [FIRST, SECOND]
    assert tokens == Tokens(access=LONG, access_expires_at=NOW + timedelta(seconds=5183944))


async def test_a_code_copied_with_the_fragment_is_cut() -> None:
    platform = facebook()

    await Facebook().exchange(platform, APP, code=f"{CODE}#_=_", verifier=None)

    assert platform.sent[0] == FIRST


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (recorded("error_token_expired"), Refused),
        (recorded("error_secret_wrong"), AppMisconfigured),
        (recorded("error_service"), Unreachable),
        (answer({}), UnexpectedReply),
        (None, Unreachable),
    ],
    ids=["refused", "secret", "trouble", "no token", "no answer"],
)
async def test_a_token_that_cannot_be_made_long_lived_connects_nothing(
    second: Reply | None, expected: type[PlatformError]
) -> None:
    with pytest.raises(expected):
        await exchange(facebook({TOKEN_CALL: [recorded("token_short"), second]}))


async def test_a_refused_code_is_not_followed_by_a_second_call() -> None:
    platform = facebook({TOKEN_CALL: recorded("error_code_used")})

    with pytest.raises(Refused):
        await exchange(platform)

    assert platform.sent == [FIRST]


async def test_a_long_lived_token_without_expiry_is_looked_up_as_the_app() -> None:
    platform = facebook({TOKEN_CALL: [recorded("token_short"), recorded("token_long_without_expiry")]})

    tokens = await exchange(platform)

    assert platform.sent == [FIRST, SECOND, got(DEBUG, {"input_token": LONG}, token=f"30000001|{SECRET}")]
    assert tokens.access_expires_at == datetime.fromtimestamp(1800662400, UTC)


def without_expiry(described: Answers) -> Platform:
    tokens = [recorded("token_short"), recorded("token_long_without_expiry")]
    return facebook({TOKEN_CALL: tokens, ("GET", DEBUG): described})


async def test_a_token_that_never_expires_has_no_date() -> None:
    assert (await exchange(without_expiry(recorded("debug_token_never")))).access_expires_at is None


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        (recorded("debug_token_invalid"), Refused),
        (recorded("error_app_unknown"), AppMisconfigured),
        (recorded("error_foreign_token"), UnexpectedReply),
        (answer({}), UnexpectedReply),
        (None, Unreachable),
    ],
    ids=["dead", "app", "foreign", "empty", "no answer"],
)
async def test_a_token_whose_expiry_cannot_be_learnt_connects_nothing(
    described: Reply | None, expected: type[PlatformError]
) -> None:
    with pytest.raises(expected):
        await exchange(without_expiry(described))


async def test_a_refresh_exchanges_the_long_lived_token_and_keeps_the_granted_scopes() -> None:
    platform = facebook({TOKEN_CALL: recorded("token_long")})

    tokens = await Facebook().refresh(platform, APP, Tokens(access="EAABolder", granted=("pages_show_list",)))

    assert platform.sent == [posted({"grant_type": "fb_exchange_token", "fb_exchange_token": "EAABolder"})]
    assert (tokens.access, tokens.granted) == (LONG, ("pages_show_list",))
    assert Facebook.spec.renews is Renews.BY_EXCHANGE


async def test_an_expired_token_cannot_be_refreshed() -> None:
    with pytest.raises(Refused):
        await Facebook().refresh(facebook({TOKEN_CALL: recorded("error_token_expired")}), APP, HELD)


# Who it is


async def test_person_and_permissions_are_read_with_the_new_token_and_its_proof() -> None:
    platform = facebook()

    await Facebook().identify(platform, APP, HELD)

    assert platform.sent == [got(ME, {"fields": "id,name,picture.type(large)"}), got(PERMISSIONS, {})]


def test_the_proof_is_lower_case_hex_of_the_token_under_the_secret() -> None:
    assert meta.proof(APP, LONG) == "daf2e856ff5dc6d3dabd86a755b75bfe89d5bfc6fe969223fe8d40ec7fe57c36"


async def test_s11_the_person_is_known_by_the_number_facebook_gave_this_app() -> None:
    identity = await Facebook().identify(facebook(), APP, HELD)

    assert identity == Identity(
        platform_user_id="10229000000000001",
        username="Jane Doe",
        display_name="Jane Doe",
        picture_url="https://platform-lookaside.fbsbx.com/jane.jpg",
        granted=(
            "public_profile",
            "pages_show_list",
            "pages_read_engagement",
            "pages_manage_posts",
            "business_management",
        ),
    )


def test_declined_and_expired_permissions_do_not_count_as_granted() -> None:
    granted = to_granted(body_of("facebook", "permissions"))

    assert not {"read_insights", "pages_manage_engagement"} & set(granted)


async def test_pages_the_person_did_not_show_are_told_as_a_missing_scope() -> None:
    with pytest.raises(ScopeMissing) as caught:
        await Facebook().identify(facebook({("GET", PERMISSIONS): recorded("permissions_without_pages")}), APP, HELD)

    assert caught.value.scope == "pages_show_list"


@pytest.mark.parametrize(("name", "shown"), [(" Jane Doe \u00a0", "Jane Doe"), ("", "7"), (None, "7")])
def test_a_persons_name_is_trimmed_and_never_empty(name: object, shown: str) -> None:
    assert to_identity({"id": "7", "name": name}).display_name == shown


@pytest.mark.parametrize("picture", [None, "odd", {}, {"data": []}, {"data": {"url": 7}}])
def test_an_odd_picture_is_none(picture: object) -> None:
    assert to_identity({"id": "7", "picture": picture}).picture_url is None


@pytest.mark.parametrize("me", [{}, {"id": 7}, {"name": "Jane"}])
def test_s11_a_person_without_number_is_unexpected(me: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        to_identity(me)


# Revocation


@pytest.mark.parametrize("reply", ["revoked", "revoked_bare"])
async def test_revoking_deletes_the_persons_permissions(reply: str) -> None:
    platform = facebook({("DELETE", REVOKE): recorded(reply)})

    await Facebook().revoke(platform, APP, HELD, PERSON)

    signed = {"access_token": LONG, "appsecret_proof": proof(LONG)}
    assert platform.sent == [Request(method="DELETE", url=REVOKE, query=signed, repeatable=True)]
    assert Facebook.revokes_person


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("not_revoked"), UnexpectedReply),
        (Reply(status=200, body=b"false"), UnexpectedReply),
        (Reply(status=200), UnexpectedReply),
        (recorded("error_token_app_removed"), Refused),
        (recorded("error_service"), Unreachable),
        (None, Unreachable),
    ],
)
async def test_a_revocation_that_may_have_failed_says_so(reply: Reply | None, expected: type[MoorlineError]) -> None:
    with pytest.raises(expected):
        await Facebook().revoke(facebook({("DELETE", REVOKE): reply}), APP, HELD, PERSON)
