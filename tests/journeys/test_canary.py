"""S30: no secret of any flow stands in the database files, the logs, or anything a client was sent."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from moorline import platforms
from moorline.cli.browser import Browser, Seen
from tests.journeys import canary_life
from tests.journeys.choices import CHOICES, OPTIONS, Choice, Option, opened, save
from tests.journeys.conftest import OwnServer, seen_from_outside
from tests.journeys.journey import Journey, Recorder, location, query_of

# Whatever form a secret takes, it lies within one of these (no spaces, quotes or angle brackets).
RUN = re.compile(rb"[!#-;=?-~]{10,}")
MAIN_PASSWORD = "main-password"
TOKEN_ENDPOINTS = {
    "facebook": "POST /{version}/oauth/access_token",
    "instagram": "POST /oauth/access_token",
    "twitter": "POST /2/oauth2/token",
    "linkedin": "POST /oauth/v2/accessToken",
    "tiktok": "POST /v2/oauth/token/",
    "youtube": "POST /token",
    "threads": "POST /oauth/access_token",
    "reddit": "POST /api/v1/access_token",
    "pinterest": "POST /v5/oauth/token",
    "googlebusiness": "POST /token",
    "snapchat": "POST /login/oauth2/access_token",
}
OAUTH = sorted(TOKEN_ENDPOINTS)
KINDS = {
    "access_token",
    "refresh_token",
    "id_token",
    "code",
    "code_verifier",
    "page_token",
    "app_password",
    "app_secret",
    "bot_token",
}


def forms_of(secret: str) -> set[bytes]:
    """The secret as it is, percent-encoded once and twice, in hex, and as it looks within any base64 text."""
    plain = secret.encode()
    once = quote(secret, safe="")
    forms = {plain, once.encode(), quote(once, safe="").encode(), plain.hex().encode(), plain.hex().upper().encode()}
    for before in range(3):
        # What the characters at either end become depends on what stands beside the secret: only the core is sure.
        encoded = base64.b64encode(bytes(before) + plain)
        core = encoded[-(-before * 4 // 3) : (before + len(plain)) // 3 * 4]
        forms |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    return forms


def without_code(url: str) -> str:
    """The address without the platform's own code, the one secret that a callback carries."""
    parts = urlsplit(url)
    if not re.search(r"/callback(/[0-9a-f]{24})?$", parts.path):
        return url
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "code"]
    return parts._replace(query=urlencode(kept)).geturl()


def seen_by_clients(recorder: Recorder) -> Iterator[tuple[str, bytes]]:
    """Every address called, and every header and body the service answered (the platforms' own pages are theirs)."""
    for sent in recorder.sent:
        path = urlsplit(sent.url).path
        if path.startswith("/_sandbox/"):
            continue
        yield f"address {path}", without_code(sent.url).encode()
        if not path.startswith("/sandbox/"):
            yield f"answer of {path}", sent.got.encode()


def files_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file but the one that holds the demo's own keys."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "demo-keys.json":
            yield f"file {path.name}", path.read_bytes()


def found_in(places: list[tuple[str, bytes]], secrets: dict[str, str]) -> set[tuple[str, str]]:
    """Which kind of secret stands where."""
    searched = [(place, b"\n".join(RUN.findall(content))) for place, content in places]
    found = set()
    for value, kind in secrets.items():
        forms = forms_of(value)
        assert all(RUN.fullmatch(form) for form in forms), f"a {kind} that runs would cut"
        found |= {(kind, place) for place, runs in searched if any(form in runs for form in forms)}
    return found


# --- every flow, with everything that can go wrong in it --------------------------------------------------------------


async def twitter_flows(journey: Journey) -> None:
    landed = query_of(await journey.landing("twitter"))
    await journey.landing("twitter", None, button="deny")
    for trouble in (
        {"status": 400, "body": {"error": "invalid_grant", "error_description": "No such code: {code}"}},
        {"status": 200, "body": "<html>{code}</html>"},
        {"status": 200, "body": {"access_token": ["{code}"]}},
        {"status": 503, "body": "{code}"},
    ):
        await failing_callback(journey, "twitter", trouble)
    started = await journey.start("twitter")
    returned = query_of(await journey.consent(started["authUrl"], browser=await journey.browser(), person="single"))
    body = {"code": returned["code"], "state": started["state"], "profileId": journey.profile_id}
    wrong = {**body, "state": "x" * 43}
    assert (await journey.call("POST", "connect/twitter", body=wrong)).status == 400
    assert (await journey.call("POST", "connect/twitter", body=body, headers=once("a"))).status == 200
    assert (await journey.call("POST", "connect/twitter", body=body, headers=once("a"))).status == 200
    assert (await journey.call("DELETE", f"accounts/{landed['accountId']}")).status == 200


async def failing_callback(journey: Journey, platform: str, trouble: dict[str, object]) -> None:
    """A platform that repeats the code it was sent in its refusal."""
    browser = await journey.browser()
    callback = await journey.consent((await journey.start(platform))["authUrl"], browser=browser)
    code = query_of(callback)["code"]
    body = trouble["body"]
    echoed = body.replace("{code}", code) if isinstance(body, str) else with_code(body, code)
    await journey.fault(platform, TOKEN_ENDPOINTS[platform], status=trouble["status"], body=echoed)
    location(await browser.open(callback))
    # The same code again, with a state that is spent and with one that never was.
    await (await journey.browser()).open(callback.replace("state=", "state=x"))


def with_code(value: object, code: str) -> object:
    if isinstance(value, dict):
        return {name: with_code(item, code) for name, item in value.items()}
    if isinstance(value, list):
        return [with_code(item, code) for item in value]
    return value.replace("{code}", code) if isinstance(value, str) else value


def once(key: str) -> dict[str, str]:
    return {"idempotency-key": f"canary-{key}"}


async def facebook_flows(journey: Journey) -> None:
    fields = await journey.selection()
    query = {"profileId": journey.profile_id, "tempToken": fields["tempToken"]}
    listed = await journey.get("connect/facebook/select-page", **query)
    token = {"x-connect-token": fields["connect_token"]}
    assert (await journey.call("GET", "connect/facebook/select-page", key=None, headers=token)).status == 200
    first, second = listed["pages"][0]["id"], listed["pages"][1]["id"]
    chosen = await journey.select(fields, first)
    assert (await journey.select(fields, second)).status == 200
    assert (await journey.select(fields, "190")).status == 404
    await journey.fault("facebook", "GET /{version}/me/accounts", status=200, body="<html>", count=3)
    assert (await journey.call("GET", "connect/facebook/select-page", query=query)).status == 500
    await journey.control("DELETE", "faults")
    message = {"message": "Error validating code {code}", "type": "OAuthException", "code": 100}
    for status in (400, 500):
        await failing_callback(journey, "facebook", {"status": status, "body": {"error": message}})
    browser = await journey.browser()
    for button in ("connect", "cancel"):
        page = await open_chooser(journey, browser)
        await browser.open(location(await browser.send(page, button=button, pick={"choice": "2"})))
    await journey.landing("facebook", None, person="none")
    await journey.landing("facebook", None, untick={"pages_show_list"})
    await journey.control("POST", "revoke", {"platform": "facebook", "person": "plenty"})
    assert (await journey.call("GET", "connect/facebook/select-page", query=query)).json["code"] == "token_revoked"
    assert (await journey.call("DELETE", f"accounts/{chosen.json['account']['accountId']}")).status == 200


async def open_chooser(journey: Journey, browser: Browser) -> Seen:
    started = await journey.start("facebook", None)
    returned = await browser.open(await journey.consent(started["authUrl"], browser=browser))
    return await browser.follow(returned)


async def oauth_flows(journey: Journey) -> None:
    """Every platform with a consent page: hosted, headless, denied, by code, and answered badly."""
    for platform in OAUTH:
        landed = query_of(await journey.through_pages((await journey.start(platform))["authUrl"]))
        assert landed["connected"] == platform
        await journey.landing(platform, headless=True)
        await journey.landing(platform, None, button="deny")
        started = await journey.start(platform)
        returned = query_of(await journey.consent(started["authUrl"], browser=await journey.browser()))
        body = {"code": returned["code"], "state": started["state"], "profileId": journey.profile_id}
        for status in (200, 400):
            assert (await journey.call("POST", f"connect/{platform}", body=body)).status == status
        for trouble in (
            {"status": 400, "body": {"error": "invalid_grant", "error_description": "No such code: {code}"}},
            {"status": 200, "body": "<html>{code}</html>"},
        ):
            await failing_callback(journey, platform, trouble)


async def choice_flows(journey: Journey) -> None:
    """Every choice made headless, with handles that are good, used and wrong, and a list that tells tokens."""
    for choice in CHOICES:
        fields = await opened(journey, choice)
        first, second = (item["id"] for item in fields[choice.listed][:2])
        for one, expected in ((first, {200}), (second, {200}), ("190", {400, 404})):
            assert (await save(journey, choice, fields, one)).status in expected
        assert (await save(journey, choice, {**fields, "tempToken": "x"}, first)).status == 400
        # The connect token lists and saves once, then it is dead.
        fields = await opened(journey, choice)
        token = {"x-connect-token": fields["connect_token"]}
        query = {"token": fields["pendingDataToken"]} if "pendingDataToken" in fields else {}
        listed = await journey.call("GET", choice.listing, key=None, headers=token, query=query)
        assert listed.status == 200, listed.text
        for status in (200, 401):
            saved = await journey.call("POST", choice.saving, key=None, headers=token, body=choice.body_of(first))
            assert saved.status == status, saved.text
        fields = await opened(journey, choice)
        await tells_tokens(journey, choice)
        query = {name: fields[name] for name in ("profileId", "tempToken")}
        listed = await journey.call("GET", choice.listing, query=query)
        assert 500 in {listed.status, (await save(journey, choice, fields, second)).status}
        await journey.control("DELETE", "faults")


async def organization_details(journey: Journey) -> None:
    """What a pendingDataToken opens, for nobody's key, and what its tempToken does."""
    fields = await journey.selection("linkedin")
    pending = await journey.get("connect/pending-data", token=fields["pendingDataToken"])
    again = {"token": fields["pendingDataToken"]}
    assert (await journey.call("GET", "connect/pending-data", key=None, query=again)).status == 404
    query = {"tempToken": pending["tempToken"], "orgIds": ",".join(one["id"] for one in pending["organizations"])}
    for status in (200, 500):
        answer = await journey.call("GET", "connect/linkedin/organizations", key=None, query=query)
        assert answer.status == status, answer.text
        await journey.control("POST", "revoke", {"platform": "linkedin", "person": "plenty"})


async def option_flows(journey: Journey) -> None:
    """What a connected account may be switched to: listed, chosen, refused, and told with tokens in it."""
    for option in OPTIONS:
        landed = query_of(await journey.through_pages((await journey.start(option.platform))["authUrl"], choice="2"))
        account = f"accounts/{landed['accountId']}"
        items = (await journey.get(f"{account}/{option.listing}"))[option.listed]
        for item, status in ((items[4 if len(items) > 4 else -1], {200, 409}), ({"id": "190", "name": "x"}, {400})):
            told = await journey.call("PUT", f"{account}/{option.saving}", body=option.body_of(item))
            assert told.status in status, told.text
        await tells_tokens(journey, option)
        anew = {"refresh": "true"}
        assert (await journey.call("GET", f"{account}/{option.listing}", query=anew)).status == 500
        await journey.control("DELETE", "faults")
        assert (await journey.call("GET", f"{account}/{option.listing}", query=anew)).status == 200


async def tells_tokens(journey: Journey, asked: Choice | Option) -> None:
    """The platform repeats, in the refusal of a list, every token it ever issued."""
    issued = [one["value"] for one in await journey.control("GET", "issued") if one["platform"] == asked.platform]
    body = {"error": {"message": " ".join(issued), "code": "x"}, "message": " ".join(issued), "code": 1}
    await journey.fault(asked.platform, asked.endpoint, status=400, body=body, count=20)


async def disconnecting(journey: Journey) -> None:
    """One account of every platform is disconnected; where there are two, tokens stay in the database."""
    ended = set()
    for account in await journey.accounts():
        if account["platform"] not in ended:
            ended.add(account["platform"])
            assert (await journey.call("DELETE", f"accounts/{account['_id']}")).status == 200
    assert ended == {platform.name for platform in platforms.ALL}


async def bluesky_flows(journey: Journey) -> None:
    state = f"{journey.server.user_id}-{journey.profile_id}"
    for identifier, password, status in (
        ("demo.bsky.social", "demo-demo-demo-demo", 200),
        ("demo@example.com", "demo-demo-demo-priv", 200),
        ("other.example.net", "othr-othr-othr-othr", 200),
        ("demo.bsky.social", MAIN_PASSWORD, 400),
        ("twofactor.bsky.social", MAIN_PASSWORD, 400),
        ("demo.bsky.social", "othr-othr-othr-othr", 400),
        ("gone.bsky.social", "gone-gone-gone-gone", 400),
    ):
        body = {"identifier": identifier, "appPassword": password, "state": state}
        answer = await journey.call("POST", "connect/bluesky/credentials", body=body, headers=once(identifier + state))
        assert answer.status in {status, 409}, answer.text
    await journey.fault("bluesky", "POST /xrpc/com.atproto.server.createSession", status=500, body="{}")
    body = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo", "state": state}
    assert (await journey.call("POST", "connect/bluesky/credentials", body=body)).status == 500
    browser = await journey.browser()
    page = await browser.open((await journey.start("bluesky", None))["authUrl"])
    typed = {"identifier": "demo.bsky.social", "appPassword": MAIN_PASSWORD}
    page = await browser.send(page, button="connect", pick=typed)
    assert page.status == 400
    page = await browser.send(page, button="connect", pick={**typed, "appPassword": "demo-demo-demo-demo"})
    await browser.open(location(page))
    for account in await journey.accounts():
        if account["platform"] == "bluesky" and account["username"] != "demo.bsky.social":
            assert (await journey.call("DELETE", f"accounts/{account['_id']}")).status == 200


async def telegram_flows(journey: Journey) -> None:
    issued = await journey.start("telegram", None)
    browser = await journey.browser()
    await journey.tell_bot(f"{issued['code']} @mychannel", sender="stranger")
    assert "note" in await journey.code_settles(issued["code"])
    page = await browser.open(issued["authUrl"])
    await journey.tell_bot(f"{issued['code']} @mychannel")
    await journey.until(lambda told: told["status"] == "connected", issued["code"])
    await browser.open(location(await browser.send(page, button="check")))
    for chat in ("-1001234567890", "@notadmin", "@nosuchchannel", "-100999"):
        await journey.call("POST", "connect/telegram", body={"chatId": chat, "profileId": journey.profile_id})
    await journey.fault("telegram", "POST /bot{token}/getChat", status=502, body="<html>", count=3)
    direct = {"chatId": "@mychannel", "profileId": journey.profile_id}
    assert (await journey.call("POST", "connect/telegram", body=direct)).status == 500


async def test_s30_no_secret_is_found_in_files_logs_answers_or_addresses(own_server: OwnServer) -> None:
    recorder = Recorder()
    with own_server(MOORLINE_LOG_LEVEL="DEBUG") as server:
        async with Journey.through(seen_from_outside(server), recorder=recorder) as journey:
            for flows in (
                twitter_flows,
                facebook_flows,
                bluesky_flows,
                telegram_flows,
                oauth_flows,
                choice_flows,
                organization_details,
                option_flows,
                disconnecting,
                *canary_life.FLOWS,
            ):
                await flows(journey)
            for path in ("accounts", "users", "profiles", "api-keys", "usage-stats"):
                await journey.get(path)
            issued = await journey.control("GET", "issued")
        secrets = {entry["value"]: entry["kind"] for entry in issued} | {MAIN_PASSWORD: "app_password"}
        assert set(secrets.values()) == KINDS
        secrets |= canary_life.GIVEN
        assert {entry["platform"] for entry in issued} == {platform.name for platform in platforms.ALL}
        running = list(files_in(server.data_dir))
        assert {"file moorline.sqlite3", "file moorline.sqlite3-wal", "file moorline.sqlite3-shm"} <= dict(
            running
        ).keys()
    stopped = list(files_in(server.data_dir))

    clients = list(seen_by_clients(recorder))
    assert len(clients) > 100
    logged = [("log", server.log.encode())]
    assert server.log.count("outbound_call") > 50
    assert server.log.count("connect_failed") >= 7
    assert found_in(running + stopped + clients + logged, secrets) == set()
    # The API key is the caller's own; nothing but its hash is kept.
    assert found_in(running + stopped + logged, {server.api_key: "api_key"}) == set()


def test_s30_the_search_finds_every_form_of_a_secret() -> None:
    secret = "EAABwzLixnjYBO+tok/en~secret-value"
    for around in ("", "a", "ab", "abc"):
        text = around + secret + around
        for hidden in (
            text.encode(),
            urlencode({"next": text}).encode(),
            urlencode({"next": urlencode({"token": text})}).encode(),
            text.encode().hex().encode(),
            base64.b64encode(text.encode()),
            base64.urlsafe_b64encode(text.encode()),
        ):
            assert found_in([("somewhere", b"before " + hidden + b" after")], {secret: "token"})
