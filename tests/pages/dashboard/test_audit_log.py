"""The audit log in the dashboard."""

from typing import get_args

from moorline.owners.audit import Action
from moorline.pages.dashboard import audit_log
from tests.harness import World, on_both_engines
from tests.pages.dashboard.desk import desk, words_of


def test_every_action_has_its_words() -> None:
    assert set(audit_log.SAID) == set(get_args(Action))


@on_both_engines
async def test_changes_are_told_newest_first_with_who_made_them(world: World) -> None:
    await world.new_profile("Harbour")
    at = await desk(world)
    await at.send(await at.see("/profiles"), "/profiles", name="Quay")
    told = words_of(await at.see("/settings/audit"))
    newest, older = told.index("Quay"), told.index("Harbour")
    assert newest < older
    assert "owner@example.com · in the dashboard" in told[:older]
    assert "the API key sk_" in told
    assert "with a key" in told[newest:]


async def test_it_comes_a_page_at_a_time_and_by_action(world: World) -> None:
    for number in range(33):
        await world.new_profile(f"Number {number:02}")
    at = await desk(world)
    first = await at.see("/settings/audit?action=profile.created")
    assert first.text.count('<li class="row">') == 30
    link = first.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    rest = await at.see(link.removeprefix("/dashboard"))
    assert rest.text.count('<li class="row">') == 3
    assert rest.text.count("<strong>Profile made</strong>") == 3
    nothing = await at.see("/settings/audit?action=webhook.disabled")
    assert "Nothing like that is known." in words_of(nothing)


async def test_another_tenants_entries_are_not_there(world: World) -> None:
    body = {"name": "Fernhill secret"}
    await world.ok("POST", "/v1/profiles", key=world.other.api_key, body=body)
    at = await desk(world)
    assert "Fernhill secret" not in (await at.see("/settings/audit")).text
