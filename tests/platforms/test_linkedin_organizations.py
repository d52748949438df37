"""The LinkedIn adapter: which organizations a person may pick, and the account that comes of one."""

from dataclasses import replace

import pytest

from moorline.adapter.values import Choice, Choices, Tokens, Unavailable
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.linkedin import LinkedIn
from moorline.wire import Reply
from tests.platforms.linkedin_double import (
    APP,
    HELD,
    PERSON,
    ROLES,
    SCOPES,
    UNTOLD,
    asked,
    asked_roles,
    linkedin,
    lookup,
    recorded,
)
from tests.platforms.transport import Platform, answer

NO_POSTING = "Your role there does not allow posting. Ask an administrator of the page to make you a content admin."


async def listed(platform: Platform, tokens: Tokens = HELD) -> Choices:
    return await LinkedIn().list_choices(platform, APP, tokens, PERSON)


def ids_of(choices: Choices) -> list[str]:
    return [item.id for item in choices.items]


def row(number: int | str, role: object = "ADMINISTRATOR", **further: object) -> dict[str, object]:
    return {"organization": f"urn:li:organization:{number}", "role": role, "state": "APPROVED", **further}


def with_roles(*rows: object, **paging: object) -> Reply:
    return answer({"elements": list(rows), "paging": paging})


# The list


async def test_roles_are_asked_for_and_then_the_names_of_their_organizations() -> None:
    platform = linkedin()

    await listed(platform)

    assert platform.sent == [asked_roles(), asked(lookup("101", "102", "103", "104"))]


async def test_an_organization_is_offered_with_what_the_documented_list_shows() -> None:
    choices = await listed(linkedin())

    assert choices.items == (
        Choice(
            id="101",
            name="Northwind Bikes",
            username="northwind-bikes",
            shown={
                "urn": "urn:li:organization:101",
                "vanityName": "northwind-bikes",
                "localizedName": "Northwind Bikes",
            },
        ),
        Choice(
            id="102",
            name="Harbour Café",
            username="harbour-cafe",
            shown={"urn": "urn:li:organization:102", "vanityName": "harbour-cafe", "localizedName": "Harbour Café"},
        ),
    )
    assert not choices.truncated


async def test_organizations_the_person_may_not_post_for_are_named_with_the_reason() -> None:
    choices = await listed(linkedin())

    assert choices.unavailable == (
        Unavailable(id="103", name="Old Mill", reason=NO_POSTING),
        Unavailable(id="104", name="Sunday Press", reason=NO_POSTING),
    )


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        ("ADMINISTRATOR", True),
        ("CONTENT_ADMINISTRATOR", True),
        ("CONTENT_ADMIN", True),
        ("DIRECT_SPONSORED_CONTENT_POSTER", False),
        ("RECRUITING_POSTER", False),
        ("LEAD_GEN_FORMS_MANAGER", False),
        ("ANALYST", False),
        ("CURATOR", False),
        ("SOMETHING_NEW", False),
        (None, False),
        (["ADMINISTRATOR"], False),
    ],
)
async def test_an_organization_is_offered_to_those_who_may_post(role: object, offered: bool) -> None:
    choices = await listed(one_role(row(101, role)))

    assert ids_of(choices) == (["101"] if offered else [])
    assert [item.id for item in choices.unavailable] == ([] if offered else ["101"])


def one_role(*rows: object) -> Platform:
    names = {("GET", lookup("101")): recorded("lookup")}
    return linkedin({("GET", ROLES): with_roles(*rows), **names})


@pytest.mark.parametrize("roles", [("ANALYST", "ADMINISTRATOR"), ("ADMINISTRATOR", "ANALYST")])
async def test_of_several_roles_the_strongest_counts_in_any_order(roles: tuple[str, str]) -> None:
    choices = await listed(one_role(*(row(101, role) for role in roles)))

    assert ids_of(choices) == ["101"]
    assert choices.unavailable == ()


@pytest.mark.parametrize("state", ["REQUESTED", "REJECTED", "REVOKED", None])
async def test_a_role_that_is_not_approved_does_not_do(state: str | None) -> None:
    [left_out] = (await listed(one_role(row(101, state=state)))).unavailable

    assert left_out.reason == "Your role there is not approved. Ask an administrator of the page to approve it."


@pytest.mark.parametrize("field", ["organization", "organizationTarget", "organizationalTarget"])
async def test_the_organization_of_a_role_has_a_name_by_version(field: str) -> None:
    told = {field: "urn:li:organization:101", "role": "ADMINISTRATOR"}

    assert ids_of(await listed(one_role(told))) == ["101"]


async def test_what_is_no_organization_is_named_but_not_asked_for_nor_offered() -> None:
    brand = "urn:li:organizationBrand:9"
    platform = one_role(row(101), {**row(9), "organization": brand})

    choices = await listed(platform)

    reason = "It is no organization, and other kinds of pages cannot be connected. Pick another one."
    assert ids_of(choices) == ["101"]
    assert choices.unavailable == (Unavailable(id=brand, name=brand, reason=reason),)
    assert platform.urls() == [ROLES, lookup("101")]


@pytest.mark.parametrize("urn", ["urn:li:organization:1,2)", "urn:li:organization:", "urn:li:organization:x/y"])
async def test_an_odd_number_does_not_reach_an_address(urn: str) -> None:
    platform = one_role({**row(0), "organization": urn})

    assert ids_of(await listed(platform)) == []
    assert platform.urls() == [ROLES]


@pytest.mark.parametrize(
    "reply",
    [
        recorded("lookup_102_missing"),
        answer({"results": {"101": {"localizedName": "Northwind Bikes"}, "102": "odd"}}),
        answer({"results": {"101": {"localizedName": "Northwind Bikes"}, "102": {"localizedName": " "}}}),
    ],
)
async def test_an_organization_whose_name_is_not_told_goes_by_its_number(reply: Reply) -> None:
    platform = linkedin({("GET", lookup("101", "102", "103", "104")): reply})

    items = {item.id: item for item in (await listed(platform)).items}

    assert items["101"].name == "Northwind Bikes"
    assert items["102"] == Choice(
        id="102", name="102", shown={"urn": "urn:li:organization:102", "vanityName": None, "localizedName": None}
    )


async def test_organizations_stay_when_all_names_are_kept_from_us() -> None:
    platform = linkedin({("GET", lookup("101", "102", "103", "104")): recorded("error_denied")})

    choices = await listed(platform)

    assert [item.name for item in choices.items] == ["101", "102"]
    assert [item.name for item in choices.unavailable] == ["103", "104"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_token_revoked"), Refused),
        (recorded("error_throttled_app"), PlatformRateLimited),
        (recorded("error_version_ended"), AppMisconfigured),
        (recorded("error_not_found"), UnexpectedReply),
        (answer({}), UnexpectedReply),
        (answer({"results": []}), UnexpectedReply),
        (None, Unreachable),
    ],
)
async def test_other_trouble_with_names_is_told(reply: Reply | None, expected: type[MoorlineError]) -> None:
    with pytest.raises(expected):
        await listed(linkedin({("GET", lookup("101", "102", "103", "104")): reply}))


# None, or not allowed


async def test_a_person_without_organizations_has_nothing_to_choose() -> None:
    platform = linkedin({("GET", ROLES): recorded("roles_none")})

    assert await listed(platform) == Choices(items=())
    assert platform.urls() == [ROLES]


@pytest.mark.parametrize(
    ("granted", "scopes", "is_asked"),
    [
        (SCOPES, (), True),
        (("openid", "profile", "r_organization_admin"), (), True),
        (("openid", "profile", "w_organization_social"), (), False),
        ((), (), False),
        (None, (), True),
        (None, ("openid", "profile", "w_member_social"), False),
        (None, ("openid", "profile", "r_organization_admin"), True),
    ],
)
async def test_the_list_is_asked_for_where_its_scope_was_granted(
    granted: tuple[str, ...] | None, scopes: tuple[str, ...], is_asked: bool
) -> None:
    platform = linkedin({("GET", ROLES): recorded("roles_none")})
    app, tokens = replace(APP, scopes=scopes), replace(HELD, granted=granted)

    assert await LinkedIn().list_choices(platform, app, tokens, PERSON) == Choices(items=())

    assert platform.urls() == ([ROLES] if is_asked else [])


async def test_a_list_that_is_not_allowed_is_none_where_the_scopes_were_not_told() -> None:
    assert await listed(linkedin({("GET", ROLES): recorded("error_denied")}), UNTOLD) == Choices(items=())


async def test_a_list_that_is_not_allowed_is_told_where_its_scope_was_granted() -> None:
    with pytest.raises(ScopeMissing):
        await listed(linkedin({("GET", ROLES): recorded("error_denied")}))


@pytest.mark.parametrize("tokens", [HELD, UNTOLD], ids=["scopes told", "not told"])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_token_expired"), Refused),
        (recorded("error_throttled_app"), PlatformRateLimited),
        (recorded("error_version_ended"), AppMisconfigured),
        (recorded("error_version_missing"), UnexpectedReply),
        (recorded("error_not_found"), UnexpectedReply),
        (Reply(status=403, body=b"<html>"), UnexpectedReply),
        (answer({"status": 403, "code": "SOMETHING_NEW"}, 403), UnexpectedReply),
        (recorded("error_internal"), Unreachable),
        (answer({}), UnexpectedReply),
        (answer({"elements": None}), UnexpectedReply),
        (answer({"elements": {"organization": "x"}}), UnexpectedReply),
        (with_roles("odd"), UnexpectedReply),
        (with_roles({"role": "ADMINISTRATOR"}), UnexpectedReply),
        (with_roles({"organization": 101, "role": "ADMINISTRATOR"}), UnexpectedReply),
        (None, Unreachable),
    ],
)
async def test_no_other_failure_of_the_list_is_taken_for_none(
    tokens: Tokens, reply: Reply | None, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await listed(linkedin({("GET", ROLES): reply}), tokens)
