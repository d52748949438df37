"""Months of virtual time in minutes: service processes that renew and are killed, callers, and platforms in trouble.

Time stands still while anybody works and jumps in between, for the sandbox and all processes alike. It creeps while
callers wait and no call is under way, so that the lease of a process that was killed runs out. Every jump is followed
by a burst: all workers look for what is due, callers ask for tokens, and at times a process is killed in the middle.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any, Self

import aiohttp

from moorline.app import open_service
from moorline.cli.environment import platform_names
from moorline.cli.listening import listen
from moorline.owners import api_keys, users
from moorline.owners.api_keys import NewKey
from moorline.sandbox.app import create_sandbox
from moorline.sandbox.telegram_world import SANDBOX_BOT_TOKEN
from moorline.settings import load
from moorline.vault import new_key
from tests.harness import HOST, OAUTH, _started, _stopped, _url_of
from tests.journeys.journey import Journey, Server
from tests.soak.fleet import Fleet, Member
from tests.soak.ledger import Ledger, Tap
from tests.soak.people import Connected, connect, refusal
from tests.soak.trouble import DROPS, FAILURES, FORGIVING, STRICT, SWITCHES, TIME_OUT
from tests.webhooks.receiver import Receiver, receiving

DAY_S = 86_400
CREEPS_AFTER_S, CREEP_S, CREEP_EVERY_S = 0.6, 10.0, 0.25
CALL_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done. `step_s`: the shortest and the longest jump; `time_outs`: answers later than anybody waits."""

    processes: int
    callers: int
    days: float
    kills: int
    step_s: tuple[float, float]
    wall_limit_s: float
    people: Sequence[str] = ("plenty",)
    asking: int = 6  # callers after an ordinary jump; all of them ask after every `storm_every`th
    storm_every: int = 20
    trouble_odds: float = 0.15
    time_outs: int = 0
    seed: int = 1


@dataclass(slots=True, kw_only=True)
class Tally:
    """What happened, for the report."""

    bursts: int = 0
    answers: int = 0
    failures_told: int = 0
    kills: int = 0
    faults: int = 0
    came_back: int = 0  # through the link of a warning
    lost: list[str] = field(default_factory=list)  # grants whose next token was lost on the way, and why


async def _nothing() -> None:
    """What is done after a burst unless somebody says so."""


class Soak:
    """One run on one database. `after_burst` is done after each of them."""

    def __init__(self, plan: Plan, database_url: str, folder: Path) -> None:
        self.plan = plan
        self.tally = Tally()
        self.fleet = Fleet(plan.processes, folder)
        self.ledger = Ledger(self.fleet.killed)
        self.accounts: list[Connected] = []
        self.receiver: Receiver
        self.journey: Journey
        self._database_url = database_url
        self._encryption_key = new_key()
        self._random = random.Random(plan.seed)  # noqa: S311 - a run that can be had again, not a secret
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession
        self._began_s = monotonic()
        self._kills_at_s = sorted(self._random.uniform(0.1, 0.9) * plan.days * DAY_S for _ in range(plan.kills))
        self._time_outs_at_s = sorted(self._random.uniform(0.1, 0.9) * plan.days * DAY_S for _ in range(plan.time_outs))
        self._recover = False
        self.after_burst: Callable[[], Awaitable[None]] = _nothing

    @property
    def wall_s(self) -> float:
        return monotonic() - self._began_s

    # --- the world ----------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start everything."""
        async with AsyncExitStack() as starting:
            starting.push_async_exit(self._stack)
            await self._start()
            self._kept = starting.pop_all()
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop everything."""
        await self._kept.aclose()

    async def _start(self) -> None:
        self.receiver = await self._stack.enter_async_context(receiving())
        base_url = self.fleet.members[0].base_url
        listening = listen(HOST, 0)
        self.sandbox = create_sandbox(base_url=_url_of(listening), callback_base=base_url)
        server = await _started(Tap(self.sandbox, self.ledger), listening)
        self._stack.push_async_callback(_stopped, server, listening)
        self._stack.push_async_callback(self.sandbox.close)
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(connector=connector, timeout=timeout)
        )
        self.fleet.settings, self.fleet.hosts = self._settings(base_url), self.sandbox.hosts()
        self.fleet.sandbox_url = _url_of(listening)
        owner = await self._owner(base_url)
        self._stack.push_async_callback(self.fleet.stop)
        await self.fleet.start()
        self.journey = await self._stack.enter_async_context(Journey.through(owner))

    def _settings(self, base_url: str) -> dict[str, str]:
        settings = {
            "PUBLIC_URL": base_url,
            "DATABASE_URL": self._database_url,
            "ENCRYPTION_KEYS": self._encryption_key,
            "RATE_LIMIT_PER_MINUTE": "0",
            "TELEGRAM_BOT_TOKEN": SANDBOX_BOT_TOKEN,
            "TELEGRAM_MODE": "off",
            "BACKGROUND": "false",  # the work is done when the time moved, not when a second of the machine's is over
            "OUTBOUND_ALLOW": f"{HOST}:{self.receiver.port}",
            "LOG_LEVEL": "WARNING",
        }
        for name in OAUTH:
            settings[f"{name.upper()}_CLIENT_ID"] = f"sandbox-{name}"
            settings[f"{name.upper()}_CLIENT_SECRET"] = f"sandbox-{name}-secret"
        return settings

    async def _owner(self, base_url: str) -> Server:
        given = {f"MOORLINE_{name}": value for name, value in self.fleet.settings.items()}
        async with open_service(load(given, platforms=platform_names())) as service:
            user, profile = await users.create_owner(
                service.db, name="Soak", email="soak@example.com", profile_name="Northwind Bakery"
            )
            _, text = await api_keys.create(service.db, user.id, NewKey(name="soak", reveal_tokens=True))
        return Server(
            base_url=base_url, api_key=text, user_id=user.id, profile_id=profile.id, sandbox_url=self.fleet.sandbox_url
        )

    async def rows(self, sql: str) -> list[Any]:
        """What a statement finds in the database, once the processes are stopped."""
        given = {f"MOORLINE_{name}": value for name, value in self.fleet.settings.items()}
        async with open_service(load(given, platforms=platform_names())) as service:
            return list(await service.db.all(sql))

    # --- accounts -----------------------------------------------------------------------------------------------------

    async def connect_everybody(self) -> None:
        """All thirteen platforms; LinkedIn's app is one that gets refresh tokens."""
        for platform, switch in SWITCHES.items():
            await self.journey.control("POST", f"{platform}/settings", {switch: True})
        linkedin = {
            "platform": "linkedin",
            "client_id": "sandbox-linkedin",
            "client_secret": "sandbox-linkedin-secret",
            "redirect_uris": [f"{self.journey.server.base_url}/connect/linkedin/callback"],
            "flags": ["refresh_tokens"],
        }
        await self.journey.control("POST", "apps", linkedin)
        body = {
            "name": "soak",
            "url": self.receiver.url,
            "events": ["account.connected", "account.disconnected", "account.expiring"],
        }
        told = await self.journey.call("POST", "webhooks/settings", body=body)
        assert told.status < 300, told.text
        for platform in platform_names():
            people = self.plan.people if platform in OAUTH else ("plenty",)
            for person in people:
                self.accounts.append(await connect(self.journey, self.ledger, platform, person))

    async def add(self, platform: str, person: str) -> Connected:
        """One more account."""
        account = await connect(self.journey, self.ledger, platform, person)
        self.accounts.append(account)
        return account

    def report(self) -> str:
        """What was lived through, in a line per thing."""
        tally, days = self.tally, self.fleet.ahead_s / DAY_S
        lines = (
            f"{days:.1f} virtual days in {self.wall_s:.0f} s, {tally.bursts} bursts",
            f"{len(self.fleet.members)} processes, {tally.kills} times kill -9",
            f"{len(self.accounts)} accounts, {self.ledger.renewals()} renewals",
            f"{self.plan.callers} callers, {tally.answers} tokens handed out, {tally.failures_told} calls failed",
            f"{tally.faults} faults ordered; spent tokens presented again after a lost answer: {self.ledger.retries()}",
            f"{len(self.messages('account.expiring'))} warnings of an end, {tally.came_back} came back by the link",
            f"lost on the way to a killed process: {', '.join(tally.lost) or 'none'}",
        )
        return "\n".join(lines)

    # --- time and work ------------------------------------------------------------------------------------------------

    async def move(self, by_s: float) -> None:
        """Let time go by, for the platforms first."""
        await self.journey.control("POST", "clock", {"advance_s": by_s})
        await self.fleet.move(by_s)

    async def run(self, *, until_day: float) -> bool:
        """Live until a day; whether it was reached within the limit of the machine's time."""
        while self.fleet.ahead_s < until_day * DAY_S:
            if self.wall_s > self.plan.wall_limit_s:
                return False
            step_s = self._random.uniform(60, 150) if self._recover else self._random.uniform(*self.plan.step_s)
            await self.move(min(step_s, max(1.0, until_day * DAY_S - self.fleet.ahead_s)))
            await self._trouble()
            await self.burst()
            await self._look_after()
            await self.after_burst()
        return True

    async def burst(self) -> None:
        """Everybody works and asks at once, one of them may be killed, and the last one's end is waited for."""
        self.tally.bursts += 1
        is_storm = self.tally.bursts % self.plan.storm_every == 0
        calls_before = len(self.ledger.calls)
        kills = self._take(self._kills_at_s)
        callers = [self._ask() for _ in range(self.plan.callers if is_storm or kills else self.plan.asking)]
        creeping = asyncio.create_task(self._creep())
        try:
            answers, _, _ = await asyncio.gather(asyncio.gather(*callers), self.fleet.work(), self._kill(kills))
        finally:
            creeping.cancel()
        # An answer that nobody waited for explains why its callers failed.
        while self.ledger.in_flight:  # noqa: ASYNC110 - the ledger counts, it has nothing to wait on
            await asyncio.sleep(0.05)
        troubled = {call.consent for call in self.ledger.calls[calls_before:] if call.was_trouble}
        unexplained = [
            f"{account.name}: {told}"
            for account, told in answers
            if told and not kills and account.consent not in troubled and not account.is_gone
        ]
        assert not unexplained, unexplained
        self._recover = bool(kills or troubled)
        if len(self.fleet.members) == 1 or not self.fleet.ready:
            await self.fleet.all_ready()

    def _take(self, due_at_s: list[float]) -> int:
        taken = 0
        while due_at_s and due_at_s[0] <= self.fleet.ahead_s:
            due_at_s.pop(0)
            taken += 1
        return taken

    async def _kill(self, kills: int) -> None:
        for _ in range(min(kills, len(self.fleet.ready))):
            await asyncio.sleep(self._random.uniform(0.0, 0.08))
            member: Member = self._random.choice(self.fleet.ready)
            self.fleet.kill(member)
            self.tally.kills += 1

    async def _creep(self) -> None:
        while True:
            await asyncio.sleep(CREEP_EVERY_S)
            if not self.ledger.in_flight and monotonic() - self.ledger.last_change_s > CREEPS_AFTER_S:
                await self.move(CREEP_S)

    async def _ask(self) -> tuple[Connected, str]:
        """Ask a process for an account's token, and what was wrong with the answer."""
        account = self._random.choice([one for one in self.accounts if one.consent is not None and not one.is_gone])
        member = self._random.choice(self.fleet.ready)
        try:
            status, told = await self._token(member.base_url, account)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.tally.failures_told += 1
            return account, f"no answer from {member.name}: {error!r}"
        if status != 200:
            self.tally.failures_told += 1
            return account, f"{status} {told}"
        self.tally.answers += 1
        owner = self.ledger.owner(told["accessToken"])
        assert owner in {account.consent, None}, f"{account.name} was answered somebody else's token"
        ends_at = told.get("expiresAt")
        assert ends_at is None or datetime.fromisoformat(ends_at) > self.sandbox.books.clock.now(), told
        return account, ""

    async def _token(self, base_url: str, account: Connected) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self.journey.server.api_key}"}
        async with self._session.get(f"{base_url}/api/v1/accounts/{account.id}/token", headers=headers) as answer:
            return answer.status, await answer.json()

    # --- trouble ------------------------------------------------------------------------------------------------------

    async def _trouble(self) -> None:
        for _ in range(self._take(self._time_outs_at_s)):
            await self._order("youtube", TIME_OUT)
        if self._random.random() >= self.plan.trouble_odds:
            return
        platform = self._random.choice([*FORGIVING, *STRICT])
        troubles = (*FAILURES, *DROPS, *DROPS) if platform in FORGIVING else FAILURES
        await self._order(platform, self._random.choice(troubles))

    async def _order(self, platform: str, trouble: dict[str, object]) -> None:
        self.tally.faults += 1
        await self.journey.fault(platform, {**FORGIVING, **STRICT}[platform], **trouble)

    async def _look_after(self) -> None:
        """Whose next token was lost with a killed process signs in again; nobody else may have been switched off."""
        kept = [one.consent for one in self.accounts if one.consent is not None and not one.is_gone]
        if not any(self.ledger.why_dead(consent) for consent in kept):
            return
        await self.fleet.all_ready()
        for listed in await self.journey.accounts():
            account = next(one for one in self.accounts if one.id == listed["_id"])
            if listed["isActive"] or account.is_gone:
                continue
            why = account.consent and self.ledger.why_dead(account.consent)
            assert why, f"{account.name} was disconnected without a reason"
            self.tally.lost.append(f"{account.platform}: {why}")
            account.disconnections += 1
            await self.journey.control("DELETE", "faults")
            account.consent = (await connect(self.journey, self.ledger, account.platform, account.person)).consent

    # --- the end ------------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """No more trouble, and time for everything that was put off."""
        await self.journey.control("DELETE", "faults")
        await self.fleet.all_ready()
        for _ in range(12):
            await self.move(180)
            await self.burst()
            await self._look_after()

    async def problems(self) -> list[str]:
        """Everything that is not as it must be, now that all is over."""
        found = [f"{call.path}: {call.by} presented a token that was spent" for call in self.ledger.reuses()]
        found += self.ledger.early()
        states = {account["_id"]: account["isActive"] for account in await self.journey.accounts()}
        told = self._told()
        for account in self.accounts:
            if told[account.id] != account.disconnections:
                found.append(f"{account.name}: {told[account.id]} disconnections told, {account.disconnections} were")
            if not account.is_gone:
                found += [f"{account.name}: {problem}" for problem in await self._problems_of(account, states)]
        return found

    async def _problems_of(self, account: Connected, states: dict[str, bool]) -> list[str]:
        if not states.get(account.id):
            return ["not active"]
        if account.consent is None:
            return []
        status, told = await self._token(self.fleet.members[0].base_url, account)
        if status != 200:
            return [f"no token: {told}"]
        refused = await refusal(self._session, self.fleet.sandbox_url, account.platform, told)
        return [f"the platform refuses its token: {refused}"] if refused else []

    def _told(self) -> Counter[str]:
        """How many disconnections were told of each account, those told twice with one id once."""
        return Counter(body["account"]["accountId"] for body in self.messages("account.disconnected"))

    def messages(self, event: str) -> list[Any]:
        """What was told of an event, a message that arrived twice once."""
        told = {one.message_id: one.json for one in self.receiver.received}
        return [body for body in told.values() if body["event"] == event]
