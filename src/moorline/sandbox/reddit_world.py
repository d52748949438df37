"""The accounts and subreddits of the sandbox's Reddit. Ids and names never change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from moorline.sandbox import world

CROWD_SIZE = 1200
BANNED = "bannedbakers"  # a subreddit that Reddit closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Redditor:
    """An account. `id` is base36 and has no `t2_`."""

    id: str
    name: str
    title: str = ""
    snoovatar: bool = False

    @property
    def profile(self) -> "Subreddit":
        """The pseudo-subreddit of the account, which it moderates. (reddit.md section 8)"""
        name = f"u_{self.name}"
        return Subreddit(id=f"2u{self.id[-4:]}", name=name, title=self.title, kind="user", roles=("moderator",))

    def shown(self, *, client_id: str) -> dict[str, Any]:
        """The answer of `/api/v1/me`. (reddit.md section 7)"""
        icon = f"https://styles.redditmedia.com/{self.id}/styles/profileIcon.jpg?width=256&height=256&crop=256:256&s=0a1b2c"
        snoovatar = f"https://i.redd.it/snoovatar/avatars/{self.id}.png" if self.snoovatar else ""
        return {
            "id": self.id,
            "name": self.name,
            "icon_img": icon,
            "snoovatar_img": snoovatar,
            "created_utc": 1593898489.0,
            "link_karma": 1,
            "comment_karma": 0,
            "total_karma": 1,
            "verified": True,
            "has_verified_email": True,
            "is_suspended": False,
            "over_18": True,
            "is_mod": True,
            "subreddit": {
                "display_name": self.profile.name,
                "display_name_prefixed": f"u/{self.name}",
                "title": self.title,
                "icon_img": icon,
                "subscribers": 1,
                "over_18": False,
                "url": f"/user/{self.name}/",
                "name": f"t5_{self.profile.id}",
            },
            "oauth_client_id": client_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Subreddit:
    """A subreddit as one person sees it; `roles` out of subscriber, moderator, contributor."""

    id: str
    name: str
    title: str
    kind: str = "public"
    roles: tuple[str, ...] = ("subscriber",)
    over18: bool = False
    submission_type: str = "any"

    def shown(self, *, where: str = "") -> dict[str, Any]:
        """One child of a listing. (reddit.md section 8)"""
        is_profile = self.kind == "user"
        told: dict[str, Any] = {
            "id": self.id,
            "name": f"t5_{self.id}",
            "display_name": self.name,
            "display_name_prefixed": f"u/{self.name[2:]}" if is_profile else f"r/{self.name}",
            "title": self.title,
            "url": f"/user/{self.name[2:]}/" if is_profile else f"/r/{self.name}/",
            "over18": self.over18,
            "subreddit_type": self.kind,
            "submission_type": self.submission_type,
            "subscribers": 100,
            "icon_img": "",
            "community_icon": "",
            "user_is_subscriber": "subscriber" in self.roles,
            "user_is_moderator": "moderator" in self.roles,
            "user_is_contributor": "contributor" in self.roles,
            "user_is_banned": False,
            "restrict_posting": True,
            "quarantine": False,
            "allow_images": True,
            "allow_videos": True,
        }
        if where == "moderator":
            told["mod_permissions"] = ["all"]
        return {"kind": "t5", "data": told}


REDDITORS = {
    "plenty": Redditor(id="7nwbak01", name="northwindbakery", title="Northwind Bakery"),
    "single": Redditor(id="7fernh02", name="fernhillbooks", title="Fernhill Books", snoovatar=True),
    "none": Redditor(id="7cleom03", name="cleomarsh"),
    "crowd": Redditor(id="7somme04", name="sommerdaughters", title="<b>Sommer</b> & Daughters \u202e🧵  "),
}

_BOTH = ("subscriber", "moderator")


def _topics() -> list[Subreddit]:
    """Fifty that the plentiful person reads, four of which she also moderates."""
    topics = [
        Subreddit(id=f"2nw{number:02d}", name=f"BreadTopic{number:02d}", title=f"All about bread, part {number}")
        for number in range(1, 51)
    ]
    topics[0] = replace(topics[0], name="Breadit", title="Breadit: rye & wheat", roles=_BOTH)
    topics[1] = replace(topics[1], name="Sourdough", title="Sourdough", roles=_BOTH)
    topics[2] = replace(topics[2], name="NightShiftBakers", title="After hours", over18=True)
    topics[3] = replace(topics[3], name="BakingPhotos", title="Photos only", submission_type="link")
    topics[28] = replace(topics[28], roles=_BOTH)
    topics[49] = replace(topics[49], roles=_BOTH)
    return topics


def _plenty() -> tuple[Subreddit, ...]:
    """Sixty to post to, two of them private and two restricted; beside them one that is restricted and only read."""
    moderated = [
        Subreddit(id=f"2nw{number}", name=f"NorthwindClub{number}", title=f"Club {number}", roles=("moderator",))
        for number in range(51, 57)
    ]
    read_by_invitation = ("subscriber", "contributor")
    return (
        *_topics(),
        *moderated,
        Subreddit(id="2nw57", name="BakersBackroom", title="Backroom", kind="private", roles=read_by_invitation),
        Subreddit(id="2nw58", name="NorthwindStaff", title="Staff", kind="private", roles=("moderator",)),
        Subreddit(id="2nw59", name="FlourNews", title="Flour News", kind="restricted", roles=read_by_invitation),
        Subreddit(id="2nw60", name="NorthwindNews", title="News", kind="restricted", roles=("moderator",)),
        Subreddit(id="2nw90", name="BakingDecrees", title="Announcements", kind="restricted"),
    )


@lru_cache(maxsize=1)
def _crowd() -> tuple[Subreddit, ...]:
    titles = [*world.ODD_NAMES, *(f"Sommer Circle {number:04d}" for number in range(len(world.ODD_NAMES), CROWD_SIZE))]
    return tuple(
        Subreddit(id=f"2dg{number:04d}", name=f"SommerCircle{number:04d}", title=title)
        for number, title in enumerate(titles)
    )


_SINGLE = (Subreddit(id="2fb01", name="FernhillReads", title="Fernhill Reads", roles=_BOTH),)


@lru_cache(maxsize=8)
def subreddits(person: str) -> tuple[Subreddit, ...]:
    """What the person reads, moderates or is approved in, the own profile last; `none` has only that."""
    held = {"plenty": _plenty(), "single": _SINGLE, "crowd": _crowd()}.get(person, ())
    return (*held, REDDITORS[person].profile)


def listing(person: str, where: str) -> Sequence[Subreddit | None]:
    """The rows of `/subreddits/mine/<where>`; None is a place where a page comes out short, other rows following."""
    held: list[Subreddit | None] = [row for row in subreddits(person) if where in row.roles]
    middle = len(held) // 2
    return [*held[:middle], None, *held[middle:]] if middle else held


@lru_cache(maxsize=1)
def everything() -> dict[str, Subreddit]:
    """Every subreddit there is by its name in lower case, as somebody without a role sees it."""
    return {row.name.lower(): replace(row, roles=()) for person in world.PEOPLE for row in subreddits(person.id)}
