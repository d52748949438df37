"""YouTube: one consent is one channel, picked on Google's own chooser. Facts: docs/platforms/youtube.md, 2026-11-23."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from moorline.adapter import google
from moorline.adapter.oauth import OAuthPlatform, OAuthSpec
from moorline.adapter.values import App, Identity, Tokens
from moorline.errors import FlowFailed, MoorlineError, ScopeMissing, UnexpectedReply
from moorline.wire import Http, Reply, Request

SCOPE_PREFIX = "https://www.googleapis.com/auth/"
READ_SCOPE = f"{SCOPE_PREFIX}youtube.readonly"
CHANNELS_URL = "https://www.googleapis.com/youtube/v3/channels"


class YouTube(OAuthPlatform):
    """A channel; its id is the account, not the Google user who signed in."""

    name = "youtube"
    spec = OAuthSpec(
        authorize_url=google.AUTHORIZE_URL,
        token_url=google.TOKEN_URL,
        scopes=(READ_SCOPE, f"{SCOPE_PREFIX}youtube.upload", f"{SCOPE_PREFIX}youtube.force-ssl"),
        pkce=True,
        authorize_extra=google.AUTHORIZE_EXTRA,
    )
    revokes_person = True  # docs/platforms/youtube.md#disconnecting

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        if "youtubeSignupRequired" in google.reasons_of(reply.json_or_empty()):
            return _no_channel()
        return google.judge("YouTube", reply)

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        if tokens.granted is not None and READ_SCOPE not in tokens.granted:
            raise ScopeMissing("youtube.readonly", "YouTube")
        query = {"part": "snippet,statistics,contentDetails", "mine": "true"}
        request = Request(method="GET", url=CHANNELS_URL, query=query, bearer=tokens.access, repeatable=True)
        return to_identity(await self.fetch(http, request))

    @override
    async def revoke(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> None:
        reply = await http.send(google.revocation(tokens.refresh or tokens.access))
        if not google.is_gone(reply):
            error = self.judge(reply)
            if error is not None:
                raise error


def to_identity(channels: Mapping[str, Any]) -> Identity:
    """Map channels.list. Raises: FlowFailed without a channel, UnexpectedReply for a channel without an id."""
    items = channels.get("items")
    if not isinstance(items, list) or not items:
        raise _no_channel()
    channel = items[0]
    if not isinstance(channel, dict) or not isinstance(channel.get("id"), str):
        raise UnexpectedReply("YouTube did not say which channel this is.")
    snippet = channel.get("snippet") or {}
    handle = str(snippet.get("customUrl") or "").removeprefix("@")
    return Identity(
        platform_user_id=channel["id"],
        username=handle or channel["id"],
        display_name=str(snippet.get("title") or "").strip() or handle or channel["id"],
        picture_url=_picture(snippet.get("thumbnails") or {}),
        profile_url=f"https://youtube.com/@{handle}" if handle else f"https://youtube.com/channel/{channel['id']}",
    )


def _picture(thumbnails: Mapping[str, Any]) -> str | None:
    for size in ("high", "medium", "default"):
        url = (thumbnails.get(size) or {}).get("url")
        if isinstance(url, str):
            return url
    return None


def _no_channel() -> FlowFailed:
    return FlowFailed("no_youtube_channel", "The Google account that was chosen has no channel.")
