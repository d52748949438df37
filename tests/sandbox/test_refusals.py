"""Every OAuth platform of the sandbox refuses what real authorization servers refuse."""

from dataclasses import replace

import pytest

from moorline.sandbox import ALL
from moorline.sandbox.oauth_platform import OAuthPlatform
from tests.sandbox.conftest import Sandbox
from tests.sandbox.oauth_platforms import OAUTH_PLATFORMS
from tests.sandbox.refusals import STATE, OAuthUnderTest, attempts, bad_requests, callback_of

each_platform = pytest.mark.parametrize("under", OAUTH_PLATFORMS, ids=lambda under: under.name)
each_bad_request = pytest.mark.parametrize(
    ("under", "fault"), [(under, fault) for under in OAUTH_PLATFORMS for fault in bad_requests(under)]
)
each_attempt = pytest.mark.parametrize(
    ("under", "attempt"), [(under, attempt) for under in OAUTH_PLATFORMS for attempt in attempts(under)]
)


def test_every_oauth_platform_stands_before_the_battery() -> None:
    played = {platform.name for platform in ALL if issubclass(platform, OAuthPlatform)}
    assert played == {under.name for under in OAUTH_PLATFORMS}


@each_platform
def test_every_platform_words_exactly_the_refusals_that_apply_to_it(under: OAuthUnderTest) -> None:
    assert set(under.answers) == set(attempts(under))


@each_bad_request
async def test_a_bad_authorization_request_ends_on_a_page_and_never_redirects(
    sandbox: Sandbox, under: OAuthUnderTest, fault: str
) -> None:
    changes = bad_requests(under)[fault]
    for got in (await under.open_page(sandbox, changes), await under.decide(sandbox, changes=changes)):
        assert (got.status, got.headers["Content-Type"]) == under.page
        assert "Location" not in got.headers


@each_platform
@pytest.mark.parametrize("change", ["{}/", "{}?", "{}?a=1", "{}#", "{}%20", "{} ", "HTTP{}"])
async def test_a_redirect_uri_that_differs_by_a_byte_is_refused(
    sandbox: Sandbox, under: OAuthUnderTest, change: str
) -> None:
    registered = under.callback(sandbox)
    differing = change.replace("HTTP{}", registered.replace("http", "HTTP", 1)).format(registered)
    assert (await under.open_page(sandbox, {"redirect_uri": differing})).status == under.page[0]


@each_platform
async def test_plain_http_is_taken_on_loopback_only(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    away = replace(under, client_id="away", client_secret="away-secret-0123456789")
    uri = "http://away.example/callback"
    app = {"platform": under.name, "client_id": "away", "client_secret": "away-secret-0123456789"}
    assert (await sandbox.control("POST", "apps", {**app, "redirect_uris": [uri]})).status == 201
    assert (await under.open_page(sandbox)).status == 200
    assert (await away.open_page(sandbox, {"redirect_uri": uri})).status == under.page[0]


@each_platform
async def test_strict_https_ends_the_loopback_deviation(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    await sandbox.control("POST", "settings", {"strict_https": True})
    assert (await under.open_page(sandbox)).status == under.page[0]
    assert (await under.decide(sandbox)).status == under.page[0]


@each_attempt
async def test_the_token_endpoint_refuses_in_the_platforms_words(
    sandbox: Sandbox, under: OAuthUnderTest, attempt: str
) -> None:
    got = await attempts(under)[attempt](under, sandbox)
    assert (got.status, under.summary(got.json)) == under.answers[attempt]


@each_platform
async def test_a_denial_brings_the_state_back_and_no_code(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    sent_back = callback_of(await under.decide(sandbox, decision="deny"))
    assert sent_back == {**under.denial, "state": STATE}


@each_platform
async def test_an_approval_brings_the_state_back_with_a_code(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    sent_back = callback_of(await under.decide(sandbox))
    assert set(sent_back) == {"code", "state"} | under.sent_back
    assert sent_back["state"] == STATE


@pytest.mark.parametrize(
    "under", [under for under in OAUTH_PLATFORMS if under.redirect_query], ids=lambda under: under.name
)
async def test_a_callback_keeps_its_own_query(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    own = replace(under, client_id="own", client_secret="own-secret-0123456789")
    uri = "https://own.example/callback?tenant=7"
    app = {"platform": under.name, "client_id": "own", "client_secret": "own-secret-0123456789"}
    await sandbox.control("POST", "apps", {**app, "redirect_uris": [uri]})
    got = await own.decide(sandbox, changes={"redirect_uri": uri})
    assert got.headers["Location"].startswith(f"{uri}&")
    assert callback_of(got)["tenant"] == "7"


@each_platform
@pytest.mark.parametrize("change", [{"person": "nobody"}, {"decision": "perhaps"}, {"scope": "make.coffee"}], ids=str)
async def test_a_form_the_page_could_not_have_sent_is_refused(
    sandbox: Sandbox, under: OAuthUnderTest, change: dict[str, str]
) -> None:
    host, path = under.authorize
    form = {"person": "plenty", "decision": "approve", "scope": under.scopes[0], **change}
    got = await sandbox.send("POST", host, path, params=under.query(sandbox), data=form)
    assert got.status == under.page[0]


@each_platform
async def test_everything_a_platform_hands_out_is_on_the_books(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    code = await under.code(sandbox)
    answer = under.token_answer((await under.redeem(sandbox, code)).json)
    issued = {(entry["kind"], entry["value"]) for entry in (await sandbox.control("GET", "issued")).json}
    assert {("code", code), ("access_token", answer["access_token"])} <= issued
    if under.refresh:
        assert ("refresh_token", answer["refresh_token"]) in issued
