"""`/dashboard/keys`: the person's own API keys; a new one is shown once."""

from dataclasses import dataclass
from datetime import datetime

from litestar import Response, get, post
from litestar.params import FromPath

from moorline import clock
from moorline.access import signed_in
from moorline.errors import BadRequest, Conflict, NotFound
from moorline.owners import api_keys
from moorline.owners.api_keys import MAX_LIVE_KEYS, NewKey
from moorline.owners.audit import Actor
from moorline.pages.dashboard import board, profile_boxes, shown
from moorline.pages.dashboard.profile_boxes import Ticked
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.dashboard.shown import Shown
from moorline.pages.request import service_of
from moorline.pages.words import N_
from moorline.store.api_keys import ApiKey

PATH = "/dashboard/keys"
MAX_NAME_CHARS = 100
_LIVES = {"30": N_("30 days"), "90": N_("90 days"), "365": N_("A year"), "": N_("It does not run out")}
_USUAL_LIFE = "365"
_NAME = N_("Enter a name of 1 to %(most)s characters.")
_TAKEN = N_(
    "A key of that name exists already, or there are %(most)s keys, which is as many as there may be. "
    "A key that was not copied can be revoked."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the form says, as it is shown again when it cannot be."""

    name: str = ""
    permission: str = "read-write"
    life: str = _USUAL_LIFE
    reveals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A key as the list shows it; `profiles` None: all."""

    key: ApiKey
    profiles: list[str] | None
    is_over: bool


@get(PATH, opt=signed_in(), include_in_schema=False)
async def key_list(request: BoardRequest) -> Response[bytes]:
    """Oldest first (there are few), with a form for a new one."""
    return await _page(request)


@post(PATH, opt=signed_in(), include_in_schema=False, status_code=200)
async def create_key(request: BoardRequest) -> Response[bytes]:
    """A new one: it may do no more than the person, and only the owner's may read the platforms' own tokens."""
    service, signed = service_of(request), request.auth
    wanted, ticked = await _wanted(request), await profile_boxes.ticked_of(request)
    if ticked.is_wrong:
        return await _page(request, wanted, ticked, field="profiles", problem=profile_boxes.WANTED)
    new = NewKey(
        name=wanted.name,
        permission="read" if wanted.permission == "read" else "read-write",
        profile_ids=_within(signed.caller.profile_ids, ticked),
        reveal_tokens=wanted.reveals and signed.is_owner,
        expires_in_days=int(wanted.life) if wanted.life else None,
    )
    try:
        key, text = await api_keys.create(service.db, signed.member.id, new, by=Actor.of(signed.caller))
    except BadRequest:
        return await _page(request, wanted, ticked, field="name", problem=_NAME, most=MAX_NAME_CHARS)
    except Conflict:
        return await _page(request, wanted, ticked, field="name", problem=_TAKEN, most=MAX_LIVE_KEYS, status=409)
    look = signed.look
    told = Shown(
        title=look.gettext(N_("Your new API key")),
        about=key.name,
        label=look.gettext(N_("API key")),
        text=text,
        more=look.gettext(N_("Programs send it in the header Authorization, after the word Bearer.")),
        back="/keys",
        onward=look.gettext(N_("To the API keys")),
    )
    return shown.page(request, told)


@get(f"{PATH}/{{key_id:str}}/revoke", opt=signed_in(), include_in_schema=False)
async def revoke_form(request: BoardRequest, key_id: FromPath[str]) -> Response[bytes]:
    """What stops working, before it does."""
    found = await api_keys.list_keys(service_of(request).db, request.auth.member.id)
    key = next((one for one in found if one.id == key_id), None)
    if key is None:
        raise NotFound("API key not found")
    return board.page(request, request.auth, "key_revoke.html", {"key": key})


@post(f"{PATH}/{{key_id:str}}/revoke", opt=signed_in(), include_in_schema=False, status_code=200)
async def revoke_key(request: BoardRequest, key_id: FromPath[str]) -> Response[bytes]:
    """Revoke it at once."""
    signed = request.auth
    await api_keys.delete(service_of(request).db, signed.member.id, key_id, by=Actor.of(signed.caller))
    return board.onward(request, "/keys", done="key-revoked")


async def _page(
    request: BoardRequest,
    wanted: Wanted | None = None,
    ticked: Ticked | None = None,
    *,
    field: str = "",
    problem: str | None = None,
    status: int = 400,
    **said: int,
) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    told = None if problem is None else signed.look.gettext(problem, **{name: str(n) for name, n in said.items()})
    values = {
        "rows": await _rows(request),
        "wanted": wanted or Wanted(),
        "boxes": await profile_boxes.boxes(request, ticked),
        "lives": _LIVES,
        "may_reveal": signed.is_owner,
        "public_url": service.settings.public_url,
        "max_name_chars": MAX_NAME_CHARS,
        "field": field,
        "problem": told,
    }
    return board.page(request, signed, "keys.html", values, status=200 if problem is None else status)


async def _rows(request: BoardRequest) -> list[Row]:
    service, signed, now = service_of(request), request.auth, clock.now()
    found = await api_keys.list_keys(service.db, signed.member.id)
    return [
        Row(
            key=key,
            profiles=await profile_boxes.names_of(service, signed.caller, key.profile_ids),
            is_over=_is_over(key, now),
        )
        for key in found
    ]


def _is_over(key: ApiKey, now: datetime) -> bool:
    return key.expires_at is not None and key.expires_at <= now


async def _wanted(request: BoardRequest) -> Wanted:
    form = await request.form()
    life = str(form.get("life", ""))
    return Wanted(
        name=str(form.get("name", "")),
        permission=str(form.get("permission", "read-write")),
        life=life if life in _LIVES else _USUAL_LIFE,
        reveals="reveals" in form,
    )


def _within(own: frozenset[str] | None, ticked: Ticked) -> tuple[str, ...] | None:
    """The profiles of a key: what was ticked, or as many as its person has."""
    if ticked.profile_ids is None:
        return None if own is None else tuple(sorted(own))
    return ticked.profile_ids
