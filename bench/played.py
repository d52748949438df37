"""What the sandbox cannot play: ten thousand Pages, and organizations that are counted while they take their time.

`python -m bench.played PORT` serves until it is told to stop. Paths are the platforms' own; `GET /told` answers how
many calls were under way at once at most, and begins anew.
"""

import asyncio
import re
import sys
from typing import Any
from urllib.parse import parse_qs

import msgspec

from bench.floors import Message, Receive, Send

PAGES_IN_RESULT, RESULT_PAGES = 100, 100
DETAILS_AFTER_S = 0.1
ORGANIZATION = re.compile(r"/v2/organizations/([0-9]+)")
ACCOUNTS = re.compile(r"/v[0-9.]+/me/accounts")
TASKS = ("MODERATE", "MESSAGING", "ANALYZE", "ADVERTISE", "CREATE_CONTENT", "MANAGE")
_TOKEN_CHARS = 200  # about what a Page's token has
_HEADERS = [(b"content-type", b"application/json")]


class Played:
    """An ASGI app that gives the documented answers, whoever asks."""

    def __init__(self) -> None:
        self._under_way = 0
        self._most = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            for _ in range(2):
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
            return
        found = await self._answer(scope["path"], parse_qs(scope["query_string"].decode()))
        body = msgspec.json.encode({} if found is None else found)
        await send({"type": "http.response.start", "status": 404 if found is None else 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, path: str, query: dict[str, list[str]]) -> object:
        if path == "/told":
            told, self._most = {"most": self._most}, self._under_way
            return told
        if organization := ORGANIZATION.fullmatch(path):
            return await self._counted(organization[1])
        if ACCOUNTS.fullmatch(path):
            return result_page(int(query.get("after", ["0"])[0]))
        return None

    async def _counted(self, organization_id: str) -> object:
        self._under_way += 1
        self._most = max(self._most, self._under_way)
        try:
            await asyncio.sleep(DETAILS_AFTER_S)
        finally:
            self._under_way -= 1
        return to_organization(organization_id)


def result_page(number: int) -> dict[str, Any]:
    """A page of `me/accounts`; the cursor is its number. Shape: docs/platforms/facebook.md#pages."""
    paging: dict[str, Any] = {"cursors": {"before": str(number), "after": str(number + 1)}}
    if number + 1 < RESULT_PAGES:
        paging["next"] = f"https://graph.facebook.com/v25.0/me/accounts?limit=100&after={number + 1}"
    first = number * PAGES_IN_RESULT
    return {"data": [_page(one) for one in range(first, first + PAGES_IN_RESULT)], "paging": paging}


def _page(number: int) -> dict[str, Any]:
    page_id = str(10**14 + number)
    url = (
        f"https://scontent.xx.fbcdn.net/v/t39.30808-1/{page_id}_n.jpg?stp=cp0_dst-jpg_p200x200&_nc_cat=1&oh=00_AfD&oe=6"
    )
    return {
        "id": page_id,
        "name": f"Northwind Bakery {number}",
        "username": f"northwindbakery{number}",
        "access_token": f"EAAB{page_id}".ljust(_TOKEN_CHARS, "x"),
        "category": "Bakery",
        "tasks": TASKS,
        "fan_count": number,
        "picture": {"data": {"height": 200, "is_silhouette": False, "url": url, "width": 200}},
    }


def to_organization(organization_id: str) -> dict[str, Any]:
    """An organization as its administrators see it. Shape: docs/platforms/linkedin.md."""
    size = {"com.linkedin.digitalmedia.mediaartifact.StillImage": {"storageSize": {"width": 200, "height": 200}}}
    logo = f"https://media.licdn.com/dms/image/{organization_id}/original-200?e=2147483647&v=beta&t=sig"
    return {
        "id": int(organization_id),
        "localizedName": f"Northwind Bakery {organization_id}",
        "vanityName": f"northwind-{organization_id}",
        "localizedWebsite": "https://northwind.example",
        "localizedDescription": "Bread and coffee since 1998.",
        "logoV2": {
            "original": f"urn:li:digitalmediaAsset:C4D0BAQ{organization_id}",
            "original~": {"elements": [{"data": size, "identifiers": [{"identifier": logo}]}]},
        },
    }


def serve(port: int) -> None:
    """Serve on the loopback."""
    from moorline.cli.listening import listen
    from moorline.cli.running import run, uvicorn_server

    run(uvicorn_server(Played()).serve(sockets=[listen("127.0.0.1", port)]))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
