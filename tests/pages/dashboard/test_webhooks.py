"""Webhooks in the dashboard: made, changed, tested, switched, given a new secret, deleted; their deliveries."""

import asyncio
import re

import pytest

from moorline.cli.browser import Seen
from moorline.store import webhooks
from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines
from tests.http.conftest import Lines
from tests.pages.dashboard.desk import Desk, desk, form_of, heading_of, member_desk, title_of, words_of
from tests.webhooks.conftest import Told
from tests.webhooks.receiver import answering

WANTED = "account.connected"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


async def made(told: Told, at: Desk, **fields: str) -> str:
    """The id of a new webhook."""
    page = await at.see("/webhooks")
    shown = await at.send(page, "/webhooks", **{"name": "App", "url": told.receiver.url, "events": WANTED, **fields})
    assert shown.status == 200, words_of(shown)
    return str((await told.webhooks())[-1]["_id"])


def secret_on(page: Seen) -> str:
    (secret,) = SECRET.findall(page.text)
    return str(secret)


@on_both_engines
async def test_a_webhook_is_made_and_told_and_its_secret_is_shown_once(told: Told, lines: Lines) -> None:
    at = await desk(told.world)
    empty = await at.see("/webhooks")
    assert "&#34;account.disconnected&#34;" in empty.text, "a sample of what comes"
    shown = await at.send(empty, "/webhooks", name="App", url=told.receiver.url, events="account.connected")
    secret = secret_on(shown)
    assert "You will not see it again." in words_of(shown)
    (webhook,) = await told.webhooks()
    assert (webhook["name"], webhook["events"], webhook["isActive"]) == ("App", ["account.connected"], True)
    await told.connect()
    await told.deliver()
    assert [body["event"] for body in told.receiver.bodies] == ["account.connected"]
    for page in (await at.see("/webhooks"), await at.see(f"/webhooks/{webhook['_id']}")):
        assert "App" in words_of(page)
        assert secret not in page.text
    assert secret not in lines.text


async def test_a_webhook_is_changed_and_what_the_api_set_beside_it_stays(told: Told) -> None:
    at = await desk(told.world)
    hidden = {"X-Team": "a hidden value"}
    webhook = await told.webhook(events=["account.connected", "post.published"], customHeaders=hidden)
    path = f"/webhooks/{webhook['_id']}"
    page = await at.see(path)
    assert "X-Team: ***" in page.text
    assert "a hidden value" not in page.text
    fields = {"name": "Renamed", "events": "account.updated", "headers": "X-Team: ***\r\nX-More: 1"}
    assert "The webhook is changed." in words_of(await at.send(page, path, **fields))
    (changed,) = await told.webhooks()
    assert changed["name"] == "Renamed"
    assert set(changed["events"]) == {"account.updated", "post.published"}
    await at.send(await at.see(path), "/test")
    assert told.receiver.received[0].headers["x-team"] == "a hidden value"
    assert told.receiver.received[0].headers["x-more"] == "1"


@pytest.mark.parametrize(
    ("typed", "said", "field"),
    [
        ({"name": "x" * 51}, "Enter a name of 1 to 50 characters.", "name"),
        ({"url": "ftp://example.com"}, "This address cannot be used:", "url"),
        ({"url": "http://169.254.169.254/"}, "This address cannot be used:", "url"),
        ({"url": ""}, "This address cannot be used:", "url"),
        ({"events": "nothing.real"}, "Tick at least one thing to be told of.", "events"),
        ({"headers": "no colon"}, "These headers cannot be sent:", "headers"),
        ({"headers": "X-A: 1\nx-a: 2"}, "a name is given twice", "headers"),
        ({"headers": "Host: evil.example"}, "Host is set by this server", "headers"),
        ({"headers": "X-New: ***"}, "These headers cannot be sent:", "headers"),
    ],
)
async def test_what_cannot_be_is_told_at_its_field_and_changes_nothing(
    told: Told, typed: dict[str, str], said: str, field: str
) -> None:
    at = await desk(told.world)
    await told.webhook()
    before = await told.webhooks()
    good = {"name": "New", "url": told.receiver.url, "events": "account.connected", "headers": ""}
    for path in ("/webhooks", f"/webhooks/{before[0]['_id']}"):
        again = await at.send(await at.see(path), path, **{**good, **typed})
        assert again.status == 400, path
        assert said in words_of(again)
        assert f'href="#{field}"' in again.text
        assert f'id="{field}"' in again.text
        assert title_of(again).startswith("Error: ")
        assert await told.webhooks() == before


async def test_an_eleventh_is_refused(told: Told) -> None:
    for _ in range(10):
        await told.webhook()
    at = await desk(told.world)
    refused = await at.send(await at.see("/webhooks"), "/webhooks", name="x", url=told.receiver.url)
    assert refused.status == 400
    assert "There are 10 webhooks already." in words_of(refused)


async def test_a_test_says_whether_it_arrived(told: Told) -> None:
    at = await desk(told.world)
    path = f"/webhooks/{await made(told, at)}"
    assert "The test arrived." in words_of(await at.send(await at.see(path), "/test"))
    told.receiver.usual = answering(500)
    failed = await at.send(await at.see(path), "/test")
    assert "The test did not arrive" in words_of(failed)
    assert "The receiver answered 500." in words_of(failed)
    assert title_of(failed).startswith("Error: ")


async def test_a_new_secret_signs_beside_the_former_one(told: Told) -> None:
    at = await desk(told.world)
    path = f"/webhooks/{await made(told, at)}"
    page = await at.see(f"{path}/rotate")
    assert heading_of(page) == "A new secret for App?"
    secret_on(await at.send(page, "/rotate"))
    await at.send(await at.see(path), "/test")
    assert len(told.receiver.received[-1].headers["webhook-signature"].split()) == 2
    assert "The former secret is good until" in words_of(await at.see(path))


async def test_switched_off_it_is_told_nothing_and_switched_on_again_it_is(told: Told) -> None:
    at = await desk(told.world)
    path = f"/webhooks/{await made(told, at)}"
    await told.connect()
    page = await at.see(path)
    assert "1 message; the next try:" in words_of(page)
    assert "The webhook is switched off." in words_of(await at.send(page, "/switch"))
    await told.deliver()
    assert told.receiver.received == []
    page = await at.send(await at.see(path), "/switch")
    assert "The webhook is switched on." in words_of(page)
    assert (await told.webhooks())[0]["isActive"]


async def test_deleted_it_is_gone_with_what_waits_however_often_it_is_sent(told: Told) -> None:
    at = await desk(told.world)
    path = f"/webhooks/{await made(told, at)}"
    await told.connect()
    page = await at.see(f"{path}/delete")
    assert "1 message that waits is never sent." in words_of(page)
    done = await asyncio.gather(*(at.submit(page, "/delete") for _ in range(3)))
    assert sorted(seen.status for seen in done) == [303, 404, 404]
    assert await told.webhooks() == []
    await told.deliver()
    assert told.receiver.received == []


@on_both_engines
async def test_a_delivery_tells_its_tries_and_is_sent_again(told: Told, frozen_clock: FrozenClock) -> None:
    at = await desk(told.world)
    webhook_id = await made(told, at)
    told.receiver.usual = answering(503, "<script>alert(1)</script>")
    account = await told.connect()
    await told.deliver()
    log_id = (await told.logs())[0]["_id"]
    page = await at.see(f"/webhooks/deliveries/{log_id}")
    said = words_of(page)
    for part in ("account.connected", "Not arrived", "503", "Next try by itself in ", account):
        assert part in said
    assert "<script>alert" not in page.text
    again = await at.send(page, "/again")
    assert "It did not arrive this time either" in words_of(again)
    told.receiver.usual = answering(200)
    assert "It was sent once more, and arrived." in words_of(await at.send(again, "/again"))
    assert len({one.body for one in told.receiver.received}) == 1
    assert "Next try by itself None" in words_of(await at.see(f"/webhooks/deliveries/{log_id}"))
    await told.world.service.db.run("DELETE FROM webhooks WHERE id = $1", webhook_id)
    gone = await at.see(f"/webhooks/deliveries/{log_id}")
    assert "it is gone" in words_of(gone)
    assert "Send again" not in words_of(gone)


async def test_deliveries_come_a_page_at_a_time_and_narrowed(told: Told) -> None:
    at = await desk(told.world)
    first, second = await made(told, at), await made(told, at, name="Other")
    for _ in range(35):
        await told.world.call("POST", "/v1/webhooks/test", body={"webhookId": first})
    told.receiver.usual = answering(500)
    await told.world.call("POST", "/v1/webhooks/test", body={"webhookId": second})
    page = await at.see("/webhooks/deliveries")
    assert page.text.count('class="row"') == 30
    link = page.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    rest = await at.see(link.removeprefix("/dashboard"))
    assert rest.text.count('class="row"') == 6
    assert 'rel="next"' not in rest.text
    for query in ("status=failed", f"webhook={second}"):
        assert (await at.see(f"/webhooks/deliveries?{query}")).text.count('class="row"') == 1, query
    nothing = await at.see("/webhooks/deliveries?event=account.connected")
    assert "Nothing like that is known." in words_of(nothing)


async def test_s43_who_may_not_see_every_profile_opens_no_webhook(world: World) -> None:
    at = await member_desk(world, world.owner.profile_id)
    for path in ("/webhooks", "/webhooks/deliveries"):
        page = await at.ask(path)
        assert (page.status, heading_of(page)) == (403, "Not for you to see"), path
    assert 'href="/dashboard/webhooks"' not in (await at.see()).text
    fields = {"csrf": await at.csrf(), "name": "x", "url": "https://app.example.com/", "events": "account.connected"}
    refused = await at.post("/dashboard/webhooks", fields)
    assert refused.status == 403
    assert await webhooks.all_of(world.service.db, world.owner.user_id) == []


async def test_no_script_is_needed_for_the_form_to_keep_what_was_typed(told: Told) -> None:
    at = await desk(told.world)
    again = await at.send(await at.see("/webhooks"), "/webhooks", name="Kept", url="nonsense", headers="X-A: 1")
    fields = dict(form_of(again, "/webhooks").fields)
    assert (fields["name"], fields["url"]) == ("Kept", "nonsense")
    assert ">X-A: 1</textarea>" in again.text
