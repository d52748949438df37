"""`/connect/bluesky`: each refusal in words of its own, before and after anything is sent; how often one may try."""

import asyncio
import re
from datetime import timedelta

import pytest
from typing_extensions import override

from moorline import clock
from moorline.adapter.app_password import (
    AccountNotEligible,
    InvalidCredentials,
    MainPassword,
    SignInCodeRequired,
    UnknownAccount,
)
from moorline.cli.browser import Browser, Seen
from moorline.connect.app_password import MAX_TRIES
from moorline.errors import BadRequest, MoorlineError, PlatformRateLimited, UnexpectedReply, Unreachable
from moorline.pages import bluesky_words
from moorline.pages.look import Look
from moorline.platforms.bluesky import INACTIVE, NOT_ELIGIBLE
from tests.harness import APP_URL, World, failure, location, on_both_engines, query_of
from tests.http.conftest import Lines, Serve
from tests.pages.looks import a_look, without_frame
from tests.pages.test_bluesky import GOOD, form

SIGN_IN = "POST /xrpc/com.atproto.server.createSession"
WRONG = {**GOOD, "appPassword": "aaaa-bbbb-cccc-dddd"}
MAIN = {**GOOD, "appPassword": "main-password"}


def problems(page: Seen) -> list[tuple[str, str]]:
    """What the summary says: the field a problem leads to, and its words."""
    summary = page.text.partition("<h1>")[0]
    found = re.findall(r'<li><a href="#([a-z-]+)">(.*?)</a></li>', summary)
    return [(field, re.sub(r"<[^>]*>", "", text).replace("&#39;", "'")) for field, text in found]


async def refused(world: World, identifier: str, password: str) -> list[tuple[str, str]]:
    browser, page = await form(world)
    return problems(
        await browser.send(page, button="connect", pick={"identifier": identifier, "appPassword": password})
    )


@pytest.mark.parametrize(
    ("identifier", "password", "field", "said"),
    [
        ("", "demo-demo-demo-demo", "identifier", "Enter your handle or e-mail."),
        (" @ ", "demo-demo-demo-demo", "identifier", "Enter your handle or e-mail."),
        ("demo.bsky.social", "", "app-password", "Enter an app password."),
        ("ana.bsky.socal", "demo-demo-demo-demo", "identifier", "We found no Bluesky account ana.bsky.socal."),
        ("@Nobody", "demo-demo-demo-demo", "identifier", "We found no Bluesky account nobody.bsky.social."),
        ("demo.bsky.social", "aaaa-bbbb-cccc-dddd", "app-password", "did not accept this handle and app password."),
        ("demo@example.com", "aaaa-bbbb-cccc-dddd", "app-password", "did not accept this e-mail and app password. Try"),
        ("sleeping.bsky.social", "slee-slee-slee-slee", "identifier", "This account is deactivated. Reactivate it"),
        ("suspended.bsky.social", "susp-susp-susp-susp", "identifier", "Bluesky has suspended this account."),
        ("queued.bsky.social", "queu-queu-queu-queu", "identifier", "waiting in Bluesky's sign-up queue."),
    ],
)
async def test_a_refusal_has_its_words_and_leads_to_its_field(
    world: World, identifier: str, password: str, field: str, said: str
) -> None:
    ((led_to, told),) = await refused(world, identifier, password)
    assert led_to == field
    assert said in told


async def test_an_account_that_was_taken_down_is_told(world: World) -> None:
    await world.fault("bluesky", SIGN_IN, status=400, body={"error": "AccountTakedown"})
    told = await refused(world, "gone.bsky.social", "gone-gone-gone-gone")
    assert told == [("identifier", "Bluesky has taken this account down.")]


async def test_both_fields_left_empty_are_told_at_once_and_nothing_is_sent(world: World) -> None:
    before = await world.count()
    assert await refused(world, " ", " ") == [
        ("identifier", "Enter your handle or e-mail."),
        ("app-password", "Enter an app password."),
    ]
    assert await world.count() == before


@pytest.mark.parametrize(
    "typed", ["@demo.bsky.social", " DEMO.bsky.social\u200b", "https://bsky.app/profile/demo.bsky.social?x=1", "demo"]
)
async def test_a_handle_as_people_paste_it_is_cleaned_and_not_scolded(world: World, typed: str) -> None:
    browser, page = await form(world)
    url = location(await browser.send(page, button="connect", pick={**GOOD, "identifier": typed}))
    assert query_of(url)["username"] == "demo.bsky.social"


async def test_s37_a_normal_password_is_doubted_before_it_is_sent_and_sent_when_asked_again(world: World) -> None:
    browser, page = await form(world)
    assert "anyway" not in page.form().buttons
    before = await world.count()
    doubted = await browser.send(page, button="connect", pick=MAIN)
    assert await world.count() == before
    assert problems(doubted) == [
        ("app-password", "This looks like your normal password. For your safety use an app password.")
    ]
    assert "main-password" not in doubted.text
    sent = await browser.send(doubted, button="anyway", pick=MAIN)
    assert problems(sent) == [("app-password", "That was your main password. We did not keep it; use an app password.")]
    assert "main-password" not in sent.text
    assert "anyway" not in sent.form().buttons
    assert len(await world.calls("bluesky", "POST /xrpc/com.atproto.server.deleteSession")) == 1
    assert await world.accounts() == []


async def test_a_password_that_needs_a_code_from_an_email_is_told_apart(world: World) -> None:
    browser, page = await form(world)
    typed = {"identifier": "twofactor.bsky.social", "appPassword": "main-password"}
    doubted = await browser.send(page, button="connect", pick=typed)
    assert "Bluesky asks for a code from an e-mail" in (await browser.send(doubted, button="anyway", pick=typed)).text


async def test_an_accounts_own_server_that_does_not_answer_is_named(world: World) -> None:
    await world.fault("bluesky", SIGN_IN, status=502, count=9)
    browser, page = await form(world)
    typed = {"identifier": "other.example.net", "appPassword": "othr-othr-othr-othr"}
    seen = await browser.send(page, button="connect", pick=typed)
    assert seen.status == 503
    ((_, told),) = problems(seen)
    assert told == "The server of this account (pds.example.net) does not answer. Try again in some minutes."


async def test_a_directory_that_does_not_answer_is_bluesky(world: World) -> None:
    await world.fault("bluesky", "GET /{did}", status=503, count=9)
    browser, page = await form(world)
    seen = await browser.send(page, button="connect", pick=GOOD)
    assert seen.status == 503
    assert problems(seen) == [("app-password", "Bluesky is not answering. Try again in some minutes.")]


async def test_how_long_bluesky_asks_to_wait_is_told(world: World) -> None:
    until = clock.now() + timedelta(minutes=10)
    headers = {"ratelimit-reset": str(int(until.timestamp()))}
    await world.fault("bluesky", SIGN_IN, status=429, headers=headers, body={"error": "RateLimitExceeded"})
    browser, page = await form(world)
    seen = await browser.send(page, button="connect", pick=GOOD)
    assert seen.status == 429
    ((_, told),) = problems(seen)
    assert re.fullmatch(r"Bluesky asks to wait until .*\d\d:\d\d UTC\.", told)


async def test_fields_with_a_problem_say_so_to_those_who_listen(world: World) -> None:
    browser, page = await form(world)
    assert "aria-invalid" not in page.text
    seen = await browser.send(page, button="connect", pick={"identifier": "", "appPassword": ""})
    for field in ("identifier", "app-password"):
        (tag,) = re.findall(rf'<input [^>]*id="{field}"[^>]*>', seen.text)
        assert 'aria-invalid="true"' in tag
        assert f"{field}-problem" in re.findall(r'aria-describedby="([^"]*)"', tag)[0].split()
        assert f'id="{field}-problem"' in seen.text


class MarkedLook(Look):
    """Every text that comes from a catalogue stands in guillemets."""

    @override
    def translated(self, message: str) -> str:
        return f"«{message}»"


def marked() -> Look:
    usual = a_look()
    return MarkedLook(
        brand=usual.brand, language="en", direction=usual.direction, scheme=usual.scheme, nonce=usual.nonce
    )


FAILURES: list[MoorlineError] = [
    BadRequest("raw", fields={"identifier": "raw"}),
    BadRequest("raw", fields={"appPassword": "raw"}),
    UnknownAccount("raw", name="ana", reason="raw"),
    InvalidCredentials("raw"),
    SignInCodeRequired("raw"),
    MainPassword("raw"),
    *(AccountNotEligible("raw", code=code) for code, _ in (*NOT_ELIGIBLE.values(), INACTIVE)),
    AccountNotEligible("raw", code="never_heard_of"),
    Unreachable("raw"),
    PlatformRateLimited("raw"),
    PlatformRateLimited("raw", retry_after_s=86_400),
    UnexpectedReply("raw"),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: f"{type(error).__name__}-{error.code}")
def test_nothing_that_an_error_says_in_english_is_shown(error: MoorlineError) -> None:
    told = bluesky_words.of(marked(), error, identifier="ana.example.com")
    assert told is not None
    assert "raw" not in told.text
    assert told.text.startswith("«")
    assert told.text.endswith("»")


def test_every_account_that_cannot_be_connected_has_words_of_its_own() -> None:
    codes = {code for code, _ in (*NOT_ELIGIBLE.values(), INACTIVE)}
    told = {code: bluesky_words.of(a_look(), AccountNotEligible("x", code=code), identifier="x") for code in codes}
    assert all(problem is not None and problem.field == "identifier" for problem in told.values())
    assert len({problem.text for problem in told.values() if problem}) == len(codes)


async def used_up(world: World, redirect_url: str | None = APP_URL) -> tuple[Browser, Seen, Seen]:
    """A browser whose tries are over; the form's first page, and the answer to the last try."""
    browser, page = await form(world, redirect_url)
    for place in range(1, MAX_TRIES):
        again = await browser.send(page, button="connect", pick=WRONG)
        assert again.status == 400, place
    return browser, page, await browser.send(page, button="connect", pick=WRONG)


@on_both_engines
async def test_s60_a_form_takes_ten_tries_and_the_log_tells_how_it_ended(world: World, lines: Lines) -> None:
    browser, page, last = await used_up(world)
    assert last.status == 429
    assert "<h1>Too many tries</h1>" in last.text
    assert set(last.form().buttons) >= {"again"}
    assert f"{APP_URL}?error=token_exchange_failed&" in last.text
    before = await world.count()
    for seen in (await browser.open(page.url), await browser.send(page, button="connect", pick=GOOD)):
        assert seen.status == 429
        assert "<h1>Too many tries</h1>" in seen.text
    assert await world.count() == before
    (attempt_id,) = re.findall(r'<code id="reference" dir="ltr">([0-9a-f]{24})</code>', last.text)
    told = await world.ok("GET", f"/v1/connect/attempts/{attempt_id}")
    assert (told["status"], told["error"]) == ("failed", "token_exchange_failed")
    assert "aaaa-bbbb" not in lines.text
    assert await world.accounts() == []


async def test_s60_tries_at_once_are_ten_as_well(world: World) -> None:
    browser, page = await form(world)
    answers = await asyncio.gather(*(browser.send(page, button="connect", pick=WRONG) for _ in range(3 * MAX_TRIES)))
    assert {answer.status for answer in answers} <= {400, 429}
    assert len(await world.calls("bluesky", SIGN_IN)) == MAX_TRIES


async def test_s60_the_same_bound_holds_for_a_state_used_by_the_api(world: World) -> None:
    state = (await world.start("bluesky"))["state"]
    body = {"identifier": WRONG["identifier"], "appPassword": WRONG["appPassword"], "state": state}
    for _ in range(MAX_TRIES):
        failure(await world.call("POST", "/v1/connect/bluesky/credentials", body=body), 400, "invalid_credentials")
    body["appPassword"] = GOOD["appPassword"]
    failure(await world.call("POST", "/v1/connect/bluesky/credentials", body=body), 400, "invalid_state")


async def test_the_last_try_may_be_the_right_one(world: World) -> None:
    browser, page = await form(world)
    for _ in range(MAX_TRIES - 1):
        await browser.send(page, button="connect", pick=WRONG)
    assert "connected=bluesky" in location(await browser.send(page, button="connect", pick=GOOD))


async def test_what_is_not_sent_is_no_try(world: World) -> None:
    browser, page = await form(world)
    for _ in range(MAX_TRIES + 1):
        await browser.send(page, button="connect", pick={**GOOD, "appPassword": ""})
        await browser.send(page, button="connect", pick=MAIN)
    assert "connected=bluesky" in location(await browser.send(page, button="connect", pick=GOOD))


async def test_after_too_many_tries_one_can_start_again(world: World) -> None:
    browser, _, last = await used_up(world, None)
    fresh = await browser.follow(await browser.send(last, button="again"))
    end = await browser.follow(await browser.send(fresh, button="connect", pick=GOOD))
    assert "is connected" in end.text


async def test_s24_what_was_typed_and_hostile_names_are_shown_as_text(serve: Serve) -> None:
    world = await serve(BRAND='<b onclick="x">Brand</b>')
    await world.ok("PUT", f"/v1/profiles/{world.owner.profile_id}", body={"name": "<script>alert(2)</script>"})
    browser, page = await form(world)
    typed = "\"><img src=x onerror=alert(1)> 'single' \u202egnp {{ 7*7 }} " + "n" * 10_000
    seen = await browser.send(page, button="connect", pick={**GOOD, "identifier": typed})
    assert seen.status == 400
    for told in ("&lt;img", "&lt;script&gt;alert(2)", "&lt;b onclick="):
        assert told in seen.text
    assert not re.search(r"<(img|script|b|iframe|svg)\b", without_frame(seen.text))
    ((_, told),) = problems(seen)
    assert len(told) < 600
    assert dict(seen.form().fields)["identifier"] == typed[:512]
