"""A rival's process: made ready, started, and its people signed in."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec

from bench.answerer import CLIENT_ID, CLIENT_SECRET
from bench.processes import Broken, Child, Fleet, until_answers
from bench.rivals import Rival
from bench.rivals.flows import Flows
from moorline.platforms.twitter import Twitter

CALLS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A rival whose environment is there."""

    rival: Rival
    python: Path
    versions: Mapping[str, str]


def start(ready: Ready, fleet: Fleet, port: int, outbound_map: Mapping[str, str], *, core: int | None) -> Child:
    """Prepare its database and start it. Raises: Broken."""
    rival = ready.rival
    environment = {
        "DJANGO_SETTINGS_MODULE": "bench.rivals.social_core.settings",
        "RIVAL_AUTHORIZE_URL": f"{outbound_map['https://x.com']}/i/oauth2/authorize",
        "RIVAL_TOKEN_URL": f"{outbound_map['https://api.x.com']}/2/oauth2/token",
        "RIVAL_ME_URL": f"{outbound_map['https://api.x.com']}/2/users/me",
        "RIVAL_CLIENT_ID": CLIENT_ID,
        "RIVAL_CLIENT_SECRET": CLIENT_SECRET,
        "RIVAL_SCOPES": " ".join(Twitter.spec.scopes),
        "RIVAL_DATABASE": str(fleet.folder / f"{rival.name}.sqlite3"),
        "RIVAL_SECRET": secrets.token_urlsafe(40),
    }
    if rival.prepare is not None:
        fleet.finish(f"{rival.name} preparing", [str(ready.python), *rival.prepare], core=core, environment=environment)
    command = [str(ready.python), *(part.format(port=port) for part in rival.serve)]
    return fleet.start(rival.name, command, core=core, environment=environment)


async def signed_in(
    ready: Ready, server: Child, opened: aiohttp.ClientSession, *, base_url: str, sandbox_url: str
) -> Flows:
    """Its flows, as soon as it answers. Raises: Broken."""
    await until_answers(opened, f"{base_url}/", server)
    flows = Flows(ready.rival, base_url)
    try:
        await flows.prepare(opened, sandbox_url)
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        server.check()
        raise Broken(f"{ready.rival.title}: {type(error).__name__}: {error}\n{server.told()[-2000:]}") from error
    return flows


async def register(rival: Rival, opened: aiohttp.ClientSession, *, base_url: str, sandbox_url: str) -> None:
    """Its callback, at the app the sandbox starts with. Raises: Broken."""
    app = {
        "platform": "twitter",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": [f"{base_url}{rival.callback}"],
    }
    async with opened.post(f"{sandbox_url}/_sandbox/apps", data=msgspec.json.encode(app)) as answer:
        if answer.status >= 300:
            raise Broken(f"The sandbox does not take the callback of {rival.title}: {await answer.text()}")
