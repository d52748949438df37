"""LinkedIn's organizations as its sheet tells them. Facts: linkedin.md section 8."""

from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.linkedin_calls import API, access_token, error, get, rest, switch, this_version

ACLS = "/v2/organizationalEntityAcls"
DECORATED = "(elements*(role,organizationalTarget~(localizedName,vanityName,logoV2(original~:playableStreams))){})"
DETAILS = (
    "(id,localizedName,vanityName,logoV2(original~:playableStreams,cropped~:playableStreams),websiteUrl,"
    "localizedWebsite,localizedDescription,localizedSpecialties,industries)"
)
MAY_POST = {"ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN"}


async def acls(sandbox: Sandbox, token: str, **params: str) -> Got:
    return await get(sandbox, ACLS, token, q="roleAssignee", **params)


async def every_row(sandbox: Sandbox, token: str, first: str) -> list[dict[str, Any]]:
    """The rows of all pages of a versioned list, followed by `rel=next`."""
    rows: list[dict[str, Any]] = []
    following = [first]
    while following:
        got = await rest(sandbox, following[0], token)
        assert got.status == 200, got.text
        rows += got.json["elements"]
        following = [link["href"] for link in got.json["paging"]["links"] if link["rel"] == "next"]
    return rows


# --- roles ------------------------------------------------------------------------------------------------------------


async def test_roles_come_ten_at_a_time_and_at_most_a_hundred(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    got = (await acls(sandbox, token)).json
    assert len(got["elements"]) == got["paging"]["count"] == 10
    assert len((await acls(sandbox, token, count="100")).json["elements"]) == 100
    assert error(await acls(sandbox, token, count="101"))[0] == 400
    assert error(await acls(sandbox, token, count="0"))[0] == 400
    assert error(await acls(sandbox, token, start="-1"))[0] == 400


async def test_the_last_organization_to_post_for_stands_beyond_the_largest_page(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    pages = [
        (await acls(sandbox, token, state="APPROVED", count="100", start=str(start))).json for start in (0, 100, 200)
    ]
    postable = [{row["organizationalTarget"] for row in page["elements"] if row["role"] in MAY_POST} for page in pages]
    assert postable == [
        {"urn:li:organization:5590001", "urn:li:organization:5590002"},
        {"urn:li:organization:5590003"},
        set(),
    ]
    assert [page["paging"]["total"] for page in pages] == [109, 109, 109]
    assert [bool(page["paging"]["links"]) for page in pages] == [True, False, False]


async def test_one_organization_may_have_several_roles_and_states_are_filtered(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    rows = (await acls(sandbox, token, count="100")).json["elements"]
    bakery = [row["role"] for row in rows if row["organizationalTarget"] == "urn:li:organization:5590001"]
    assert bakery == ["ANALYST", "ADMINISTRATOR"]
    assert {"REQUESTED", "REVOKED", "APPROVED"} == {row["state"] for row in rows}
    only = (await acls(sandbox, token, role="ADMINISTRATOR", state="APPROVED")).json["elements"]
    assert [row["organizationalTarget"][-7:] for row in only] == ["5590001", "5590003"]


@pytest.mark.parametrize("wrong", [{"q": "owner"}, {"role": "KING"}, {"state": "PENDING"}, {"projection": "(a"}])
async def test_a_wrong_parameter_of_the_finder_is_400(sandbox: Sandbox, wrong: dict[str, str]) -> None:
    token = await access_token(sandbox)
    assert error(await get(sandbox, ACLS, token, **{"q": "roleAssignee", **wrong}))[0] == 400


async def test_roles_need_a_scope_of_the_community_management_product(sandbox: Sandbox) -> None:
    token = await access_token(sandbox, scope="openid profile w_organization_social")
    assert error(await acls(sandbox, token)) == (403, 100, "ACCESS_DENIED")
    token = await access_token(sandbox, scope="openid r_organization_admin")
    assert (await acls(sandbox, token)).status == 200


@pytest.mark.parametrize(("person", "count"), [("single", 1), ("none", 0), ("crowd", 1200)])
async def test_the_others_have_one_none_and_a_crowd(sandbox: Sandbox, person: str, count: int) -> None:
    got = (await acls(sandbox, await access_token(sandbox, person))).json
    assert got["paging"]["total"] == count


async def test_a_projection_looks_through_and_drops_paging_unless_named(sandbox: Sandbox) -> None:
    token = await access_token(sandbox, "single")
    bare = (await acls(sandbox, token, projection=DECORATED.format(""))).json
    assert set(bare) == {"elements"}
    row = bare["elements"][0]
    assert set(row) == {"role", "organizationalTarget", "organizationalTarget~"}
    target = row["organizationalTarget~"]
    assert (target["localizedName"], target["vanityName"]) == ("Fernhill Books", "fernhill-books")
    assert set(target["logoV2"]) == {"original", "original~"}
    streams = target["logoV2"]["original~"]["elements"]
    widths = [
        stream["data"]["com.linkedin.digitalmedia.mediaartifact.StillImage"]["storageSize"]["width"]
        for stream in streams
    ]
    assert widths == [200, 400, 100]
    assert streams[0]["identifiers"][0]["identifier"].startswith("https://media.licdn.com/")
    named = (await acls(sandbox, token, projection=DECORATED.format(",paging"), count="100")).json
    assert named["paging"] == {"start": 0, "count": 100, "total": 1, "links": []}


async def test_a_projection_may_drop_paging_even_if_named(sandbox: Sandbox) -> None:
    await switch(sandbox, "projection_drops_paging")
    got = await acls(sandbox, await access_token(sandbox), projection=DECORATED.format(",paging"))
    assert set(got.json) == {"elements"}


async def test_a_failed_look_at_an_organization_stands_in_its_place(sandbox: Sandbox) -> None:
    got = await acls(sandbox, await access_token(sandbox), projection=DECORATED.format(""), count="100")
    failed = [row for row in got.json["elements"] if "organizationalTarget!" in row]
    assert [row["organizationalTarget"] for row in failed] == ["urn:li:organization:5591001"]
    assert set(failed[0]["organizationalTarget!"]) == {"status", "serviceErrorCode", "code", "message"}
    assert "organizationalTarget~" not in failed[0]


async def test_without_a_projection_nothing_is_looked_through(sandbox: Sandbox) -> None:
    row = (await acls(sandbox, await access_token(sandbox, "single"))).json["elements"][0]
    assert set(row) == {"roleAssignee", "state", "role", "organizationalTarget"}
    assert row["roleAssignee"].startswith("urn:li:person:")


# --- versioned resources ----------------------------------------------------------------------------------------------


async def test_versioned_roles_are_followed_by_the_next_link(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    first = "/rest/organizationAcls?q=roleAssignee&state=APPROVED&count=50"
    rows = await every_row(sandbox, token, first)
    assert len(rows) == 109
    assert {row["organization"] for row in rows if row["role"] in MAY_POST} == {
        "urn:li:organization:5590001",
        "urn:li:organization:5590002",
        "urn:li:organization:5590003",
    }
    assert "total" not in (await rest(sandbox, first, token)).json["paging"]


async def test_the_crowd_is_listed_to_its_end(sandbox: Sandbox) -> None:
    token = await access_token(sandbox, "crowd")
    rows = await every_row(sandbox, token, "/rest/organizationAcls?q=roleAssignee&count=100")
    assert len({row["organization"] for row in rows}) == 1200
    assert {row["role"] for row in rows} == {"ADMINISTRATOR", "CONTENT_ADMIN"}


async def test_the_field_of_the_organization_may_have_its_other_name(sandbox: Sandbox) -> None:
    await switch(sandbox, "organization_target")
    got = await rest(sandbox, "/rest/organizationAcls?q=roleAssignee", await access_token(sandbox, "single"))
    assert set(got.json["elements"][0]) == {"roleAssignee", "state", "role", "organizationTarget"}


async def test_versioned_roles_do_not_look_through_unless_switched(sandbox: Sandbox) -> None:
    token = await access_token(sandbox, "single")
    path = "/rest/organizationAcls?q=roleAssignee&projection=(elements*(role,organization~(localizedName)))"
    assert "organization~" not in (await rest(sandbox, path, token)).json["elements"][0]
    await switch(sandbox, "versioned_projection")
    assert (await rest(sandbox, path, token)).json == {
        "elements": [
            {
                "role": "ADMINISTRATOR",
                "organization": "urn:li:organization:5590301",
                "organization~": {"localizedName": "Fernhill Books"},
            }
        ]
    }


@pytest.mark.parametrize(
    ("version", "status", "code"),
    [
        (None, 400, "VERSION_MISSING"),
        ("202401", 426, "NONEXISTENT_VERSION"),
        ("202510", 426, "NONEXISTENT_VERSION"),
        ("209912", 426, "NONEXISTENT_VERSION"),
        ("202613", 426, "NONEXISTENT_VERSION"),
        ("latest", 426, "NONEXISTENT_VERSION"),
    ],
)
@pytest.mark.parametrize(
    "path", ["/rest/organizationAcls?q=roleAssignee", "/rest/organizations?ids=List(1)", "/rest/organizationsLookup"]
)
async def test_a_version_is_demanded_and_must_be_active(
    sandbox: Sandbox, path: str, version: str | None, status: int, code: str
) -> None:
    headers = {"X-Restli-Protocol-Version": "2.0.0"} | ({} if version is None else {"LinkedIn-Version": version})
    got = await rest(sandbox, path, await access_token(sandbox), headers=headers)
    assert error(got) == (status, None, code)


async def test_versions_with_an_announced_end_answer_until_then(sandbox: Sandbox) -> None:
    headers = {"X-Restli-Protocol-Version": "2.0.0", "LinkedIn-Version": "202603"}
    path = "/rest/organizationAcls?q=roleAssignee"
    await sandbox.advance(365 * 24 * 3600)
    assert error(await rest(sandbox, path, await access_token(sandbox), headers=headers))[0] == 426
    headers["LinkedIn-Version"] = "202609"
    assert (await rest(sandbox, path, await access_token(sandbox), headers=headers)).status == 200


async def test_the_protocol_version_is_demanded(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    path = "/rest/organizationAcls?q=roleAssignee"
    assert error(await rest(sandbox, path, token, headers={"LinkedIn-Version": "202609"}))[0] == 400
    assert (await get(sandbox, ACLS, token, q="roleAssignee")).status == 200


async def test_a_dead_token_is_told_before_a_dead_version(sandbox: Sandbox) -> None:
    got = await rest(sandbox, "/rest/organizationAcls?q=roleAssignee", None, headers={"LinkedIn-Version": "202401"})
    assert error(got)[0] == 401


async def test_administrators_read_organizations_by_id(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    answer = (await rest(sandbox, "/rest/organizations?ids=List(5590001,5590002,999)", token)).json
    assert set(answer["results"]) == {"5590001"}
    bakery = answer["results"]["5590001"]
    assert (bakery["id"], bakery["localizedName"], bakery["vanityName"]) == (
        5590001,
        "Northwind Bakery",
        "northwind-bakery",
    )
    assert bakery["logoV2"]["original"].startswith("urn:li:digitalmediaAsset:")
    assert "original~" not in bakery["logoV2"]
    assert answer["statuses"] == {"5590002": 403, "999": 404}
    assert answer["errors"]["5590002"]["serviceErrorCode"] == 100


async def test_any_member_looks_organizations_up(sandbox: Sandbox) -> None:
    token = await access_token(sandbox, "none", scope="openid w_organization_social")
    answer = (await rest(sandbox, "/rest/organizationsLookup?ids=List(5590002,5590001,999)", token)).json
    assert {found["localizedName"] for found in answer["results"].values()} == {
        "Northwind Bakery",
        "Northwind Catering",
    }
    assert "localizedWebsite" not in answer["results"]["5590001"]
    assert answer["statuses"] == {"999": 404}
    token = await access_token(sandbox, "none", scope="openid")
    assert error(await rest(sandbox, "/rest/organizationsLookup?ids=List(1)", token))[0] == 403


@pytest.mark.parametrize("ids", ["5590001", "List()", "List(a)", ""])
async def test_ids_come_in_a_list(sandbox: Sandbox, ids: str) -> None:
    got = await rest(sandbox, f"/rest/organizations?ids={ids}", await access_token(sandbox))
    assert error(got)[0] == 400


@pytest.mark.parametrize(
    ("ids", "status"), [("List(1,2)", 200), ("List%281,2%29", 400), ("List(1%2C2)", 400), ("List%281%2C2%29", 400)]
)
async def test_brackets_and_commas_of_a_list_must_not_be_encoded(sandbox: Sandbox, ids: str, status: int) -> None:
    headers = {
        "Authorization": f"Bearer {await access_token(sandbox)}",
        "LinkedIn-Version": await this_version(sandbox),
        "X-Restli-Protocol-Version": "2.0.0",
    }
    url = URL(f"{sandbox.base_url}/sandbox/{API}/rest/organizations?ids={ids}", encoded=True)
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as reply:
        assert reply.status == status


# --- details ----------------------------------------------------------------------------------------------------------


async def test_details_have_the_fields_of_the_projection_that_are_filled_in(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    bakery = (await get(sandbox, "/v2/organizations/5590001", token, projection=DETAILS)).json
    assert set(bakery) == {
        "id", "localizedName", "vanityName", "logoV2", "localizedWebsite", "localizedDescription",
        "localizedSpecialties", "industries",
    }  # fmt: skip
    assert set(bakery["logoV2"]) == {"original", "original~", "cropped", "cropped~"}
    assert bakery["industries"] == ["urn:li:industry:34"]
    catering = (await get(sandbox, "/v2/organizations/5590002", token, projection=DETAILS)).json
    assert set(catering) == {"id", "localizedName", "vanityName", "websiteUrl"}
    foundation = (await get(sandbox, "/v2/organizations/5590003", token)).json
    assert foundation["website"]["localized"] == {"en_US": "https://lima-foundation.example"}
    assert "original~" not in foundation["logoV2"]


async def test_a_projection_may_not_take_the_localized_website(sandbox: Sandbox) -> None:
    await switch(sandbox, "no_localized_website")
    token = await access_token(sandbox)
    assert error(await get(sandbox, "/v2/organizations/5590001", token, projection=DETAILS))[0] == 400
    shorter = DETAILS.replace("localizedWebsite,localizedDescription,", "")
    assert (await get(sandbox, "/v2/organizations/5590001", token, projection=shorter)).status == 200


@pytest.mark.parametrize(("organization", "status"), [("5590301", 403), ("999", 404), ("5590090", 403)])
async def test_details_of_strangers_are_forbidden_and_of_nobody_not_found(
    sandbox: Sandbox, organization: str, status: int
) -> None:
    got = await get(sandbox, f"/v2/organizations/{organization}", await access_token(sandbox))
    assert error(got)[0] == status


async def test_a_resource_needs_a_token(sandbox: Sandbox) -> None:
    for path in (ACLS, "/v2/organizations/5590001", "/rest/organizationAcls"):
        assert error(await sandbox.send("GET", API, path))[0] == 401
