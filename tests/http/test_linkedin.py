"""LinkedIn's choice over HTTP: what the redirect carries, details of organizations, and saving person or organization.

What a pendingDataToken opens, and for whom, is in test_pending_data.py.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import FrozenClock
from tests.harness import APP_URL, UNKNOWN_ID, Answer, World, failure, on_both_engines, query_of

PENDING = "/v1/connect/pending-data"
DETAILS = "/v1/connect/linkedin/organizations"
SELECT = "/v1/connect/linkedin/select-organization"
ORGANIZATION = "GET /v2/organizations/{organization_id}"
ROLES = "GET /rest/organizationAcls"
BAKERY, CATERING, FOUNDATION = "5590001", "5590002", "5590003"
MAY_NOT_POST = "5590080"
URN = "urn:li:organization:"


async def pending(world: World, fields: Mapping[str, str]) -> dict[str, Any]:
    """What the redirect's token stands for."""
    data: dict[str, Any] = await world.ok("GET", PENDING, key=None, query={"token": fields["pendingDataToken"]})
    return data


async def open_choice(world: World, **decision: Any) -> dict[str, Any]:
    """The pending data of a new consent, with its connect token."""
    fields = await world.selection("linkedin", **decision)
    return {**await pending(world, fields), "connect_token": fields["connect_token"]}


async def select(world: World, opened: Mapping[str, Any], **body: object) -> Answer:
    """Choose by API key."""
    given = {"profileId": opened["profileId"], "tempToken": opened["tempToken"], **body}
    return await world.call("POST", SELECT, body=given)


async def select_organization(world: World, opened: Mapping[str, Any], organization_id: str = BAKERY) -> Answer:
    return await select(world, opened, accountType="organization", selectedOrganization={"id": organization_id})


async def details(world: World, temp_token: str, ids: str) -> Answer:
    return await world.call("GET", DETAILS, key=None, query={"tempToken": temp_token, "orgIds": ids})


# --- what the redirect carries ----------------------------------------------------------------------------------------


async def test_the_redirect_carries_the_documented_parameters_and_no_more(world: World) -> None:
    fields = await world.selection("linkedin")
    assert list(fields) == ["profileId", "pendingDataToken", "connect_token", "platform", "step"]
    assert fields["profileId"] == world.owner.profile_id
    assert (fields["platform"], fields["step"]) == ("linkedin", "select_organization")


async def test_s30_no_token_of_linkedins_is_in_the_redirect_the_pending_data_or_an_answer(world: World) -> None:
    fields = await world.selection("linkedin")
    opened = await pending(world, fields)
    told = [json.dumps(fields), json.dumps(opened)]
    told += [(await details(world, opened["tempToken"], BAKERY)).text, (await select_organization(world, opened)).text]
    issued = [one["value"] for one in await world.control("GET", "issued") if one["platform"] == "linkedin"]
    assert any(value.startswith("AQX") for value in issued)
    for value in issued:
        assert not [text for text in told if value in text]


async def test_organizations_that_may_not_be_posted_for_are_named_with_the_reason(world: World) -> None:
    opened = await open_choice(world)
    assert [one["id"] for one in opened["organizations"]] == [BAKERY, CATERING, FOUNDATION]
    noted = {one["id"]: one for one in opened["unavailable"]}
    assert set(noted[MAY_NOT_POST]) == {"id", "name", "reason"}
    assert noted[MAY_NOT_POST]["name"] == "Harbour Market Ads"
    assert "does not allow posting" in noted[MAY_NOT_POST]["reason"]
    assert not {BAKERY, CATERING, FOUNDATION} & set(noted)
    assert opened["truncated"] is False


async def test_what_is_connected_already_is_named_with_where(world: World) -> None:
    opened = await open_choice(world)
    assert opened["alreadyConnected"] == []
    await select_organization(world, opened, CATERING)
    reason = "Already connected to this profile."
    assert (await open_choice(world))["alreadyConnected"] == [
        {"id": CATERING, "name": "Northwind Catering", "reason": reason}
    ]
    assert (await open_choice(world, tenant=world.other))["alreadyConnected"] == []


async def test_twelve_hundred_organizations_are_all_told(world: World) -> None:
    opened = await open_choice(world, person="crowd")
    assert len({one["id"] for one in opened["organizations"]}) == 1200
    assert opened["truncated"] is False


@on_both_engines
async def test_a_person_without_organizations_is_connected_directly_as_personal(world: World) -> None:
    landed = query_of(await world.landing("linkedin", headless=True, person="none"))
    (account,) = await world.accounts()
    assert landed == {
        "connected": "linkedin",
        "profileId": world.owner.profile_id,
        "accountId": account["_id"],
        "username": "Cleo Marsh",
    }
    (row,) = await world.service.db.all("SELECT details FROM accounts")
    assert json.loads(row["details"]) == {"accountType": "personal"}
    assert await world.service.db.all("SELECT attempt_id FROM selections") == []


async def test_completing_by_code_answers_what_the_redirect_carries(world: World) -> None:
    callback = query_of(await world.consent((await world.start("linkedin", headless=True))["authUrl"]))
    body = {"code": callback["code"], "state": callback["state"], "profileId": world.owner.profile_id}
    answered = await world.ok("POST", "/v1/connect/linkedin", body=body)
    redirected = await world.selection("linkedin")
    assert set(answered) == set(redirected)
    assert {**answered, "pendingDataToken": "", "connect_token": ""} == {
        **redirected,
        "pendingDataToken": "",
        "connect_token": "",
    }
    opened = await pending(world, answered)
    assert (await select_organization(world, opened)).status == 200


async def test_completing_by_code_connects_a_person_without_organizations(world: World) -> None:
    callback = query_of(await world.consent((await world.start("linkedin"))["authUrl"], person="none"))
    body = {"code": callback["code"], "state": callback["state"], "profileId": world.owner.profile_id}
    answered = await world.ok("POST", "/v1/connect/linkedin", body=body)
    assert answered["account"]["accountType"] == "personal"
    assert query_of(answered["redirect_url"])["accountId"] == answered["account"]["accountId"]


# --- details ----------------------------------------------------------------------------------------------------------


async def test_details_come_in_the_order_asked_for_and_an_unknown_id_has_only_its_id(world: World) -> None:
    token = (await open_choice(world))["tempToken"]
    told = await details(world, token, f"{CATERING},999,{URN}{BAKERY}, {FOUNDATION}")
    assert told.status == 200, told.text
    catering, unknown, bakery, foundation = told.json["organizations"]
    assert unknown == {"id": "999"}
    assert catering == {
        "id": CATERING,
        "vanityName": "northwind-catering",
        "website": "https://catering.northwind.example",
    }
    logo = bakery.pop("logoUrl")
    assert logo.startswith(f"https://media.licdn.com/dms/image/{BAKERY}/")
    assert bakery == {
        "id": BAKERY,
        "vanityName": "northwind-bakery",
        "website": "https://northwind.example",
        "description": "Bread and coffee since 1998.",
    }
    assert foundation["id"] == FOUNDATION


async def test_an_organization_of_others_has_only_its_id(world: World) -> None:
    token = (await open_choice(world, person="single"))["tempToken"]
    assert (await details(world, token, BAKERY)).json == {"organizations": [{"id": BAKERY}]}


async def test_a_hundred_organizations_are_described_in_order_and_a_hundred_and_one_refused(world: World) -> None:
    opened = await open_choice(world, person="crowd")
    ids = [one["id"] for one in reversed(opened["organizations"])]
    told = await details(world, opened["tempToken"], ",".join(ids[:100]))
    assert [one["id"] for one in told.json["organizations"]] == ids[:100]
    assert all(one["vanityName"].startswith("sommer-") for one in told.json["organizations"])
    before = await world.count()
    answer = await details(world, opened["tempToken"], ",".join(ids[:101]))
    assert set(failure(answer, 400, "invalid_request")["details"]["fields"]) == {"orgIds"}
    assert await world.count() == before


@pytest.mark.parametrize("ids", ["", ",", " , ", "../me", "5590001/x", "5590001,a b", "é", "1" * 65, "\x00", "1?x=y"])
async def test_ids_that_cannot_be_ids_are_refused_before_any_call(world: World, ids: str) -> None:
    token = (await open_choice(world))["tempToken"]
    before = await world.count()
    answer = await details(world, token, ids)
    assert set(failure(answer, 400, "invalid_request")["details"]["fields"]) == {"orgIds"}
    assert await world.count() == before


async def test_a_missing_parameter_of_the_details_is_named(world: World) -> None:
    for query, missing in (({"orgIds": BAKERY}, "tempToken"), ({"tempToken": "x"}, "orgIds")):
        told = failure(await world.call("GET", DETAILS, key=None, query=query), 400, "invalid_request")
        assert told["details"]["fields"] == {missing: "required"}


async def test_a_handle_that_does_not_open_an_open_linkedin_choice_is_refused(world: World) -> None:
    fields = await world.selection("linkedin")
    pages = await world.selection("facebook")
    refused = ["x", "é", "\x00", pages["tempToken"], fields["pendingDataToken"], fields["connect_token"]]
    answers = [await details(world, token, BAKERY) for token in refused]
    for answer in answers:
        failure(answer, 400, "invalid_temp_token")
    assert len({answer.text for answer in answers}) == 1
    body = {"profileId": pages["profileId"], "tempToken": pages["tempToken"], "accountType": "personal"}
    failure(await world.call("POST", SELECT, body=body), 400, "invalid_temp_token")


async def test_a_handle_is_good_for_fifteen_minutes(world: World, frozen_clock: FrozenClock) -> None:
    opened = await open_choice(world)
    frozen_clock.advance(15 * 60 - 1)
    assert (await details(world, opened["tempToken"], BAKERY)).status == 200
    frozen_clock.advance(1)
    failure(await details(world, opened["tempToken"], BAKERY), 400, "invalid_temp_token")
    failure(await select_organization(world, opened), 400, "invalid_temp_token")
    assert await world.accounts() == []


async def test_details_and_choices_that_linkedin_does_not_answer_are_500_with_a_code(world: World) -> None:
    opened = await open_choice(world)
    await world.fault("linkedin", ORGANIZATION, status=503, body={}, count=200)
    failure(await details(world, opened["tempToken"], f"{BAKERY},{CATERING},{FOUNDATION}"), 500, "platform_unavailable")
    await world.control("DELETE", "faults")
    await world.fault("linkedin", ROLES, status=503, body={}, count=9)
    failure(await select_organization(world, opened), 500, "platform_unavailable")
    await world.control("DELETE", "faults")
    await world.control("POST", "revoke", {"platform": "linkedin", "person": "plenty"})
    failure(await details(world, opened["tempToken"], BAKERY), 500, "token_revoked")
    failure(await select_organization(world, opened), 500, "token_revoked")
    assert await world.accounts() == []


# --- the choice -------------------------------------------------------------------------------------------------------


@on_both_engines
async def test_the_persons_own_account_is_saved_as_personal(world: World) -> None:
    told = await select(world, await open_choice(world), accountType="personal")
    account = told.json["account"]
    assert set(told.json) == {"message", "account", "redirect_url"}
    assert told.json["message"] == "LinkedIn account connected successfully"
    picture = account.pop("profilePicture")
    assert picture.startswith("https://media.licdn.com/")
    assert account == {
        "accountId": account["accountId"],
        "platform": "linkedin",
        "username": "Ana Lima",
        "displayName": "Ana Lima",
        "isActive": True,
        "accountType": "personal",
    }
    assert told.json["redirect_url"].partition("?")[0] == APP_URL
    assert query_of(told.json["redirect_url"]) == {
        "connected": "linkedin",
        "profileId": world.owner.profile_id,
        "accountId": account["accountId"],
        "username": "Ana Lima",
    }


@pytest.mark.parametrize(
    "given",
    [
        {"id": BAKERY, "urn": f"{URN}{BAKERY}", "name": "a lie"},
        {"urn": f"{URN}{BAKERY}"},
        {"id": int(BAKERY)},
        {"id": f"{URN}{BAKERY}"},
        json.dumps({"id": BAKERY}),
        json.dumps({"urn": f"{URN}{BAKERY}"}),
    ],
)
async def test_an_organization_is_chosen_by_id_or_urn_as_object_or_as_its_text(world: World, given: object) -> None:
    told = await select(world, await open_choice(world), accountType="organization", selectedOrganization=given)
    assert told.status == 200, told.text
    account = told.json["account"]
    assert (account["accountType"], account["username"]) == ("organization", "northwind-bakery")
    assert account["displayName"] == "Northwind Bakery"
    (row,) = await world.service.db.all("SELECT platform_account_id, profile_url FROM accounts")
    assert (row["platform_account_id"], row["profile_url"]) == (
        BAKERY,
        "https://www.linkedin.com/company/northwind-bakery/",
    )


@pytest.mark.parametrize("account_type", [None, "", "company", "Personal"])
async def test_an_account_type_that_is_missing_or_unknown_is_named(world: World, account_type: str | None) -> None:
    opened = await open_choice(world)
    answer = await select(world, opened, accountType=account_type, selectedOrganization={"id": BAKERY})
    assert set(failure(answer, 400, "invalid_request")["details"]["fields"]) == {"accountType"}
    assert await world.accounts() == []


@pytest.mark.parametrize("given", [None, "", {}, [], 7, "not json", "[]", '{"name": "x"}', {"id": ""}, {"id": True}])
async def test_an_organization_without_an_id_is_named(world: World, given: object) -> None:
    opened = await open_choice(world)
    answer = await select(world, opened, accountType="organization", selectedOrganization=given)
    (field,) = failure(answer, 400, "invalid_request")["details"]["fields"]
    assert field.partition(".")[0] == "selectedOrganization"
    assert await world.accounts() == []


async def test_an_organization_that_is_not_in_the_list_is_refused_and_nothing_is_saved(world: World) -> None:
    opened = await open_choice(world)
    for organization_id in ("999", MAY_NOT_POST, "5590301", "../me", "\x00", f"{URN}{MAY_NOT_POST}"):
        told = failure(await select_organization(world, opened, organization_id), 400, "invalid_request")
        assert told["error"] == "Selected organization not found in available organizations."
        assert set(told["details"]["fields"]) == {"selectedOrganization"}
    assert await world.accounts() == []


async def test_a_missing_field_of_the_choice_is_named(world: World) -> None:
    opened = await open_choice(world)
    for missing in ("profileId", "tempToken"):
        told = failure(await select(world, opened, accountType="personal", **{missing: None}), 400, "invalid_request")
        assert set(told["details"]["fields"]) == {missing}
    for profile_id in (UNKNOWN_ID, world.other.profile_id, "nonsense"):
        failure(await select(world, opened, accountType="personal", profileId=profile_id), 400)


@on_both_engines
async def test_s41_the_connect_token_alone_saves_one_choice_and_is_dead_then(world: World) -> None:
    opened = await open_choice(world)
    headers = {"x-connect-token": opened["connect_token"]}
    body = {"accountType": "organization", "selectedOrganization": {"id": BAKERY}}
    told = await world.ok("POST", SELECT, key=None, headers=headers, body=body)
    assert told["account"]["displayName"] == "Northwind Bakery"
    for again in (body, {"accountType": "personal"}):
        failure(await world.call("POST", SELECT, key=None, headers=headers, body=again), 401)
    assert len(await world.accounts()) == 1


@on_both_engines
async def test_accounts_of_one_person_hang_on_one_grant_and_each_choice_counts_the_others(world: World) -> None:
    opened = await open_choice(world)
    assert "bulkRefresh" not in (await select_organization(world, opened)).json
    second = (await select_organization(world, opened, CATERING)).json
    assert second["bulkRefresh"] == {"updatedCount": 1, "errors": 0}
    # A new consent brings new tokens, which the first two receive too.
    anew = await open_choice(world)
    third = (await select_organization(world, anew, FOUNDATION)).json
    assert third["bulkRefresh"]["updatedCount"] == 2
    assert (await select(world, anew, accountType="personal")).json["bulkRefresh"]["updatedCount"] == 3
    assert len(await world.accounts()) == 4
    assert len(await world.service.db.all("SELECT id FROM grants")) == 1


@pytest.mark.parametrize("kind", ["personal", "organization"])
async def test_the_same_choice_again_answers_the_same_account(world: World, kind: str) -> None:
    opened, choice = await open_choice(world), {"accountType": kind, "selectedOrganization": {"id": BAKERY}}
    first, again = [await select(world, opened, **choice) for _ in range(2)]
    assert (first.status, first.text) == (again.status, again.text)
    renewed = await select(world, await open_choice(world), **choice)
    assert renewed.json["account"] == first.json["account"]
    assert len(await world.accounts()) == 1
