"""Profiles in the dashboard: made, found, renamed, made the default, deleted."""

import asyncio
from typing import Any

from tests.harness import World, on_both_engines
from tests.pages.dashboard.desk import desk, form_of, heading_of, member_desk, title_of, words_of


async def profiles(world: World) -> list[Any]:
    found: list[Any] = (await world.ok("GET", "/v1/profiles"))["profiles"]
    return found


@on_both_engines
async def test_a_profile_is_made_renamed_made_the_default_and_deleted(world: World) -> None:
    at = await desk(world)
    made = await at.send(await at.see("/profiles"), "/profiles", name="  Harbour Café ")
    assert "The profile is created." in words_of(made)
    second = (await profiles(world))[1]
    assert (second["name"], second["slug"], second["isDefault"]) == ("Harbour Café", "harbour-cafe", False)
    path = f"/profiles/{second['_id']}"
    renamed = await at.send(await at.see(path), path, name="Quay")
    assert "The profile is changed." in words_of(renamed)
    assert "Quay" in words_of(renamed)
    await at.send(await at.see(path), "/default")
    assert [one["isDefault"] for one in await profiles(world)] == [False, True]
    page = await at.see(f"{path}/delete")
    assert heading_of(page) == "Delete Quay?"
    assert "The oldest of the others becomes the default." in words_of(page)
    gone = await at.send(page, "/delete")
    assert "The profile is deleted." in words_of(gone)
    assert [(one["name"], one["isDefault"]) for one in await profiles(world)] == [("Northwind Bakery", True)]


async def test_a_name_that_cannot_be_is_told_and_changes_nothing(world: World) -> None:
    at = await desk(world)
    before = await profiles(world)
    for path in ("/profiles", f"/profiles/{world.owner.profile_id}"):
        page = await at.see(path)
        for name in ("", "   ", "x" * 101, "a\x00b"):
            again = await at.send(page, path, name=name)
            assert again.status == 400
            assert "Enter a name of 1 to 100 characters." in words_of(again)
            assert title_of(again).startswith("Error: ")
            assert len(dict(form_of(again, path).fields)["name"]) == min(len(name), 100), "what was typed stays"
    assert await profiles(world) == before


async def test_a_profile_with_accounts_is_not_deleted_and_says_what_to_do(world: World) -> None:
    await world.landing("twitter")
    at = await desk(world)
    path = f"/profiles/{world.owner.profile_id}"
    page = await at.see(f"{path}/delete")
    assert heading_of(page) == "Northwind Bakery cannot be deleted yet"
    assert "1 account hangs on it. Disconnect it first." in words_of(page)
    refused = await at.post(f"/dashboard{path}/delete", {"csrf": await at.csrf()})
    assert refused.status == 409
    assert heading_of(refused) == "Northwind Bakery cannot be deleted yet"
    assert len(await profiles(world)) == 1


async def test_profiles_are_found_by_name_and_come_a_page_at_a_time(world: World) -> None:
    for number in range(40):
        await world.new_profile(f"Customer {number:02} Köln")
    at = await desk(world)
    first = await at.see("/profiles")
    assert words_of(first).count("Customer") == 29
    link = first.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = await at.see(link.removeprefix("/dashboard"))
    assert words_of(second).count("Customer") == 11
    assert 'rel="next"' not in second.text
    found = await at.see("/profiles?q=17%20koln")
    assert words_of(found).count("Customer") == 1
    assert "Customer 17 Köln" in words_of(found)
    assert "There is no such profile." in words_of(await at.see("/profiles?q=%25"))
    assert "There is no such profile." in words_of(await at.see("/profiles?q=%00"))


async def test_the_same_form_sent_twice_at_once_makes_two_or_deletes_one(world: World) -> None:
    at = await desk(world)
    page = await at.see("/profiles")
    await asyncio.gather(*(at.send(page, "/profiles", name="Twice") for _ in range(2)))
    names = [one["name"] for one in await profiles(world)]
    assert names == ["Northwind Bakery", "Twice", "Twice"]
    last = (await profiles(world))[-1]["_id"]
    form = await at.see(f"/profiles/{last}/delete")
    done = await asyncio.gather(*(at.submit(form, "/delete") for _ in range(3)))
    assert sorted(seen.status for seen in done) == [303, 404, 404]


async def test_s40_a_member_sees_and_changes_only_their_profiles_and_makes_none(world: World) -> None:
    mine = await world.new_profile("Mine")
    at = await member_desk(world, mine)
    page = await at.see("/profiles")
    assert "Mine" in words_of(page)
    assert "Northwind" not in words_of(page)
    assert "A new profile" not in words_of(page)
    refused = await at.post("/dashboard/profiles", {"csrf": await at.csrf(), "name": "More"})
    assert refused.status == 404
    assert len(await profiles(world)) == 2
    path = f"/profiles/{mine}"
    await at.send(await at.see(path), path, name="Ours")
    assert [one["name"] for one in await profiles(world)] == ["Northwind Bakery", "Ours"]
