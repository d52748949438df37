"""`GET /v1/audit`: who changed what, to the owner and nobody else."""

from typing import Any

import pytest

from moorline.owners import invites
from moorline.owners.invites import Joined
from tests.conftest import FrozenClock
from tests.harness import UNKNOWN_ID, World, failure, on_both_engines
from tests.http.test_app_credentials import SECRET, own_app

PATH = "/v1/audit"
FIELDS = {"id", "at", "action", "source", "memberId", "keyId", "subjectId", "details"}


async def told(world: World, *, key: str = "", **query: str) -> list[Any]:
    entries: list[Any] = (await world.ok("GET", PATH, key=key, query=query))["entries"]
    return entries


async def join(world: World) -> tuple[str, Joined]:
    """Invite somebody to everything, who comes: the invitation's token and what they were told."""
    invite = await world.ok("POST", "/v1/invite/tokens", body={"scope": "all"})
    return invite["token"], await invites.accept(world.service.db, invite["token"], name="Åsa", email="asa@example.com")


@on_both_engines
async def test_changes_by_key_are_told_newest_first_with_who_made_them(world: World, frozen_clock: FrozenClock) -> None:
    made = await world.ok("POST", "/v1/api-keys", body={"name": "CI", "permission": "read"})
    frozen_clock.advance(1)
    profile_id = await world.new_profile("Second")
    frozen_clock.advance(1)
    app = await own_app(world)
    frozen_clock.advance(1)
    await world.ok("DELETE", f"/v1/api-keys/{made['apiKey']['id']}")
    entries = [entry for entry in await told(world) if entry["at"].startswith("2026-03-04")]
    assert [(entry["action"], entry["subjectId"]) for entry in entries] == [
        ("api_key.deleted", made["apiKey"]["id"]),
        ("app_credential.created", app["id"]),
        ("profile.created", profile_id),
        ("api_key.created", made["apiKey"]["id"]),
    ]
    for entry in entries:
        assert set(entry) == FIELDS
        assert (entry["source"], entry["memberId"], entry["keyId"]) == (
            "api",
            world.owner.user_id,
            world.owner.key_id,
        )
    assert entries[1]["details"] == {"platform": "twitter", "clientId": "own-client"}
    assert entries[3]["details"] == {
        "ofMember": world.owner.user_id,
        "profileIds": None,
        "name": "CI",
        "permission": "read",
        "revealTokens": False,
    }
    assert entries[3]["at"] == "2026-03-04T05:06:07.890Z"
    text = (await world.call("GET", PATH)).text
    assert made["apiKey"]["key"] not in text
    assert SECRET not in text


@on_both_engines
async def test_pages_hold_every_entry_once_and_an_action_narrows_them(world: World, frozen_clock: FrozenClock) -> None:
    for number in range(5):
        await world.new_profile(f"Profile {number}")
    everything = await told(world)
    paged: list[Any] = []
    while page := await told(world, limit="2", **({"before": paged[-1]["id"]} if paged else {})):
        assert len(page) <= 2
        paged += page
    assert paged == everything
    created = await told(world, action="profile.created")
    assert {entry["details"]["name"] for entry in created} == {f"Profile {number}" for number in range(5)}
    assert await told(world, action="webhook.deleted") == []


@on_both_engines
async def test_a_member_who_joined_is_told_with_the_invitation_that_let_them_in(world: World) -> None:
    token, came = await join(world)
    (invited,), (joined,) = await told(world, action="invite.created"), await told(world, action="member.joined")
    assert joined["details"]["invite"] == invited["details"]["invite"]
    assert token not in str((invited, joined))
    assert came.key not in str(joined)
    assert (joined["source"], joined["memberId"], joined["subjectId"]) == ("page", came.member.id, came.member.id)


@on_both_engines
async def test_s40_only_the_owner_reads_it_with_a_key_for_all_profiles(world: World) -> None:
    limited = await world.new_key("limited", scope="profiles", profileIds=[world.owner.profile_id])
    failure(await world.call("GET", PATH, key=limited), 403, "forbidden")
    _, came = await join(world)
    failure(await world.call("GET", PATH, key=came.key), 403, "forbidden")
    failure(await world.call("GET", PATH, key=None), 401)
    reader = await world.new_key("reader", permission="read")
    assert await told(world, key=reader)


@on_both_engines
async def test_s40_no_entry_of_another_tenant_is_listed_or_begins_a_page(world: World) -> None:
    await world.new_profile("Mine")
    mine, theirs = await told(world), await told(world, key=world.other.api_key)
    assert mine
    assert theirs
    assert {entry["id"] for entry in mine}.isdisjoint(entry["id"] for entry in theirs)
    assert await told(world, before=theirs[0]["id"]) == await told(world, before=UNKNOWN_ID) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("action", "api_key.guessed"),
        ("before", "x"),
        ("before", "0" * 23),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "x"),
    ],
)
async def test_a_wrong_filter_is_refused_by_name(world: World, name: str, value: str) -> None:
    answer = failure(await world.call("GET", PATH, query={name: value}), 400)
    assert name in answer["details"]["fields"]
