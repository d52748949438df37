"""A double of TikTok that answers from replies/tiktok and records what it is asked."""

from moorline.adapter.values import App, Identity, Tokens
from moorline.wire import Reply
from tests.platforms import transport
from tests.platforms.transport import Answers, Platform

AUTHORIZE = "https://www.tiktok.com/v2/auth/authorize/"
TOKEN = "https://open.tiktokapis.com/v2/oauth/token/"
REVOKE = "https://open.tiktokapis.com/v2/oauth/revoke/"
ME = "https://open.tiktokapis.com/v2/user/info/"

KEY, SECRET = "aw1234567890", "tt-secret"
APP = App(client_id=KEY, client_secret=SECRET, redirect_uri="https://moorline.example/connect/tiktok/callback")
CLIENT = {"client_key": KEY, "client_secret": SECRET}
CODE = "c0de*1!4621.va"
ACCESS, REFRESH = "act.first", "rft.first"
SCOPES = ("user.info.basic", "user.info.profile", "video.publish", "video.upload")
HELD = Tokens(access=ACCESS, refresh=REFRESH, granted=SCOPES)
PERSON = Identity(
    platform_user_id="5b1d9f0c-3e7a-4c2b-9a61-7f20d4e8c913", username="jane.doe", display_name="Jane", granted=SCOPES
)


def recorded(name: str) -> Reply:
    return transport.recorded("tiktok", name)


def tiktok(token: Answers = None, me: Answers = None, revoke: Answers = None) -> Platform:
    return Platform({("POST", TOKEN): token, ("GET", ME): me, ("POST", REVOKE): revoke})
