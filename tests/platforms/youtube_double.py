"""A double of YouTube that answers from replies/youtube and replies/google and records what it is asked."""

from moorline.adapter.values import App, Identity, Tokens
from moorline.wire import Reply
from tests.platforms import transport
from tests.platforms.transport import Answers, Platform

AUTHORIZE = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN = "https://oauth2.googleapis.com/token"
REVOKE = "https://oauth2.googleapis.com/revoke"
CHANNELS = "https://www.googleapis.com/youtube/v3/channels"

KEY, SECRET = "7-youtube.apps.googleusercontent.com", "GOCSPX-youtube"
APP = App(client_id=KEY, client_secret=SECRET, redirect_uri="https://moorline.example/connect/youtube/callback")
CLIENT = {"client_id": KEY, "client_secret": SECRET}
CODE = "4/0AcOde"
ACCESS, REFRESH = "ya29.first", "1//0first"
READ, UPLOAD = "https://www.googleapis.com/auth/youtube.readonly", "https://www.googleapis.com/auth/youtube.upload"
HELD = Tokens(access=ACCESS, refresh=REFRESH, granted=(READ, UPLOAD))
CHANNEL = "UC_x5XG1OV2P6uZZ5FSM9Ttw"
PERSON = Identity(platform_user_id=CHANNEL, username="northwindbikes", display_name="Northwind Bikes")


def recorded(name: str) -> Reply:
    return transport.recorded("youtube", name)


def youtube(token: Answers = None, channels: Answers = None, revoke: Answers = None) -> Platform:
    return Platform({("POST", TOKEN): token, ("GET", CHANNELS): channels, ("POST", REVOKE): revoke})
