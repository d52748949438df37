"""Who is connected in the soak, how, and what a platform says to a token."""

from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.journeys.journey import Journey, query_of
from tests.soak.ledger import Consent, Ledger

# A call of each platform that a live token is needed for.
PROBES = {
    "facebook": "graph.facebook.com/v25.0/me",
    "googlebusiness": "mybusinessaccountmanagement.googleapis.com/v1/accounts",
    "instagram": "graph.instagram.com/me?fields=user_id",
    "linkedin": "api.linkedin.com/v2/userinfo",
    "pinterest": "api.pinterest.com/v5/user_account",
    "reddit": "oauth.reddit.com/api/v1/me",
    "snapchat": "businessapi.snapchat.com/v1/public_profiles/my_profile",
    "threads": "graph.threads.net/v1.0/me?fields=id",
    "tiktok": "open.tiktokapis.com/v2/user/info/?fields=open_id",
    "twitter": "api.x.com/2/users/me",
    "youtube": "www.googleapis.com/youtube/v3/channels?part=snippet&mine=true",
}
BLUESKY = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo"}
CHAT = "@mychannel"


@dataclass(eq=False, slots=True, kw_only=True)
class Connected:
    """An account, and what is expected of it. `consent` None: a bot's chat has no token of its own."""

    id: str
    platform: str
    person: str
    consent: Consent | None
    disconnections: int = 0  # that must have been told
    is_gone: bool = False  # taken away on purpose, or bound to end: nothing is asked of it any more

    @property
    def name(self) -> str:
        return f"{self.platform} of {self.person}"


async def connect(journey: Journey, ledger: Ledger, platform: str, person: str) -> Connected:
    """Sign in and choose as a person does; the account, the same one as before when it was there."""
    before = len(ledger.consents)
    if platform == "telegram":
        body = {"chatId": CHAT, "profileId": journey.profile_id}
        account_id = _id_of(await journey.call("POST", "connect/telegram", body=body))
    elif platform == "bluesky":
        state = (await journey.start("bluesky"))["state"]
        account_id = _id_of(await journey.call("POST", "connect/bluesky/credentials", body={**BLUESKY, "state": state}))
    else:
        started = await journey.start(platform)
        landed = query_of(await journey.through_pages(started["authUrl"], person=person))
        assert landed.get("connected") == platform, landed
        account_id = landed["accountId"]
    consent = ledger.consents[-1] if len(ledger.consents) > before else None
    assert (consent is None) == (platform == "telegram")
    return Connected(id=account_id, platform=platform, person=person, consent=consent)


def _id_of(answer: Any) -> str:
    assert answer.status == 200, answer.text
    account = answer.json["account"]
    return str(account.get("_id") or account["accountId"])


async def refusal(session: aiohttp.ClientSession, sandbox_url: str, platform: str, told: Any) -> str:
    """What the platform has against a token that was handed out; empty when it takes it."""
    place = PROBES.get(platform) or f"{told['serviceUrl'].removeprefix('https://')}/xrpc/com.atproto.server.getSession"
    headers = {"authorization": f"Bearer {told['accessToken']}", "user-agent": "soak/1.0 (by /u/moorline)"}
    async with session.get(f"{sandbox_url}/sandbox/{place}", headers=headers) as answer:
        return "" if answer.status == 200 else f"{answer.status} {(await answer.text())[:200]}"
