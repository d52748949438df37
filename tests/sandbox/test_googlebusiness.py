"""Google Business Profile as the sheet tells it. Facts: googlebusiness.md, by section."""

from typing import Any

import pytest

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.google_calls import ANA_SUB, AUTH, api_error, register, switch, userinfo
from tests.sandbox.oauth_platforms import GOOGLEBUSINESS

MANAGEMENT = "mybusinessaccountmanagement.googleapis.com"
INFORMATION = "mybusinessbusinessinformation.googleapis.com"
MASK = "name,title,storefrontAddress,categories,websiteUri,metadata"
BAKERY, AGENCY, STALLS = (f"accounts/10400000000000000010{number}" for number in (1, 2, 3))


async def token_of(sandbox: Sandbox, person: str = "plenty", **consent: Any) -> str:
    token: str = (await GOOGLEBUSINESS.tokens(sandbox, person=person, **consent))["access_token"]
    return token


async def accounts(sandbox: Sandbox, token: str | None, **query: str) -> Got:
    return await sandbox.send("GET", MANAGEMENT, "/v1/accounts", token=token, params=query)


async def locations(sandbox: Sandbox, token: str | None, account: str, **changes: str) -> Got:
    query = {"readMask": MASK, **changes}
    return await sandbox.send("GET", INFORMATION, f"/v1/{account}/locations", token=token, params=query)


async def every_account(sandbox: Sandbox, token: str, **query: str) -> list[list[dict[str, Any]]]:
    """The pages of accounts, as far as the page tokens lead."""
    told = (await accounts(sandbox, token, **query)).json
    found = [told.get("accounts", [])]
    while following := told.get("nextPageToken"):
        told = (await accounts(sandbox, token, **query, pageToken=following)).json
        found.append(told.get("accounts", []))
    return found


async def every_location(sandbox: Sandbox, token: str, account: str, **changes: str) -> list[list[dict[str, Any]]]:
    told = (await locations(sandbox, token, account, **changes)).json
    found = [told.get("locations", [])]
    while following := told.get("nextPageToken"):
        told = (await locations(sandbox, token, account, **changes, pageToken=following)).json
        found.append(told.get("locations", []))
    return found


def flat(pages: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [row for page in pages for row in page]


# --- accounts ---------------------------------------------------------------------------------------------------------


async def test_the_personal_account_comes_first_and_a_page_in_the_middle_is_empty(sandbox: Sandbox) -> None:
    pages = await every_account(sandbox, await token_of(sandbox))
    assert [[account["type"] for account in page] for page in pages] == [
        ["PERSONAL"],
        [],
        ["LOCATION_GROUP", "ORGANIZATION"],
    ]
    assert [account["name"] for account in flat(pages)] == [f"accounts/{ANA_SUB}", BAKERY, AGENCY]


async def test_accounts_have_the_documented_fields(sandbox: Sandbox) -> None:
    personal, group, organization = flat(await every_account(sandbox, await token_of(sandbox)))
    assert "role" not in personal
    assert (group["role"], group["permissionLevel"]) == ("PRIMARY_OWNER", "OWNER_LEVEL")
    assert organization["organizationInfo"] == {"registeredDomain": "harbour.example"}
    assert isinstance(organization["accountNumber"], str)


async def test_the_personal_account_is_the_sub_of_userinfo(sandbox: Sandbox) -> None:
    token = await token_of(sandbox, "single")
    sub = (await userinfo(sandbox, token)).json["sub"]
    assert (await accounts(sandbox, token)).json["accounts"][0]["name"] == f"accounts/{sub}"


async def test_an_organization_lists_what_is_directly_under_it(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    assert [account["name"] for account in (await accounts(sandbox, token, parentAccount=AGENCY)).json["accounts"]] == [
        STALLS
    ]
    assert (await accounts(sandbox, token, parentAccount=BAKERY)).json == {}


async def test_accounts_are_filtered_by_type_and_nothing_else(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    told = (await accounts(sandbox, token, filter="type=LOCATION_GROUP")).json
    assert [account["name"] for account in told["accounts"]] == [BAKERY]
    assert (await accounts(sandbox, token, filter="type=USER_GROUP")).json == {}
    assert api_error(await accounts(sandbox, token, filter="accountName=x")) == (400, "INVALID_ARGUMENT")


async def test_accounts_come_twenty_at_a_time_and_never_more(sandbox: Sandbox) -> None:
    token = await token_of(sandbox, "crowd")
    for query in ({}, {"pageSize": "100"}):
        assert [len(page) for page in await every_account(sandbox, token, **query)] == [20, 3]


@pytest.mark.parametrize(("person", "count"), [("single", 1), ("none", 0)])
async def test_single_has_one_location_of_their_own_and_none_has_none(
    sandbox: Sandbox, person: str, count: int
) -> None:
    token = await token_of(sandbox, person)
    listed = flat(await every_account(sandbox, token))
    assert [account["type"] for account in listed] == ["PERSONAL"]
    told = (await locations(sandbox, token, listed[0]["name"])).json
    assert (len(told.get("locations", [])), "locations" in told) == (count, count > 0)


# --- locations --------------------------------------------------------------------------------------------------------


async def test_plenty_has_14_locations_in_two_accounts_some_of_them_twice(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    found = {
        account["name"]: [row["name"] for row in flat(await every_location(sandbox, token, account["name"]))]
        for account in flat(await every_account(sandbox, token))
    }
    assert [len(names) for names in found.values()] == [0, 10, 6]
    assert len(set(found[BAKERY]) & set(found[AGENCY])) == 2
    assert len(set(found[BAKERY]) | set(found[AGENCY])) == 14
    under = flat(await every_location(sandbox, token, STALLS))
    assert {row["name"] for row in under} < set(found[AGENCY])


@pytest.mark.parametrize(("size", "sizes"), [(None, [4, 0, 6]), ("3", [3, 1, 0, 3, 3]), ("100", [4, 0, 6])])
async def test_locations_come_in_pages_with_an_empty_one_in_the_middle(
    sandbox: Sandbox, size: str | None, sizes: list[int]
) -> None:
    query = {} if size is None else {"pageSize": size}
    pages = await every_location(sandbox, await token_of(sandbox), BAKERY, **query)
    assert [len(page) for page in pages] == sizes


async def test_a_location_has_the_documented_fields(sandbox: Sandbox) -> None:
    found = (await locations(sandbox, await token_of(sandbox), BAKERY)).json["locations"][1]
    assert found["name"] == "locations/9281089117903930102"
    assert int(found["name"].removeprefix("locations/")) > 2**53
    assert found["storefrontAddress"]["addressLines"] == ["7 Mill Lane", "Unit 3"]
    assert found["categories"]["primaryCategory"]["displayName"] == "Bakery"
    assert found["metadata"]["mapsUri"].startswith("https://maps.google.com/maps?cid=")
    assert set(found) == set(MASK.split(","))


async def test_odd_locations_lack_an_address_a_site_an_area_or_a_map(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    rows = flat(await every_location(sandbox, token, BAKERY, readMask=f"{MASK},serviceArea,openInfo"))
    by_title = {row["title"]: row for row in rows}
    catering = by_title["Northwind Catering"]
    assert ("storefrontAddress" in catering, catering["serviceArea"]["businessType"]) == (
        False,
        "CUSTOMER_LOCATION_ONLY",
    )
    assert "websiteUri" not in by_title["Northwind Farm Shop"]
    assert "administrativeArea" not in by_title["Northwind Lisboa"]["storefrontAddress"]
    assert by_title["Northwind New Quay"]["metadata"] == {"hasVoiceOfMerchant": False}
    assert by_title["Northwind Old Bakehouse"]["openInfo"]["status"] == "CLOSED_PERMANENTLY"


@pytest.mark.parametrize("mask", ["", "coffee", "title,coffee", "title.,coffee"])
async def test_without_a_usable_read_mask_the_request_is_invalid(sandbox: Sandbox, mask: str) -> None:
    token = await token_of(sandbox)
    path = "/v1/locations/9281089117903930101"
    one = await sandbox.send("GET", INFORMATION, path, token=token, params={"readMask": mask})
    for got in (await locations(sandbox, token, BAKERY, readMask=mask), one):
        assert api_error(got) == (400, "INVALID_ARGUMENT")
        assert got.json["error"]["message"] == "Request contains an invalid argument."


async def test_a_path_in_the_mask_keeps_what_it_leads_to(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    mask = "name,categories.primaryCategory,metadata.mapsUri,serviceArea.businessType"
    found = (await locations(sandbox, token, BAKERY, readMask=mask)).json["locations"][0]
    assert set(found) == {"name", "categories", "metadata"}
    assert (set(found["categories"]), set(found["metadata"])) == ({"primaryCategory"}, {"mapsUri"})


async def test_whether_a_mask_may_hold_paths_is_a_switch(sandbox: Sandbox) -> None:
    await switch(sandbox, "googlebusiness", "mask_without_paths")
    token = await token_of(sandbox)
    assert (await locations(sandbox, token, BAKERY, readMask="categories.primaryCategory")).status == 400
    assert (await locations(sandbox, token, BAKERY)).status == 200


async def test_the_wildcard_account_has_every_location_once(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    assert len(flat(await every_location(sandbox, token, "accounts/-"))) == 14
    await switch(sandbox, "googlebusiness", "no_wildcard")
    assert api_error(await locations(sandbox, token, "accounts/-")) == (403, "PERMISSION_DENIED")


async def test_locations_are_ordered_and_filtered(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    titles = [row["title"] for row in flat(await every_location(sandbox, token, BAKERY, orderBy="title desc"))]
    assert titles == sorted(titles, reverse=True)
    by_code = [row["name"] for row in flat(await every_location(sandbox, token, AGENCY, orderBy="store_code"))]
    assert by_code == sorted(by_code)
    told = (await locations(sandbox, token, BAKERY, filter='title="Northwind Cafe"')).json
    assert (len(told["locations"]), told["totalSize"]) == (1, 1)
    assert "totalSize" not in (await locations(sandbox, token, BAKERY)).json


@pytest.mark.parametrize(
    "change", [{"orderBy": "coffee"}, {"filter": "coffee"}, {"pageSize": "many"}, {"pageToken": "nonsense"}]
)
async def test_a_wrong_list_parameter_is_an_invalid_argument(sandbox: Sandbox, change: dict[str, str]) -> None:
    got = await locations(sandbox, await token_of(sandbox), BAKERY, **change)
    assert (got.status, got.json["error"]["status"]) == (400, "INVALID_ARGUMENT")


async def test_a_page_token_belongs_to_its_own_list(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    following = (await locations(sandbox, token, BAKERY)).json["nextPageToken"]
    assert (await locations(sandbox, token, AGENCY, pageToken=following)).status == 400
    assert (await accounts(sandbox, token, pageToken=following)).status == 400


async def test_crowd_has_1200_locations_with_odd_names(sandbox: Sandbox) -> None:
    token = await token_of(sandbox, "crowd")
    group = flat(await every_account(sandbox, token))[1]["name"]
    in_first = await every_location(sandbox, token, group, pageSize="100", readMask="name,title")
    assert 0 in [len(page) for page in in_first[1:-1]]
    everywhere = flat(await every_location(sandbox, token, "accounts/-", pageSize="500", readMask="name,title"))
    assert (len(flat(in_first)), len({row["name"] for row in everywhere})) == (1158, 1200)
    assert "<img src=x onerror=alert(1)>" in {row["title"] for row in everywhere}


async def test_one_location_is_read_by_its_id(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)

    async def read(number: str) -> Got:
        path = f"/v1/locations/928108911790393{number}"
        return await sandbox.send("GET", INFORMATION, path, token=token, params={"readMask": "title"})

    assert (await read("0103")).json == {"title": "Northwind Cafe"}
    lost = await read("0401")
    assert (api_error(lost), lost.json["error"]["message"]) == (
        (403, "PERMISSION_DENIED"),
        "The caller does not have permission",
    )
    gone = await read("9999")
    assert (api_error(gone), gone.json["error"]["message"]) == (
        (404, "NOT_FOUND"),
        "Requested entity was not found.",
    )


async def test_an_account_of_somebody_else_is_forbidden_and_an_unknown_one_not_found(sandbox: Sandbox) -> None:
    token = await token_of(sandbox, "single")
    for ask in (locations(sandbox, token, BAKERY), accounts(sandbox, token, parentAccount=BAKERY)):
        assert api_error(await ask) == (403, "PERMISSION_DENIED")
    assert api_error(await locations(sandbox, token, "accounts/1")) == (404, "NOT_FOUND")


# --- who may ask ------------------------------------------------------------------------------------------------------


async def test_the_scope_is_business_manage(sandbox: Sandbox) -> None:
    token = await token_of(sandbox, without=(f"{AUTH}business.manage",))
    for got in (await accounts(sandbox, token), await locations(sandbox, token, BAKERY)):
        assert api_error(got) == (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
        assert got.json["error"]["message"] == "Request had insufficient authentication scopes."


async def test_a_dead_token_is_unauthenticated(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    await sandbox.advance(3600)
    assert api_error(await accounts(sandbox, token)) == (401, "ACCESS_TOKEN_EXPIRED")
    assert api_error(await accounts(sandbox, None)) == (401, "authError")


async def test_a_project_that_is_not_approved_has_a_quota_of_zero(sandbox: Sandbox) -> None:
    await register(sandbox, GOOGLEBUSINESS, "quota_zero")
    token = await token_of(sandbox)
    for got in (await accounts(sandbox, token), await locations(sandbox, token, BAKERY)):
        error = got.json["error"]
        assert (got.status, error["status"]) == (429, "RESOURCE_EXHAUSTED")
        assert error["details"][0]["metadata"]["quota_limit_value"] == "0"
    assert "mybusinessaccountmanagement.googleapis.com" in (await accounts(sandbox, token)).json["error"]["message"]


async def test_the_api_may_be_switched_off_in_the_project(sandbox: Sandbox) -> None:
    await register(sandbox, GOOGLEBUSINESS, "api_disabled")
    assert api_error(await accounts(sandbox, await token_of(sandbox))) == (403, "SERVICE_DISABLED")
