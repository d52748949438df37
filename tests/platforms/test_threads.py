"""The Threads adapter: what it sends, and the account that comes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from moorline.adapter.values import Identity, Renews, SecretIn, Tokens
from moorline.errors import (
    AppMisconfigured,
    PlatformError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.threads import Threads, to_identity
from moorline.wire import Reply, Request
from tests.platforms.threads_double import (
    APP,
    AUTHORIZE,
    CODE,
    HELD,
    LONG,
    LONG_LIVED,
    ME,
    ME_FIELDS,
    PERSON,
    REFRESH,
    SECRET,
    SHORT,
    TOKEN,
    got,
    recorded,
    threads,
)
from tests.platforms.transport import NOW, Platform, answer, body_of

FIRST = Request(
    method="POST",
    url=TOKEN,
    form={
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": APP.redirect_uri,
        "client_id": "50000001",
        "client_secret": SECRET,
    },
    repeatable=False,
)
SECOND = got(LONG_LIVED, {"grant_type": "th_exchange_token", "client_secret": SECRET, "access_token": SHORT})
ME_NEXT = ME.replace("v1.0", "v2.0")


async def exchange(platform: Platform) -> Tokens:
    return await Threads().exchange(platform, APP, code=CODE, verifier=None)


# Asking the person


def test_the_person_is_sent_to_threads_with_the_documented_parameters() -> None:
    url = Threads().authorize_url(APP, state="st-1", verifier=None)

    assert url.partition("?")[0] == AUTHORIZE
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["50000001"],
        "redirect_uri": [APP.redirect_uri],
        "scope": ["threads_basic,threads_content_publish,threads_manage_insights"],
        "state": ["st-1"],
    }


def test_s38_the_scopes_asked_for_are_those_for_connecting_posting_and_insights() -> None:
    assert set(Threads.spec.scopes) == {"threads_basic", "threads_content_publish", "threads_manage_insights"}


def test_s06_no_challenge_is_sent_where_the_platform_documents_none() -> None:
    url = Threads().authorize_url(APP, state="st-1", verifier="v" * 43)

    assert "code_challenge" not in url
    assert "v" * 43 not in url


def test_s30_the_secret_is_not_in_the_browsers_address() -> None:
    assert SECRET not in Threads().authorize_url(APP, state="st-1", verifier=None)


Told = Callable[[str, list[Request]], bool]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope_separator": " "}, lambda url, _: "threads_basic%20threads_content_publish" in url),
        ({"scopes": ("threads_basic",)}, lambda url, _: "scope=threads_basic&" in url),
        ({"authorize_extra": {"lang": "en"}}, lambda url, _: "lang=en" in url),
        ({"pkce": True}, lambda url, _: "code_challenge_method=S256" in url),
        ({"client_id_field": "client_key"}, lambda url, sent: "client_key=" in url and "client_key" in form(sent)),
        ({"authorize_url": "https://threads.com/oauth/authorize"}, lambda url, _: "//threads.com/" in url),
        ({"token_url": f"{TOKEN}2"}, lambda _, sent: sent[0].url == f"{TOKEN}2"),
        ({"secret_in": SecretIn.HEADER}, lambda _, sent: sent[0].basic == ("50000001", SECRET)),
        ({"version": "v2.0"}, lambda _, sent: sent[-1].url == ME_NEXT),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_changing_a_declared_field_changes_what_threads_is_sent(changes: dict[str, Any], told: Told) -> None:
    async def holds(adapter: Threads) -> bool:
        places = {("POST", f"{TOKEN}2"): recorded("token_short"), ("GET", ME_NEXT): recorded("me")}
        platform = threads(places)
        await adapter.identify(platform, APP, await adapter.exchange(platform, APP, code=CODE, verifier=None))
        return told(adapter.authorize_url(APP, state="st-1", verifier="v" * 43), platform.sent)

    assert not await holds(Threads())
    assert await holds(type("Changed", (Threads,), {"spec": replace(Threads.spec, **changes)})())


def form(sent: list[Request]) -> dict[str, str]:
    return dict(sent[0].form or {})


# Tokens


async def test_the_code_is_traded_and_the_short_lived_token_made_long_lived() -> None:
    platform = threads()

    tokens = await exchange(platform)

    assert platform.sent == [FIRST, SECOND]
    assert tokens == Tokens(access=LONG, access_expires_at=NOW + timedelta(seconds=5183944))


async def test_s08_the_redirect_uri_of_the_exchange_is_the_authorized_one() -> None:
    platform, app = threads(), replace(APP, redirect_uri="https://moorline.example/cb/?a=1&b=%20")

    await Threads().exchange(platform, app, code=CODE, verifier=None)

    authorized = parse_qs(urlsplit(Threads().authorize_url(app, state="s", verifier=None)).query)["redirect_uri"]
    assert [form(platform.sent)["redirect_uri"]] == authorized == [app.redirect_uri]


async def test_a_code_copied_with_the_fragment_is_cut() -> None:
    platform = threads()

    await Threads().exchange(platform, APP, code=f"{CODE}#_", verifier=None)

    assert platform.sent[0] == FIRST


async def test_a_refused_code_is_not_followed_by_a_second_call() -> None:
    platform = threads({("POST", TOKEN): recorded("error_code_used")})

    with pytest.raises(Refused):
        await exchange(platform)

    assert platform.sent == [FIRST]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (recorded("error_token_expired"), Refused),
        (recorded("error_secret_wrong_graph"), AppMisconfigured),
        (recorded("error_service"), Unreachable),
        (answer({}), UnexpectedReply),
        (None, Unreachable),
    ],
    ids=["expired", "secret", "trouble", "no token", "no answer"],
)
async def test_a_token_that_cannot_be_made_long_lived_connects_nothing(
    second: Reply | None, expected: type[PlatformError]
) -> None:
    with pytest.raises(expected):
        await exchange(threads({("GET", LONG_LIVED): second}))


async def test_a_first_answer_without_token_connects_nothing() -> None:
    platform = threads({("POST", TOKEN): answer({"user_id": 17841499900000011})})

    with pytest.raises(UnexpectedReply):
        await exchange(platform)

    assert platform.sent == [FIRST]


async def test_a_long_lived_token_that_does_not_tell_its_life_has_the_documented_sixty_days() -> None:
    tokens = await exchange(threads({("GET", LONG_LIVED): recorded("token_long_without_expiry")}))

    assert tokens.access_expires_at == NOW + timedelta(days=60)


async def test_a_refresh_sends_the_token_alone_and_takes_the_returned_one() -> None:
    platform = threads()

    tokens = await Threads().refresh(platform, APP, HELD)

    assert platform.sent == [got(REFRESH, {"grant_type": "th_refresh_token", "access_token": LONG})]
    assert tokens == Tokens(access="THQVJnext", access_expires_at=NOW + timedelta(seconds=5183944))
    assert Threads.spec.renews is Renews.BY_EXCHANGE


@pytest.mark.parametrize(
    ("name", "age", "expected"),
    [
        ("error_parameter", timedelta(hours=24), PlatformRateLimited),
        ("error_resource", timedelta(hours=24), PlatformRateLimited),
        ("error_parameter", timedelta(hours=25), UnexpectedReply),
        ("error_resource", timedelta(hours=25), Refused),
        ("error_token_app_removed", timedelta(hours=1), Refused),
        ("error_session", timedelta(hours=1), Refused),
        ("error_permission_last", timedelta(hours=1), ScopeMissing),
        ("error_service", timedelta(hours=1), Unreachable),
    ],
)
async def test_a_refresh_refused_on_the_first_day_is_tried_later_unless_the_token_is_dead(
    name: str, age: timedelta, expected: type[Exception]
) -> None:
    tokens = replace(HELD, access_expires_at=NOW + timedelta(days=60) - age)

    with pytest.raises(expected) as caught:
        await Threads().refresh(threads({("GET", REFRESH): recorded(name)}), APP, tokens)

    assert type(caught.value) is expected
    if isinstance(caught.value, PlatformRateLimited):
        assert caught.value.retry_after_s == 3600


async def test_a_refused_refresh_of_a_token_of_unknown_age_is_no_first_day() -> None:
    platform = threads({("GET", REFRESH): recorded("error_parameter")})

    with pytest.raises(UnexpectedReply):
        await Threads().refresh(platform, APP, replace(HELD, access_expires_at=None))


async def test_there_is_nothing_to_call_when_disconnecting() -> None:
    platform = threads()

    await Threads().revoke(platform, APP, HELD, PERSON)

    assert platform.sent == []


# Who it is


async def test_the_profile_is_read_with_the_new_token() -> None:
    platform = threads()

    await Threads().identify(platform, APP, HELD)

    assert platform.sent == [got(ME, {"fields": ME_FIELDS, "access_token": LONG})]


async def test_the_operators_version_goes_before_the_declared_one() -> None:
    platform = Platform({("GET", ME_NEXT): recorded("me")})

    await Threads().identify(platform, replace(APP, api_version="v2.0"), HELD)

    assert platform.urls() == [ME_NEXT]


async def test_s11_the_profile_is_kept_by_its_number() -> None:
    identity = await Threads().identify(threads(), APP, HELD)

    assert identity == Identity(
        platform_user_id="17841499900000011",
        username="northwind",
        display_name="Northwind Bikes",
        picture_url="https://scontent.cdninstagram.com/v/northwind.jpg?oe=6744",
        profile_url="https://threads.net/@northwind",
    )


def test_s11_a_number_beyond_two_to_the_53_keeps_its_digits() -> None:
    me = answer({**body_of("threads", "me"), "id": 17841499900000011}).json()

    assert to_identity(me).platform_user_id == "17841499900000011"


async def test_a_profile_without_name_and_picture_is_shown_by_its_user_name() -> None:
    identity = to_identity(body_of("threads", "me_without_name_and_picture"))

    assert (identity.display_name, identity.picture_url) == ("northwind", None)


@pytest.mark.parametrize("name", ["", "  ", None])
def test_a_name_of_nothing_is_no_name(name: object) -> None:
    assert to_identity({**body_of("threads", "me"), "name": name}).display_name == "northwind"


@pytest.mark.parametrize("changes", [{"id": None}, {"id": ""}, {"id": 1.7e16}, {"username": None}, {"username": ""}])
def test_s11_a_profile_without_number_or_name_is_unexpected(changes: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        to_identity({**body_of("threads", "me"), **changes})


def test_there_is_nothing_to_choose() -> None:
    connection = Threads().person(PERSON)

    assert Threads.selection is None
    assert connection.platform_account_id == PERSON.platform_user_id
    assert connection.tokens is None
