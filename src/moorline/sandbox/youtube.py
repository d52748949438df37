"""YouTube, played: the channel behind a Google sign-in. Facts: youtube.md, by section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from typing_extensions import override

from moorline.sandbox import world
from moorline.sandbox.google import ACCOUNTS, APIS, OAUTH, PICTURES, SWITCHES, GooglePlatform
from moorline.sandbox.google_api import ApiError, answered, authorized, invalid_argument, page_size
from moorline.sandbox.google_server import PREFIX, prompts
from moorline.sandbox.google_world import BRAND
from moorline.sandbox.kernel import Call, Covered, Reply, endpoint
from moorline.sandbox.oauth_server import AuthorizationRequest, Grant
from moorline.sandbox.paging import part
from moorline.sandbox.portraits import portrait

API = "youtube.googleapis.com"
CHANNEL_PICTURES = "yt3.ggpht.com"

# youtube.md sections 2 and 7; any of them opens the list
READING = tuple(f"{PREFIX}{name}" for name in ("youtube.readonly", "youtube", "youtube.force-ssl", "youtubepartner"))

# youtube.md section 7; the rest are further parts of the same list, which the sandbox leaves empty
PARTS = (
    "id", "snippet", "statistics", "contentDetails", "status", "brandingSettings", "topicDetails", "localizations",
    "contentOwnerDetails", "auditDetails",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel; `handle` with its @, None for one that never chose any."""

    id: str
    title: str
    handle: str | None
    subscribers: int = 42

    def shown(self, parts: Sequence[str]) -> dict[str, Any]:
        """The parts asked for. Counts are texts. (youtube.md section 7)"""
        portrait = f"https://yt3.ggpht.com/ytc/moorline-{self.id}"
        snippet: dict[str, Any] = {
            "title": self.title,
            "description": "",
            "customUrl": self.handle,
            "publishedAt": "2015-01-01T00:00:00Z",
            "thumbnails": {
                name: {"url": f"{portrait}=s{size}-c-k-c0x00ffffff-no-rj", "width": size, "height": size}
                for name, size in (("default", 88), ("medium", 240), ("high", 800))
            },
            "localized": {"title": self.title, "description": ""},
            "country": "US",
        }
        values: dict[str, Any] = {
            "snippet": {name: value for name, value in snippet.items() if value is not None},
            "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": f"UU{self.id[2:]}"}},
            "statistics": {
                "viewCount": str(self.subscribers * 31),
                "subscriberCount": str(self.subscribers),
                "hiddenSubscriberCount": False,
                "videoCount": "3",
            },
        }
        asked = {name: values[name] for name in parts if name in values}
        return {"kind": "youtube#channel", "etag": f"etag-{self.id}", "id": self.id, **asked}


# One sign-in, one channel. Several for one, as `crowd` has, are rare. (youtube.md section 8)
_CHANNELS: dict[str, tuple[Channel | None, ...]] = {
    "plenty": (Channel(id="UCmoorlineSandbox_plenty", title="Ana Lima", handle="@analimabakes"),),
    BRAND.id: (
        Channel(id="UCmoorlineSandbox_brand0", title="Northwind Bakery", handle="@northwindbakery", subscribers=15000),
    ),
    "single": (Channel(id="UCmoorlineSandbox_single", title="Fernhill Books", handle=None),),
    "none": (),
    "crowd": (
        *(
            Channel(
                id=f"UCmoorlineSandbox_crowd{number}", title=name, handle=None if number % 2 else f"@sommer{number}"
            )
            for number, name in enumerate(world.ODD_NAMES[:5])
        ),
        None,
        *(
            Channel(id=f"UCmoorlineSandbox_crowd{number}", title=name, handle=f"@sommer{number}")
            for number, name in enumerate(world.ODD_NAMES[5:], start=5)
        ),
    ),
}


class YouTube(GooglePlatform):
    """YouTube."""

    name = "youtube"
    hosts = (ACCOUNTS, OAUTH, APIS, API, PICTURES, CHANNEL_PICTURES)
    people = (*world.PEOPLE_IDS, BRAND.id)
    marks = (f"{PREFIX}youtube", f"{PREFIX}yt-analytics")
    switches: ClassVar[Mapping[str, str]] = {
        **SWITCHES,
        "empty_items": "youtube.md section 7: without a channel `items` is empty, not absent",
        "signup_required": "youtube.md section 10: without a channel 401 youtubeSignupRequired",
    }

    @override
    def offered(self, request: AuthorizationRequest) -> Sequence[world.Person]:
        """Brand channels can be chosen with prompt=select_account only. (youtube.md section 2)"""
        return (*world.PEOPLE, BRAND) if "select_account" in prompts(request) else world.PEOPLE

    @endpoint("GET", (APIS, API), "/youtube/v3/channels", source="youtube.md section 7", covered=Covered.PARTIAL)
    async def channels(self, call: Call) -> Reply:
        """The channel of the sign-in, by `mine=true`; by id any. Quotas are played by faults only."""
        return answered(lambda: self._channels(call))

    def _channels(self, call: Call) -> dict[str, Any]:
        grant = authorized(self.google, call, scopes=READING, service=API)
        parts = _parts(call.query.get("part"))
        size = page_size(call.query.get("maxResults"), default=5, largest=50)
        rows = self._chosen(call, grant)
        cut = part(rows, size=size, token=call.query.get("pageToken"), mark="channels")
        total = sum(row is not None for row in rows)
        answer: dict[str, Any] = {"kind": "youtube#channelListResponse", "etag": "etag-of-the-list"}
        if cut.next_token is not None:
            answer["nextPageToken"] = cut.next_token
        answer["pageInfo"] = {"totalResults": total, "resultsPerPage": size}
        if cut.rows or self.on("empty_items"):
            answer["items"] = [row.shown(parts) for row in cut.rows]
        return answer

    def _chosen(self, call: Call, grant: Grant) -> Sequence[Channel | None]:
        if call.query.get("managedByMe") == "true":  # youtube.md section 8: needs rights of a content partner
            raise ApiError(403, "PERMISSION_DENIED", "The request is not properly authorized.", reason="forbidden")
        if call.query.get("mine") == "true":
            rows = _CHANNELS[grant.person]
            if not rows and self.on("signup_required"):
                raise _signup_required()
            return rows
        if call.query.get("id"):
            wanted = call.query["id"].split(",")
            everywhere = (channel for channels in _CHANNELS.values() for channel in channels)
            return [channel for channel in everywhere if channel is not None and channel.id in wanted]
        raise invalid_argument("No filter selected. Expected one of: mine, id, managedByMe", reason="missingFilter")

    @endpoint("GET", CHANNEL_PICTURES, "/ytc/{file}", source="youtube.md section 7", covered=Covered.PARTIAL)
    async def channel_picture(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


def _parts(text: str | None) -> list[str]:
    names = list(filter(None, (text or "").split(",")))
    if not names:
        raise invalid_argument("Required parameter: part", reason="missingRequiredParameter")
    for name in names:
        if name not in PARTS:
            raise invalid_argument(f"'{name}' is not a part of a channel.", reason="unknownPart")
    return names


def _signup_required() -> ApiError:
    """(youtube.md section 10)"""
    return ApiError(
        401,
        "",
        "Unauthorized",
        reason="youtubeSignupRequired",
        domain="youtube.header",
        place={"location": "Authorization", "locationType": "header"},
    )
