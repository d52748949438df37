"""Who a worker talks to: X's token endpoint, which takes its time, and an application that is told of events.

`python -m bench.answerer PORT SECONDS` serves until it is told to stop; a renewal is answered after so many seconds.

- `POST /2/oauth2/token` plays X as docs/platforms/twitter.md has it, for the tokens that `bench.seeding` writes. The
  app proves itself by Basic; a refresh token works once and its answer brings the next one; any other is refused as X
  words it. What it does not play: codes, revocation, the six months a refresh token lives.
- `POST /hook/NUMBER` takes a delivery at once. An account's events are numbered from 0 (`bench.seeding.event_body`);
  the next of each account has to be the next number, at each hook.
- `GET /told` answers the counts, `DELETE /told` begins anew.
"""

import asyncio
import base64
import re
import sys
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from bench.floors import Message, Receive, Send
from moorline import ids

TOKEN_PATH = "/2/oauth2/token"
CLIENT_ID, CLIENT_SECRET = "sandbox-twitter", "sandbox-twitter-secret"
ACCESS_LIFE_S = 2 * 3600
ACCESS_CHARS = 1024
SCOPES = "media.write offline.access tweet.read tweet.write users.read"
_REFRESH = re.compile(r"seeded-([0-9]{1,9})-([0-9]{1,9})")
_BASIC = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
_HOOK = re.compile(r"/hook/([0-9]{1,3})")
_JSON = [(b"content-type", b"application/json")]


@dataclass(slots=True, kw_only=True)
class Told:
    """Counts. `misplaced`: deliveries that were not the next of their account."""

    renewed: int = 0
    refused: int = 0
    delivered: int = 0
    misplaced: int = 0


class Answerer:
    """An ASGI app. `after_s`: how long a renewal takes."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._told = Told()
        self._generations: dict[int, int] = {}
        self._next: dict[tuple[str, str], int] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            for _ in range(2):
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
            return
        body = await _body(receive)
        status, answer = await self._answer(scope, body)
        await send({"type": "http.response.start", "status": status, "headers": _JSON})
        await send({"type": "http.response.body", "body": msgspec.json.encode(answer)})

    async def _answer(self, scope: Message, body: bytes) -> tuple[int, object]:
        path = scope["path"]
        if path == TOKEN_PATH:
            return await self._token(dict(scope["headers"]), dict(parse_qsl(body.decode())))
        if hook := _HOOK.fullmatch(path):
            self._deliver(hook[1], msgspec.json.decode(body))
            return 200, {}
        if path == "/told":
            if scope["method"] == "DELETE":
                self._told = Told()
                self._next.clear()
            return 200, asdict(self._told)
        return 404, {}

    async def _token(self, headers: dict[bytes, bytes], form: dict[str, str]) -> tuple[int, object]:
        await asyncio.sleep(self._after_s)
        if headers.get(b"authorization", b"").decode() != _BASIC or form.get("client_id") != CLIENT_ID:
            return self._refuse(401, "unauthorized_client", "Missing valid authorization header")
        if form.get("grant_type") != "refresh_token":
            return self._refuse(400, "invalid_request", "Value passed for the grant type was invalid.")
        found = _REFRESH.fullmatch(form.get("refresh_token", ""))
        if found is None or self._generations.get(int(found[1]), 0) != int(found[2]):
            return self._refuse(400, "invalid_request", "Value passed for the token was invalid.")
        number, generation = int(found[1]), int(found[2]) + 1
        self._generations[number] = generation
        self._told.renewed += 1
        tokens = {"access_token": access_token(), "refresh_token": refresh_token(number, generation)}
        return 200, {"token_type": "bearer", "expires_in": ACCESS_LIFE_S, "scope": SCOPES, **tokens}

    def _refuse(self, status: int, error: str, description: str) -> tuple[int, object]:
        self._told.refused += 1
        return status, {"error": error, "error_description": description}

    def _deliver(self, hook: str, message: dict[str, Any]) -> None:
        account, number = message["account"]["accountId"], message["account"]["number"]
        self._told.delivered += 1
        if number != self._next.get((hook, account), 0):
            self._told.misplaced += 1
        self._next[hook, account] = number + 1


def access_token() -> str:
    """A random one, of the length that sizes a row."""
    return ids.random_bytes(ACCESS_CHARS // 2).hex()


def refresh_token(number: int, generation: int) -> str:
    """The one of a seeded grant after so many renewals."""
    return f"seeded-{number}-{generation}"


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def serve(port: int, after_s: float) -> None:
    """Serve on the loopback."""
    from moorline.cli.listening import listen
    from moorline.cli.running import run, uvicorn_server

    run(uvicorn_server(Answerer(after_s)).serve(sockets=[listen("127.0.0.1", port)]))


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]))
