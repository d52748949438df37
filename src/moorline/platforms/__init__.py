"""The platforms, one file each."""

from collections.abc import Mapping

from moorline.adapter.app_password import AppPasswordPlatform
from moorline.adapter.atproto import TxtResolver
from moorline.adapter.bot import BotPlatform
from moorline.adapter.oauth import OAuthPlatform
from moorline.platforms.bluesky import Bluesky
from moorline.platforms.facebook import Facebook
from moorline.platforms.googlebusiness import GoogleBusiness
from moorline.platforms.instagram import Instagram
from moorline.platforms.linkedin import LinkedIn
from moorline.platforms.pinterest import Pinterest
from moorline.platforms.reddit import Reddit
from moorline.platforms.snapchat import Snapchat
from moorline.platforms.telegram import Telegram
from moorline.platforms.threads import Threads
from moorline.platforms.tiktok import TikTok
from moorline.platforms.twitter import Twitter
from moorline.platforms.youtube import YouTube

Adapter = OAuthPlatform | AppPasswordPlatform | BotPlatform

ALL: tuple[Adapter, ...] = (
    Facebook(),
    Instagram(),
    LinkedIn(),
    Twitter(),
    TikTok(),
    YouTube(),
    Threads(),
    Reddit(),
    Pinterest(),
    Bluesky(),
    GoogleBusiness(),
    Telegram(),
    Snapchat(),
)


def by_name(*, resolve_txt: TxtResolver | None = None) -> Mapping[str, Adapter]:
    """The platforms by name. With `resolve_txt`, Bluesky handles are looked up in DNS first."""
    found = {platform.name: platform for platform in ALL}
    return found if resolve_txt is None else found | {Bluesky.name: Bluesky(resolve_txt=resolve_txt)}
