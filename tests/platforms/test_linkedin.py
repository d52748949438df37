"""The LinkedIn adapter: what it sends, and the person that comes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from moorline.adapter.values import App, Carrier, Connection, Identity, Renews, SecretIn, Tokens
from moorline.errors import MoorlineError, PlatformRateLimited, Refused, ScopeMissing, UnexpectedReply, Unreachable
from moorline.platforms.linkedin import LinkedIn, to_identity
from moorline.wire import Reply, Request
from tests.platforms.linkedin_double import (
    ACCESS,
    APP,
    AUTHORIZE,
    CLIENT,
    CODE,
    HELD,
    ID,
    ME,
    PERSON,
    REFRESH,
    REVOKE,
    ROLES,
    SCOPES,
    SECRET,
    TOKEN,
    USERINFO,
    linkedin,
    recorded,
)
from tests.platforms.oauth_double import Sent, all_sent, form_of
from tests.platforms.transport import NOW, Platform, answer, body_of

NAMING = (*SCOPES, "r_basicprofile")


def posted(url: str, form: dict[str, str], *, repeatable: bool) -> Request:
    """The one form of every call with our credentials."""
    return Request(method="POST", url=url, form={**form, **CLIENT}, repeatable=repeatable)


def read(url: str) -> Request:
    """The one form of every call about the person, which needs no version."""
    return Request(method="GET", url=url, bearer=ACCESS, repeatable=True)


async def exchange(reply: Reply) -> Tokens:
    return await LinkedIn().exchange(linkedin({("POST", TOKEN): reply}), APP, code=CODE, verifier=None)


async def refresh(reply: Reply, tokens: Tokens = HELD) -> Tokens:
    return await LinkedIn().refresh(linkedin({("POST", TOKEN): reply}), APP, tokens)


# Asking the person


def test_the_person_is_sent_to_linkedin_with_the_documented_parameters() -> None:
    url = LinkedIn().authorize_url(APP, state="st-1", verifier=None)

    assert url.partition("?")[0] == AUTHORIZE
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": [ID],
        "redirect_uri": [APP.redirect_uri],
        "scope": ["openid profile w_member_social rw_organization_admin w_organization_social"],
        "state": ["st-1"],
    }


def test_the_spaces_between_scopes_are_sent_as_percent_20() -> None:
    url = LinkedIn().authorize_url(APP, state="st-1", verifier=None)

    assert "scope=openid%20profile%20" in url
    assert "+" not in url


def test_s38_the_scopes_asked_for_are_those_for_connecting_and_posting() -> None:
    assert LinkedIn.spec.scopes == SCOPES


async def test_s06_neither_challenge_nor_verifier_is_sent() -> None:
    platform, verifier = linkedin(), "v" * 43

    await LinkedIn().exchange(platform, replace(APP, pkce=True), code=CODE, verifier=verifier)

    url = LinkedIn().authorize_url(replace(APP, pkce=True), state="st-1", verifier=verifier)
    assert "code_challenge" not in url
    assert verifier not in url
    assert verifier not in form_of(platform.sent[0]).values()


def test_s30_the_secret_is_not_in_the_browsers_address() -> None:
    assert SECRET not in LinkedIn().authorize_url(APP, state="st-1", verifier=None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope_separator": ","}, lambda now: "openid%2Cprofile" in now.browser),
        ({"scopes": ("openid",)}, lambda now: "scope=openid&" in now.browser),
        ({"authorize_extra": {"prompt": "none"}}, lambda now: "prompt=none" in now.browser),
        ({"authorize_url": "https://linkedin.com/oauth/"}, lambda now: "//linkedin.com/oauth/?" in now.browser),
        ({"client_id_field": "app"}, lambda now: all(form_of(call).get("app") == ID for call in calls(now))),
        ({"secret_in": SecretIn.HEADER}, lambda now: all(call.basic == (ID, SECRET) for call in calls(now))),
        ({"pkce": True}, lambda now: "challenge" in now.browser and "code_verifier" in form_of(now.exchange)),
        ({"token_url": f"{TOKEN}2"}, lambda now: now.exchange.url == f"{TOKEN}2"),
        ({"revoke_url": f"{REVOKE}2"}, lambda now: {request.url for request in now.revoke} == {f"{REVOKE}2"}),
        ({"revoke_url": None}, lambda now: now.revoke == []),
        ({"renews": Renews.NEVER}, lambda now: now.refresh is None),
        ({"scope_pattern": " "}, lambda now: now.granted == ("read", "write,more")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_changing_a_declared_field_changes_what_linkedin_is_sent(
    changes: dict[str, Any], told: Callable[[Sent], bool]
) -> None:
    changed: LinkedIn = type("Changed", (LinkedIn,), {"spec": replace(LinkedIn.spec, **changes)})()

    assert not told(await all_sent(LinkedIn(), APP))
    assert told(await all_sent(changed, APP))


def calls(now: Sent) -> list[Request]:
    assert now.refresh is not None
    return [now.exchange, now.refresh, *now.revoke]


async def test_the_declared_version_goes_with_calls_about_organizations() -> None:
    changed: LinkedIn = type("Changed", (LinkedIn,), {"spec": replace(LinkedIn.spec, version="202612")})()
    platform = linkedin()

    await changed.list_choices(platform, APP, HELD, PERSON)

    assert {request.headers["LinkedIn-Version"] for request in platform.sent} == {"202612"}


# Tokens


async def test_the_code_is_traded_once_with_the_client_in_the_form() -> None:
    platform = linkedin()

    await LinkedIn().exchange(platform, APP, code=CODE, verifier=None)

    form = {"grant_type": "authorization_code", "code": CODE, "redirect_uri": APP.redirect_uri}
    assert platform.sent == [posted(TOKEN, form, repeatable=False)]


async def test_s08_the_redirect_uri_of_the_exchange_is_the_authorized_one() -> None:
    platform, app = linkedin(), replace(APP, redirect_uri="https://moorline.example:8443/cb/")

    await LinkedIn().exchange(platform, app, code=CODE, verifier=None)

    authorized = parse_qs(urlsplit(LinkedIn().authorize_url(app, state="s", verifier=None)).query)["redirect_uri"]
    assert [form_of(platform.sent[0])["redirect_uri"]] == authorized == [app.redirect_uri]


async def test_an_ordinary_app_gets_a_token_for_sixty_days_and_no_refresh_token() -> None:
    tokens = await exchange(recorded("token"))

    granted = ("openid", "profile", "rw_organization_admin", "w_member_social", "w_organization_social")
    assert tokens == Tokens(access=ACCESS, access_expires_at=NOW + timedelta(seconds=5183999), granted=granted)


async def test_a_partner_gets_a_refresh_token_for_a_year() -> None:
    tokens = await exchange(recorded("token_partner"))

    assert tokens.refresh == REFRESH
    assert tokens.refresh_expires_at == NOW + timedelta(seconds=31535999)


@pytest.mark.parametrize(
    ("name", "granted"),
    [
        ("token_personal", ("openid", "profile", "w_member_social")),
        ("token_without_scope", None),
    ],
)
async def test_granted_scopes_may_be_parted_by_spaces_or_not_told(name: str, granted: tuple[str, ...] | None) -> None:
    assert (await exchange(recorded(name))).granted == granted


async def test_a_token_of_any_length_is_kept_whole() -> None:
    token = "AQX" + "a" * 5000

    assert (await exchange(answer({"access_token": token}))).access == token


@pytest.mark.parametrize("reply", [answer({}), answer([]), Reply(status=200), Reply(status=200, body=b"<html>")])
async def test_a_success_without_token_is_unexpected(reply: Reply) -> None:
    with pytest.raises(UnexpectedReply):
        await exchange(reply)


async def test_a_refresh_sends_the_refresh_token_and_takes_what_is_left_of_its_year() -> None:
    platform = linkedin({("POST", TOKEN): recorded("refreshed")})

    tokens = await LinkedIn().refresh(platform, APP, HELD)

    assert platform.sent == [posted(TOKEN, {"grant_type": "refresh_token", "refresh_token": REFRESH}, repeatable=False)]
    assert tokens == Tokens(
        access="AQXsecond",
        refresh=REFRESH,
        access_expires_at=NOW + timedelta(days=60),
        refresh_expires_at=NOW + timedelta(days=306),
        granted=SCOPES,
    )


async def test_another_refresh_token_is_taken_where_there_is_one() -> None:
    assert (await refresh(answer({"access_token": "a", "refresh_token": "AQWsecond"}))).refresh == "AQWsecond"


async def test_a_refresh_token_that_is_not_returned_is_kept_with_its_end() -> None:
    held = replace(HELD, refresh_expires_at=NOW + timedelta(days=90))

    tokens = await refresh(recorded("refreshed_without_refresh_token"), held)

    assert (tokens.refresh, tokens.refresh_expires_at) == (REFRESH, NOW + timedelta(days=90))


async def test_without_refresh_token_only_the_person_can_renew() -> None:
    platform = linkedin()

    with pytest.raises(Refused):
        await LinkedIn().refresh(platform, APP, replace(HELD, refresh=None))

    assert platform.sent == []


# Revocation


@pytest.mark.parametrize(
    "reply",
    [
        recorded("revoked"),
        recorded("error_client_wrong"),
        recorded("error_unavailable"),
        Reply(status=404, body=b"<html>"),
    ],
    ids=["done", "refused", "trouble", "no such address"],
)
async def test_revoking_sends_the_access_token_and_ignores_the_answer(reply: Reply) -> None:
    platform = linkedin({("POST", REVOKE): reply})

    await LinkedIn().revoke(platform, APP, HELD, PERSON)

    assert platform.sent == [posted(REVOKE, {"token": ACCESS}, repeatable=True)]
    assert LinkedIn.revokes_person


async def test_a_revocation_that_was_not_answered_says_so() -> None:
    with pytest.raises(Unreachable):
        await LinkedIn().revoke(linkedin({("POST", REVOKE): None}), APP, HELD, PERSON)


# Who it is


async def identified(platform: Platform, *, app: App = APP, granted: tuple[str, ...] | None = SCOPES) -> Identity:
    return await LinkedIn().identify(platform, app, replace(HELD, granted=granted))


async def test_the_person_is_read_with_the_new_token() -> None:
    platform = linkedin()

    await identified(platform)

    assert platform.sent == [read(USERINFO)]


async def test_s11_the_account_is_kept_by_its_sub() -> None:
    assert await identified(linkedin()) == PERSON


@pytest.mark.parametrize(
    ("granted", "asked", "named"),
    [(NAMING, (), True), (SCOPES, NAMING, False), (None, (), False), (None, NAMING, True)],
    ids=["granted", "asked for only", "not told", "not told but asked for"],
)
async def test_the_name_in_addresses_is_asked_for_where_its_scope_was_granted(
    granted: tuple[str, ...] | None, asked: tuple[str, ...], named: bool
) -> None:
    platform = linkedin()

    identity = await identified(platform, app=replace(APP, scopes=asked), granted=granted)

    assert platform.sent == ([read(USERINFO), read(ME)] if named else [read(USERINFO)])
    named_as = ("jane-doe", "https://www.linkedin.com/in/jane-doe/") if named else ("Jane Doe", None)
    assert (identity.username, identity.profile_url) == named_as


@pytest.mark.parametrize("reply", [recorded("error_denied"), answer({"id": "aB3dE5fG7h"}), answer({"vanityName": 7})])
async def test_a_person_whose_name_in_addresses_is_kept_from_us_goes_by_the_name(reply: Reply) -> None:
    assert await identified(linkedin({("GET", ME): reply}), granted=NAMING) == PERSON


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_throttled_app"), PlatformRateLimited),
        (recorded("error_token_expired"), Refused),
        (recorded("error_internal"), Unreachable),
        (answer([]), UnexpectedReply),
    ],
)
async def test_other_trouble_with_the_name_in_addresses_is_told(reply: Reply, expected: type[MoorlineError]) -> None:
    with pytest.raises(expected):
        await identified(linkedin({("GET", ME): reply}), granted=NAMING)


def test_a_person_without_name_and_picture_goes_by_both_parts_of_the_name() -> None:
    identity = to_identity(body_of("linkedin", "userinfo_without_name_and_picture"))

    assert (identity.username, identity.display_name, identity.picture_url) == ("Jane Doe", "Jane Doe", None)


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "  Jane \n"}, "Jane"),
        ({"name": "", "family_name": "Doe"}, "Doe"),
        ({"name": None, "given_name": 7}, "aB3dE5fG7h"),
        ({}, "aB3dE5fG7h"),
    ],
)
def test_a_name_is_trimmed_and_never_empty(claims: dict[str, Any], name: str) -> None:
    identity = to_identity({"sub": "aB3dE5fG7h", **claims})

    assert (identity.username, identity.display_name) == (name, name)


@pytest.mark.parametrize("picture", [None, "", 7, {}])
def test_an_odd_picture_is_none(picture: object) -> None:
    assert to_identity({**body_of("linkedin", "userinfo"), "picture": picture}).picture_url is None


def test_a_name_in_addresses_cannot_lead_elsewhere() -> None:
    identity = to_identity({"sub": "aB3dE5fG7h"}, vanity_name="../company/x?y")

    assert identity.profile_url == "https://www.linkedin.com/in/..%2Fcompany%2Fx%3Fy/"


@pytest.mark.parametrize("userinfo", [{}, {"sub": None}, {"sub": ""}, {"sub": 7}, {"id": "aB3dE5fG7h"}])
def test_s11_a_success_that_does_not_say_who_is_unexpected(userinfo: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        to_identity(userinfo)


@pytest.mark.parametrize(("granted", "missing"), [(("openid",), "profile"), (("profile",), "openid"), ((), "openid")])
async def test_a_grant_without_a_required_scope_names_it(granted: tuple[str, ...], missing: str) -> None:
    platform = linkedin()

    with pytest.raises(ScopeMissing) as caught:
        await identified(platform, granted=granted)

    assert caught.value.scope == missing
    assert platform.sent == []


def test_the_person_may_be_connected_as_well() -> None:
    assert LinkedIn().person(PERSON) == Connection(
        platform_account_id=PERSON.platform_user_id,
        username="Jane Doe",
        display_name="Jane Doe",
        picture_url=PERSON.picture_url,
        details={"accountType": "personal"},
    )


def test_the_choice_travels_by_a_pending_data_token_and_may_be_left_out() -> None:
    selection = LinkedIn.selection

    assert selection is not None
    assert (selection.step, selection.path) == ("select_organization", "select-organization")
    assert selection.carrier is Carrier.PENDING_DATA
    assert selection.or_person


async def test_a_personal_grant_is_not_asked_for_organizations() -> None:
    platform = linkedin()
    tokens = await exchange(recorded("token_personal"))

    choices = await LinkedIn().list_choices(platform, APP, tokens, PERSON)

    assert (choices.items, choices.unavailable, choices.truncated) == ((), (), False)
    assert platform.asked(ROLES) == []
