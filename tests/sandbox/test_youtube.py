"""YouTube's channels as the sheet tells them. Facts: youtube.md, by section."""

from typing import Any

import pytest

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.google_calls import APIS, AUTH, api_error, register, switch
from tests.sandbox.oauth_platforms import YOUTUBE

ALL_PARTS = "snippet,statistics,contentDetails"
CHOOSER: dict[str, str | None] = {"prompt": "consent select_account"}


async def channels(sandbox: Sandbox, token: str | None, host: str = APIS, **changes: str) -> Got:
    query = {"part": ALL_PARTS, "mine": "true", **changes}
    return await sandbox.send("GET", host, "/youtube/v3/channels", token=token, params=query)


async def token_of(sandbox: Sandbox, person: str, **consent: Any) -> str:
    token: str = (await YOUTUBE.tokens(sandbox, person=person, **consent))["access_token"]
    return token


async def test_the_own_channel_has_the_documented_shape(sandbox: Sandbox) -> None:
    told = (await channels(sandbox, await token_of(sandbox, "plenty"))).json
    assert (told["kind"], told["pageInfo"]) == (
        "youtube#channelListResponse",
        {"totalResults": 1, "resultsPerPage": 5},
    )
    channel = told["items"][0]
    assert set(channel) == {"kind", "etag", "id", "snippet", "statistics", "contentDetails"}
    assert (channel["id"], channel["snippet"]["customUrl"]) == ("UCmoorlineSandbox_plenty", "@analimabakes")
    assert len(channel["id"]) == 24
    assert set(channel["snippet"]["thumbnails"]) == {"default", "medium", "high"}
    assert isinstance(channel["statistics"]["subscriberCount"], str)


async def test_only_the_parts_asked_for_are_given(sandbox: Sandbox) -> None:
    told = (await channels(sandbox, await token_of(sandbox, "plenty"), part="id")).json
    assert set(told["items"][0]) == {"kind", "etag", "id"}


async def test_both_hosts_answer_alike(sandbox: Sandbox) -> None:
    token = await token_of(sandbox, "plenty")
    assert (await channels(sandbox, token, "youtube.googleapis.com")).json == (await channels(sandbox, token)).json


async def test_brand_channels_are_offered_with_select_account_only(sandbox: Sandbox) -> None:
    assert "person-plenty-brand" not in (await YOUTUBE.open_page(sandbox)).text
    assert "person-plenty-brand" in (await YOUTUBE.open_page(sandbox, CHOOSER)).text
    assert (await YOUTUBE.decide(sandbox, person="plenty-brand")).status == 400


async def test_a_brand_channel_is_a_principal_of_its_own(sandbox: Sandbox) -> None:
    brand = await token_of(sandbox, "plenty-brand", changes=CHOOSER)
    person = await token_of(sandbox, "plenty", changes=CHOOSER)
    items = (await channels(sandbox, brand)).json["items"]
    assert [(item["snippet"]["title"], item["statistics"]["subscriberCount"]) for item in items] == [
        ("Northwind Bakery", "15000")
    ]
    revoked = await sandbox.control("POST", "revoke", {"platform": "youtube", "person": "plenty-brand"})
    assert revoked.status == 200
    assert [(await channels(sandbox, token)).status for token in (brand, person)] == [401, 200]


async def test_a_channel_may_have_no_handle(sandbox: Sandbox) -> None:
    items = (await channels(sandbox, await token_of(sandbox, "single"))).json["items"]
    assert [(item["snippet"]["title"], "customUrl" in item["snippet"]) for item in items] == [("Fernhill Books", False)]


async def test_without_a_channel_there_are_no_items(sandbox: Sandbox) -> None:
    got = await channels(sandbox, await token_of(sandbox, "none"))
    assert (got.status, got.json["pageInfo"]["totalResults"], "items" in got.json) == (200, 0, False)


async def test_without_a_channel_items_may_be_empty_instead(sandbox: Sandbox) -> None:
    await switch(sandbox, "youtube", "empty_items")
    assert (await channels(sandbox, await token_of(sandbox, "none"))).json["items"] == []


async def test_without_a_channel_a_sign_up_may_be_demanded_instead(sandbox: Sandbox) -> None:
    await switch(sandbox, "youtube", "signup_required")
    got = await channels(sandbox, await token_of(sandbox, "none"))
    assert api_error(got) == (401, "youtubeSignupRequired")
    assert got.json["error"]["errors"][0] == {
        "message": "Unauthorized",
        "domain": "youtube.header",
        "reason": "youtubeSignupRequired",
        "location": "Authorization",
        "locationType": "header",
    }


@pytest.mark.parametrize(("size", "sizes"), [("5", [5, 0, 4]), ("50", [5, 0, 4]), ("2", [2, 2, 1, 0, 2, 2])])
async def test_many_channels_come_in_pages_with_an_empty_one(sandbox: Sandbox, size: str, sizes: list[int]) -> None:
    token = await token_of(sandbox, "crowd")
    told = (await channels(sandbox, token, maxResults=size)).json
    found = [told.get("items", [])]
    while following := told.get("nextPageToken"):
        told = (await channels(sandbox, token, maxResults=size, pageToken=following)).json
        found.append(told.get("items", []))
    assert [len(items) for items in found] == sizes
    assert told["pageInfo"]["totalResults"] == 9
    assert len({item["id"] for items in found for item in items}) == 9


async def test_a_channel_is_read_by_its_id(sandbox: Sandbox) -> None:
    query = {"part": "snippet", "id": "UCmoorlineSandbox_single,UCnobody"}
    token = await token_of(sandbox, "plenty")
    got = await sandbox.send("GET", APIS, "/youtube/v3/channels", token=token, params=query)
    assert [item["snippet"]["title"] for item in got.json["items"]] == ["Fernhill Books"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"part": ""}, (400, "missingRequiredParameter")),
        ({"part": "coffee"}, (400, "unknownPart")),
        ({"mine": "false"}, (400, "missingFilter")),
        ({"pageToken": "nonsense"}, (400, "invalidPageToken")),
        ({"maxResults": "many"}, (400, "INVALID_ARGUMENT")),
        ({"managedByMe": "true"}, (403, "forbidden")),
    ],
)
async def test_a_wrong_list_call_is_refused(sandbox: Sandbox, change: dict[str, str], told: tuple[int, str]) -> None:
    assert api_error(await channels(sandbox, await token_of(sandbox, "plenty"), **change)) == told


async def test_an_unticked_scope_is_a_permission_error(sandbox: Sandbox) -> None:
    token = await token_of(sandbox, "plenty", without=(f"{AUTH}youtube.readonly",))
    got = await channels(sandbox, token)
    assert api_error(got) == (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    assert got.json["error"]["errors"][0]["reason"] == "insufficientPermissions"


@pytest.mark.parametrize("token", [None, "never-issued"])
async def test_without_a_live_token_the_error_is_an_object(sandbox: Sandbox, token: str | None) -> None:
    got = await channels(sandbox, token)
    assert api_error(got) == (401, "authError")
    assert got.json["error"]["status"] == "UNAUTHENTICATED"


async def test_the_api_may_be_switched_off_in_the_project(sandbox: Sandbox) -> None:
    await register(sandbox, YOUTUBE, "api_disabled")
    got = await channels(sandbox, await token_of(sandbox, "plenty"))
    assert (api_error(got), got.json["error"]["details"][0]["metadata"]["service"]) == (
        (403, "SERVICE_DISABLED"),
        "youtube.googleapis.com",
    )
