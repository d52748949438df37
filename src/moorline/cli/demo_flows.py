"""How the demo connects each kind of platform: over HTTP, as a developer's code and a person's browser would."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from moorline.cli.browser import Browser

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Where a platform's connection is, or how it ended."""

    platform: str
    steps: tuple[str, ...] = ()
    account: str | None = None
    ms: float = 0.0
    problem: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether it ended, one way or the other."""
        return self.account is not None or self.problem is not None


Tell = Callable[[Outcome], None]


class Failed(Exception):
    """A step did not do what it should."""


class Flow:
    """One platform being connected: its calls, its browser, its steps."""

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, *, platform: str, api_key: str, profile_id: str, tell: Tell
    ) -> None:
        self._session = session
        self._base_url = base_url
        self._headers = {"authorization": f"Bearer {api_key}"}
        self._tell = tell
        self.platform = platform
        self.profile_id = profile_id
        self.browser = Browser(session)
        self.outcome = Outcome(platform=platform)

    def step(self, name: str) -> None:
        """Show that a step begins."""
        self.outcome = replace(self.outcome, steps=(*self.outcome.steps, name))
        self._tell(self.outcome)

    async def call(self, method: str, path: str, *, body: object = None, **query: str) -> Any:
        """A call of the API, or of the sandbox's control. Raises: Failed with the answer's sentence."""
        async with self._session.request(
            method, self._base_url + path, json=body, params=query, headers=self._headers
        ) as answer:
            told = await answer.json()
            if answer.status >= 400:
                raise Failed(f"{path} answered {answer.status}: {told.get('error')}")
            return told


async def connect_all(
    base_url: str, *, api_key: str, profile_id: str, platforms: Sequence[str], tell: Tell
) -> list[Outcome]:
    """Connect every platform, one after the other; each has its own browser."""
    outcomes = []
    for platform in platforms:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        # The demo's addresses are numeric, which cookie jars refuse by default.
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=jar) as session:
            flow = Flow(session, base_url, platform=platform, api_key=api_key, profile_id=profile_id, tell=tell)
            outcomes.append(await _timed(flow))
        tell(outcomes[-1])
    return outcomes


async def _timed(flow: Flow) -> Outcome:
    started = time.perf_counter()
    problem = account = None
    try:
        account = await _FLOWS.get(flow.platform, _by_oauth)(flow)
    except (Failed, ValueError, KeyError, aiohttp.ClientError, TimeoutError) as error:
        problem = str(error) or type(error).__name__
    return replace(flow.outcome, account=account, problem=problem, ms=(time.perf_counter() - started) * 1000)


async def _by_oauth(flow: Flow) -> str:
    flow.step("start")
    started = await flow.call("GET", f"/api/v1/connect/{flow.platform}", profileId=flow.profile_id)
    flow.step("consent")
    consent = await flow.browser.open(started["authUrl"])
    returned = await flow.browser.send(consent, button="approve")
    flow.step("callback")
    landed = await flow.browser.follow(returned)
    if "tempToken" in landed.text or landed.status != 200:
        raise Failed(f"the callback led to a page with status {landed.status}")
    if any(name == "choice" for name, _ in _choices(landed.text, landed)):
        flow.step("choose")
        chosen = await flow.browser.send(landed, button="connect", pick={"choice": "0"})
        landed = await flow.browser.follow(chosen)
    flow.step("save")
    return await _newest_account(flow)


def _choices(text: str, landed: Any) -> list[tuple[str, str]]:
    return landed.form().choices if "<form" in text else []


async def _by_app_password(flow: Flow) -> str:
    flow.step("sign-in")
    user_id = (await flow.call("GET", "/api/v1/users"))["currentUserId"]
    body = {
        "identifier": "demo.bsky.social",
        "appPassword": "demo-demo-demo-demo",
        "state": f"{user_id}-{flow.profile_id}",
    }
    connected = await flow.call("POST", "/api/v1/connect/bluesky/credentials", body=body)
    flow.step("save")
    return str(connected["account"]["username"])


async def _by_bot_code(flow: Flow) -> str:
    flow.step("code")
    issued = await flow.call("GET", "/api/v1/connect/telegram", profileId=flow.profile_id)
    flow.step("message")
    message = {"from": "chat_admin", "text": f"{issued['code']} @mychannel"}
    await flow.call("POST", "/_sandbox/telegram/messages", body=message)
    flow.step("poll")
    for _ in range(200):
        status = await flow.call("PATCH", "/api/v1/connect/telegram", code=issued["code"])
        if status["status"] == "connected":
            flow.step("save")
            return str(status["account"]["username"])
        if status.get("note"):
            raise Failed(status["note"])
        await asyncio.sleep(0.05)
    raise Failed("the bot did not see the message")


async def _newest_account(flow: Flow) -> str:
    listed = await flow.call("GET", "/api/v1/accounts", profileId=flow.profile_id)
    found = [account for account in listed["accounts"] if account["platform"] == flow.platform]
    if not found:
        raise Failed("no account was saved")
    return str(found[-1]["displayName"])


_FLOWS: Mapping[str, Callable[[Flow], Awaitable[str]]] = {"bluesky": _by_app_password, "telegram": _by_bot_code}
