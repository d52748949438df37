"""The sandbox: an honest double of the platforms, written from their documentation alone."""

from moorline.sandbox.bluesky import Bluesky
from moorline.sandbox.facebook import Facebook
from moorline.sandbox.googlebusiness import GoogleBusiness
from moorline.sandbox.instagram import Instagram
from moorline.sandbox.kernel import SandboxPlatform
from moorline.sandbox.linkedin import LinkedIn
from moorline.sandbox.pinterest import Pinterest
from moorline.sandbox.reddit import Reddit
from moorline.sandbox.snapchat import Snapchat
from moorline.sandbox.telegram import Telegram
from moorline.sandbox.threads import Threads
from moorline.sandbox.tiktok import TikTok
from moorline.sandbox.twitter import Twitter
from moorline.sandbox.youtube import YouTube

ALL: tuple[type[SandboxPlatform], ...] = (
    Bluesky,
    Facebook,
    GoogleBusiness,
    Instagram,
    LinkedIn,
    Pinterest,
    Reddit,
    Snapchat,
    Telegram,
    Threads,
    TikTok,
    Twitter,
    YouTube,
)
