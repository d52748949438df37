"""Instagram accounts reached by Facebook Login, as the sheet tells it. Facts: instagram.md section 8."""

from dataclasses import replace

from tests.sandbox.conftest import Sandbox
from tests.sandbox.facebook_calls import error, exchange, graph, listed
from tests.sandbox.instagram_calls import long_token as instagram_token
from tests.sandbox.instagram_calls import me as instagram_me
from tests.sandbox.oauth_platforms import FACEBOOK

FIELD = "instagram_business_account"
FIELDS = f"id,name,access_token,tasks,{FIELD}{{id,username,name,profile_picture_url}}"
LOGIN = replace(FACEBOOK, scopes=(*FACEBOOK.scopes, "instagram_basic", "instagram_content_publish"))


async def token_of(sandbox: Sandbox, person: str = "plenty", *, without: tuple[str, ...] = ()) -> str:
    short = (await LOGIN.tokens(sandbox, person=person, without=without))["access_token"]
    token: str = (await exchange(sandbox, short)).json["access_token"]
    return token


async def test_pages_tell_their_linked_account_and_most_have_none(sandbox: Sandbox) -> None:
    pages = await listed(sandbox, await token_of(sandbox), fields=FIELDS, limit="5")
    accounts = {page["name"]: page[FIELD] for page in pages if FIELD in page}
    assert set(accounts) == {"Northwind Bakery", "Northwind Farm Shop", "Lima Family Recipes"}
    assert set(accounts["Northwind Bakery"]) == {"id", "username", "name", "profile_picture_url"}
    assert accounts["Lima Family Recipes"] == {"id": "17841499900000112", "username": "lima.recipes"}
    assert len(pages) > len(accounts)


async def test_the_account_is_the_one_of_the_other_login(sandbox: Sandbox) -> None:
    [page] = await listed(sandbox, await token_of(sandbox, "single"), fields=FIELDS)
    profile = (await instagram_me(sandbox, await instagram_token(sandbox, person="single"))).json
    assert page[FIELD] == {"id": profile["user_id"], "username": profile["username"]}


async def test_without_inner_fields_only_the_id_is_told(sandbox: Sandbox) -> None:
    [page] = await listed(sandbox, await token_of(sandbox, "single"), fields=FIELD)
    assert page == {"id": "100000000000301", FIELD: {"id": "17841499900000102"}}
    assert error(await graph(sandbox, "/me/accounts", await token_of(sandbox), fields=f"{FIELD}{{shoe_size}}")) == (
        400,
        100,
        None,
    )


async def test_a_crowd_has_a_hundred_and_twenty_accounts_on_many_pages(sandbox: Sandbox) -> None:
    pages = await listed(sandbox, await token_of(sandbox, "crowd"), fields=FIELDS, limit="100")
    assert len({page[FIELD]["id"] for page in pages if FIELD in page}) == 120


async def test_without_the_scope_no_account_is_told(sandbox: Sandbox) -> None:
    pages = await listed(sandbox, await token_of(sandbox, without=("instagram_basic",)), fields=FIELDS)
    assert not [page for page in pages if FIELD in page]


async def test_the_account_answers_to_its_pages_token_only(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    bakery, cafe = (await listed(sandbox, token, fields=FIELDS))[:2]
    path = "/" + bakery[FIELD]["id"]
    told = (await graph(sandbox, path, bakery["access_token"], fields="username")).json
    assert told == {"id": "17841499900000101", "username": "northwind.bakery"}
    assert error(await graph(sandbox, path, cafe["access_token"])) == (400, 100, None)
    assert error(await graph(sandbox, path, token)) == (400, 100, None)
