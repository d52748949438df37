"""The running service as the rooms see it: settings, store, vault and the way out, made once by `app.py`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moorline.adapter.values import App
from moorline.errors import NotConfigured
from moorline.limits.counting import Limits
from moorline.outbound import Outbound, OutboundMap
from moorline.platforms import Adapter
from moorline.pulse import Pulse
from moorline.settings import PREFIX, PlatformSettings, Settings
from moorline.store.db import Database
from moorline.vault import Vault

if TYPE_CHECKING:  # imported where they are switched on, and nowhere else
    from moorline.metrics import Metrics
    from moorline.tracing import Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What every step of a connection needs. `outbound_map` also maps the browser's authorization URL.

    `stopping` is set once the process was told to stop: nothing new is begun then.
    `metrics` and `tracing` are there when the operator wants them. `pulse` tells whether background work goes on.
    """

    settings: Settings
    db: Database
    vault: Vault
    http: Outbound
    limits: Limits
    outbound_map: OutboundMap
    platforms: Mapping[str, Adapter]
    metrics: "Metrics | None" = None
    tracing: "Tracing | None" = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    pulse: Pulse = field(default_factory=Pulse)

    def app(self, platform: str) -> App:
        """The operator's app at a platform. Raises: NotConfigured naming the missing setting."""
        given = self.settings.platforms.get(platform, PlatformSettings())
        if not given.client_id:
            wanted = "BOT_TOKEN" if platform == "telegram" else "CLIENT_ID"
            raise NotConfigured(platform, f"{PREFIX}{platform.upper()}_{wanted}")
        return App(
            client_id=given.client_id,
            client_secret=given.client_secret,
            redirect_uri=self.settings.callback_url(platform),
            scopes=given.scopes,
            api_version=given.api_version,
            pkce=given.pkce,
        )
