"""Beginning a connection on whichever platform: what can be begun here, and the first step of it."""

from dataclasses import dataclass, replace

from moorline.adapter.bot import BotPlatform
from moorline.adapter.oauth import OAuthPlatform
from moorline.connect import bot_code
from moorline.connect.start import StartCall, Started, adapter_of, start
from moorline.owners import apps
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.settings import PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A platform. `needs` are the settings that are missing, `redirect_uri` what to register there with them.

    With nothing missing it can be connected.
    """

    platform: str
    needs: tuple[str, ...] = ()
    redirect_uri: str | None = None


async def begin(service: Service, caller: Caller, call: StartCall) -> Started:
    """Start an attempt and say where the person goes, whether the platform has an authorization page or not.

    Where it has none, connecting again is reconnecting: the account stays the same without being named.
    Raises: as `start.start`, for a bot's platform as `bot_code.issue`.
    """
    adapter = adapter_of(service, call.platform)
    if not isinstance(adapter, OAuthPlatform):
        call = replace(call, reconnect_account_id=None)
    if not isinstance(adapter, BotPlatform):
        return await start(service, caller, call)
    issued = await bot_code.issue(service, caller, call)
    return Started(url=issued.url, state=issued.state, attempt_id=issued.attempt_id)


async def offers(service: Service, caller: Caller) -> list[Offer]:
    """Every platform, and what it needs before it can be connected."""
    configured = await apps.configured(service, caller.user_id)
    return [Offer(platform=name) if name in configured else _lacking(service, name) for name in service.platforms]


def _lacking(service: Service, platform: str) -> Offer:
    stem = f"{PREFIX}{platform.upper()}"
    if isinstance(service.platforms[platform], BotPlatform):
        return Offer(platform=platform, needs=(f"{stem}_BOT_TOKEN",))
    needs = (f"{stem}_CLIENT_ID", f"{stem}_CLIENT_SECRET")
    return Offer(platform=platform, needs=needs, redirect_uri=service.settings.callback_url(platform))
