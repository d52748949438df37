"""Handles, documents, profiles and the control calls of the simulated Bluesky. Facts: bluesky.md sections 2 and 7."""

import base64
import json
from typing import Any

import pytest

from tests.sandbox.conftest import Got, Sandbox

ENTRYWAY = "bsky.social"
HOME = "morel.us-east.host.bsky.network"
SECOND = "pds.example.net"
APPVIEW = "public.api.bsky.app"
DIRECTORY = "plc.directory"
DEMO = "did:plc:demodemodemodemodemodemo"
MAIN = "main-password"


async def sign_in(sandbox: Sandbox, identifier: str, password: str, *, host: str = HOME, **more: object) -> Got:
    form = {"identifier": identifier, "password": password, **more}
    return await sandbox.send("POST", host, "/xrpc/com.atproto.server.createSession", json=form)


async def demo_session(sandbox: Sandbox) -> dict[str, Any]:
    got = await sign_in(sandbox, DEMO, "demo-demo-demo-demo")
    assert got.status == 200
    session: dict[str, Any] = got.json
    return session


async def refresh(sandbox: Sandbox, token: str | None, *, host: str = HOME, body: bytes | None = None) -> Got:
    return await sandbox.send("POST", host, "/xrpc/com.atproto.server.refreshSession", token=token, data=body)


async def profile(sandbox: Sandbox, actor: str, *, host: str = APPVIEW, token: str | None = None) -> Got:
    return await sandbox.send("GET", host, "/xrpc/app.bsky.actor.getProfile", params={"actor": actor}, token=token)


async def resolve(sandbox: Sandbox, handle: str, host: str = APPVIEW) -> Got:
    path = "/xrpc/com.atproto.identity.resolveHandle"
    return await sandbox.send("GET", host, path, params={"handle": handle})


def payload(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


def header(token: str) -> dict[str, Any]:
    head: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "=="))
    return head


def refusal(got: Got) -> tuple[int, str, str]:
    assert set(got.json) == {"error", "message"}
    return got.status, got.json["error"], got.json["message"]


WRONG_PASSWORD = (401, "AuthenticationRequired", "Invalid identifier or password")

# --- identity ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [ENTRYWAY, HOME, SECOND, APPVIEW])
async def test_every_server_resolves_every_handle(sandbox: Sandbox, host: str) -> None:
    assert (await resolve(sandbox, "demo.bsky.social", host)).json == {"did": DEMO}
    assert (await resolve(sandbox, "WEB.example.net", host)).json == {"did": "did:web:web.example.net"}


async def test_an_unknown_handle_cannot_be_resolved(sandbox: Sandbox) -> None:
    got = await resolve(sandbox, "nobody.bsky.social")
    assert refusal(got) == (400, "InvalidRequest", "Unable to resolve handle")


@pytest.mark.parametrize("handle", ["demo", "@demo.bsky.social", "demo.bsky.1social", "", "a..b"])
async def test_what_is_no_handle_is_an_invalid_request(sandbox: Sandbox, handle: str) -> None:
    got = await resolve(sandbox, handle)
    assert (got.status, got.json["error"]) == (400, "InvalidRequest")


async def test_a_handle_host_serves_its_did_as_plain_text(sandbox: Sandbox) -> None:
    got = await sandbox.send("GET", "demo.bsky.social", "/.well-known/atproto-did")
    assert (got.status, got.text) == (200, DEMO)
    assert got.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("host", ["nobody.bsky.social", "whoever.bsky.social", "dnsonly.example.net"])
async def test_a_host_without_a_well_known_file_answers_404(sandbox: Sandbox, host: str) -> None:
    assert (await sandbox.send("GET", host, "/.well-known/atproto-did")).status == 404


async def test_the_directory_names_the_server_of_an_account(sandbox: Sandbox) -> None:
    got = await sandbox.send("GET", DIRECTORY, f"/{DEMO}")
    assert got.headers["content-type"].startswith("application/did+ld+json")
    assert got.json["id"] == DEMO
    assert got.json["alsoKnownAs"] == ["at://demo.bsky.social"]
    assert got.json["service"] == [
        {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": f"https://{HOME}"}
    ]


async def test_the_directory_does_not_know_a_foreign_did(sandbox: Sandbox) -> None:
    assert (await sandbox.send("GET", DIRECTORY, "/did:plc:zzzzzzzzzzzzzzzzzzzzzzzz")).status == 404
    assert (await sandbox.send("GET", DIRECTORY, "/did:web:web.example.net")).status == 404


async def test_a_deleted_did_is_a_tombstone(sandbox: Sandbox) -> None:
    did = (await resolve(sandbox, "tombstone.bsky.social")).json["did"]
    assert (await sandbox.send("GET", DIRECTORY, f"/{did}")).status == 410


async def test_a_web_did_is_served_by_its_own_host(sandbox: Sandbox) -> None:
    got = await sandbox.send("GET", "web.example.net", "/.well-known/did.json")
    assert got.json["id"] == "did:web:web.example.net"
    assert got.json["service"][0]["serviceEndpoint"] == f"https://{SECOND}"


async def test_a_mismatched_handle_is_not_named_by_its_document(sandbox: Sandbox) -> None:
    did = (await resolve(sandbox, "mismatch.bsky.social")).json["did"]
    document = (await sandbox.send("GET", DIRECTORY, f"/{did}")).json
    assert "at://mismatch.bsky.social" not in document["alsoKnownAs"]
    assert (await profile(sandbox, did)).json["handle"] == "handle.invalid"


# --- profiles ---------------------------------------------------------------------------------------------------------


async def test_the_public_view_shows_a_profile_without_sign_in(sandbox: Sandbox) -> None:
    for actor in (DEMO, "demo.bsky.social"):
        got = await profile(sandbox, actor)
        assert (got.json["did"], got.json["displayName"]) == (DEMO, "Demo Person")
        assert got.json["avatar"].startswith(f"https://cdn.bsky.app/img/avatar/plain/{DEMO}/")


async def test_a_server_shows_profiles_to_its_people_only(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    assert (await profile(sandbox, DEMO, host=HOME, token=session["accessJwt"])).json["did"] == DEMO
    assert refusal(await profile(sandbox, DEMO, host=HOME))[:2] == (401, "AuthMissing")
    got = await profile(sandbox, DEMO, host=HOME, token=session["refreshJwt"])
    assert refusal(got) == (400, "InvalidToken", "Bad token scope")


@pytest.mark.parametrize("actor", ["newcomer.bsky.social", "nobody.bsky.social", "tombstone.bsky.social"])
async def test_an_account_the_view_does_not_know_has_no_profile(sandbox: Sandbox, actor: str) -> None:
    assert refusal(await profile(sandbox, actor)) == (400, "InvalidRequest", "Profile not found")


async def test_a_profile_may_lack_name_and_picture(sandbox: Sandbox) -> None:
    got = await profile(sandbox, "plain.bsky.social")
    assert got.status == 200
    assert not {"displayName", "avatar"} & set(got.json)


async def test_a_deactivated_account_cannot_act(sandbox: Sandbox) -> None:
    session = (await sign_in(sandbox, "sleeping.bsky.social", "slee-slee-slee-slee")).json
    got = await profile(sandbox, DEMO, host=HOME, token=session["accessJwt"])
    assert refusal(got)[:2] == (401, "AccountDeactivated")


async def test_an_unknown_method_is_not_implemented(sandbox: Sandbox) -> None:
    got = await sandbox.send("GET", HOME, "/xrpc/com.atproto.server.makeCoffee")
    assert refusal(got) == (501, "MethodNotImplemented", "Method Not Implemented")


async def test_a_procedure_cannot_be_called_as_a_query(sandbox: Sandbox) -> None:
    got = await sandbox.send("GET", HOME, "/xrpc/com.atproto.server.refreshSession")
    assert (got.status, got.json["error"]) == (400, "InvalidRequest")


# --- control ----------------------------------------------------------------------------------------------------------


async def test_deleting_the_app_password_ends_its_sessions_and_spares_live_access_tokens(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    main = (await sign_in(sandbox, DEMO, MAIN)).json
    done = await sandbox.control("POST", "bluesky/app-passwords/revoke", {"handle": "demo.bsky.social"})
    assert done.json == {"revoked": True}
    assert refusal(await refresh(sandbox, session["refreshJwt"])) == (400, "ExpiredToken", "Token has been revoked")
    assert (await profile(sandbox, DEMO, host=HOME, token=session["accessJwt"])).status == 200
    assert refusal(await sign_in(sandbox, DEMO, "demo-demo-demo-demo")) == WRONG_PASSWORD
    assert (await refresh(sandbox, main["refreshJwt"])).status == 200


async def test_the_general_revocation_deletes_app_passwords_too(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    await sandbox.control("POST", "revoke", {"platform": "bluesky", "person": "demo.bsky.social"})
    assert (await refresh(sandbox, session["refreshJwt"])).json["message"] == "Token has been revoked"


async def test_an_account_taken_down_later_is_refused_everywhere(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    await sandbox.control("POST", "bluesky/status", {"handle": "demo.bsky.social", "status": "takendown"})
    takedown = (401, "AccountTakedown", "Account has been taken down")
    assert refusal(await refresh(sandbox, session["refreshJwt"])) == takedown
    assert refusal(await profile(sandbox, DEMO, host=HOME, token=session["accessJwt"])) == takedown


async def test_a_deleted_account_is_not_found(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    await sandbox.control("POST", "bluesky/status", {"handle": "demo.bsky.social", "status": "deleted"})
    text = f"Could not find user info for account: {DEMO}"
    assert refusal(await refresh(sandbox, session["refreshJwt"])) == (400, "InvalidRequest", text)
    used = await profile(sandbox, DEMO, host=HOME, token=session["accessJwt"])
    assert refusal(used) == (403, "AccountNotFound", "Account not found")


async def test_a_moved_account_leaves_tokens_and_app_passwords_behind(sandbox: Sandbox) -> None:
    session = await demo_session(sandbox)
    move = {"handle": "demo.bsky.social", "pds": SECOND, "appPassword": "move-move-move-move"}
    await sandbox.control("POST", "bluesky/move", move)
    document = (await sandbox.send("GET", DIRECTORY, f"/{DEMO}")).json
    assert document["service"][0]["serviceEndpoint"] == f"https://{SECOND}"
    assert (await refresh(sandbox, session["refreshJwt"])).json["error"] == "InvalidRequest"
    assert refusal(await sign_in(sandbox, DEMO, "demo-demo-demo-demo", host=SECOND)) == WRONG_PASSWORD
    assert (await sign_in(sandbox, DEMO, "move-move-move-move", host=SECOND)).status == 200


@pytest.mark.parametrize(
    ("command", "body", "status"),
    [
        ("status", {"handle": "nobody.bsky.social", "status": "active"}, 404),
        ("status", {"handle": "demo.bsky.social", "status": "happy"}, 400),
        ("move", {"handle": "demo.bsky.social", "pds": "elsewhere.example.org"}, 400),
        ("dance", {"handle": "demo.bsky.social"}, 404),
    ],
)
async def test_unusable_control_calls_are_refused(
    sandbox: Sandbox, command: str, body: dict[str, str], status: int
) -> None:
    assert (await sandbox.control("POST", f"bluesky/{command}", body)).status == status
