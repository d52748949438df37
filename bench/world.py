"""What a run is played in: the server's environment, and who has what in its database."""

import asyncio
import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bench.processes import COMMAND, POLL_S, Broken, Fleet, while_waiting
from moorline import clock, ids, settings
from moorline.accounts import accounts
from moorline.accounts.proven import Proven
from moorline.adapter.oauth import to_connection
from moorline.adapter.values import Identity, Tokens
from moorline.app import open_service
from moorline.cli.environment import platform_names
from moorline.limits.buckets import BY_NAME
from moorline.owners import api_keys, users
from moorline.owners.api_keys import NewKey
from moorline.service import Service
from moorline.settings import PREFIX
from moorline.store import migrate
from moorline.vault import new_key

HOST = "127.0.0.1"
LISTED_ACCOUNTS = 100
PLATFORMS = ("twitter", "facebook", "linkedin")
# Everything that is limited is counted, and nobody comes near the limit.
NEVER_REACHED = 100_000_000
LIMITED: Mapping[str, str] = {
    "RATE_LIMIT_PER_MINUTE": str(NEVER_REACHED),
    "LIMITS": " ".join(f"{name}={NEVER_REACHED}" for name, bucket in BY_NAME.items() if bucket.most),
}
COUNTED: Mapping[str, str] = {"METRICS_TOKEN": "for-nobody-but-the-bench"}
IN_PRODUCTION: Mapping[str, str] = {**LIMITED, **COUNTED}
_TOKEN_CHARS = 1024
_MAP = re.compile(r"^MOORLINE_OUTBOUND_MAP='(.*)'$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Two tenants: one has `LISTED_ACCOUNTS` accounts, `account_id` among them; in the other's profile flows end."""

    server_url: str
    sandbox_url: str
    floor_url: str
    played_url: str
    database_url: str
    list_key: str = field(repr=False)
    account_id: str
    flow_key: str = field(repr=False)
    profile_id: str

    @property
    def database_path(self) -> Path:
        """The file, on SQLite."""
        return Path(self.database_url.removeprefix("sqlite:///"))


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [int(opened.getsockname()[1]) for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def outbound_map_in(told: str) -> str | None:
    """The map that the sandbox prints when it starts; None before it does. Raises: Broken when it cannot be read."""
    found = _MAP.search(told)
    if found is None:
        return None
    try:
        json.loads(found[1])
    except ValueError as error:
        raise Broken(f"The sandbox printed a map that is not JSON: {found[1][:200]}") from error
    return found[1]


async def start_sandbox(fleet: Fleet, port: int, callback_base: str, *, core: int | None) -> str:
    """Start a sandbox; the map that leads to it. Raises: Broken."""
    command = [str(COMMAND), "sandbox", "--host", HOST, "--port", str(port), "--callback-base", callback_base]
    sandbox = fleet.start("the sandbox", command, core=core)
    for _ in while_waiting(sandbox):
        outbound_map = outbound_map_in(sandbox.told())
        if outbound_map is not None:
            return outbound_map
        await asyncio.sleep(POLL_S)
    raise Broken("The sandbox did not print its map.")


def with_played(outbound_map: str, played_url: str) -> str:
    """The sandbox's map, but for the one address that `bench.played` answers for it."""
    own = {"https://api.linkedin.com/v2/organizations": f"{played_url}/v2/organizations"}
    return json.dumps({**json.loads(outbound_map), **own})


def environment_of(
    port: int,
    database_url: str,
    *,
    outbound_map: str,
    outbound_allow: str = "",
    switches: Mapping[str, str] = IN_PRODUCTION,
) -> dict[str, str]:
    """Settings as in production, but for how much the limits take (all) and the platforms (played)."""
    values = {
        "PUBLIC_URL": f"http://{HOST}:{port}",
        "HOST": HOST,
        "PORT": str(port),
        "DATABASE_URL": database_url,
        "ENCRYPTION_KEYS": new_key(),
        "OUTBOUND_MAP": outbound_map,
        "OUTBOUND_ALLOW": outbound_allow,
        **switches,
    }
    for platform in PLATFORMS:
        values[f"{platform.upper()}_CLIENT_ID"] = f"sandbox-{platform}"
        values[f"{platform.upper()}_CLIENT_SECRET"] = f"sandbox-{platform}-secret"
    return {PREFIX + name: value for name, value in values.items()}


async def seed(environment: Mapping[str, str], *, sandbox_url: str, floor_url: str, played_url: str) -> World:
    """Migrate the database and fill it through the product's own functions, before the server opens it."""
    given = settings.load(environment, platforms=platform_names())
    await migrate.upgrade(given.database_url)
    async with open_service(given) as service:
        list_key, listed_user, listed_profile = await _tenant(service, "list")
        proven = [_proven(number, user_id=listed_user, profile_id=listed_profile) for number in range(LISTED_ACCOUNTS)]
        saved = [await accounts.save(service, one) for one in proven]
        flow_key, _, flow_profile = await _tenant(service, "flow")
    return World(
        server_url=given.public_url,
        sandbox_url=sandbox_url,
        floor_url=floor_url,
        played_url=played_url,
        database_url=given.database_url,
        list_key=list_key,
        account_id=saved[-1].id,
        flow_key=flow_key,
        profile_id=flow_profile,
    )


async def _tenant(service: Service, name: str) -> tuple[str, str, str]:
    user, profile = await users.create_owner(
        service.db, name=name, email=f"{name}@example.com", profile_name="Northwind Bakery"
    )
    _, text = await api_keys.create(service.db, user.id, NewKey(name=name, reveal_tokens=True))
    return text, user.id, profile.id


def _proven(number: int, *, user_id: str, profile_id: str) -> Proven:
    identity = Identity(
        platform_user_id=str(10**18 + number),
        username=f"northwind{number}",
        display_name=f"Northwind Bakery {number}",
        picture_url=f"https://pbs.twimg.com/profile_images/{10**18 + number}/northwind_400x400.jpg",
        profile_url=f"https://x.com/northwind{number}",
    )
    tokens = Tokens(
        access=ids.random_bytes(_TOKEN_CHARS // 2).hex(),
        refresh=ids.new_secret(),
        access_expires_at=clock.now() + timedelta(hours=2),
        granted=("tweet.read", "users.read", "offline.access"),
    )
    return Proven(
        user_id=user_id,
        profile_id=profile_id,
        platform="twitter",
        app_id="sandbox-twitter",
        connection=to_connection(identity),
        identity=identity,
        tokens=tokens,
    )
