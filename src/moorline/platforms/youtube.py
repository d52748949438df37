"""YouTube: one consent is one channel, picked at Google. Facts: docs/platforms/youtube.md, checked 2026-11-23."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from typing_extensions import override

from moorline.adapter import google
from moorline.adapter.oauth import OAuthPlatform, OAuthSpec
from moorline.adapter.values import App, Identity, Tokens
from moorline.errors import FlowFailed, MoorlineError, UnexpectedReply
from moorline.wire import Http, Reply, Request

CHANNELS_URL = "https://www.googleapis.com/youtube/v3/channels"
READ = f"{google.SCOPE_PREFIX}/youtube.readonly"

# docs/platforms/youtube.md#errors
_NO_CHANNEL = "youtubeSignupRequired"
_CLOSED = {"channelClosed", "channelSuspended", "authenticatedUserAccountSuspended"}


class YouTube(OAuthPlatform):
    """A channel, not the Google account that owns it: several channels of one account are several connections."""

    name = "youtube"
    api_hosts = ("www.googleapis.com", "youtube.googleapis.com")
    spec = OAuthSpec(
        authorize_url=google.AUTHORIZE_URL,
        token_url=google.TOKEN_URL,
        scopes=(READ, f"{google.SCOPE_PREFIX}/youtube.upload"),
        analytics_scopes=(f"{google.SCOPE_PREFIX}/yt-analytics.readonly",),
        pkce=True,
        revoke_url=google.REVOKE_URL,
        authorize_extra=google.AUTHORIZE_EXTRA,
        issuer=google.ISSUER,
    )
    consent_with = ("youtube", "googlebusiness")
    revokes_person = True  # docs/platforms/youtube.md#disconnecting

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        reasons = google.reasons_of(reply)
        if _NO_CHANNEL in reasons:  # with 401, but it says nothing about the token
            return _no_channel()
        if reasons & _CLOSED:
            return FlowFailed("account_not_eligible", "YouTube closed or suspended this channel.")
        return google.judge("YouTube", reply)

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        google.require("YouTube", tokens, READ)
        query = {"part": "snippet", "mine": "true"}
        request = Request(method="GET", url=CHANNELS_URL, query=query, bearer=tokens.access, repeatable=True)
        return to_identity(await self.fetch(http, request))

    @override
    async def revoke(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> None:
        await google.revoke(self, http, tokens)


def to_identity(channels: Mapping[str, Any]) -> Identity:
    """Map the list of channels, of which the first is the one consented for.

    Raises: FlowFailed (`no_youtube_channel`) for an empty or missing list; UnexpectedReply.
    """
    items = channels.get("items")
    if items is None or items == []:
        raise _no_channel()
    channel = items[0] if isinstance(items, list) else None
    channel_id = channel.get("id") if isinstance(channel, dict) else None
    if not isinstance(channel, dict) or not isinstance(channel_id, str) or not channel_id:
        raise UnexpectedReply("YouTube did not say which channel this is.")
    snippet = channel.get("snippet")
    shown = snippet if isinstance(snippet, dict) else {}
    handle = _text(shown.get("customUrl")).removeprefix("@")
    return Identity(
        platform_user_id=channel_id,
        username=handle or channel_id,
        display_name=_text(shown.get("title")) or handle or channel_id,
        picture_url=_picture(shown.get("thumbnails")),
        profile_url=f"https://youtube.com/@{quote(handle, safe='')}"
        if handle
        else f"https://youtube.com/channel/{channel_id}",
    )


def _no_channel() -> FlowFailed:
    return FlowFailed(
        "no_youtube_channel", "This Google account has no YouTube channel: create one at YouTube, then connect again."
    )


def _picture(thumbnails: object) -> str | None:
    """The address of the largest there is."""
    sizes = thumbnails if isinstance(thumbnails, dict) else {}
    for size in (sizes.get("high"), sizes.get("medium"), sizes.get("default")):
        url = _text(size.get("url")) if isinstance(size, dict) else ""
        if url:
            return url
    return None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
