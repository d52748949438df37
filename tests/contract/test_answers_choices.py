"""What is really answered about choices, at the connection and after it, held against `/api/openapi.json`."""

import pytest

from tests.contract.recorded import Contract
from tests.journeys.choices import CHOICES, OPTIONS, Choice, Option, opened, save
from tests.journeys.journey import Journey, query_of

UNKNOWN = "507f1f77bcf86cd799439011"
DETAILS = "connect/linkedin/organizations"
PENDING = "connect/pending-data"
LINKEDIN = next(choice for choice in CHOICES if choice.platform == "linkedin")
LISTED = [choice for choice in CHOICES if choice is not LINKEDIN]
# What an unknown profile and a thing that is not there are answered: the published statuses differ.
UNKNOWN_PROFILE = {
    "facebook": (400, 404),
    "googlebusiness": (400, 404),
    "pinterest": (403, 403),
    "snapchat": (403, 403),
}
NOT_THERE = {"facebook": 404, "googlebusiness": 404, "pinterest": 400, "snapchat": 400}

each_option = pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.platform)


def platform_of(choice: Choice) -> str:
    return choice.platform


# --- choices at the connection ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", LISTED, ids=platform_of)
async def test_a_list_to_choose_from_answers_as_documented(
    journey: Journey, contract: Contract, choice: Choice
) -> None:
    at = f"GET /v1/{choice.listing}"
    fields = await opened(journey, choice)
    query = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
    contract.holds(at, await journey.call("GET", choice.listing, query=query), 200)
    token = {"x-connect-token": fields["connect_token"]}
    contract.holds(at, await journey.call("GET", choice.listing, key=None, headers=token), 200)
    contract.holds(at, await journey.call("GET", choice.listing), 400)
    contract.holds(at, await journey.call("GET", choice.listing, query={**query, "tempToken": "x"}), 400)
    foreign = {**query, "profileId": UNKNOWN}
    contract.holds(at, await journey.call("GET", choice.listing, query=foreign), UNKNOWN_PROFILE[choice.platform][0])
    contract.holds(at, await journey.call("GET", choice.listing, key=None, query=query), 401)
    await journey.fault(choice.platform, choice.endpoint, status=503, body="down", count=9)
    failed = contract.holds(at, await journey.call("GET", choice.listing, query=query), 500)
    assert failed.json["code"] == "platform_unavailable"


@pytest.mark.parametrize("choice", LISTED, ids=platform_of)
async def test_saving_a_choice_answers_as_documented(journey: Journey, contract: Contract, choice: Choice) -> None:
    at = f"POST /v1/{choice.saving}"
    fields = await opened(journey, choice)
    first, second = (item["id"] for item in fields[choice.listed][:2])
    contract.holds(at, await save(journey, choice, fields, first), 200)
    contract.holds(at, await save(journey, choice, fields, first, redirect_url=None), 200)
    contract.holds(at, await journey.call("POST", choice.saving, body={}), 400)
    contract.holds(at, await save(journey, choice, fields, ""), 400)
    contract.holds(at, await save(journey, choice, fields, first, tempToken="x"), 400)
    contract.holds(at, await save(journey, choice, fields, "190"), NOT_THERE[choice.platform])
    foreign = await save(journey, choice, fields, first, profileId=UNKNOWN)
    contract.holds(at, foreign, UNKNOWN_PROFILE[choice.platform][1])
    contract.holds(at, await journey.call("POST", choice.saving, key=None, body=choice.body_of(first)), 401)
    await journey.control("POST", "revoke", {"platform": choice.platform, "person": "plenty"})
    failed = contract.holds(at, await save(journey, choice, fields, second), 500)
    assert failed.json["code"] == "token_revoked"


@pytest.mark.parametrize("choice", CHOICES, ids=platform_of)
async def test_a_code_handed_in_answers_the_open_choice_as_documented(
    journey: Journey, contract: Contract, choice: Choice
) -> None:
    started = await journey.start(choice.platform, headless=True)
    returned = query_of(await journey.consent(started["authUrl"], browser=await journey.browser()))
    body = {"profileId": journey.profile_id, "code": returned["code"], "state": returned["state"]}
    answer = await journey.call("POST", f"connect/{choice.platform}", body=body)
    told = contract.holds("POST /v1/connect/{platform}", answer, 200)
    assert {"profileId", "connect_token", "platform", "step"} <= set(told.json)


# --- LinkedIn ---------------------------------------------------------------------------------------------------------


async def test_pending_data_answers_as_documented(journey: Journey, contract: Contract) -> None:
    at = f"GET /v1/{PENDING}"
    fields = await journey.selection("linkedin")
    query = {"token": fields["pendingDataToken"]}
    contract.holds(at, await journey.call("GET", PENDING, key=None, query=query), 200)
    token = {"x-connect-token": fields["connect_token"]}
    contract.holds(at, await journey.call("GET", PENDING, key=None, query=query, headers=token), 200)
    contract.holds(at, await journey.call("GET", PENDING, key=None, query=query), 404)
    contract.holds(at, await journey.call("GET", PENDING, key=None, query={"token": "x"}), 404)
    contract.holds(at, await journey.call("GET", PENDING, key=None), 400)


async def test_details_of_organizations_answer_as_documented(journey: Journey, contract: Contract) -> None:
    at = f"GET /v1/{DETAILS}"
    pending = await opened(journey, LINKEDIN)
    ids = ",".join(one["id"] for one in pending["organizations"])
    query = {"tempToken": pending["tempToken"], "orgIds": f"{ids},999"}
    contract.holds(at, await journey.call("GET", DETAILS, key=None, query=query), 200)
    contract.holds(at, await journey.call("GET", DETAILS, key=None, query={**query, "orgIds": "../me"}), 400)
    contract.holds(at, await journey.call("GET", DETAILS, key=None, query={**query, "tempToken": "x"}), 400)
    contract.holds(at, await journey.call("GET", DETAILS, key=None), 400)
    await journey.control("POST", "revoke", {"platform": "linkedin", "person": "plenty"})
    contract.holds(at, await journey.call("GET", DETAILS, key=None, query=query), 500)


async def test_the_choice_of_person_or_organization_answers_as_documented(journey: Journey, contract: Contract) -> None:
    at, path = f"POST /v1/{LINKEDIN.saving}", LINKEDIN.saving
    pending = await opened(journey, LINKEDIN)
    one = pending["organizations"][0]["id"]
    contract.holds(at, await save(journey, LINKEDIN, pending, one, accountType="personal"), 200)
    second = contract.holds(at, await save(journey, LINKEDIN, pending, one), 200)
    assert set(second.json) == {"message", "account", "redirect_url", "bulkRefresh"}
    contract.holds(at, await journey.call("POST", path, body={}), 400)
    contract.holds(at, await save(journey, LINKEDIN, pending, one, accountType="neither"), 400)
    contract.holds(at, await save(journey, LINKEDIN, pending, "999"), 400)
    contract.holds(at, await save(journey, LINKEDIN, pending, one, profileId=UNKNOWN), 400)
    contract.holds(at, await journey.call("POST", path, key=None, body=LINKEDIN.body_of(one)), 401)
    await journey.fault("linkedin", LINKEDIN.endpoint, status=503, body="down", count=9)
    contract.holds(at, await save(journey, LINKEDIN, pending, pending["organizations"][1]["id"]), 500)


# --- options after the connection -------------------------------------------------------------------------------------


@each_option
async def test_options_after_the_connection_answer_as_documented(
    journey: Journey, contract: Contract, option: Option
) -> None:
    at = f"GET /v1/accounts/{{accountId}}/{option.listing}"
    path = f"accounts/{await connected(journey, option.platform)}/{option.listing}"
    fresh = contract.holds(at, await journey.call("GET", path), 200)
    cached = contract.holds(at, await journey.call("GET", path), 200)
    assert (fresh.json["cached"], cached.json["cached"]) == (False, True)
    contract.holds(at, await journey.call("GET", path, key=None), 401)
    contract.holds(at, await journey.call("GET", path, query={"refresh": "perhaps"}), 400)
    contract.holds(at, await journey.call("GET", f"accounts/{UNKNOWN}/{option.listing}"), 404)
    other = f"accounts/{await connected(journey, 'twitter')}/{option.listing}"
    assert contract.holds(at, await journey.call("GET", other), 400).json["code"] == "wrong_platform"
    await journey.fault(option.platform, option.endpoint, status=503, body="down", count=9)
    contract.holds(at, await journey.call("GET", path, query={"refresh": "true"}), 500)


@each_option
async def test_switching_an_account_answers_as_documented(journey: Journey, contract: Contract, option: Option) -> None:
    at = f"PUT /v1/accounts/{{accountId}}/{option.saving}"
    account = f"accounts/{await connected(journey, option.platform)}"
    path = f"{account}/{option.saving}"
    items = (await journey.get(f"{account}/{option.listing}"))[option.listed]
    body = option.body_of(items[1])
    contract.holds(at, await journey.call("PUT", path, body=body), 200)
    contract.holds(at, await journey.call("PUT", path, key=None, body=body), 401)
    contract.holds(at, await journey.call("PUT", path, body={}), 400)
    nowhere = option.body_of({"id": "999", "name": "nosuchthing"})
    assert contract.holds(at, await journey.call("PUT", path, body=nowhere), 400).json["code"] == "not_available"
    contract.holds(at, await journey.call("PUT", f"accounts/{UNKNOWN}/{option.saving}", body=body), 404)
    await journey.control("POST", "revoke", {"platform": option.platform, "person": "plenty"})
    failed = contract.holds(at, await journey.call("PUT", path, body=nowhere), 500)
    assert failed.json["code"] == "token_revoked"


@pytest.mark.parametrize(
    "option",
    [option for option in OPTIONS if option.platform not in {"pinterest", "reddit"}],
    ids=lambda option: option.platform,
)
async def test_switching_to_what_another_account_stands_for_answers_as_documented(
    journey: Journey, contract: Contract, option: Option
) -> None:
    first = await connected(journey, option.platform)
    await connected(journey, option.platform, choice="1")
    items = (await journey.get(f"accounts/{first}/{option.listing}"))[option.listed]
    path = f"accounts/{first}/{option.saving}"
    answer = await journey.call("PUT", path, body=option.body_of(items[1]))
    told = contract.holds(f"PUT /v1/accounts/{{accountId}}/{option.saving}", answer, 409)
    assert told.json["code"] == "already_connected"


async def connected(journey: Journey, platform: str, *, choice: str = "0") -> str:
    """The id of an account, connected through the hosted pages."""
    started = await journey.start(platform)
    return query_of(await journey.through_pages(started["authUrl"], choice=choice))["accountId"]
