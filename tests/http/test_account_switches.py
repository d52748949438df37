"""After the connection: a LinkedIn account stands for the person or an organization, a Google one for a location."""

import json
from typing import Any

import pytest

from tests.conftest import FrozenClock
from tests.harness import UNKNOWN_ID, Answer, World, failure, on_both_engines, query_of

BAKERY, CATERING = "5590001", "5590002"
MAY_NOT_POST = "5590080"
ROLES, USERINFO = "GET /rest/organizationAcls", "GET /v2/userinfo"
DOCK, FLOWERS = "9281089117903930101", "9281089117903930113"
NOT_VERIFIED = "9281089117903930109"
LOCATIONS = "GET /v1/accounts/{account_id}/locations"


async def linkedin_account(world: World, organization_id: str | None = None) -> str:
    """A connected account: the person's own unless an organization is named."""
    query = {"token": (await world.selection("linkedin"))["pendingDataToken"]}
    opened = await world.ok("GET", "/v1/connect/pending-data", key=None, query=query)
    kind = "personal" if organization_id is None else "organization"
    chosen = {"accountType": kind, "selectedOrganization": {"id": organization_id}}
    body = {"profileId": opened["profileId"], "tempToken": opened["tempToken"], **chosen}
    told = await world.ok("POST", "/v1/connect/linkedin/select-organization", body=body)
    return str(told["account"]["accountId"])


async def google_account(world: World, location_id: str = DOCK) -> str:
    fields = await world.selection("googlebusiness")
    body = {"profileId": fields["profileId"], "tempToken": fields["tempToken"], "locationId": location_id}
    told = await world.ok("POST", "/v1/connect/googlebusiness/select-location", body=body)
    return str(told["account"]["accountId"])


async def switch(world: World, account_id: str, account_type: str | None, organization: object = None) -> Answer:
    body = {"accountType": account_type, "selectedOrganization": organization}
    return await world.call("PUT", f"/v1/accounts/{account_id}/linkedin-organization", body=body)


async def organizations(world: World, account_id: str, **query: str) -> Any:
    return await world.ok("GET", f"/v1/accounts/{account_id}/linkedin-organizations", query=query)


async def locations(world: World, account_id: str, **query: str) -> Any:
    return await world.ok("GET", f"/v1/accounts/{account_id}/gmb-locations", query=query)


async def stands_for(world: World, account_id: str) -> tuple[str, dict[str, Any]]:
    """The platform's id of the account, and its details."""
    query = "SELECT platform_account_id, details FROM accounts WHERE id = $1"
    row = await world.service.db.one(query, account_id)
    assert row is not None
    return str(row["platform_account_id"]), json.loads(row["details"])


# --- LinkedIn ---------------------------------------------------------------------------------------------------------


@on_both_engines
async def test_organizations_are_listed_with_their_names_and_cached_for_ten_minutes(
    world: World, frozen_clock: FrozenClock
) -> None:
    account_id = await linkedin_account(world)
    told = await organizations(world, account_id)
    assert told["cached"] is False
    assert told["organizations"][0] == {
        "id": BAKERY,
        "name": "Northwind Bakery",
        "vanityName": "northwind-bakery",
        "localizedName": "Northwind Bakery",
    }
    assert MAY_NOT_POST in {one["id"] for one in told["unavailable"]}
    before = len(await world.calls("linkedin", ROLES))
    frozen_clock.advance(599.999)
    assert await organizations(world, account_id) == {**told, "cached": True}
    assert len(await world.calls("linkedin", ROLES)) == before
    frozen_clock.advance(0.001)
    assert (await organizations(world, account_id))["cached"] is False
    assert (await organizations(world, account_id, refresh="true"))["cached"] is False


@on_both_engines
async def test_a_personal_account_becomes_an_organization_and_a_person_again_in_place(world: World) -> None:
    account_id = await linkedin_account(world)
    person_id, details = await stands_for(world, account_id)
    assert details == {"accountType": "personal"}

    told = (await switch(world, account_id, "organization", {"id": BAKERY})).json
    assert told["message"] == "LinkedIn account type updated successfully"
    account = told["account"]
    assert (account["_id"], account["username"], account["displayName"]) == (
        account_id,
        "northwind-bakery",
        "Northwind Bakery",
    )
    assert account["profileUrl"] == "https://www.linkedin.com/company/northwind-bakery/"
    assert await world.accounts() == [account]
    assert await stands_for(world, account_id) == (BAKERY, {"accountType": "organization"})

    back = (await switch(world, account_id, "personal")).json["account"]
    assert (back["_id"], back["username"], back["displayName"]) == (account_id, "Ana Lima", "Ana Lima")
    assert "profileUrl" not in back
    assert await stands_for(world, account_id) == (person_id, {"accountType": "personal"})
    assert len(await world.service.db.all("SELECT id FROM grants")) == 1


@on_both_engines
async def test_one_organization_takes_the_place_of_another(world: World) -> None:
    account_id = await linkedin_account(world, BAKERY)
    for given in ({"urn": f"urn:li:organization:{CATERING}"}, json.dumps({"id": CATERING})):
        account = (await switch(world, account_id, "organization", given)).json["account"]
        assert account["profileUrl"] == "https://www.linkedin.com/company/northwind-catering/"
        assert (await stands_for(world, account_id))[0] == CATERING
    assert len(await world.accounts()) == 1
    # Connecting the first organization again makes an account of its own.
    assert await linkedin_account(world, BAKERY) != account_id


@on_both_engines
async def test_what_another_account_of_the_profile_stands_for_is_a_conflict(world: World) -> None:
    person, bakery = await linkedin_account(world), await linkedin_account(world, BAKERY)
    failure(await switch(world, person, "organization", {"id": BAKERY}), 409, "already_connected")
    failure(await switch(world, bakery, "personal"), 409, "already_connected")
    assert (await stands_for(world, bakery))[0] == BAKERY
    assert (await stands_for(world, person))[1] == {"accountType": "personal"}


async def test_an_organization_that_is_not_in_the_list_is_refused_after_asking_anew(world: World) -> None:
    account_id = await linkedin_account(world)
    await organizations(world, account_id)
    before = len(await world.calls("linkedin", ROLES))
    for organization_id in ("999", MAY_NOT_POST, "../me", "\x00"):
        told = failure(await switch(world, account_id, "organization", {"id": organization_id}), 400, "not_available")
        assert told["error"] == "Organization not in available organizations."
    assert len(await world.calls("linkedin", ROLES)) > before
    assert (await stands_for(world, account_id))[1] == {"accountType": "personal"}


@pytest.mark.parametrize(
    ("account_type", "organization", "field"),
    [
        (None, {"id": BAKERY}, "accountType"),
        ("company", {"id": BAKERY}, "accountType"),
        ("organization", None, "selectedOrganization"),
        ("organization", {"name": "x"}, "selectedOrganization"),
        ("organization", "not json", "selectedOrganization"),
    ],
)
async def test_a_switch_that_does_not_say_to_what_is_refused(
    world: World, account_type: str | None, organization: object, field: str
) -> None:
    account_id = await linkedin_account(world)
    told = failure(await switch(world, account_id, account_type, organization), 400, "invalid_request")
    assert next(iter(told["details"]["fields"])).partition(".")[0] == field


async def test_what_linkedin_says_to_a_switch_is_told_and_changes_nothing(world: World) -> None:
    account_id = await linkedin_account(world, BAKERY)
    await world.fault("linkedin", ROLES, status=503, body={}, count=9)
    failure(await switch(world, account_id, "organization", {"id": CATERING}), 500, "platform_unavailable")
    await world.control("DELETE", "faults")
    somebody = {"sub": "another-one", "name": "Somebody Else"}
    await world.fault("linkedin", USERINFO, status=200, body=somebody)
    failure(await switch(world, account_id, "personal"), 500, "unexpected_reply")
    await world.control("POST", "revoke", {"platform": "linkedin", "person": "plenty"})
    failure(await switch(world, account_id, "organization", {"id": CATERING}), 500, "token_revoked")
    failure(await switch(world, account_id, "personal"), 500, "token_revoked")
    assert await stands_for(world, account_id) == (BAKERY, {"accountType": "organization"})


# --- Google Business --------------------------------------------------------------------------------------------------


@on_both_engines
async def test_locations_are_listed_with_the_selected_one(world: World) -> None:
    account_id = await google_account(world)
    told = await locations(world, account_id)
    assert (told["cached"], told["selectedLocationId"]) == (False, DOCK)
    assert set(told["locations"][0]) == {
        "id",
        "name",
        "accountId",
        "accountName",
        "address",
        "category",
        "websiteUrl",
    }
    assert [one["id"] for one in told["unavailable"]] == [NOT_VERIFIED]
    assert await locations(world, account_id) == {**told, "cached": True}


@on_both_engines
async def test_another_location_takes_the_place_of_the_first_in_the_same_account(world: World) -> None:
    account_id = await google_account(world)
    path = f"/v1/accounts/{account_id}/gmb-locations"
    told = await world.ok("PUT", path, body={"selectedLocationId": FLOWERS})
    assert told == {
        "message": "Google Business location updated successfully",
        "selectedLocation": {"id": FLOWERS, "name": "Harbour Flower Stall"},
    }
    (account,) = await world.accounts()
    assert (account["_id"], account["displayName"]) == (account_id, "Harbour Flower Stall")
    assert account["profileUrl"] == f"https://maps.google.com/maps?cid={FLOWERS}"
    platform_id, details = await stands_for(world, account_id)
    assert platform_id == details["selectedLocationId"] == FLOWERS
    assert details["locationAccountId"] == "accounts/104000000000000000102"
    assert (await locations(world, account_id))["selectedLocationId"] == FLOWERS
    assert await google_account(world, DOCK) != account_id


async def test_a_location_that_is_not_in_the_list_or_is_taken_is_refused(world: World) -> None:
    first, second = await google_account(world), await google_account(world, FLOWERS)
    path = f"/v1/accounts/{first}/gmb-locations"
    for location_id in ("1", NOT_VERIFIED, "../me"):
        told = failure(await world.call("PUT", path, body={"selectedLocationId": location_id}), 400, "not_available")
        assert told["error"] == "Location not in available locations."
    failure(await world.call("PUT", path, body={"selectedLocationId": FLOWERS}), 409, "already_connected")
    for body in ({}, {"selectedLocationId": ""}, {"selectedLocationId": None}):
        told = failure(await world.call("PUT", path, body=body), 400, "invalid_request")
        assert told["details"]["fields"] == {"selectedLocationId": "required"}
    assert (await stands_for(world, first))[0] == DOCK
    assert (await stands_for(world, second))[0] == FLOWERS


async def test_an_outage_at_google_is_told(world: World) -> None:
    account_id = await google_account(world)
    await world.fault("googlebusiness", LOCATIONS, status=503, body={}, count=200)
    failure(await world.call("GET", f"/v1/accounts/{account_id}/gmb-locations"), 500, "platform_unavailable")


# --- for both ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["linkedin-organizations", "gmb-locations"])
async def test_another_tenants_account_answers_like_one_that_does_not_exist(world: World, path: str) -> None:
    account_id = await (linkedin_account(world) if path.startswith("linkedin") else google_account(world))
    answers = [
        await world.call("GET", f"/v1/accounts/{one}/{path}", key=world.other.api_key)
        for one in (account_id, UNKNOWN_ID)
    ]
    failure(answers[0], 404, "not_found")
    assert answers[0].text == answers[1].text


async def test_a_read_only_key_does_not_switch(world: World) -> None:
    person, location = await linkedin_account(world), await google_account(world)
    key = await world.new_key("reader", permission="read")
    body = {"accountType": "organization", "selectedOrganization": {"id": BAKERY}}
    answer = await world.call("PUT", f"/v1/accounts/{person}/linkedin-organization", key=key, body=body)
    failure(answer, 403, "forbidden")
    path = f"/v1/accounts/{location}/gmb-locations"
    failure(await world.call("PUT", path, key=key, body={"selectedLocationId": FLOWERS}), 403, "forbidden")


async def test_a_person_connected_without_a_choice_may_not_become_an_organization(world: World) -> None:
    landed = query_of(await world.landing("linkedin", person="none"))
    assert (await organizations(world, landed["accountId"]))["organizations"] == []
    failure(await switch(world, landed["accountId"], "organization", {"id": BAKERY}), 400, "not_available")
