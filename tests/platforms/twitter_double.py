"""A double of X that answers from replies/twitter and records what it is asked."""

from moorline.adapter.values import App, Identity, Tokens
from moorline.wire import Reply
from tests.platforms import transport
from tests.platforms.transport import Answers, Platform

AUTHORIZE = "https://x.com/i/oauth2/authorize"
TOKEN = "https://api.x.com/2/oauth2/token"
REVOKE = "https://api.x.com/2/oauth2/revoke"
ME = "https://api.x.com/2/users/me"

SECRET = "x-secret"
APP = App(client_id="x-id", client_secret=SECRET, redirect_uri="https://moorline.example/connect/twitter/callback")
BASIC = ("x-id", SECRET)
CODE = "c0de-from-x"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
ACCESS, REFRESH = "dXNlci1hY2Nlc3MtMQ", "cmVmcmVzaC0x"
SCOPES = ("media.write", "tweet.write", "users.read", "tweet.read", "offline.access")
HELD = Tokens(access=ACCESS, refresh=REFRESH, granted=SCOPES)
PERSON = Identity(platform_user_id="1790000000000000123", username="northwindbikes", display_name="Northwind Bikes")


def recorded(name: str) -> Reply:
    return transport.recorded("twitter", name)


def x(token: Answers = None, me: Answers = None, revoke: Answers = None) -> Platform:
    return Platform({("POST", TOKEN): token, ("GET", ME): me, ("POST", REVOKE): revoke})
