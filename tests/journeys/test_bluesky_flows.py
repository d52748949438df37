"""Bluesky: the app password by API and on the hosted form, on any server, and every way a sign-in is refused."""

from typing import Any

import pytest

from tests.journeys.journey import APP_URL, Answer, Journey, location, query_of

CREATE = "POST /xrpc/com.atproto.server.createSession"
END = "POST /xrpc/com.atproto.server.deleteSession"
PROFILE = "GET /xrpc/app.bsky.actor.getProfile"
GOOD = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo"}


async def sign_in(journey: Journey, identifier: str, password: str, **more: object) -> Answer:
    """The documented call, with the documented state."""
    state = f"{journey.server.user_id}-{journey.profile_id}"
    body = {"identifier": identifier, "appPassword": password, "state": state, **more}
    return await journey.call("POST", "connect/bluesky/credentials", body=body)


async def one_account(journey: Journey) -> Any:
    (account,) = await journey.accounts()
    return account


@pytest.mark.parametrize(
    ("identifier", "password", "username", "name"),
    [
        ("demo.bsky.social", "demo-demo-demo-demo", "demo.bsky.social", "Demo Person"),
        ("@Demo.bsky.social ", " demo-demo-demo-demo ", "demo.bsky.social", "Demo Person"),
        ("demo@example.com", "demo-demo-demo-demo", "demo.bsky.social", "Demo Person"),
        ("did:plc:demodemodemodemodemodemo", "demo-demo-demo-demo", "demo.bsky.social", "Demo Person"),
        ("demo.bsky.social", "demo-demo-demo-priv", "demo.bsky.social", "Demo Person"),
        ("other.example.net", "othr-othr-othr-othr", "other.example.net", "Other Person"),
        ("web.example.net", "webb-webb-webb-webb", "web.example.net", "Web Person"),
        ("dnsonly.example.net", "dnso-dnso-dnso-dnso", "dnsonly.example.net", "Dnsonly Person"),
        ("newcomer.bsky.social", "newc-newc-newc-newc", "newcomer.bsky.social", "newcomer.bsky.social"),
        ("plain.bsky.social", "plai-plai-plai-plai", "plain.bsky.social", "plain.bsky.social"),
    ],
)
async def test_an_account_connects_wherever_it_lives(
    journey: Journey, identifier: str, password: str, username: str, name: str
) -> None:
    answer = await sign_in(journey, identifier, password)
    assert answer.status == 200, answer.text
    account = await one_account(journey)
    assert (account["username"], account["displayName"], account["isActive"]) == (username, name, True)
    assert answer.json["account"]["_id"] == account["_id"]
    assert account["profileUrl"] == f"https://bsky.app/profile/{username}"


async def test_an_account_of_a_second_server_signs_in_there(journey: Journey) -> None:
    await sign_in(journey, "other.example.net", "othr-othr-othr-othr")
    for told in (await journey.control("GET", "calls", platform="bluesky"))["endpoints"]:
        if told["endpoint"] == CREATE:
            assert told["requests"][-1]["host"] == "pds.example.net"


async def test_handle_and_email_of_one_person_are_one_account(journey: Journey) -> None:
    first = (await sign_in(journey, "demo.bsky.social", "demo-demo-demo-demo")).json["account"]
    again = (await sign_in(journey, "demo@example.com", "demo-demo-demo-demo")).json["account"]
    assert first["_id"] == again["_id"]


@pytest.mark.parametrize("name", ["redirectUri", "redirectUrl", "redirect_url"])
async def test_every_spelling_of_the_return_address_is_taken(journey: Journey, name: str) -> None:
    answer = await sign_in(
        journey, **{"identifier": GOOD["identifier"], "password": GOOD["appPassword"], name: APP_URL}
    )
    fields = query_of(answer.json["redirectUrl"])
    assert (fields["connected"], fields["username"]) == ("bluesky", "demo.bsky.social")


@pytest.mark.parametrize(
    ("identifier", "password", "code"),
    [
        ("demo.bsky.social", "wrong-wrong-wrong-wrong", "invalid_credentials"),
        ("nobody.bsky.social", "demo-demo-demo-demo", "unknown_handle"),
        ("nobody@example.com", "demo-demo-demo-demo", "invalid_credentials"),
        ("demo.bsky.social", "main-password", "main_password"),
        ("twofactor.bsky.social", "main-password", "auth_factor_required"),
        ("sleeping.bsky.social", "slee-slee-slee-slee", "account_deactivated"),
        ("suspended.bsky.social", "susp-susp-susp-susp", "account_suspended"),
        ("gone.bsky.social", "gone-gone-gone-gone", "invalid_credentials"),  # Bluesky tells no app password more
        ("gone.bsky.social", "main-password", "account_taken_down"),
        ("queued.bsky.social", "queu-queu-queu-queu", "signup_queued"),
        ("", "demo-demo-demo-demo", "invalid_request"),
        ("demo.bsky.social", "", "invalid_request"),
        ("not a handle", "demo-demo-demo-demo", "unknown_handle"),
    ],
)
async def test_a_sign_in_that_cannot_work_is_a_400_that_says_why(
    journey: Journey, identifier: str, password: str, code: str
) -> None:
    answer = await sign_in(journey, identifier, password)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert await journey.accounts() == []


async def test_s37_a_session_opened_with_the_main_password_is_ended(journey: Journey) -> None:
    before = await journey.count("bluesky", END)
    await sign_in(journey, "demo.bsky.social", "main-password")
    assert await journey.count("bluesky", END) == before + 1


async def test_s37_disconnecting_ends_the_session(journey: Journey) -> None:
    account_id = (await sign_in(journey, "mismatch.bsky.social", "mism-mism-mism-mism")).json["account"]["_id"]
    before = await journey.count("bluesky", END)
    assert (await journey.call("DELETE", f"accounts/{account_id}")).status == 200
    assert await journey.count("bluesky", END) == before + 1


async def test_a_profile_that_cannot_be_read_falls_back_to_the_session(journey: Journey) -> None:
    await journey.fault("bluesky", PROFILE, status=500, body="{}", count=3)
    await sign_in(journey, "demo.bsky.social", "demo-demo-demo-demo")
    account = await one_account(journey)
    assert account["displayName"] == "demo.bsky.social"


@pytest.mark.parametrize(
    "state",
    ["", "x", "{user}-", "-{profile}", "{profile}-{user}", "{user}-507f1f77bcf86cd799439011", "{user}-{profile}x"],
)
async def test_s41_a_state_of_somebody_else_is_a_400(journey: Journey, state: str) -> None:
    given = state.format(user=journey.server.user_id, profile=journey.profile_id)
    before = await journey.count("bluesky", CREATE)
    answer = await journey.call("POST", "connect/bluesky/credentials", body={**GOOD, "state": given})
    assert answer.status == 400
    assert await journey.count("bluesky", CREATE) == before


async def test_the_random_state_of_a_start_call_works_once(journey: Journey) -> None:
    state = (await journey.start("bluesky"))["state"]
    first = await journey.call("POST", "connect/bluesky/credentials", body={**GOOD, "state": state})
    again = await journey.call("POST", "connect/bluesky/credentials", body={**GOOD, "state": state})
    assert (first.status, again.status, again.json["code"]) == (200, 400, "invalid_state")
    assert query_of(first.json["redirectUrl"])["connected"] == "bluesky"


async def test_a_refused_password_leaves_the_random_state_usable(journey: Journey) -> None:
    state = (await journey.start("bluesky"))["state"]
    wrong = {**GOOD, "appPassword": "wrong-wrong-wrong-wrong", "state": state}
    assert (await journey.call("POST", "connect/bluesky/credentials", body=wrong)).status == 400
    good = await journey.call("POST", "connect/bluesky/credentials", body={**GOOD, "state": state})
    assert good.status == 200


# --- the hosted form --------------------------------------------------------------------------------------------------


async def test_a_person_signs_in_on_the_hosted_form(journey: Journey) -> None:
    browser = await journey.browser()
    page = await browser.open((await journey.start("bluesky"))["authUrl"])
    assert page.status == 200
    assert "in its profile <strong><bdi>Journey</bdi></strong>" in page.text
    fields = query_of(location(await browser.send(page, button="connect", pick=GOOD)))
    account = await one_account(journey)
    assert fields == {
        "connected": "bluesky",
        "profileId": journey.profile_id,
        "accountId": account["_id"],
        "username": "demo.bsky.social",
    }


async def test_the_form_keeps_the_handle_and_empties_the_password_after_a_refusal(journey: Journey) -> None:
    browser = await journey.browser()
    page = await browser.open((await journey.start("bluesky"))["authUrl"])
    wrong = {"identifier": "demo.bsky.social", "appPassword": "wrong-wrong-wrong-wrong"}
    again = await browser.send(page, button="connect", pick=wrong)
    assert again.status == 400
    assert 'role="alert"' in again.text
    filled = dict(again.form().fields)
    assert (filled["identifier"], filled["appPassword"]) == ("demo.bsky.social", "")
    assert "wrong-wrong" not in again.text
    assert location(await browser.send(again, button="connect", pick=GOOD)).startswith(APP_URL)


async def test_without_a_return_address_the_form_ends_on_a_page(journey: Journey) -> None:
    browser = await journey.browser()
    page = await browser.open((await journey.start("bluesky", None))["authUrl"])
    done = await browser.follow(await browser.send(page, button="connect", pick=GOOD))
    assert "<h1><bdi>Demo Person</bdi> is connected</h1>" in done.text


async def test_the_form_of_a_used_state_cannot_be_used_again(journey: Journey) -> None:
    browser = await journey.browser()
    page = await browser.open((await journey.start("bluesky"))["authUrl"])
    location(await browser.send(page, button="connect", pick=GOOD))
    again = await (await journey.browser()).open(page.url)
    assert (again.status, "This page cannot be used" in again.text) == (400, True)


async def test_s24_what_was_typed_is_never_markup(journey: Journey) -> None:
    browser = await journey.browser()
    page = await browser.open((await journey.start("bluesky"))["authUrl"])
    typed = {"identifier": '"><img src=x onerror=alert(1)>', "appPassword": "x"}
    again = await browser.send(page, button="connect", pick=typed)
    assert again.status == 400
    assert "<img" not in again.text
