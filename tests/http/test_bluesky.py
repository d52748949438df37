"""`POST /v1/connect/bluesky/credentials`: both kinds of state, spellings, refusals; the password is kept nowhere."""

from pathlib import Path
from typing import Any

import pytest

from tests.harness import APP_URL, UNKNOWN_ID, World, failure, on_both_engines, query_of, shares_a_world
from tests.http.conftest import Lines

PATH = "/v1/connect/bluesky/credentials"
PASSWORD = "demo-demo-demo-demo"


def body_of(world: World, **changes: object) -> dict[str, Any]:
    state = f"{world.owner.user_id}-{world.owner.profile_id}"
    return {"identifier": "demo.bsky.social", "appPassword": PASSWORD, "state": state} | changes


@on_both_engines
async def test_a_handle_and_an_app_password_become_an_account(world: World) -> None:
    told = await world.ok("POST", PATH, body=body_of(world))
    account = told["account"]
    assert told["message"] == "Bluesky connected successfully"
    assert (account["platform"], account["username"], account["isActive"]) == ("bluesky", "demo.bsky.social", True)
    assert account["displayName"]
    assert "redirectUrl" not in told
    assert [entry["_id"] for entry in await world.accounts()] == [account["_id"]]


@pytest.mark.parametrize(
    "identifier", ["demo.bsky.social", "@demo.bsky.social", "DEMO.bsky.social", "demo@example.com"]
)
async def test_the_same_person_by_any_name_is_one_account(world: World, identifier: str) -> None:
    first = await world.ok("POST", PATH, body=body_of(world))
    again = await world.ok("POST", PATH, body=body_of(world, identifier=identifier))
    assert again["account"]["_id"] == first["account"]["_id"]


@pytest.mark.parametrize("name", ["redirectUri", "redirectUrl", "redirect_url"])
async def test_where_to_go_may_have_any_spelling(world: World, name: str) -> None:
    told = await world.ok("POST", PATH, body=body_of(world, **{name: f"{APP_URL}?a=1"}))
    query = query_of(told["redirectUrl"])
    assert told["redirectUrl"].startswith(f"{APP_URL}?a=1&connected=bluesky&")
    assert query["accountId"] == told["account"]["_id"]
    assert query["username"] == "demo.bsky.social"


async def test_the_state_of_a_start_call_works_once(world: World) -> None:
    state = (await world.start("bluesky"))["state"]
    told = await world.ok("POST", PATH, body=body_of(world, state=state))
    assert told["redirectUrl"].startswith(f"{APP_URL}?connected=bluesky&")
    failure(await world.call("POST", PATH, body=body_of(world, state=state)), 400, "invalid_state")


async def test_a_wrong_password_leaves_the_state_usable(world: World) -> None:
    state = (await world.start("bluesky"))["state"]
    refused = await world.call("POST", PATH, body=body_of(world, state=state, appPassword="aaaa-bbbb-cccc-dddd"))
    told = failure(refused, 400, "invalid_credentials")
    assert "aaaa" not in str(told)
    assert await world.accounts() == []
    await world.ok("POST", PATH, body=body_of(world, state=state))


@shares_a_world
@pytest.mark.parametrize("missing", ["identifier", "appPassword", "state"])
async def test_a_missing_field_is_400_and_named(shared: World, missing: str) -> None:
    body = body_of(shared)
    del body[missing]
    assert missing in failure(await shared.call("POST", PATH, body=body), 400, "invalid_request")["error"]
    for value in ("", "  ", None, 1):
        failure(await shared.call("POST", PATH, body=body_of(shared, **{missing: value})), 400)


@shares_a_world
async def test_a_state_of_another_form_user_or_profile_is_400(shared: World) -> None:
    owner, other = shared.owner, shared.other
    before = await shared.count()
    for state in (
        "x",
        owner.user_id,
        f"{owner.user_id}-",
        f"-{owner.profile_id}",
        f"{owner.user_id}-{UNKNOWN_ID}",
        f"{UNKNOWN_ID}-{owner.profile_id}",
        f"{other.user_id}-{owner.profile_id}",
        f"{owner.user_id}-{other.profile_id}",
        f"{other.user_id}-{other.profile_id}",
        f"{owner.user_id.upper()}-{owner.profile_id}",
        f"{owner.user_id}-{owner.profile_id}-1",
        f"{owner.user_id}_{owner.profile_id}",
        "a" * 43,
    ):
        failure(await shared.call("POST", PATH, body=body_of(shared, state=state)), 400)
    assert await shared.count() == before


async def test_a_start_of_another_tenant_or_platform_does_not_do(world: World) -> None:
    before = await world.count()
    for state in (
        (await world.start("bluesky", tenant=world.other))["state"],
        (await world.start("twitter"))["state"],
    ):
        failure(await world.call("POST", PATH, body=body_of(world, state=state)), 400, "invalid_state")
    assert await world.count() == before


@shares_a_world
@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://evil.example/", "//x"])
async def test_s20_an_address_no_browser_may_be_sent_to_is_refused_before_signing_in(shared: World, url: str) -> None:
    before = await shared.count()
    refused = await shared.call("POST", PATH, body=body_of(shared, redirectUri=url))
    failure(refused, 400, "invalid_redirect_url")
    assert await shared.count() == before


async def test_s37_the_password_is_kept_nowhere(world: World, lines: Lines, tmp_path: Path) -> None:
    await world.ok("POST", PATH, body=body_of(world))
    await world.call("POST", PATH, body=body_of(world, appPassword="zzzz-yyyy-xxxx-wwww"))
    kept = stored_bytes(tmp_path)
    for password in (PASSWORD, "zzzz-yyyy-xxxx-wwww"):
        assert password.encode() not in kept
        assert password not in lines.text


async def test_s11_the_account_is_who_bluesky_says_it_is(world: World) -> None:
    claims = {"username": "evil.bsky.social", "did": "did:plc:evil", "userProfile": {"id": "did:plc:evil"}}
    told = await world.ok("POST", PATH, body=body_of(world, identifier="demo@example.com", **claims))
    assert told["account"]["username"] == "demo.bsky.social"
    rows = await world.service.db.all("SELECT platform_account_id FROM accounts")
    assert all(row["platform_account_id"].startswith("did:plc:") for row in rows)
    assert all("evil" not in row["platform_account_id"] for row in rows)


def stored_bytes(folder: Path) -> bytes:
    """Everything the database has written, its log too."""
    return b"".join(path.read_bytes() for path in folder.glob("moorline.sqlite3*"))
