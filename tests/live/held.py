"""What the environment holds for the real platforms; docs/howto/live-tests.md names every variable."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from moorline.adapter.values import App, Tokens
from moorline.cli.environment import platform_names
from moorline.outbound import Outbound, OutboundMap
from moorline.settings import PREFIX, load

LIVE = f"{PREFIX}LIVE_"
KEEP_IN = f"{LIVE}KEEP_IN"


class NotGiven(Exception):
    """Variables that a live test needs are not set; the text is a sentence that names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Somebody who signs in by name and password."""

    identifier: str
    password: str


class Held:
    """The credentials of one run. `environment` is read, and the file it names for renewed tokens."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment

    def outbound(self) -> Outbound:
        """The service's way out, with the operator's map."""
        return Outbound(outbound_map=OutboundMap.parse(self._environment.get(f"{PREFIX}OUTBOUND_MAP") or "{}"))

    def app(self, platform: str) -> App:
        """The operator's app. Raises: NotGiven."""
        stem = f"{PREFIX}{platform.upper()}"
        wanted = (f"{stem}_BOT_TOKEN",) if platform == "telegram" else (f"{stem}_CLIENT_ID", f"{stem}_CLIENT_SECRET")
        self._require(platform, wanted)
        of_the_service = {name: text for name, text in self._environment.items() if not name.startswith(LIVE)}
        settings = load(of_the_service, platforms=platform_names(), need_keys=False)
        given = settings.platforms[platform]
        return App(
            client_id=given.client_id,
            client_secret=given.client_secret,
            redirect_uri=settings.callback_url(platform),
            scopes=given.scopes,
            api_version=given.api_version,
            pkce=given.pkce,
        )

    def tokens(self, platform: str) -> Tokens:
        """A person's tokens; of the two one is enough. Raises: NotGiven."""
        stem = f"{LIVE}{platform.upper()}"
        refresh = self._kept().get(platform) or self._environment.get(f"{stem}_REFRESH_TOKEN")
        access = self._environment.get(f"{stem}_ACCESS_TOKEN")
        if not refresh and not access:
            raise NotGiven(f"{platform} is not asked: set {stem}_REFRESH_TOKEN or {stem}_ACCESS_TOKEN.")
        return Tokens(access=access or "", refresh=refresh or None)

    def keep(self, platform: str, tokens: Tokens) -> None:
        """Save a renewed refresh token for the next run, where the environment says to: the one used may be dead."""
        place = self._environment.get(KEEP_IN)
        if place and tokens.refresh:
            text = json.dumps({**self._kept(), platform: tokens.refresh}, indent=2)
            path = Path(place)
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")

    def named(self, platform: str) -> Named:
        """Raises: NotGiven."""
        identifier, password = (f"{LIVE}{platform.upper()}_{part}" for part in ("IDENTIFIER", "APP_PASSWORD"))
        self._require(platform, (identifier, password))
        return Named(identifier=self._environment[identifier], password=self._environment[password])

    def chat(self, platform: str) -> str:
        """A chat the bot may post to. Raises: NotGiven."""
        name = f"{LIVE}{platform.upper()}_CHAT"
        self._require(platform, (name,))
        return self._environment[name]

    def _require(self, platform: str, names: tuple[str, ...]) -> None:
        missing = [name for name in names if not self._environment.get(name)]
        if missing:
            raise NotGiven(f"{platform} is not asked: set {' and '.join(missing)}.")

    def _kept(self) -> dict[str, str]:
        place = self._environment.get(KEEP_IN)
        if not place or not Path(place).exists():
            return {}
        kept: dict[str, str] = json.loads(Path(place).read_text(encoding="utf-8"))
        return kept
