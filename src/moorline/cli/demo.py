"""`moorline demo`: service and sandbox in one process on SQLite, with everything connected for the reader."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from moorline import logs
from moorline.app import create_app, open_service
from moorline.cli import people
from moorline.cli.demo_flows import Outcome, connect_all
from moorline.cli.demo_table import Table
from moorline.cli.environment import given_environment, platform_names, sentences
from moorline.cli.listening import listen
from moorline.cli.running import run, uvicorn_server
from moorline.owners import api_keys, profiles, sessions, users
from moorline.owners.api_keys import NewKey
from moorline.sandbox.app import Sandbox, create_sandbox
from moorline.sandbox.telegram_world import SANDBOX_BOT_TOKEN
from moorline.service import Service
from moorline.settings import PREFIX, Settings, load
from moorline.store import migrate
from moorline.vault import new_key

HOST = "127.0.0.1"
OWNER_EMAIL = "demo@example.com"


class DemoKeys(msgspec.Struct, kw_only=True):
    """What the demo remembers in its data folder, so that a second run goes on with the same world."""

    encryption_key: str
    user_id: str = ""
    profile_id: str = ""
    api_key: str = ""


class Composed:
    """The service and the sandbox on one port; the service itself never sees the sandbox."""

    def __init__(self, service: Any, sandbox: Sandbox) -> None:
        self._service = service
        self._sandbox = sandbox

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI entry."""
        if scope["type"] == "http" and scope["path"].startswith(("/_sandbox", "/sandbox/")):
            await self._sandbox(scope, receive, send)
        else:
            await self._service(scope, receive, send)


def demo(*, port: int, data_dir: str, once: bool, json_line: bool) -> None:
    """Run the demo; exits with 1 when `once` and not everything connected."""
    outcomes: list[Outcome] = []
    with sentences():
        run(_demo(port, Path(data_dir), once=once, json_line=json_line, outcomes=outcomes))
    if once and not (outcomes and all(outcome.account for outcome in outcomes)):
        raise SystemExit(1)


async def _demo(port: int, data_dir: Path, *, once: bool, json_line: bool, outcomes: list[Outcome]) -> None:
    listening = listen(HOST, port)
    base_url = f"http://{HOST}:{port}"
    keys = _keys_in(data_dir)
    sandbox = create_sandbox(base_url=base_url)
    settings = _settings(base_url, port, data_dir, keys=keys, sandbox=sandbox)
    logs.configure(settings.log_level, json=settings.log_json)
    await migrate.upgrade(settings.database_url)
    async with open_service(settings) as service:
        await _owner(service, data_dir, keys)
        server = uvicorn_server(Composed(create_app(service), sandbox), stopping=service.stopping)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells by attributes alone
            await asyncio.sleep(0.01)
        if json_line:
            _print_json(base_url, keys)
        else:
            outcomes.extend(await _show(base_url, keys))
            if not once:
                await _tell_ways_in(service, base_url, keys)
        if once:
            server.should_exit = True
        await _until_exit(server, serving, sandbox)


async def _until_exit(server: Any, serving: "asyncio.Task[None]", sandbox: Sandbox) -> None:
    while not server.should_exit and not serving.done():  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.1)
    logging.getLogger("moorline.bot").disabled = True  # its long poll ends with the sandbox; nothing to tell
    await sandbox.close()
    await serving


def _keys_in(data_dir: Path) -> DemoKeys:
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "demo-keys.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=DemoKeys)
    keys = DemoKeys(encryption_key=new_key())
    _write_keys(data_dir, keys)
    return keys


def _write_keys(data_dir: Path, keys: DemoKeys) -> None:
    # Written aside and moved, so that a killed demo never leaves half a key file beside a sealed database.
    path, aside = data_dir / "demo-keys.json", data_dir / "demo-keys.json.new"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(keys))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _settings(base_url: str, port: int, data_dir: Path, *, keys: DemoKeys, sandbox: Sandbox) -> Settings:
    """The reader's own settings, with everything missing filled in; platforms without credentials are played."""
    given = {name: value for name, value in given_environment().items() if name.startswith(PREFIX)}
    fixed = {
        "PUBLIC_URL": base_url,
        "HOST": HOST,
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{data_dir / 'moorline.sqlite3'}",
        "ENCRYPTION_KEYS": keys.encryption_key,
        "RATE_LIMIT_PER_MINUTE": "0",
        "CORS_ORIGINS": "*",
    }
    quiet = {f"{PREFIX}LOG_LEVEL": "WARNING", f"{PREFIX}LOG_JSON": "false"}
    environment = quiet | given | {PREFIX + name: value for name, value in fixed.items()}
    played_hosts: list[str] = []
    for name in platform_names():
        credentials = _sandbox_credentials(name)
        if not any(given.get(setting) for setting in credentials):
            environment |= credentials
            played_hosts.extend(host for host in sandbox.platforms[name].hosts if not host.startswith("*"))
    outbound_map = {f"https://{host}": f"{base_url}/sandbox/{host}" for host in played_hosts}
    outbound_map |= json.loads(given.get(f"{PREFIX}OUTBOUND_MAP") or "{}")
    environment[f"{PREFIX}OUTBOUND_MAP"] = json.dumps(outbound_map)
    return load(environment, platforms=platform_names())


def _sandbox_credentials(name: str) -> Mapping[str, str]:
    if name == "bluesky":
        return {}
    if name == "telegram":
        return {f"{PREFIX}TELEGRAM_BOT_TOKEN": SANDBOX_BOT_TOKEN}
    stem = f"{PREFIX}{name.upper()}"
    return {f"{stem}_CLIENT_ID": f"sandbox-{name}", f"{stem}_CLIENT_SECRET": f"sandbox-{name}-secret"}


async def _owner(service: Service, data_dir: Path, keys: DemoKeys) -> None:
    """A first user, profile and API key, the same ones at every run of this data folder."""
    if keys.api_key:
        return
    user = await users.find_by_email(service.db, OWNER_EMAIL)
    if user is None:
        user, _ = await users.create_owner(service.db, name="Demo", email=OWNER_EMAIL, profile_name="Northwind Bakery")
    key, text = await api_keys.create(service.db, user.id, NewKey(name=f"demo {os.getpid()}", reveal_tokens=True))
    caller = await api_keys.authenticate(service.db, text)
    keys.user_id, keys.api_key = key.user_id, text
    keys.profile_id = (await profiles.list_profiles(service.db, caller))[0].id
    _write_keys(data_dir, keys)


def _print_json(base_url: str, keys: DemoKeys) -> None:
    line = {
        "base_url": base_url,
        "api_key": keys.api_key,
        "user_id": keys.user_id,
        "profile_id": keys.profile_id,
    }
    print(json.dumps(line), flush=True)


async def _show(base_url: str, keys: DemoKeys) -> list[Outcome]:
    names = platform_names()
    print(f"Connecting {len(names)} platforms in the sandbox (nothing leaves this machine)", flush=True)
    with Table(sys.stdout, names) as table:
        outcomes = await connect_all(
            base_url, api_key=keys.api_key, profile_id=keys.profile_id, platforms=names, tell=table.tell
        )
    done = sum(1 for outcome in outcomes if outcome.account)
    seconds = sum(outcome.ms for outcome in outcomes) / 1000
    print(f"{done} of {len(names)} connected in {seconds:.1f} s.\n")
    return outcomes


async def _tell_ways_in(service: Service, base_url: str, keys: DemoKeys) -> None:
    """What to open and to type next. A link to sign in with is made at every start; it is good once."""
    owner = await users.find_by_email(service.db, OWNER_EMAIL)
    once = "" if owner is None else await sessions.new_link(service.db, owner)
    print(f"Dashboard   {people.once_url(base_url, once)}   (signs you in, once, within 15 minutes)")
    print(f"API key     {keys.api_key}   (demo only)")
    print(f'Try         curl -s -H "Authorization: Bearer {keys.api_key}" {base_url}/api/v1/accounts')
    print("Connect one yourself: open the dashboard, press Connect. Stop with Ctrl+C; the data stays.", flush=True)
