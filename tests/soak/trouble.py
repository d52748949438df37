"""What goes wrong at the platforms, and where an answer may be dropped.

Facts: the "Refresh" sections of docs/platforms/*.md.
"""

# Where a lost answer costs nothing: the old token stays good, or, at Bluesky, answers the same again for two hours.
FORGIVING = {
    "bluesky": "POST /xrpc/com.atproto.server.refreshSession",
    "facebook": "POST /{version}/oauth/access_token",
    "linkedin": "POST /oauth/v2/accessToken",
    "reddit": "POST /api/v1/access_token",
    "youtube": "POST /token",
}
# Where the next token is in the lost answer alone. These may fail, and answer late, but nothing they did is dropped.
STRICT = {
    "instagram": "GET /refresh_access_token",
    "pinterest": "POST /v5/oauth/token",
    "snapchat": "POST /login/oauth2/access_token",
    "threads": "GET /refresh_access_token",
    "tiktok": "POST /v2/oauth/token/",
    "twitter": "POST /2/oauth2/token",
}
SWITCHES = {
    "instagram": "refresh_ends_old_token",
    "snapchat": "rotating_refresh",
    "threads": "refresh_ends_old_token",
}
FAILURES: tuple[dict[str, object], ...] = (
    {"status": 500, "body": {"error": "internal"}},
    {"status": 503, "body": "<html>over capacity</html>"},
    {"status": 429, "body": {}, "headers": {"retry-after": "30"}},
    {"status": 200, "body": "<html>maintenance</html>"},
    {"delay_ms": 400},
)
DROPS: tuple[dict[str, object], ...] = ({"break": True}, {"break": True, "break_after_bytes": 30})
TIME_OUT: dict[str, object] = {"delay_ms": 16_000}  # the service waits 15 s for an answer
