"""Keys limited to some profiles, and keys that may only read."""

from collections import defaultdict

import pytest

from moorline.access import Access
from tests.harness import UNKNOWN_ID, World, failure, location, query_of
from tests.http.test_routes import framework_of, handlers

SELECT = "/v1/connect/facebook/select-page"
BSKY = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo"}


async def limited_key(world: World, *profile_ids: str) -> str:
    return await world.new_key("limited", scope="profiles", profileIds=list(profile_ids))


async def test_s43_a_limited_key_is_403_for_another_profile_of_its_own_user_everywhere(world: World) -> None:
    hidden, mine = world.owner.profile_id, await world.new_profile("Mine")
    key = await limited_key(world, mine)
    fields = await world.selection()
    query, body = {"profileId": hidden}, {"profileId": hidden}
    for method, path, call in (
        ("GET", f"/v1/profiles/{hidden}", {}),
        ("PUT", f"/v1/profiles/{hidden}", {"body": {"name": "x"}}),
        ("DELETE", f"/v1/profiles/{hidden}", {}),
        ("GET", "/v1/connect/facebook", {"query": query}),
        ("GET", "/v1/connect/twitter", {"query": query}),
        ("GET", "/v1/connect/bluesky", {"query": query}),
        ("GET", "/v1/connect/telegram", {"query": query}),
        ("POST", "/v1/connect/twitter", {"body": {**body, "code": "c", "state": "s"}}),
        ("POST", "/v1/connect/links", {"body": body}),
        ("POST", "/v1/connect/telegram", {"body": {**body, "chatId": "@mychannel"}}),
        (
            "POST",
            "/v1/connect/bluesky/credentials",
            {"body": {**BSKY, "state": f"{world.owner.user_id}-{hidden}"}},
        ),
        ("GET", SELECT, {"query": {**query, "tempToken": fields["tempToken"]}}),
        ("POST", SELECT, {"body": {**body, "tempToken": fields["tempToken"], "pageId": "100000000000101"}}),
        ("POST", "/v1/api-keys", {"body": {"name": "n", "scope": "profiles", "profileIds": [hidden]}}),
    ):
        failure(await world.call(method, path, key=key, **call), 403, "forbidden")
    assert await world.accounts() == []


async def test_s43_a_limited_key_sees_only_its_profiles_and_their_accounts(world: World) -> None:
    await world.landing("twitter")
    hidden = (await world.accounts())[0]["_id"]
    mine = await world.new_profile("Mine")
    key = await limited_key(world, mine)
    listed = await world.ok("GET", "/v1/profiles", key=key)
    assert [profile["_id"] for profile in listed["profiles"]] == [mine]
    assert await world.accounts(key=key) == []
    for method in ("GET", "PUT", "DELETE"):
        body = {"displayName": "x"} if method == "PUT" else None
        failure(await world.call(method, f"/v1/accounts/{hidden}", key=key, body=body), 404, "not_found")
    usage = (await world.ok("GET", "/v1/usage-stats", key=key))["usage"]
    assert (usage["profiles"], usage["accounts"]) == (1, 0)


async def test_pages_of_accounts_are_full_for_a_limited_key_too(world: World) -> None:
    fields = await world.selection()
    for number in (101, 102, 103):
        assert (await world.select(fields, f"100000000000{number}")).status == 200
    mine = await world.new_profile("Mine")
    key = await limited_key(world, mine)
    started = await world.ok(
        "GET",
        "/v1/connect/facebook",
        key=key,
        query={"profileId": mine, "headless": "true", "redirect_url": "https://a.example/x"},
    )
    callback = await world.consent(started["authUrl"])
    own = query_of(location(await (await world.browser()).open(callback)))
    for number in (104, 106):
        assert (await world.select(own, f"100000000000{number}", key=key)).status == 200
    names = []
    for page in ("1", "2", "3"):
        told = await world.ok("GET", "/v1/accounts", key=key, query={"limit": "1", "page": page})
        names.append([account["displayName"] for account in told["accounts"]])
    assert names == [["Northwind Cooking School"], ["Northwind Events"], []]
    hidden, *_, last = [account["_id"] for account in await world.accounts()]
    for after, count in ((hidden, 0), (last, 0)):  # what it may not see is no place to go on from
        told = await world.ok("GET", "/v1/accounts", key=key, query={"after": after})
        assert len(told["accounts"]) == count


async def test_s43_a_limited_key_cannot_use_handles_and_codes_of_a_hidden_profile(world: World) -> None:
    mine = await world.new_profile("Mine")
    key = await limited_key(world, mine)
    fields = await world.selection()
    headers = {"x-connect-token": fields["connect_token"]}
    failure(await world.call("GET", SELECT, key=key, headers=headers), 400, "invalid_temp_token")
    query = {"profileId": mine, "tempToken": fields["tempToken"]}
    failure(await world.call("GET", SELECT, key=key, query=query), 400)
    code = (await world.ok("GET", "/v1/connect/telegram", query={"profileId": world.owner.profile_id}))["code"]
    failure(await world.call("PATCH", "/v1/connect/telegram", key=key, query={"code": code}), 404)


async def test_s43_a_key_makes_no_key_that_may_do_more_than_itself(world: World) -> None:
    mine = await world.new_profile("Mine")
    key = await limited_key(world, mine)
    made = await world.ok("POST", "/v1/api-keys", key=key, body={"name": "wide", "revealTokens": True})
    assert (made["apiKey"]["scope"], made["apiKey"]["profileIds"]) == ("profiles", [mine])
    assert made["apiKey"]["revealTokens"] is False
    failure(await world.call("POST", "/v1/profiles", key=key, body={"name": "x"}), 400, "key_is_limited")
    listed = await world.new_key("listed", redirectAllowlist=["https://a.example"])
    narrow = await world.ok("POST", "/v1/api-keys", key=listed, body={"name": "inherits"})
    query = {"profileId": world.owner.profile_id, "redirect_url": "https://b.example/"}
    failure(
        await world.call("GET", "/v1/connect/twitter", key=narrow["apiKey"]["key"], query=query),
        400,
        "invalid_redirect_url",
    )
    body = {"name": "wider", "redirectAllowlist": ["https://b.example"]}
    failure(await world.call("POST", "/v1/api-keys", key=listed, body=body), 400, "invalid_redirect_url")


async def test_a_limited_key_lists_and_revokes_only_keys_that_reach_no_further(world: World) -> None:
    mine = await world.new_profile("Mine")
    key = await limited_key(world, mine)
    listed = await world.ok("GET", "/v1/api-keys", key=key)
    assert [entry["name"] for entry in listed["apiKeys"]] == ["limited"]
    refused = await world.call("DELETE", f"/v1/api-keys/{world.owner.key_id}", key=key)
    failure(refused, 404, "not_found")
    await world.ok("DELETE", f"/v1/api-keys/{listed['apiKeys'][0]['id']}", key=key)
    assert (await world.call("GET", "/v1/profiles", key=key)).status == 401
    assert (await world.call("GET", "/v1/profiles")).status == 200


async def test_s43_a_key_that_may_only_read_is_403_for_every_write_and_for_nothing_else(world: World) -> None:
    key = await world.new_key("reader", permission="read")
    ids = defaultdict(lambda: UNKNOWN_ID, platform="twitter", path="x")
    seen = set()
    for path, handler in handlers(framework_of(world)):
        access = handler.opt["access"]
        for method in handler.http_methods if access is not Access.PUBLIC else ():
            answer = await world.call(method, path.format_map(ids), key=key)
            seen.add(access)
            if access is Access.READ:
                assert answer.status in {200, 400, 404}, f"{method} {path}: {answer.text}"
            elif access is Access.SIGNED_IN:  # a key signs nobody in
                assert "/dashboard/sign-in" in answer.headers["location"], f"{method} {path}"
            else:
                failure(answer, 403, "forbidden")
    assert seen == {Access.READ, Access.WRITE, Access.SELECTION, Access.SIGNED_IN}
    assert len((await world.ok("GET", "/v1/api-keys"))["apiKeys"]) == 2


@pytest.mark.parametrize("path", ["/v1/users", "/v1/accounts", "/v1/profiles", "/v1/usage-stats"])
async def test_a_key_that_may_only_read_reads(world: World, path: str) -> None:
    key = await world.new_key("reader", permission="read")
    await world.ok("GET", path, key=key)
