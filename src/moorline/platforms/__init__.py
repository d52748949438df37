"""The platforms, one file each."""

from collections.abc import Mapping

from moorline.adapter.app_password import AppPasswordPlatform
from moorline.adapter.bot import BotPlatform
from moorline.adapter.oauth import OAuthPlatform
from moorline.platforms.bluesky import Bluesky
from moorline.platforms.facebook import Facebook
from moorline.platforms.telegram import Telegram
from moorline.platforms.twitter import Twitter

Adapter = OAuthPlatform | AppPasswordPlatform | BotPlatform

ALL: tuple[Adapter, ...] = (Facebook(), Twitter(), Bluesky(), Telegram())
BY_NAME: Mapping[str, Adapter] = {platform.name: platform for platform in ALL}
