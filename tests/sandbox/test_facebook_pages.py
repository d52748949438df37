"""Facebook's Pages, and how access to them ends, as its sheet tells it. Facts: facebook.md, by section."""

import pytest

from tests.sandbox.conftest import Sandbox
from tests.sandbox.facebook_calls import ALL_FIELDS, DAY_S, GRAPH, error, graph, listed, long_token, pages, short_token

# --- Pages ------------------------------------------------------------------------------------------------------------


async def test_plenty_has_twelve_pages_in_all(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    direct = await listed(sandbox, token, fields=ALL_FIELDS)
    found = {page["id"] for page in direct}
    for business in (await graph(sandbox, "/me/businesses", token)).json["data"]:
        for edge in ("owned_pages", "client_pages"):
            entries = await pages(sandbox, token, f"/{business['id']}/{edge}", fields="id,access_token")
            found |= {page["id"] for result in entries for page in result if "access_token" in page}
    assert (len(direct), len(found)) == (11, 12)
    assert [page["name"] for page in direct if "username" not in page] == ["Northwind Cooking School"]
    assert [page["name"] for page in direct if page["tasks"] == ["ANALYZE"]] == ["Northwind Archive"]


@pytest.mark.parametrize("limit", ["100", "25", "8", "3", "1"])
async def test_results_come_in_pages_with_an_empty_one_in_the_middle(sandbox: Sandbox, limit: str) -> None:
    results = await pages(sandbox, await long_token(sandbox), limit=limit)
    sizes = [len(result) for result in results]
    assert sum(sizes) == 11
    assert max(sizes) <= int(limit)
    assert 0 in sizes[1:-1]
    assert sizes[-1] > 0


async def test_next_is_the_real_host_with_the_token_and_cursors_are_on_the_last_page_too(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    first = (await graph(sandbox, "/me/accounts", token, limit="100")).json["paging"]
    assert first["next"].startswith(
        f"https://graph.facebook.com/v25.0/me/accounts?access_token={token}&limit=100&after="
    )
    last = (await graph(sandbox, "/me/accounts", token, after=first["cursors"]["after"])).json
    last = (await graph(sandbox, "/me/accounts", token, after=last["paging"]["cursors"]["after"])).json
    assert set(last["paging"]) == {"cursors"}


@pytest.mark.parametrize("wrong", [{"after": "nonsense"}, {"limit": "0"}, {"limit": "many"}])
async def test_a_wrong_cursor_or_limit_is_an_invalid_parameter(sandbox: Sandbox, wrong: dict[str, str]) -> None:
    assert error(await graph(sandbox, "/me/accounts", await long_token(sandbox), **wrong)) == (400, 100, None)


async def test_a_list_has_25_entries_by_default_and_at_most_100(sandbox: Sandbox) -> None:
    token = await long_token(sandbox, person="crowd")
    assert len((await graph(sandbox, "/me/accounts", token)).json["data"]) == 25
    assert len((await graph(sandbox, "/me/accounts", token, limit="5000")).json["data"]) == 100


async def test_crowd_has_1200_pages_with_odd_names(sandbox: Sandbox) -> None:
    found = await listed(sandbox, await long_token(sandbox, person="crowd"), limit="100", fields="id,name")
    assert len({page["id"] for page in found}) == len(found) == 1200
    names = [page["name"] for page in found]
    assert "<img src=x onerror=alert(1)>" in names
    assert max(len(name.encode()) for name in names) >= 10_000


@pytest.mark.parametrize(("person", "names"), [("single", ["Fernhill Books"]), ("none", [])])
async def test_single_has_one_page_and_none_has_none(sandbox: Sandbox, person: str, names: list[str]) -> None:
    assert [page["name"] for page in await listed(sandbox, await long_token(sandbox, person=person))] == names


async def test_without_pages_show_list_the_list_is_empty(sandbox: Sandbox) -> None:
    got = await graph(sandbox, "/me/accounts", await long_token(sandbox, without=("pages_show_list",)))
    assert (got.status, got.json) == (200, {"data": []})


async def test_without_business_management_the_pages_of_businesses_are_hidden(sandbox: Sandbox) -> None:
    token = await long_token(sandbox, without=("business_management",))
    assert len(await listed(sandbox, token)) == 9
    assert error(await graph(sandbox, "/me/businesses", token)) == (403, 200, None)
    assert error(await graph(sandbox, "/200000000000201/owned_pages", token)) == (403, 200, None)
    assert error(await graph(sandbox, "/100000000000112", token)) == (400, 100, None)


async def test_a_page_without_a_role_comes_without_a_token(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    entries = (await graph(sandbox, "/200000000000202/client_pages", token, fields="id,access_token")).json["data"]
    assert [("access_token" in entry) for entry in entries] == [True, False]


async def test_a_page_is_read_by_its_id(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    page = (await graph(sandbox, "/100000000000112", token, fields="access_token,name,username")).json
    assert (page["name"], page["username"]) == ("Northwind Wholesale", "northwindwholesale")
    assert (await graph(sandbox, "/me", page["access_token"])).json == {"id": page["id"], "name": page["name"]}
    assert error(await graph(sandbox, "/100000000000301", token)) == (400, 100, None)


async def test_pages_of_a_short_token_die_with_it_and_those_of_a_long_one_live_on(sandbox: Sandbox) -> None:
    short = await short_token(sandbox)
    mortal = (await listed(sandbox, short))[0]["access_token"]
    lasting = (await listed(sandbox, await long_token(sandbox)))[0]["access_token"]
    await sandbox.advance(5001)
    assert error(await graph(sandbox, "/me", mortal)) == (400, 190, 463)
    await sandbox.advance(80 * DAY_S)
    assert (await graph(sandbox, "/me", lasting)).status == 200


async def test_ninety_days_after_the_consent_a_page_token_dies(sandbox: Sandbox) -> None:
    lasting = (await listed(sandbox, await long_token(sandbox)))[0]["access_token"]
    await sandbox.advance(90 * DAY_S + 1)
    assert error(await graph(sandbox, "/me", lasting)) == (400, 190, None)


async def test_only_the_pages_own_token_may_publish(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    first, second = (await listed(sandbox, token))[:2]
    path = f"/{first['id']}/feed"
    assert (await graph(sandbox, path, first["access_token"], "POST", message="Hello")).status == 200
    assert error(await graph(sandbox, path, token, "POST", message="Hello")) == (403, 200, None)
    assert error(await graph(sandbox, path, second["access_token"], "POST", message="Hello")) == (403, 200, None)
    assert error(await graph(sandbox, path, first["access_token"], "POST")) == (400, 100, None)


async def test_publishing_needs_the_permission_and_a_fitting_task(sandbox: Sandbox) -> None:
    archive = next(page for page in await listed(sandbox, await long_token(sandbox)) if page["tasks"] == ["ANALYZE"])
    path = f"/{archive['id']}/feed"
    assert error(await graph(sandbox, path, archive["access_token"], "POST", message="Hello")) == (403, 200, None)
    unticked = await long_token(sandbox, person="single", without=("pages_manage_posts",))
    page = (await listed(sandbox, unticked))[0]
    got = await graph(sandbox, f"/{page['id']}/feed", page["access_token"], "POST", message="Hello")
    assert error(got) == (403, 200, None)


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_removing_the_app_kills_user_and_page_tokens(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    page = (await listed(sandbox, token))[0]["access_token"]
    user_id = (await graph(sandbox, "/me", token)).json["id"]
    assert (await graph(sandbox, f"/{user_id}/permissions", token, "DELETE")).json == {"success": True}
    assert error(await graph(sandbox, "/me", token)) == (400, 190, 458)
    assert error(await graph(sandbox, "/me", page)) == (400, 190, 458)


async def test_only_ones_own_permissions_can_be_removed(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    page = (await listed(sandbox, token))[0]["access_token"]
    assert error(await graph(sandbox, "/10229000000000000/permissions", token, "DELETE")) == (400, 100, None)
    assert error(await graph(sandbox, "/me/permissions", page, "DELETE")) == (400, 100, None)


async def test_one_permission_can_be_taken_back(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    assert (await graph(sandbox, "/me/permissions/pages_show_list", token, "DELETE")).json == {"success": True}
    assert await listed(sandbox, token) == []
    assert error(await graph(sandbox, "/me/permissions/pages_show_list", token, "DELETE")) == (400, 100, None)


async def test_a_new_consent_after_a_removal_leaves_the_old_tokens_dead(sandbox: Sandbox) -> None:
    old = await long_token(sandbox)
    await sandbox.control("POST", "revoke", {"platform": "facebook", "person": "plenty"})
    new = await long_token(sandbox)
    assert error(await graph(sandbox, "/me", old)) == (400, 190, 458)
    assert (await graph(sandbox, "/me", new)).status == 200


async def test_a_path_graph_does_not_have_is_an_invalid_parameter(sandbox: Sandbox) -> None:
    assert error(await sandbox.send("GET", GRAPH, "/25/me")) == (400, 100, None)
