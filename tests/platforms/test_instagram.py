"""The Instagram adapter: what it sends, and the account that comes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from moorline.adapter.values import Identity, Renews, SecretIn, Tokens
from moorline.errors import (
    AppMisconfigured,
    FlowFailed,
    PlatformError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.instagram import Instagram, to_granted, to_identity, to_short
from moorline.wire import Reply, Request
from tests.platforms.instagram_double import (
    APP,
    AUTHORIZE,
    CODE,
    GRANTED,
    HELD,
    LONG,
    LONG_LIVED,
    ME,
    ME_FIELDS,
    ME_UNVERSIONED,
    PERSON,
    REFRESH,
    SECRET,
    SHORT,
    TOKEN,
    got,
    instagram,
    recorded,
)
from tests.platforms.transport import NOW, Platform, answer, body_of

FIRST = Request(
    method="POST",
    url=TOKEN,
    form={
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": APP.redirect_uri,
        "client_id": "40000001",
        "client_secret": SECRET,
    },
    repeatable=False,
)
ME_NEXT = ME.replace("v25.0", "v26.0")
SECOND = got(LONG_LIVED, {"grant_type": "ig_exchange_token", "client_secret": SECRET, "access_token": SHORT})


async def exchange(platform: Platform) -> Tokens:
    return await Instagram().exchange(platform, APP, code=CODE, verifier=None)


# Asking the person


def test_the_person_is_sent_to_instagram_with_the_documented_parameters() -> None:
    url = Instagram().authorize_url(APP, state="st-1", verifier=None)

    assert url.partition("?")[0] == AUTHORIZE
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["40000001"],
        "redirect_uri": [APP.redirect_uri],
        "scope": [
            "instagram_business_basic,instagram_business_content_publish,instagram_business_manage_insights",
        ],
        "state": ["st-1"],
        "force_reauth": ["true"],
    }


def test_s38_the_scopes_asked_for_are_those_for_connecting_posting_and_insights() -> None:
    assert set(Instagram.spec.scopes) == {*GRANTED, "instagram_business_manage_insights"}


def test_s06_no_challenge_is_sent_where_the_platform_documents_none() -> None:
    url = Instagram().authorize_url(APP, state="st-1", verifier="v" * 43)

    assert "code_challenge" not in url
    assert "v" * 43 not in url


def test_s30_the_secret_is_not_in_the_browsers_address() -> None:
    assert SECRET not in Instagram().authorize_url(APP, state="st-1", verifier=None)


Told = Callable[[str, list[Request]], bool]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope_separator": " "}, lambda url, _: "instagram_business_basic%20instagram" in url),
        ({"scopes": ("instagram_business_basic",)}, lambda url, _: "scope=instagram_business_basic&" in url),
        ({"authorize_extra": {}}, lambda url, _: "force_reauth" not in url),
        ({"pkce": True}, lambda url, _: "code_challenge_method=S256" in url),
        ({"client_id_field": "client_key"}, lambda url, sent: "client_key=" in url and "client_key" in form(sent)),
        ({"authorize_url": "https://api.instagram.com/oauth/authorize"}, lambda url, _: "//api.instagram.com" in url),
        ({"token_url": f"{TOKEN}2"}, lambda _, sent: sent[0].url == f"{TOKEN}2"),
        ({"secret_in": SecretIn.HEADER}, lambda _, sent: sent[0].basic == ("40000001", SECRET)),
        ({"version": "v26.0"}, lambda _, sent: sent[-1].url == ME_NEXT),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_changing_a_declared_field_changes_what_instagram_is_sent(changes: dict[str, Any], told: Told) -> None:
    async def holds(adapter: Instagram) -> bool:
        places = {("POST", f"{TOKEN}2"): recorded("token_short"), ("GET", ME_NEXT): recorded("me")}
        platform = instagram(places)
        await adapter.identify(platform, APP, await adapter.exchange(platform, APP, code=CODE, verifier=None))
        return told(adapter.authorize_url(APP, state="st-1", verifier="v" * 43), platform.sent)

    assert not await holds(Instagram())
    assert await holds(type("Changed", (Instagram,), {"spec": replace(Instagram.spec, **changes)})())


def form(sent: list[Request]) -> dict[str, str]:
    return dict(sent[0].form or {})


# Tokens


@pytest.mark.parametrize("short", ["token_short", "token_short_flat"])
async def test_the_code_is_traded_and_the_short_lived_token_made_long_lived(short: str) -> None:
    platform = instagram({("POST", TOKEN): recorded(short)})

    tokens = await exchange(platform)

    assert platform.sent == [FIRST, SECOND]
    assert tokens == Tokens(access=LONG, access_expires_at=NOW + timedelta(seconds=5183944), granted=GRANTED)


async def test_s08_the_redirect_uri_of_the_exchange_is_the_authorized_one() -> None:
    platform, app = instagram(), replace(APP, redirect_uri="https://moorline.example/cb/?a=1&b=%20")

    await Instagram().exchange(platform, app, code=CODE, verifier=None)

    authorized = parse_qs(urlsplit(Instagram().authorize_url(app, state="s", verifier=None)).query)["redirect_uri"]
    assert [form(platform.sent)["redirect_uri"]] == authorized == [app.redirect_uri]


async def test_a_code_copied_with_the_fragment_is_cut() -> None:
    platform = instagram()

    await Instagram().exchange(platform, APP, code=f"{CODE}#_", verifier=None)

    assert platform.sent[0] == FIRST


async def test_a_refused_code_is_not_followed_by_a_second_call() -> None:
    platform = instagram({("POST", TOKEN): recorded("error_code_used")})

    with pytest.raises(Refused):
        await exchange(platform)

    assert platform.sent == [FIRST]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (recorded("error_token_expired"), Refused),
        (recorded("error_already_long_lived"), Refused),
        (recorded("error_secret_wrong_long_lived"), AppMisconfigured),
        (recorded("error_service"), Unreachable),
        (answer({}), UnexpectedReply),
        (None, Unreachable),
    ],
    ids=["expired", "already long-lived", "secret", "trouble", "no token", "no answer"],
)
async def test_a_token_that_cannot_be_made_long_lived_connects_nothing(
    second: Reply | None, expected: type[PlatformError]
) -> None:
    with pytest.raises(expected):
        await exchange(instagram({("GET", LONG_LIVED): second}))


async def test_a_long_lived_token_that_does_not_tell_its_life_has_the_documented_sixty_days() -> None:
    tokens = await exchange(instagram({("GET", LONG_LIVED): recorded("token_long_without_expiry")}))

    assert tokens.access_expires_at == NOW + timedelta(days=60)


@pytest.mark.parametrize(
    ("permissions", "granted"),
    [("a,b", ("a", "b")), ("a, b ", ("a", "b")), (["a", "b"], ("a", "b")), ("", ()), ([], ()), (None, None), (7, None)],
)
def test_permissions_are_read_as_text_and_as_list(permissions: object, granted: tuple[str, ...] | None) -> None:
    assert to_granted({"permissions": permissions}) == granted


@pytest.mark.parametrize("reply", [{}, {"data": []}, {"data": ["odd"]}, {"data": [{}]}, {"access_token": ""}])
def test_a_token_answer_without_token_is_unexpected(reply: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        to_short(reply)


async def test_a_refresh_sends_the_token_alone_and_keeps_the_granted_scopes() -> None:
    platform = instagram()

    tokens = await Instagram().refresh(platform, APP, HELD)

    assert platform.sent == [got(REFRESH, {"grant_type": "ig_refresh_token", "access_token": LONG})]
    assert tokens == Tokens(access="IGAAnext", access_expires_at=NOW + timedelta(seconds=5183944), granted=GRANTED)
    assert Instagram.spec.renews is Renews.BY_EXCHANGE


async def test_a_refresh_that_names_permissions_replaces_the_granted_scopes() -> None:
    platform = instagram({("GET", REFRESH): recorded("refreshed_with_permissions")})

    assert (await Instagram().refresh(platform, APP, HELD)).granted == ("instagram_business_basic",)


@pytest.mark.parametrize(
    ("name", "age", "expected"),
    [
        ("error_parameter", timedelta(hours=24), PlatformRateLimited),
        ("error_unversioned_only", timedelta(hours=24), PlatformRateLimited),
        ("error_parameter", timedelta(hours=25), UnexpectedReply),
        ("error_unversioned_only", timedelta(hours=25), UnexpectedReply),
        ("error_token_expired", timedelta(hours=1), Refused),
        ("error_permission", timedelta(hours=1), ScopeMissing),
        ("error_permission_first", timedelta(hours=1), ScopeMissing),
        ("error_service", timedelta(hours=1), Unreachable),
    ],
)
async def test_a_refresh_refused_on_the_first_day_is_tried_later_unless_the_token_is_dead(
    name: str, age: timedelta, expected: type[Exception]
) -> None:
    tokens = replace(HELD, access_expires_at=NOW + timedelta(days=60) - age)

    with pytest.raises(expected) as caught:
        await Instagram().refresh(instagram({("GET", REFRESH): recorded(name)}), APP, tokens)

    assert type(caught.value) is expected
    if isinstance(caught.value, PlatformRateLimited):
        assert caught.value.retry_after_s == 3600


async def test_a_refused_refresh_of_a_token_of_unknown_age_is_no_first_day() -> None:
    platform = instagram({("GET", REFRESH): recorded("error_parameter")})

    with pytest.raises(UnexpectedReply):
        await Instagram().refresh(platform, APP, replace(HELD, access_expires_at=None))


async def test_there_is_nothing_to_call_when_disconnecting() -> None:
    platform = instagram()

    await Instagram().revoke(platform, APP, HELD, PERSON)

    assert platform.sent == []


# Who it is


async def test_the_account_is_read_with_the_new_token() -> None:
    platform = instagram()

    await Instagram().identify(platform, APP, HELD)

    assert platform.sent == [got(ME, {"fields": ME_FIELDS, "access_token": LONG})]


async def test_the_operators_version_goes_before_the_declared_one() -> None:
    platform = Platform({("GET", ME_NEXT): recorded("me")})

    await Instagram().identify(platform, replace(APP, api_version="v26.0"), HELD)

    assert platform.urls() == [ME_NEXT]


async def test_an_account_that_knows_no_versions_is_read_without_one() -> None:
    platform = instagram({("GET", ME): recorded("error_unversioned_only"), ("GET", ME_UNVERSIONED): recorded("me")})

    identity = await Instagram().identify(platform, APP, HELD)

    query = {"fields": ME_FIELDS, "access_token": LONG}
    assert platform.sent == [got(ME, query), got(ME_UNVERSIONED, query)]
    assert identity.username == "northwind.bikes"


async def test_an_account_that_is_not_read_without_a_version_either_is_unexpected() -> None:
    reply = recorded("error_unversioned_only")
    platform = instagram({("GET", ME): reply, ("GET", ME_UNVERSIONED): reply})

    with pytest.raises(UnexpectedReply):
        await Instagram().identify(platform, APP, HELD)

    assert len(platform.sent) == 2


@pytest.mark.parametrize("name", ["me", "me_wrapped", "me_number", "me_creator"])
async def test_s11_the_account_is_kept_by_user_id_in_either_shape(name: str) -> None:
    identity = await Instagram().identify(instagram({("GET", ME): recorded(name)}), APP, HELD)

    assert identity == Identity(
        platform_user_id="17841499900000007",
        username="northwind.bikes",
        display_name="Northwind Bikes",
        picture_url="https://scontent.cdninstagram.com/v/northwind.jpg?oe=6744",
        profile_url="https://instagram.com/northwind.bikes",
    )


async def test_an_account_without_name_and_picture_is_shown_by_its_user_name() -> None:
    identity = to_identity(body_of("instagram", "me_without_name_and_picture"))

    assert (identity.display_name, identity.picture_url) == ("northwind.bikes", None)


@pytest.mark.parametrize("name", ["me_personal", "error_not_professional"])
async def test_a_personal_account_is_told_to_become_a_professional_one(name: str) -> None:
    with pytest.raises(FlowFailed) as caught:
        await Instagram().identify(instagram({("GET", ME): recorded(name)}), APP, HELD)

    assert caught.value.slug == "account_not_eligible"


@pytest.mark.parametrize("kind", ["BUSINESS", "Business", "MEDIA_CREATOR", "Media_Creator", "CREATOR", None, 7])
def test_a_professional_account_is_told_in_any_case_of_letters(kind: object) -> None:
    me = {**body_of("instagram", "me"), "account_type": kind}

    assert to_identity(me).platform_user_id == "17841499900000007"


@pytest.mark.parametrize(
    "changes", [{"user_id": None}, {"user_id": ""}, {"user_id": 1.7e16}, {"username": None}, {"username": ""}]
)
def test_s11_an_account_without_user_id_or_name_is_unexpected(changes: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        to_identity({**body_of("instagram", "me"), **changes})


async def test_a_grant_without_the_basic_scope_names_it() -> None:
    platform = instagram({("POST", TOKEN): recorded("token_short_without_basic")})
    tokens = await exchange(platform)

    with pytest.raises(ScopeMissing) as caught:
        await Instagram().identify(platform, APP, tokens)

    assert caught.value.scope == "instagram_business_basic"
    assert ME not in platform.urls()


async def test_scopes_that_are_not_told_are_not_held_against_the_person() -> None:
    identity = await Instagram().identify(instagram(), APP, replace(HELD, granted=None))

    assert identity.username == "northwind.bikes"


def test_there_is_nothing_to_choose() -> None:
    connection = Instagram().person(PERSON)

    assert Instagram.selection is None
    assert connection.platform_account_id == PERSON.platform_user_id
    assert connection.tokens is None
