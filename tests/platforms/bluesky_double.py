"""A double of the network for Bluesky: it answers from replies/bluesky and records what it is asked."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from moorline.adapter import app_password
from moorline.adapter.values import Tokens
from moorline.errors import PlatformError, Unreachable
from moorline.platforms.bluesky import Bluesky
from moorline.wire import Reply, Request

REPLIES = Path(__file__).parent / "replies" / "bluesky"

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
OTHER_DID = "did:plc:z72i7hdynmk6r22z27h6tvur"
PDS = "https://morel.us-east.host.bsky.network"
APP_PASSWORD = "abcd-efgh-ijkl-mnop"

WELL_KNOWN = "https://ana.bsky.social/.well-known/atproto-did"
RESOLVE = "https://bsky.social/xrpc/com.atproto.identity.resolveHandle"
PLC = f"https://plc.directory/{DID}"
CREATE = f"{PDS}/xrpc/com.atproto.server.createSession"
REFRESH = f"{PDS}/xrpc/com.atproto.server.refreshSession"
DELETE = f"{PDS}/xrpc/com.atproto.server.deleteSession"
PROFILE = f"{PDS}/xrpc/app.bsky.actor.getProfile"
CREATE_AT_ENTRYWAY = "https://bsky.social/xrpc/com.atproto.server.createSession"


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def jwt(token: dict[str, Any]) -> str:
    return f"{encoded(token['header'])}.{encoded(token['payload'])}.c2lnbmF0dXJl"


def body_of(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((REPLIES / f"{name}.json").read_text())["body"]
    return body | {key: jwt(body[key]) for key in ("accessJwt", "refreshJwt") if key in body}


def recorded(name: str) -> Reply:
    raw = json.loads((REPLIES / f"{name}.json").read_text())
    body = b"" if raw["body"] is None else json.dumps(body_of(name)).encode()
    return Reply(status=raw["status"], headers=raw["headers"], body=body)


def answer(body: object, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(body).encode())


def text(body: str, status: int = 200) -> Reply:
    return Reply(status=status, headers={"content-type": "text/plain"}, body=body.encode())


class Network:
    """Plays every host: a URL without an answer is a host that does not answer."""

    def __init__(self, **changes: Reply | None) -> None:
        self.sent: list[Request] = []
        self.answers: dict[str, Reply | None] = {
            WELL_KNOWN: text(f"{DID}\n"),
            PLC: recorded("did_document"),
            CREATE: recorded("session"),
            PROFILE: recorded("profile"),
            REFRESH: recorded("refreshed"),
            DELETE: recorded("session_deleted"),
            **changes,
        }

    async def send(self, request: Request) -> Reply:
        self.sent.append(request)
        reply = self.answers.get(request.url)
        if reply is None:
            raise Unreachable("connection refused")
        return reply

    def urls(self) -> list[str]:
        return [request.url for request in self.sent]

    def request(self, url: str) -> Request:
        [found] = [request for request in self.sent if request.url == url]
        return found


def network(changes: dict[str, Reply | None] | None = None) -> Network:
    return Network(**(changes or {}))


async def sign_in(net: Network, identifier: str = "ana.bsky.social") -> app_password.SignedIn:
    return await Bluesky().sign_in(net, identifier=identifier, password=APP_PASSWORD)


async def refused(net: Network, identifier: str = "ana.bsky.social") -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await sign_in(net, identifier)
    return caught.value


def stored_tokens() -> Tokens:
    session = body_of("session")
    return Tokens(access=session["accessJwt"], refresh=session["refreshJwt"], service_url=PDS)


def with_access(payload: dict[str, Any]) -> Reply:
    token = jwt({"header": {"typ": "at+jwt"}, "payload": payload})
    return answer({**body_of("session"), "accessJwt": token})
