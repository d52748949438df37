"""A double of the Bot API: it answers from replies/telegram and records the requests."""

import json
from pathlib import Path
from typing import Any

import pytest

from moorline.adapter.values import App
from moorline.errors import PlatformError, Unreachable
from moorline.platforms.telegram import Telegram
from moorline.wire import Reply, Request

REPLIES = Path(__file__).parent / "replies" / "telegram"

TOKEN = "999:AAExampleExampleExampleExampleExample"
APP = App(client_id="999", client_secret=TOKEN)
CHANNEL = -1001234567890
ANN = 111


def file(name: str) -> Any:
    return json.loads((REPLIES / f"{name}.json").read_text())


def recorded(name: str) -> Reply:
    raw = file(name)
    return Reply(status=raw["status"], headers=raw["headers"], body=json.dumps(raw["body"]).encode())


def answer(body: object, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(body).encode())


def result_of(name: str) -> Any:
    return file(name)["body"]["result"]


class BotApi:
    """Plays api.telegram.org: one answer to whatever is asked; None breaks the connection off."""

    def __init__(self, reply: Reply | None) -> None:
        self.reply = reply
        self.sent: list[Request] = []

    async def send(self, request: Request) -> Reply:
        self.sent.append(request)
        if self.reply is None:
            raise Unreachable("connection refused")
        return self.reply


def bot_api(name: str) -> BotApi:
    return BotApi(recorded(name))


async def failure(reply: Reply | None) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await Telegram().get_chat(BotApi(reply), APP, CHANNEL)
    return caught.value


def asked(method: str, parameters: object, *, repeatable: bool = True, timeout_s: float = 15.0) -> Request:
    return Request(
        method="POST",
        url=f"https://api.telegram.org/bot{TOKEN}/{method}",
        json=parameters,
        repeatable=repeatable,
        timeout_s=timeout_s,
    )
