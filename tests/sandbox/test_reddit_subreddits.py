"""Reddit's account and subreddits as its sheet tells them. Facts: reddit.md, by section."""

from typing import Any

import pytest

from tests.sandbox.conftest import Sandbox
from tests.sandbox.oauth_list_platforms import REDDIT
from tests.sandbox.reddit_calls import access_token, get, listed, pages, switch

SUBSCRIBER = "/subreddits/mine/subscriber"

# --- the account ------------------------------------------------------------------------------------------------------


async def test_me_tells_the_account(sandbox: Sandbox) -> None:
    me = (await get(sandbox, "/api/v1/me", await access_token(sandbox))).json
    assert (me["id"], me["name"], me["oauth_client_id"]) == ("7nwbak01", "northwindbakery", "sandbox-reddit")
    assert me["icon_img"].count("&") == 3
    assert "&amp;" not in me["icon_img"]
    assert (me["subreddit"]["title"], me["subreddit"]["display_name"]) == ("Northwind Bakery", "u_northwindbakery")


async def test_without_raw_json_three_characters_are_entities(sandbox: Sandbox) -> None:
    token = await access_token(sandbox, "crowd")
    me = (await get(sandbox, "/api/v1/me", token, raw=False)).json
    assert me["icon_img"].count("&amp;") == 3
    assert me["subreddit"]["title"].startswith("&lt;b&gt;Sommer&lt;/b&gt; &amp; Daughters")
    titles = [
        row["data"]["title"] for row in (await get(sandbox, SUBSCRIBER, token, raw=False)).json["data"]["children"]
    ]
    assert "&lt;img src=x onerror=alert(1)&gt;" in titles


async def test_an_account_may_have_no_title_and_a_snoovatar(sandbox: Sandbox) -> None:
    assert (await get(sandbox, "/api/v1/me", await access_token(sandbox, "none"))).json["subreddit"]["title"] == ""
    assert (await get(sandbox, "/api/v1/me", await access_token(sandbox, "single"))).json["snoovatar_img"] != ""
    assert (await get(sandbox, "/api/v1/me", await access_token(sandbox))).json["snoovatar_img"] == ""


async def test_a_token_of_nobody_has_features_and_no_account(sandbox: Sandbox) -> None:
    answer = (await REDDIT.ask(sandbox, {"grant_type": "client_credentials"})).json
    assert "refresh_token" not in answer
    got = await get(sandbox, "/api/v1/me", answer["access_token"])
    assert (got.status, set(got.json)) == (200, {"features"})
    got = await get(sandbox, SUBSCRIBER, answer["access_token"])
    assert (got.status, got.json) == (
        403,
        {"explanation": "Please log in to do that.", "message": "Forbidden", "reason": "USER_REQUIRED", "error": 403},
    )
    assert (await get(sandbox, "/r/Breadit/about", answer["access_token"])).status == 200


@pytest.mark.parametrize("token", [None, "never-issued"])
async def test_a_missing_or_dead_token_is_challenged(sandbox: Sandbox, token: str | None) -> None:
    got = await get(sandbox, "/api/v1/me", token)
    assert (got.status, got.json) == (401, {"message": "Unauthorized", "error": 401})
    assert got.headers["www-authenticate"] == 'Bearer realm="reddit", error="invalid_token"'


async def test_a_dead_token_may_be_answered_with_a_page(sandbox: Sandbox) -> None:
    await switch(sandbox, "unauthorized_page")
    got = await get(sandbox, "/api/v1/me", None)
    assert (got.status, got.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert 'error="invalid_token"' in got.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("path", "scope"), [("/api/v1/me", "identity"), (SUBSCRIBER, "mysubreddits"), ("/r/Breadit/about", "read")]
)
async def test_a_scope_that_was_unticked_is_insufficient(sandbox: Sandbox, path: str, scope: str) -> None:
    got = await get(sandbox, path, await access_token(sandbox, without=(scope,)))
    assert (got.status, got.json) == (403, {"message": "Forbidden", "error": 403})
    assert 'error="insufficient_scope"' in got.headers["www-authenticate"]


async def test_the_limits_are_counted_by_client_and_person(sandbox: Sandbox) -> None:
    token, other = await access_token(sandbox), await access_token(sandbox, "single")
    told = [(await get(sandbox, "/api/v1/me", each)).headers for each in (token, token, other)]
    assert [headers["x-ratelimit-used"] for headers in told] == ["1", "2", "1"]
    assert told[0]["x-ratelimit-remaining"] == "999.0"
    assert 0 < int(told[0]["x-ratelimit-reset"]) <= 600
    await sandbox.advance(600)
    assert (await get(sandbox, "/api/v1/me", token)).headers["x-ratelimit-used"] == "1"


# --- lists ------------------------------------------------------------------------------------------------------------


async def test_a_listing_has_twenty_five_rows_unless_told_and_a_hundred_at_most(sandbox: Sandbox) -> None:
    token = await access_token(sandbox, "crowd")
    wanted: list[dict[str, Any]] = [{}, {"limit": "7"}, {"limit": "100"}, {"limit": "5000"}, {"limit": "many"}]
    sizes = [(await get(sandbox, SUBSCRIBER, token, **limit)).json["data"]["dist"] for limit in wanted]
    assert sizes == [25, 7, 100, 100, 25]


async def test_a_listing_goes_on_after_a_short_page(sandbox: Sandbox) -> None:
    found = await pages(sandbox, await access_token(sandbox), "subscriber", limit="100")
    assert [len(page) for page in found] == [26, 27]
    crowd = await pages(sandbox, await access_token(sandbox, "crowd"), "subscriber", limit="70")
    assert len({row["id"] for page in crowd for row in page}) == 1200
    assert any(len(page) < 70 for page in crowd[:-1])


async def test_sixty_subreddits_remain_to_post_to(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    rows = [row for where in ("subscriber", "moderator") for row in await listed(sandbox, token, where, limit="100")]
    by_id = {row["id"]: row for row in rows if row["subreddit_type"] != "user"}
    allowed = [
        row
        for row in by_id.values()
        if row["subreddit_type"] == "public" or row["user_is_moderator"] or row["user_is_contributor"]
    ]
    assert (len(rows) > len(by_id), len(by_id), len(allowed)) == (True, 61, 60)
    assert {row["subreddit_type"] for row in allowed} == {"public", "private", "restricted"}
    assert [row["display_name"] for row in allowed if row["over18"]] == ["NightShiftBakers"]


async def test_a_row_has_its_fullname_beside_its_id(sandbox: Sandbox) -> None:
    got = (await get(sandbox, SUBSCRIBER, await access_token(sandbox), limit="1")).json
    assert (got["kind"], got["data"]["after"], got["data"]["before"]) == ("Listing", "t5_2nw01", None)
    child = got["data"]["children"][0]
    assert child["kind"] == "t5"
    row = child["data"]
    assert (row["id"], row["name"], row["display_name"]) == ("2nw01", "t5_2nw01", "Breadit")
    assert (row["display_name_prefixed"], row["url"]) == ("r/Breadit", "/r/Breadit/")
    assert "mod_permissions" not in row


async def test_the_own_profile_is_always_moderated(sandbox: Sandbox) -> None:
    for person, name in (("plenty", "u_northwindbakery"), ("none", "u_cleomarsh")):
        rows = await listed(sandbox, await access_token(sandbox, person), "moderator", limit="100")
        assert [row["display_name"] for row in rows if row["subreddit_type"] == "user"] == [name]
        assert all(row["mod_permissions"] == ["all"] for row in rows)


async def test_somebody_new_reads_nothing(sandbox: Sandbox) -> None:
    got = (await get(sandbox, SUBSCRIBER, await access_token(sandbox, "none"))).json["data"]
    assert (got["children"], got["after"], got["dist"]) == ([], None, 0)


async def test_one_person_has_one_subreddit_in_both_lists(sandbox: Sandbox) -> None:
    token = await access_token(sandbox, "single")
    assert [row["display_name"] for row in await listed(sandbox, token, "subscriber")] == ["FernhillReads"]
    moderated = [row["display_name"] for row in await listed(sandbox, token, "moderator")]
    assert moderated == ["FernhillReads", "u_fernhillbooks"]


async def test_approved_and_streamed_ones_have_lists_too(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    approved = {row["display_name"] for row in await listed(sandbox, token, "contributor")}
    assert approved == {"BakersBackroom", "FlourNews"}
    assert await listed(sandbox, token, "streams") == []


@pytest.mark.parametrize("after", ["2nw01", "t3_2nw01", "t5_", "t5_UPPER", "1"])
async def test_a_malformed_cursor_is_a_bad_request(sandbox: Sandbox, after: str) -> None:
    got = await get(sandbox, SUBSCRIBER, await access_token(sandbox), after=after)
    assert (got.status, got.json) == (400, {"message": "Bad Request", "error": 400})


async def test_a_cursor_of_another_list_ends_this_one(sandbox: Sandbox) -> None:
    got = (await get(sandbox, SUBSCRIBER, await access_token(sandbox), after="t5_2dg0001")).json["data"]
    assert (got["children"], got["after"]) == ([], None)


# --- one subreddit ----------------------------------------------------------------------------------------------------


async def test_about_tells_one_subreddit_by_its_name_in_any_case(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    got = (await get(sandbox, "/r/breadit/about", token)).json
    assert (got["kind"], got["data"]["display_name"], got["data"]["user_is_moderator"]) == ("t5", "Breadit", True)
    elsewhere = (await get(sandbox, "/r/FernhillReads/about", token)).json
    assert elsewhere["data"]["user_is_subscriber"] is False


async def test_a_private_one_is_for_its_members(sandbox: Sandbox) -> None:
    assert (await get(sandbox, "/r/BakersBackroom/about", await access_token(sandbox))).status == 200
    stranger = await access_token(sandbox, "single")
    got = await get(sandbox, "/r/BakersBackroom/about", stranger)
    assert (got.status, got.json) == (403, {"reason": "private", "message": "Forbidden", "error": 403})
    assert "www-authenticate" not in got.headers
    await switch(sandbox, "about_without_reason")
    got = await get(sandbox, "/r/BakersBackroom/about", stranger)
    assert (got.status, got.json) == (403, {"message": "Forbidden", "error": 403})


async def test_a_closed_one_and_an_unknown_one_are_not_found(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    got = await get(sandbox, "/r/BannedBakers/about", token)
    assert (got.status, got.json["reason"]) == (404, "banned")
    assert (await get(sandbox, "/r/NoSuchPlace/about", token)).json == {"message": "Not Found", "error": 404}


async def test_an_unknown_one_may_lead_to_the_search(sandbox: Sandbox) -> None:
    await switch(sandbox, "unknown_redirects")
    token = await access_token(sandbox)
    got = await get(sandbox, "/r/NoSuchPlace/about", token)
    assert (got.status, got.headers["Location"]) == (
        302,
        "https://oauth.reddit.com/subreddits/search?q=NoSuchPlace",
    )
    assert (await get(sandbox, "/r/BannedBakers/about", token)).status == 404
