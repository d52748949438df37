"""The TikTok users of the sandbox, and which scope opens which of their fields. Facts: tiktok.md, by section."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from moorline.sandbox.oauth_server import Grant

# tiktok.md section 2
SCOPES = (
    "user.info.basic", "user.info.profile", "user.info.stats", "video.publish", "video.upload", "video.list",
)  # fmt: skip
# tiktok.md sections 2 and 7
SCOPE_OF_FIELD = {
    "open_id": "user.info.basic",
    "union_id": "user.info.basic",
    "avatar_url": "user.info.basic",
    "avatar_url_100": "user.info.basic",
    "avatar_large_url": "user.info.basic",
    "display_name": "user.info.basic",
    "username": "user.info.profile",
    "bio_description": "user.info.profile",
    "profile_deep_link": "user.info.profile",
    "profile_web_link": "user.info.profile",
    "is_verified": "user.info.profile",
    "follower_count": "user.info.stats",
    "following_count": "user.info.stats",
    "likes_count": "user.info.stats",
    "video_count": "user.info.stats",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One TikTok user; `union_id` is the same for all apps of one developer, here for all. (tiktok.md section 7)"""

    union_id: str
    username: str
    display_name: str
    followers: int
    videos: int
    is_verified: bool = False


USERS = {
    "plenty": User(
        union_id="e2a47c18-0000-4000-8000-000000000101",
        username="northwind.bakery",
        display_name="Northwind Bakery",
        followers=1280,
        videos=412,
        is_verified=True,
    ),
    "single": User(
        union_id="e2a47c18-0000-4000-8000-000000000102",
        username="fernhillbooks",
        display_name="Fernhill Books",
        followers=1,
        videos=1,
    ),
    "none": User(
        union_id="e2a47c18-0000-4000-8000-000000000103",
        username="cleo.marsh",
        display_name="Cleo Marsh",
        followers=0,
        videos=0,
    ),
    "crowd": User(
        union_id="e2a47c18-0000-4000-8000-000000000104",
        username="sommer_daughters",
        display_name="<b>Sommer</b> & Daughters \u202e🧵  ",
        followers=1_200_000,
        videos=1200,
    ),
}


def open_id(grant: Grant) -> str:
    """The person's id, which differs from app to app; its dashes belong to it. (tiktok.md section 7)"""
    digest = hashlib.sha256(f"{grant.client_id}/{grant.person}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def shown(grant: Grant) -> dict[str, Any]:
    """Every field of the user, whatever was granted."""
    user = USERS[grant.person]
    avatar = f"https://p19-sign.tiktokcdn-us.com/tos/{user.union_id}"
    return {
        "open_id": open_id(grant),
        "union_id": user.union_id,
        "avatar_url": f"{avatar}~168x168.jpeg?x-expires=1&x-signature=signed",
        "avatar_url_100": f"{avatar}~100x100.jpeg?x-expires=1&x-signature=signed",
        "avatar_large_url": f"{avatar}~1080x1080.jpeg?x-expires=1&x-signature=signed",
        "display_name": user.display_name,
        "username": user.username,
        "bio_description": "A fictional account of the Moorline sandbox.",
        "profile_deep_link": f"https://vm.tiktok.com/{user.username}/",
        "profile_web_link": f"https://www.tiktok.com/@{user.username}",
        "is_verified": user.is_verified,
        "follower_count": user.followers,
        "following_count": 96,
        "likes_count": 7 * user.followers,
        "video_count": user.videos,
    }
