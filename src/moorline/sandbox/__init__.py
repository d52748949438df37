"""The sandbox: an honest double of the platforms, written from their documentation alone."""

from moorline.sandbox.bluesky import Bluesky
from moorline.sandbox.facebook import Facebook
from moorline.sandbox.kernel import SandboxPlatform
from moorline.sandbox.telegram import Telegram
from moorline.sandbox.twitter import Twitter

ALL: tuple[type[SandboxPlatform], ...] = (
    Bluesky,
    Facebook,
    Telegram,
    Twitter,
)
