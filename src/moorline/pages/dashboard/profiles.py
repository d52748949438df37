"""`/dashboard/profiles`: what accounts are grouped under; made, renamed, made the default, deleted."""

from litestar import Response, get, post
from litestar.params import FromPath

from moorline.access import signed_in
from moorline.errors import BadRequest, Forbidden
from moorline.owners import profiles
from moorline.owners.audit import Actor
from moorline.owners.profiles import ProfileChange
from moorline.pages.dashboard import board
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.request import service_of
from moorline.pages.words import N_
from moorline.store import account_rows

PATH = "/dashboard/profiles"
A_PAGE = 30
MAX_SEARCH_CHARS = 100


@get(PATH, opt=signed_in(), include_in_schema=False)
async def profile_list(request: BoardRequest) -> Response[bytes]:
    """Oldest first, with a form for a new one."""
    return await _list(request)


@post(PATH, opt=signed_in(), include_in_schema=False, status_code=200)
async def create_profile(request: BoardRequest) -> Response[bytes]:
    """A new one; only for who may see all of them, and so may see it."""
    signed = request.auth
    if signed.caller.profile_ids is not None:
        raise Forbidden("Only who may see all profiles may make one.")
    name = str((await request.form()).get("name", ""))
    by = Actor.of(signed.caller)
    try:
        await profiles.create(service_of(request).db, signed.caller.user_id, ProfileChange(name=name), by=by)
    except BadRequest:
        return await _list(request, name=name, problem=_name_wanted(request))
    return board.onward(request, "/profiles", done="profile-created")


@get(f"{PATH}/{{profile_id:str}}", opt=signed_in(), include_in_schema=False)
async def profile_page(request: BoardRequest, profile_id: FromPath[str]) -> Response[bytes]:
    """One profile: its name, its accounts, what can be done with it."""
    return await _page(request, profile_id)


@post(f"{PATH}/{{profile_id:str}}", opt=signed_in(), include_in_schema=False, status_code=200)
async def rename_profile(request: BoardRequest, profile_id: FromPath[str]) -> Response[bytes]:
    """Call it something else."""
    service, caller = service_of(request), request.auth.caller
    name = str((await request.form()).get("name", ""))
    await profiles.visible(service.db, caller, profile_id)
    try:
        await profiles.update(service.db, caller, profile_id, ProfileChange(name=name))
    except BadRequest:
        return await _page(request, profile_id, name=name, problem=_name_wanted(request))
    return board.onward(request, "/profiles", done="profile-changed")


@post(f"{PATH}/{{profile_id:str}}/default", opt=signed_in(), include_in_schema=False, status_code=200)
async def make_default(request: BoardRequest, profile_id: FromPath[str]) -> Response[bytes]:
    """Let it be what is meant when no profile is named."""
    await profiles.update(service_of(request).db, request.auth.caller, profile_id, ProfileChange(is_default=True))
    return board.onward(request, "/profiles", done="profile-default")


@get(f"{PATH}/{{profile_id:str}}/delete", opt=signed_in(), include_in_schema=False)
async def delete_form(request: BoardRequest, profile_id: FromPath[str]) -> Response[bytes]:
    """What goes away, before it does; with accounts on it, what to do first."""
    return await _delete_page(request, profile_id)


@post(f"{PATH}/{{profile_id:str}}/delete", opt=signed_in(), include_in_schema=False, status_code=200)
async def delete_profile(request: BoardRequest, profile_id: FromPath[str]) -> Response[bytes]:
    """Delete it, unless accounts hang on it."""
    service = service_of(request)
    try:
        await profiles.delete(service.db, request.auth.caller, profile_id)
    except BadRequest as error:
        if error.code != "profile_has_accounts":
            raise
        return await _delete_page(request, profile_id, status=409)
    return board.onward(request, "/profiles", done="profile-deleted")


async def _list(request: BoardRequest, *, name: str = "", problem: str | None = None) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    kept = board.filters(request, "q")
    words = kept.get("q", "")[:MAX_SEARCH_CHARS]
    after = request.query_params.get("after") or None
    found, further = await profiles.search(service.db, signed.caller, words=words, after=after, limit=A_PAGE)
    values = {
        "rows": found,
        "further": board.further("/profiles", kept, further, by="after"),
        "words": words,
        "is_narrowed": bool(words) or after is not None,
        "may_create": signed.caller.profile_ids is None,
        "name": name[: profiles.MAX_NAME_CHARS],
        "problem": problem,
        "max_name_chars": profiles.MAX_NAME_CHARS,
    }
    return board.page(request, signed, "profiles.html", values, status=200 if problem is None else 400)


async def _page(
    request: BoardRequest, profile_id: str, *, name: str | None = None, problem: str | None = None
) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    profile = await profiles.visible(service.db, signed.caller, profile_id)
    values = {
        "profile": profile,
        "accounts": await account_rows.count_of_profile(service.db, profile.id),
        "name": profile.name if name is None else name[: profiles.MAX_NAME_CHARS],
        "problem": problem,
        "max_name_chars": profiles.MAX_NAME_CHARS,
    }
    return board.page(request, signed, "profile.html", values, status=200 if problem is None else 400)


async def _delete_page(request: BoardRequest, profile_id: str, *, status: int = 200) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    profile = await profiles.visible(service.db, signed.caller, profile_id)
    values = {"profile": profile, "accounts": await account_rows.count_of_profile(service.db, profile.id)}
    return board.page(request, signed, "profile_delete.html", values, status=status)


def _name_wanted(request: BoardRequest) -> str:
    return request.auth.look.gettext(N_("Enter a name of 1 to %(most)s characters."), most=str(profiles.MAX_NAME_CHARS))
