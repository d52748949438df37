"""The select calls by API key: sealed handles, what may be chosen again, and S21, where the answer leads."""

import json

import pytest

from tests.conftest import FrozenClock
from tests.harness import APP_URL, UNKNOWN_ID, Answer, World, failure, location, on_both_engines, query_of

SELECT = "/v1/connect/facebook/select-page"
PAGE, OTHER_PAGE, NO_TASKS = "100000000000101", "100000000000102", "100000000000105"


async def listing(world: World, *, headers: dict[str, str] | None = None, **query: str) -> Answer:
    given = {"profileId": world.owner.profile_id} | query
    return await world.call("GET", SELECT, headers=headers, query={k: v for k, v in given.items() if v})


@on_both_engines
async def test_the_list_has_the_published_shape_and_no_token_of_the_platforms(world: World) -> None:
    fields = await world.selection()
    answer = await listing(world, tempToken=fields["tempToken"])
    assert answer.status == 200, answer.text
    page = next(page for page in answer.json["pages"] if page["id"] == PAGE)
    assert set(page) == {"id", "name", "username", "access_token", "category", "tasks"}
    assert (page["name"], page["username"], page["category"]) == ("Northwind Bakery", "northwindbakery", "Bakery")
    assert "EAAB" not in answer.text
    for issued in await world.control("GET", "issued"):
        assert issued["value"] not in answer.text
        assert issued["value"] not in json.dumps(fields)


async def test_a_page_that_cannot_be_posted_to_is_named_with_the_reason(world: World) -> None:
    fields = await world.selection()
    told = (await listing(world, tempToken=fields["tempToken"])).json
    assert NO_TASKS not in {page["id"] for page in told["pages"]}
    assert any(page["id"] == NO_TASKS and "not post" in page["reason"] for page in told["unavailable"])


async def test_the_answer_has_the_published_shape(world: World) -> None:
    fields = await world.selection()
    told = (await world.select(fields, PAGE)).json
    account = told["account"]
    assert told["message"] == "Facebook page connected successfully"
    assert (account["platform"], account["username"]) == ("facebook", "northwindbakery")
    assert (account["displayName"], account["selectedPageName"]) == ("Northwind Bakery", "Northwind Bakery")
    assert account["isActive"] is True
    assert account["profilePicture"].startswith("https://")
    query = query_of(told["redirect_url"])
    assert query == {
        "connected": "facebook",
        "profileId": world.owner.profile_id,
        "accountId": account["accountId"],
        "username": "Northwind Bakery",
    }


async def test_the_same_choice_again_answers_the_same_and_makes_no_second_account(world: World) -> None:
    fields = await world.selection()
    first, second = await world.select(fields, PAGE), await world.select(fields, PAGE)
    assert (first.status, first.text) == (second.status, second.text)
    assert len(await world.accounts()) == 1


async def test_another_choice_with_the_same_handle_makes_a_second_account(world: World) -> None:
    fields = await world.selection()
    first, second = await world.select(fields, PAGE), await world.select(fields, OTHER_PAGE)
    assert second.status == 200, second.text
    assert first.json["account"]["accountId"] != second.json["account"]["accountId"]
    assert (await world.select(fields, PAGE)).json["account"] == first.json["account"]
    assert len(await world.accounts()) == 2
    assert len(await world.service.db.all("SELECT * FROM grants")) == 1


async def test_a_pages_own_handle_is_taken_where_the_temp_token_is(world: World) -> None:
    fields = await world.selection()
    pages = (await listing(world, tempToken=fields["tempToken"])).json["pages"]
    handle = next(page["access_token"] for page in pages if page["id"] == PAGE)
    assert handle != fields["tempToken"]
    assert (await listing(world, tempToken=handle)).status == 200
    assert (await world.select({**fields, "tempToken": handle}, PAGE)).status == 200


async def test_the_temp_token_may_stand_in_its_header(world: World) -> None:
    fields = await world.selection()
    answer = await listing(world, headers={"X-Temp-Token": fields["tempToken"]})
    assert answer.status == 200, answer.text


async def test_a_handle_lives_fifteen_minutes_from_the_callback(world: World, frozen_clock: FrozenClock) -> None:
    fields = await world.selection()
    frozen_clock.advance(15 * 60 - 1)
    handle = (await listing(world, tempToken=fields["tempToken"])).json["pages"][0]["access_token"]
    frozen_clock.advance(1)
    for token in (fields["tempToken"], handle):
        failure(await listing(world, tempToken=token), 400, "invalid_temp_token")
        failure(await world.select({**fields, "tempToken": token}, PAGE), 400, "invalid_temp_token")


async def test_a_handle_that_is_garbage_or_another_tenants_is_told_apart_from_nothing(world: World) -> None:
    fields, foreign = await world.selection(), await world.selection(tenant=world.other)
    token = fields["tempToken"]
    flipped = ("B" if token[20] == "A" else "A").join((token[:20], token[21:]))
    before = await world.count()
    answers = set()
    for bad in (
        "x",
        "EAABfacebooktoken",
        "é",
        "=",
        "\x00",
        "%00",
        token[:-1],
        token + "A",
        flipped,
        foreign["tempToken"],
    ):
        for answer in (
            await listing(world, tempToken=bad),
            await world.select({**fields, "tempToken": bad}, PAGE),
        ):
            failure(answer, 400, "invalid_temp_token")
            answers.add(answer.text)
    assert len(answers) == 1
    assert await world.count() == before


async def test_a_profile_that_is_not_the_attempts_is_refused(world: World) -> None:
    fields = await world.selection()
    second = await world.new_profile("Second")
    failure(await listing(world, profileId=second, tempToken=fields["tempToken"]), 400)
    failure(await world.select({**fields, "profileId": second}, PAGE), 400)
    for profile_id, status in ((UNKNOWN_ID, 404), (world.other.profile_id, 404), ("nonsense", 400)):
        # The list publishes no 404; the choice does.
        failure(await listing(world, profileId=profile_id, tempToken=fields["tempToken"]), 400)
        failure(await world.select({**fields, "profileId": profile_id}, PAGE), status)


@pytest.mark.parametrize("missing", ["profileId", "tempToken", "pageId"])
async def test_a_missing_field_is_named(world: World, missing: str) -> None:
    fields = await world.selection()
    body = {"profileId": fields["profileId"], "tempToken": fields["tempToken"], "pageId": PAGE}
    for value in (None, ""):
        told = failure(await world.call("POST", SELECT, body={**body, missing: value}), 400, "invalid_request")
        assert missing in told["details"]["fields"]
    del body[missing]
    told = failure(await world.call("POST", SELECT, body=body), 400, "invalid_request")
    assert missing in told["details"]["fields"]
    if missing != "pageId":
        query = {name: value for name, value in body.items() if name != "pageId"}
        told = failure(await world.call("GET", SELECT, query=query), 400, "invalid_request")
        assert missing in told["details"]["fields"]


async def test_a_page_that_is_not_in_the_list_is_404_and_nothing_is_saved(world: World) -> None:
    fields = await world.selection()
    for page_id in ("1", "100000000000301", NO_TASKS, "me", "../me", "100000000000101/feed", "é", "\x00"):
        told = failure(await world.select(fields, page_id), 404, "not_found")
        assert told["error"] == "Selected page not found in available pages."
    assert await world.accounts() == []


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ({"status": 500, "count": 9}, "platform_unavailable"),
        ({"status": 400, "body": {"error": {"code": 190, "type": "OAuthException", "message": "x"}}}, "token_revoked"),
        ({"status": 400, "body": {"error": {"code": 4, "message": "limit"}}}, "platform_rate_limited"),
        ({"break": True, "count": 9}, "platform_unavailable"),
    ],
)
async def test_a_list_the_platform_does_not_give_is_500_with_a_code(
    world: World, trouble: dict[str, object], code: str
) -> None:
    fields = await world.selection()
    await world.fault("facebook", "GET /{version}/me/accounts", **trouble)
    failure(await listing(world, tempToken=fields["tempToken"]), 500, code)


async def test_a_person_who_took_the_permission_back_meanwhile_is_500_on_list_and_save(world: World) -> None:
    fields = await world.selection()
    await world.control("POST", "revoke", {"platform": "facebook", "person": "plenty"})
    failure(await listing(world, tempToken=fields["tempToken"]), 500, "token_revoked")
    failure(await world.select(fields, PAGE), 500, "token_revoked")
    assert await world.accounts() == []


# --- S21 --------------------------------------------------------------------------------------------------------------


async def test_s21_a_redirect_url_other_than_the_attempts_is_refused(world: World) -> None:
    fields = await world.selection()
    for url in ("https://evil.example/", f"{APP_URL}/deeper", f"{APP_URL}?x=1", "javascript:alert(1)", "//evil"):
        for name in ("redirect_url", "redirectUrl"):
            failure(await world.select(fields, PAGE, **{name: url}), 400, "invalid_redirect_url")
    assert await world.accounts() == []
    told = (await world.select(fields, PAGE, redirectUrl=APP_URL)).json
    assert told["redirect_url"].startswith(f"{APP_URL}?connected=facebook&")


async def test_s21_an_address_on_the_keys_list_is_taken(world: World) -> None:
    key = await world.new_key("listed", redirectAllowlist=["https://app.example.com/in", "https://b.example"])
    fields = await world.selection()
    told = (await world.select(fields, PAGE, key=key, redirect_url="https://b.example/done?a=1#here")).json
    assert told["redirect_url"].startswith("https://b.example/done?a=1&connected=facebook&")
    assert told["redirect_url"].endswith("#here")
    for url in ("https://evil.example/", "https://app.example.com/inside", "https://b.example.evil.example/"):
        failure(await world.select(fields, PAGE, key=key, redirect_url=url), 400, "invalid_redirect_url")


async def test_s21_an_attempt_without_an_address_takes_any_valid_one_but_keeps_to_the_keys_list(world: World) -> None:
    key = await world.new_key("listed", redirectAllowlist=["https://b.example"])
    browser = await world.browser()
    query = {"profileId": world.owner.profile_id}
    started = await world.ok("GET", "/v1/connect/facebook", key=key, query=query)
    entry = location(await browser.open(await world.consent(started["authUrl"])))
    fields = query_of(entry)
    token = {"x-connect-token": fields["connect_token"]}
    body = {"pageId": PAGE, "redirect_url": "https://evil.example/"}
    failure(await world.call("POST", SELECT, key=None, headers=token, body=body), 400, "invalid_redirect_url")
    told = await world.ok("POST", SELECT, key=None, headers=token, body={**body, "redirect_url": "https://b.example/x"})
    assert told["redirect_url"].startswith("https://b.example/x?connected=facebook&")


async def test_s21_without_a_list_and_without_an_address_any_valid_one_is_taken(world: World) -> None:
    browser = await world.browser()
    started = await world.start("facebook", None)
    fields = query_of(location(await browser.open(await world.consent(started["authUrl"]))))
    failure(await world.select(fields, PAGE, redirect_url="javascript:alert(1)"), 400, "invalid_redirect_url")
    told = (await world.select(fields, PAGE, redirect_url="myapp://connected")).json
    assert told["redirect_url"].startswith("myapp://connected?connected=facebook&")


async def test_without_any_address_the_answer_has_none(world: World) -> None:
    browser = await world.browser()
    started = await world.start("facebook", None)
    fields = query_of(location(await browser.open(await world.consent(started["authUrl"]))))
    assert "redirect_url" not in (await world.select(fields, PAGE)).json
