"""Signing in and staying signed in at the simulated Bluesky servers. Facts: bluesky.md sections 4, 6, 9 and 10."""

import pytest

from tests.sandbox.conftest import Sandbox
from tests.sandbox.test_bluesky import (
    DEMO,
    ENTRYWAY,
    HOME,
    MAIN,
    SECOND,
    WRONG_PASSWORD,
    demo_session,
    header,
    payload,
    profile,
    refresh,
    refusal,
    sign_in,
)

# --- sign-in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", ["demo.bsky.social", " Demo.bsky.social ", DEMO, "demo@example.com"])
@pytest.mark.parametrize("host", [ENTRYWAY, HOME])
async def test_an_app_password_opens_a_session(sandbox: Sandbox, identifier: str, host: str) -> None:
    got = await sign_in(sandbox, identifier, "demo-demo-demo-demo", host=host)
    assert got.status == 200
    assert (got.json["did"], got.json["handle"], got.json["active"]) == (DEMO, "demo.bsky.social", True)
    assert got.json["didDoc"]["id"] == DEMO
    assert "status" not in got.json


async def test_tokens_have_the_documented_shape(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    access, refreshing = payload(session["accessJwt"]), payload(session["refreshJwt"])
    assert header(session["accessJwt"])["typ"] == "at+jwt"
    assert header(session["refreshJwt"])["typ"] == "refresh+jwt"
    assert access["exp"] - access["iat"] == 120 * 60
    assert refreshing["exp"] - refreshing["iat"] == 90 * 24 * 3600
    assert (access["sub"], access["aud"]) == (DEMO, f"did:web:{HOME}")
    assert (refreshing["scope"], bool(refreshing["jti"])) == ("com.atproto.refresh", True)


@pytest.mark.parametrize(
    ("identifier", "password", "scope"),
    [
        ("demo.bsky.social", "demo-demo-demo-demo", "com.atproto.appPass"),
        ("demo.bsky.social", "demo-demo-demo-priv", "com.atproto.appPassPrivileged"),
        ("demo.bsky.social", MAIN, "com.atproto.access"),
        ("queued.bsky.social", "queu-queu-queu-queu", "com.atproto.signupQueued"),
    ],
)
async def test_the_password_decides_the_scope(sandbox: Sandbox, identifier: str, password: str, scope: str) -> None:
    got = await sign_in(sandbox, identifier, password)
    assert payload(got.json["accessJwt"])["scope"] == scope


@pytest.mark.parametrize(
    ("identifier", "password"),
    [
        ("demo.bsky.social", "demo-demo-demo-wrng"),
        ("demo.bsky.social", ""),
        ("@demo.bsky.social", "demo-demo-demo-demo"),
        ("demo", "demo-demo-demo-demo"),
        ("nobody.bsky.social", "demo-demo-demo-demo"),
        ("tombstone.bsky.social", MAIN),
        ("gone.bsky.social", "gone-gone-gone-gone"),
        ("other.example.net", "othr-othr-othr-othr"),
        ("other@example.com", "othr-othr-othr-othr"),
    ],
)
async def test_a_wrong_sign_in_is_refused_in_one_way(sandbox: Sandbox, identifier: str, password: str) -> None:
    assert refusal(await sign_in(sandbox, identifier, password, host=ENTRYWAY)) == WRONG_PASSWORD


@pytest.mark.parametrize(
    "identifier", ["other.example.net", "other@example.com", "web.example.net", "dnsonly.example.net"]
)
async def test_the_second_server_signs_in_its_own_people(sandbox: Sandbox, identifier: str) -> None:
    label = {"oth": "othr", "web": "webb", "dns": "dnso"}[identifier[:3]]
    got = await sign_in(sandbox, identifier, "-".join([label] * 4), host=SECOND)
    assert got.status == 200
    assert payload(got.json["accessJwt"])["aud"] == f"did:web:{SECOND}"


async def test_the_second_server_refuses_people_of_the_first(sandbox: Sandbox) -> None:
    assert refusal(await sign_in(sandbox, DEMO, "demo-demo-demo-demo", host=SECOND)) == WRONG_PASSWORD


@pytest.mark.parametrize("label", ["sleeping", "suspended"])
async def test_a_paused_account_signs_in_and_is_not_active(sandbox: Sandbox, label: str) -> None:
    got = await sign_in(sandbox, f"{label}.bsky.social", "-".join([label[:4]] * 4))
    assert got.status == 200
    assert got.json["active"] is False
    assert got.json["status"] == {"sleeping": "deactivated", "suspended": "suspended"}[label]


async def test_a_taken_down_account_is_told_so_with_its_main_password(sandbox: Sandbox) -> None:
    got = await sign_in(sandbox, "gone.bsky.social", MAIN)
    assert refusal(got) == (401, "AccountTakedown", "Account has been taken down")


async def test_a_taken_down_account_can_ask_for_a_narrow_token(sandbox: Sandbox) -> None:
    got = await sign_in(sandbox, "gone.bsky.social", MAIN, allowTakendown=True)
    assert payload(got.json["accessJwt"])["scope"] == "com.atproto.takendown"
    assert (got.json["active"], got.json["status"]) == (False, "takendown")
    use = await profile(sandbox, DEMO, host=HOME, token=got.json["accessJwt"])
    assert refusal(use) == (400, "InvalidToken", "Bad token scope")


async def test_a_second_factor_is_asked_for_the_main_password_only(sandbox: Sandbox) -> None:
    name = "twofactor.bsky.social"
    asked = await sign_in(sandbox, name, MAIN)
    assert refusal(asked)[:2] == (401, "AuthFactorTokenRequired")
    assert (await sign_in(sandbox, name, MAIN, authFactorToken="WRONG-WRONG")).status == 400
    assert (await sign_in(sandbox, name, MAIN, authFactorToken="DEMO2-DEMO2")).json["emailAuthFactor"] is True
    assert (await sign_in(sandbox, name, "twof-twof-twof-twof")).status == 200


async def test_a_very_long_password_is_refused(sandbox: Sandbox) -> None:
    got = await sign_in(sandbox, DEMO, "x" * 513)
    text = "Password too long. Consider resetting your password."
    assert refusal(got) == (401, "AuthenticationRequired", text)


@pytest.mark.parametrize("form", [{"identifier": DEMO}, {"password": "x"}, {"identifier": DEMO, "password": 1}, []])
async def test_an_incomplete_sign_in_is_an_invalid_request(sandbox: Sandbox, form: object) -> None:
    got = await sandbox.send("POST", HOME, "/xrpc/com.atproto.server.createSession", json=form)
    assert (got.status, got.json["error"]) == (400, "InvalidRequest")


async def test_a_sign_in_must_be_json(sandbox: Sandbox) -> None:
    path = "/xrpc/com.atproto.server.createSession"
    got = await sandbox.send("POST", HOME, path, data=b"identifier=a&password=b")
    assert (got.status, got.json["error"]) == (400, "InvalidRequest")


async def test_the_31st_sign_in_in_five_minutes_is_throttled(sandbox: Sandbox) -> None:
    for left in range(29, -1, -1):
        got = await sign_in(sandbox, DEMO, "demo-demo-demo-wrng")
        assert got.status == 401
        assert got.headers["RateLimit-Remaining"] == str(left)
    throttled = await sign_in(sandbox, DEMO, "demo-demo-demo-demo")
    assert refusal(throttled) == (429, "RateLimitExceeded", "Rate Limit Exceeded")
    assert throttled.headers["RateLimit-Limit"] == "30"
    assert throttled.headers["RateLimit-Policy"] == "30;w=300"
    assert int(throttled.headers["RateLimit-Reset"]) > 0
    assert "Retry-After" not in throttled.headers
    assert (await sign_in(sandbox, "plain.bsky.social", "plai-plai-plai-plai")).status == 200
    await sandbox.advance(301)
    assert (await sign_in(sandbox, DEMO, "demo-demo-demo-demo")).status == 200


async def test_the_daily_limit_holds_across_windows(sandbox: Sandbox) -> None:
    for _ in range(10):
        for _ in range(30):
            await sign_in(sandbox, DEMO, "wrong")
        await sandbox.advance(301)
    throttled = await sign_in(sandbox, DEMO, "demo-demo-demo-demo")
    assert throttled.status == 429
    assert throttled.headers["RateLimit-Policy"] == "300;w=86400"


# --- sessions ---------------------------------------------------------------------------------------------------------


async def test_the_session_can_be_read_with_the_access_token(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    path = "/xrpc/com.atproto.server.getSession"
    got = await sandbox.send("GET", HOME, path, token=session["accessJwt"])
    assert (got.json["did"], got.json["email"]) == (DEMO, "demo@example.com")
    assert "accessJwt" not in got.json
    assert refusal(await sandbox.send("GET", HOME, path))[:2] == (401, "AuthMissing")


async def test_an_expired_access_token_is_a_400(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    await sandbox.advance(120 * 60 - 5)
    assert (await profile(sandbox, DEMO, host=HOME, token=session["accessJwt"])).status == 200
    await sandbox.advance(6)
    got = await profile(sandbox, DEMO, host=HOME, token=session["accessJwt"])
    assert refusal(got) == (400, "ExpiredToken", "Token has expired")


async def test_refreshing_gives_a_new_pair(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    got = await refresh(sandbox, session["refreshJwt"])
    assert (got.status, got.json["did"], got.json["handle"]) == (200, DEMO, "demo.bsky.social")
    assert payload(got.json["refreshJwt"])["jti"] != payload(session["refreshJwt"])["jti"]
    assert payload(got.json["accessJwt"])["scope"] == "com.atproto.appPass"


async def test_a_refresh_token_used_again_leads_to_the_same_next_id(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    first = (await refresh(sandbox, session["refreshJwt"])).json["refreshJwt"]
    await sandbox.advance(3600)
    second = (await refresh(sandbox, session["refreshJwt"], host=ENTRYWAY)).json["refreshJwt"]
    assert payload(first)["jti"] == payload(second)["jti"]


async def test_the_grace_of_a_used_refresh_token_ends_after_two_hours(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    following = (await refresh(sandbox, session["refreshJwt"])).json["refreshJwt"]
    await sandbox.advance(3600)
    assert (await refresh(sandbox, session["refreshJwt"])).status == 200
    await sandbox.advance(3601)
    got = await refresh(sandbox, session["refreshJwt"])
    assert refusal(got) == (400, "ExpiredToken", "Token has been revoked")
    assert (await refresh(sandbox, following)).status == 200


async def test_an_unused_refresh_token_expires_after_90_days(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    await sandbox.advance(90 * 24 * 3600 + 1)
    assert refusal(await refresh(sandbox, session["refreshJwt"])) == (400, "ExpiredToken", "Token has expired")


async def test_refreshing_refuses_other_tokens(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    forged = session["refreshJwt"][:-4] + "AAAA"
    assert refusal(await refresh(sandbox, session["accessJwt"])) == (400, "InvalidToken", "Bad token scope")
    assert refusal(await refresh(sandbox, "garbage")) == (400, "InvalidToken", "Token could not be verified")
    assert refusal(await refresh(sandbox, forged)) == (400, "InvalidToken", "Token could not be verified")
    assert refusal(await refresh(sandbox, None))[:2] == (401, "AuthMissing")


async def test_refreshing_refuses_a_body(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    assert (await refresh(sandbox, session["refreshJwt"], body=b"{}")).json["error"] == "InvalidRequest"


async def test_another_server_cannot_verify_the_tokens(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    got = await refresh(sandbox, session["refreshJwt"], host=SECOND)
    assert refusal(got) == (400, "InvalidToken", "Token could not be verified")


async def test_a_deleted_session_cannot_be_refreshed(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    path = "/xrpc/com.atproto.server.deleteSession"
    refused = await sandbox.send("POST", HOME, path, token=session["accessJwt"])
    assert refusal(refused) == (400, "InvalidToken", "Bad token scope")
    done = await sandbox.send("POST", HOME, path, token=session["refreshJwt"])
    assert (done.status, done.text) == (200, "")
    assert refusal(await refresh(sandbox, session["refreshJwt"])) == (400, "ExpiredToken", "Token has been revoked")


async def test_an_expired_session_can_be_deleted(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    await sandbox.advance(91 * 24 * 3600)
    path = "/xrpc/com.atproto.server.deleteSession"
    assert (await sandbox.send("POST", HOME, path, token=session["refreshJwt"])).status == 200


async def test_everything_secret_is_on_the_list_of_issued_secrets(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    issued = {(noted["kind"], noted["value"]) for noted in (await sandbox.control("GET", "issued")).json}
    assert {
        ("app_password", "demo-demo-demo-demo"),
        ("access_token", session["accessJwt"]),
        ("refresh_token", session["refreshJwt"]),
    } <= issued


async def test_tokens_do_not_survive_a_reset(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    await sandbox.reset()
    assert (await refresh(sandbox, session["refreshJwt"])).json["error"] == "InvalidToken"
