"""The choices of Pinterest, Google Business and Snapchat over HTTP.

What all select paths share is in test_select_page.py; where these three differ, choice_cases.py says how.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from tests.conftest import FrozenClock
from tests.harness import APP_URL, UNKNOWN_ID, World, failure, on_both_engines, query_of
from tests.http.choice_cases import (
    GOOGLE,
    PINTEREST,
    SNAPCHAT,
    Case,
    account_is_the_choice,
    for_each,
    listed,
    listed_by_token,
    select,
    select_by_token,
)

USER_PROFILE = {"id", "name", "username", "displayName", "profilePicture"}
TOKEN_FIELDS = {"refreshToken", "tokenExpiresIn", "scope"}  # documented in Google's userProfile only
HANDLES = ("tempToken", "connect_token")
PAGE, OTHER_PAGE = "100000000000101", "100000000000102"


# --- what the redirect carries ----------------------------------------------------------------------------------------


@for_each
async def test_the_redirect_carries_the_documented_parameters_and_no_more(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    assert list(fields) == ["profileId", *case.carried, "connect_token", "platform", "step"]
    assert fields["profileId"] == world.owner.profile_id
    assert (fields["platform"], fields["step"]) == (case.platform, case.step)
    person = json.loads(fields["userProfile"])
    assert set(person) == USER_PROFILE | (TOKEN_FIELDS if case is GOOGLE else set())
    assert person["name"] == person["displayName"]


@for_each
async def test_s30_no_token_of_the_platforms_is_in_the_redirect_the_list_or_the_answer(
    world: World, case: Case
) -> None:
    fields = await world.selection(case.platform)
    told = [json.dumps(fields), (await listed(world, case, fields)).text]
    told.append((await select(world, case, fields, case.first[0])).text)
    issued = [one for one in await world.control("GET", "issued") if one["platform"] == case.platform]
    assert {"access_token", "refresh_token"} <= {one["kind"] for one in issued}
    for one in issued:
        assert not [text for text in told if one["value"] in text], one["kind"]


async def test_googles_user_profile_has_a_handle_where_the_refresh_token_would_stand(world: World) -> None:
    fields = await world.selection("googlebusiness")
    person = json.loads(fields["userProfile"])
    assert "https://www.googleapis.com/auth/business.manage" in person["scope"].split()
    assert 3500 < person["tokenExpiresIn"] <= 3600
    assert person["refreshToken"] not in {fields["tempToken"], fields["connect_token"]}
    failure(await listed(world, GOOGLE, {**fields, "tempToken": person["refreshToken"]}), 400, "invalid_temp_token")


async def test_snapchats_redirect_holds_the_list_as_the_api_answers_it(world: World) -> None:
    fields = await world.selection("snapchat")
    carried = json.loads(fields["publicProfiles"])
    assert carried == (await listed(world, SNAPCHAT, fields)).json["publicProfiles"]
    assert set(carried[0]) == {"id", "display_name", "username", "profile_image_url", "subscriber_count"}


async def test_snapchats_redirect_stays_short_when_there_are_twelve_hundred(world: World) -> None:
    landed = await world.landing("snapchat", headless=True, person="crowd")
    fields = query_of(landed)
    assert len(landed) < 8000
    carried = json.loads(fields["publicProfiles"])
    everything = (await listed(world, SNAPCHAT, fields)).json["publicProfiles"]
    assert carried
    assert carried == everything[: len(carried)]
    assert len(everything) == 1200


@for_each
async def test_somebody_with_nothing_to_choose_is_told_so_and_nothing_is_kept(world: World, case: Case) -> None:
    landed = query_of(await world.landing(case.platform, headless=True, person="none"))
    assert landed["error"] == case.nothing
    assert set(landed) == {"error", "error_description", "platform", "profileId"}
    assert await world.accounts() == []
    assert await world.rows_with_tokens() == 0


@for_each
async def test_completing_by_code_answers_what_the_redirect_carries(world: World, case: Case) -> None:
    callback = query_of(await world.consent((await world.start(case.platform, headless=True))["authUrl"]))
    body = {"code": callback["code"], "state": callback["state"], "profileId": world.owner.profile_id}
    answered = await world.ok("POST", f"/v1/connect/{case.platform}", body=body)
    redirected = await world.selection(case.platform)
    assert set(answered) == set(redirected)
    assert _without_handles(answered) == _without_handles(redirected)
    assert (await select(world, case, answered, case.first[0])).status == 200


def _without_handles(fields: Mapping[str, str]) -> dict[str, Any]:
    person = json.loads(fields["userProfile"])
    plain = {name: value for name, value in person.items() if name not in {"refreshToken", "tokenExpiresIn"}}
    return {**fields, "userProfile": plain} | dict.fromkeys(HANDLES, "")


@for_each
async def test_completing_by_code_fails_where_there_is_nothing_to_choose(world: World, case: Case) -> None:
    callback = query_of(await world.consent((await world.start(case.platform))["authUrl"], person="none"))
    body = {"code": callback["code"], "state": callback["state"], "profileId": world.owner.profile_id}
    failure(await world.call("POST", f"/v1/connect/{case.platform}", body=body), 400, case.nothing)
    assert await world.rows_with_tokens() == 0


# --- the list ---------------------------------------------------------------------------------------------------------


@for_each
async def test_the_list_has_the_published_shape(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    told = (await listed(world, case, fields)).json
    assert set(told) == {case.listed, "unavailable", "alreadyConnected", "truncated"}
    named = "display_name" if case is SNAPCHAT else "name"
    found = {one["id"]: one for one in told[case.listed]}
    assert found[case.first[0]] == {"id": case.first[0], named: case.first[1], **case.item}
    assert set(found[case.second[0]]) == set(found[case.first[0]])
    assert case.refused not in found


async def test_what_is_named_and_cannot_be_chosen_stands_apart_with_the_reason(world: World) -> None:
    for case, name, word in ((PINTEREST, "Northwind Ads", "ads only"), (GOOGLE, "Northwind New Quay", "verified")):
        told = (await listed(world, case, await world.selection(case.platform))).json
        (noted,) = told["unavailable"]
        assert (noted["id"], noted["name"]) == (case.refused, name)
        assert word in noted["reason"]
        assert told["truncated"] is False


async def test_a_list_that_snapchat_could_not_show_in_full_says_so(world: World) -> None:
    told = (await listed(world, SNAPCHAT, await world.selection("snapchat"))).json
    assert (told["unavailable"], told["truncated"]) == ([], True)
    whole = (await listed(world, SNAPCHAT, await world.selection("snapchat", person="single"))).json
    assert whole["truncated"] is False


@account_is_the_choice
async def test_what_is_connected_already_is_named_with_where(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    assert (await listed(world, case, fields)).json["alreadyConnected"] == []
    await select(world, case, fields, case.first[0])
    chosen = {"id": case.first[0], "name": case.first[1]}
    here = (await listed(world, case, fields)).json["alreadyConnected"]
    assert here == [{**chosen, "reason": "Already connected to this profile."}]
    query = {"profileId": await world.new_profile("Second"), "headless": "true", "redirect_url": APP_URL}
    started = await world.ok("GET", f"/v1/connect/{case.platform}", query=query)
    callback = query_of(await world.consent(started["authUrl"]))
    body = {"code": callback["code"], "state": callback["state"], "profileId": query["profileId"]}
    there = await listed(world, case, await world.ok("POST", f"/v1/connect/{case.platform}", body=body))
    assert there.json["alreadyConnected"] == [{**chosen, "reason": "Already connected to another profile."}]
    theirs = await world.selection(case.platform, tenant=world.other)
    query = {"profileId": theirs["profileId"], "tempToken": theirs["tempToken"]}
    assert (await world.ok("GET", case.listing, key=world.other.api_key, query=query))["alreadyConnected"] == []


@for_each
async def test_a_list_or_choice_the_platform_does_not_answer_is_500_with_a_code(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    await world.fault(case.platform, case.endpoint, status=503, body={}, count=200)
    failure(await listed(world, case, fields), 500, "platform_unavailable")
    failure(await select(world, case, fields, case.first[0]), 500, "platform_unavailable")
    await world.control("DELETE", "faults")
    await world.control("POST", "revoke", {"platform": case.platform, "person": "plenty"})
    failure(await listed(world, case, fields), 500, "token_revoked")
    failure(await select(world, case, fields, case.first[0]), 500, "token_revoked")
    assert await world.accounts() == []


# --- the choice -------------------------------------------------------------------------------------------------------


@on_both_engines
@for_each
async def test_the_answer_and_the_success_redirect_are_as_documented(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    told = (await select(world, case, fields, case.first[0])).json
    account = told["account"]
    common = {"accountId": account["accountId"], "platform": case.platform, "isActive": True}
    assert told == {
        "message": case.message,
        "account": {**common, **case.account},
        "redirect_url": told["redirect_url"],
    }
    assert told["redirect_url"].partition("?")[0] == APP_URL
    assert query_of(told["redirect_url"]) == {
        "connected": case.platform,
        "profileId": world.owner.profile_id,
        "accountId": account["accountId"],
        "username": account["displayName"],
        **case.added,
    }
    assert [one["_id"] for one in await world.accounts()] == [account["accountId"]]


@on_both_engines
@for_each
async def test_the_same_choice_again_answers_the_same_account(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    first, again = [await select(world, case, fields, case.first[0]) for _ in range(2)]
    assert (first.status, first.text) == (again.status, again.text)
    renewed = await select(world, case, await world.selection(case.platform), case.first[0])
    assert renewed.json["account"] == first.json["account"]
    assert len(await world.accounts()) == 1


@on_both_engines
@account_is_the_choice
async def test_another_choice_by_key_makes_a_second_account_on_the_same_grant(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    told = [(await select(world, case, fields, one)).json["account"] for one in (case.first[0], case.second[0])]
    assert [account["displayName"] for account in told] == [case.first[1], case.second[1]]
    assert len({account["accountId"] for account in told}) == 2
    assert len(await world.service.db.all("SELECT id FROM grants")) == 1


@on_both_engines
async def test_another_board_by_key_is_the_same_account_with_another_default(world: World) -> None:
    fields = await world.selection("pinterest")
    first, second = [
        (await select(world, PINTEREST, fields, one[0])).json for one in (PINTEREST.first, PINTEREST.second)
    ]
    assert second["account"] == {**first["account"], "defaultBoardName": PINTEREST.second[1]}
    assert query_of(second["redirect_url"])["board"] == PINTEREST.second[1]
    assert len(await world.accounts()) == 1


@on_both_engines
async def test_consents_of_one_person_one_after_another_keep_one_grant(world: World) -> None:
    for page_id in (PAGE, OTHER_PAGE):
        assert (await world.select(await world.selection(), page_id)).status == 200
    for choice in (GOOGLE.first[0], GOOGLE.second[0]):
        assert (await select(world, GOOGLE, await world.selection("googlebusiness"), choice)).status == 200
    rows = await world.service.db.all("SELECT platform FROM grants ORDER BY platform")
    assert [row["platform"] for row in rows] == ["facebook", "googlebusiness"]
    assert len(await world.accounts()) == 4


@for_each
async def test_what_is_not_in_the_list_is_refused_as_published_and_nothing_is_saved(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    for choice in ("1", case.refused, "../me", "\u00e9", "\x00"):
        told = failure(await select(world, case, fields, choice), case.missing_status)
        assert told["error"] == f"Selected {case.noun} not found in available {case.noun}s."
        assert told["code"] == ("not_found" if case.missing_status == 404 else "invalid_request")
    assert await world.accounts() == []


@for_each
async def test_a_missing_field_of_the_choice_is_named(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    for missing in ("profileId", "tempToken", case.field):
        for value in (None, ""):
            told = failure(await select(world, case, fields, case.first[0], **{missing: value}), 400, "invalid_request")
            (named,) = told["details"]["fields"]
            assert named.partition(".")[0] == missing
    assert await world.accounts() == []


async def test_a_public_profile_is_an_object_with_an_id_or_its_text(world: World) -> None:
    fields, profile_id = await world.selection("snapchat"), SNAPCHAT.first[0]
    without_id: list[object] = [{}, [], 7, "not json", '{"display_name": "x"}', {"id": ""}, profile_id]
    for given in without_id:
        told = failure(await select(world, SNAPCHAT, fields, "", selectedPublicProfile=given), 400, "invalid_request")
        assert next(iter(told["details"]["fields"])).partition(".")[0] == "selectedPublicProfile"
    text = json.dumps({"id": profile_id})
    assert (await select(world, SNAPCHAT, fields, "", selectedPublicProfile=text)).status == 200


@for_each
async def test_a_profile_that_is_not_the_attempts_is_refused_as_published(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    for profile_id in (UNKNOWN_ID, world.other.profile_id):
        changed = {**fields, "profileId": profile_id}
        failure(await listed(world, case, changed), case.unknown_profile[0])
        failure(await select(world, case, changed, case.first[0]), case.unknown_profile[1])
    changed = {**fields, "profileId": await world.new_profile("Second")}
    failure(await listed(world, case, changed), 400, "invalid_request")
    failure(await select(world, case, changed, case.first[0]), 400, "invalid_request")
    assert await world.accounts() == []


@for_each
async def test_a_handle_of_another_platform_or_of_nothing_is_refused(world: World, case: Case) -> None:
    fields, pages = await world.selection(case.platform), await world.selection("facebook")
    before = await world.count()
    for handle in (pages["tempToken"], fields["connect_token"], "x", "\u00e9", "\x00"):
        changed = {**fields, "tempToken": handle}
        failure(await listed(world, case, changed), 400, "invalid_temp_token")
        failure(await select(world, case, changed, case.first[0]), 400, "invalid_temp_token")
    failure(await listed_by_token(world, case, pages), 400, "invalid_temp_token")
    failure(await select_by_token(world, case, pages, case.first[0]), 400, "invalid_temp_token")
    assert await world.count() == before


@for_each
async def test_a_handle_is_good_for_fifteen_minutes(world: World, frozen_clock: FrozenClock, case: Case) -> None:
    fields = await world.selection(case.platform)
    frozen_clock.advance(15 * 60 - 1)
    assert (await listed(world, case, fields)).status == 200
    frozen_clock.advance(1)
    failure(await listed(world, case, fields), 400, "invalid_temp_token")
    failure(await select(world, case, fields, case.first[0]), 400, "invalid_temp_token")


# --- the connect token ------------------------------------------------------------------------------------------------


@on_both_engines
@for_each
async def test_s41_the_token_alone_lists_and_saves_and_is_dead_then(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    assert case.first[0] in {one["id"] for one in (await listed_by_token(world, case, fields)).json[case.listed]}
    saved = await select_by_token(world, case, fields, case.first[0])
    assert saved.status == 200, saved.text
    assert saved.json["account"]["displayName"] == case.account["displayName"]
    failure(await listed_by_token(world, case, fields), 401)
    for choice in (case.first[0], case.second[0]):
        failure(await select_by_token(world, case, fields, choice), 401)
    assert len(await world.accounts()) == 1


@on_both_engines
@for_each
async def test_s41_of_different_choices_at_once_with_one_token_exactly_one_is_saved(world: World, case: Case) -> None:
    fields = await world.selection(case.platform)
    chosen = (case.first, case.second)
    answers = await asyncio.gather(*(select_by_token(world, case, fields, one[0]) for one in chosen))
    assert [answer.status for answer in answers].count(200) == 1
    (winner,) = [one for one, answer in zip(chosen, answers, strict=True) if answer.status == 200]
    (loser,) = [answer for answer in answers if answer.status != 200]
    assert loser.status in {400, 401}, loser.text
    (row,) = await world.service.db.all("SELECT display_name, details FROM accounts")
    assert winner[1] in (json.loads(row["details"]).get("defaultBoardName"), row["display_name"])
