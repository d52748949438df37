"""`/v1/users`, `/v1/profiles`, `/v1/api-keys`, `/v1/usage-stats`: the neighbours the flow needs."""

from typing import Annotated, Any

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from moorline import clock
from moorline.access import reading, writing
from moorline.accounts import accounts
from moorline.connect import redirects
from moorline.errors import BadRequest, NotFound
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.connect import to_bool
from moorline.http.shapes.api_keys import ApiKeyBody, ApiKeyCreated, ApiKeyList, ApiKeyShape, NewApiKeyShape
from moorline.http.shapes.common import Message
from moorline.http.shapes.profiles import ProfileAnswer, ProfileBody, ProfileList, ProfileSaved, ProfileShape
from moorline.http.shapes.usage import Usage, UsageLimits, UsageStats
from moorline.http.shapes.users import UserAnswer, UserList, UserShape
from moorline.owners import api_keys, profiles, users
from moorline.owners.api_keys import NewKey
from moorline.owners.audit import Actor
from moorline.owners.caller import Caller
from moorline.owners.profiles import ProfileChange
from moorline.service import Service
from moorline.store.api_keys import ApiKey
from moorline.store.profiles import Profile
from moorline.store.users import User

IncludeOverLimit = Annotated[str, QueryParameter(name="includeOverLimit")]


@get("/users", opt=reading(), operation_id="listUsers", tags=["Users"])
async def list_users(request: CallerRequest) -> UserList:
    """The owner and the invited members."""
    caller = caller_of(request)
    found = await users.list_users(service_of(request).db, caller)
    return UserList(current_user_id=caller.member_id, users=[_user(user) for user in found])


@get("/users/{user_id:str}", opt=reading(), operation_id="getUser", tags=["Users"])
async def get_user(request: CallerRequest, user_id: FromPath[str]) -> UserAnswer:
    """One user of the team."""
    return UserAnswer(user=_user(await users.get(service_of(request).db, caller_of(request), user_id)))


@get("/profiles", opt=reading(), operation_id="listProfiles", tags=["Profiles"])
async def list_profiles(request: CallerRequest, include_over_limit: IncludeOverLimit = "false") -> ProfileList:
    """The profiles this key may use, oldest first. None is over a limit, since there is none."""
    told = False if to_bool("includeOverLimit", include_over_limit) else None
    found = await profiles.list_profiles(service_of(request).db, caller_of(request))
    return ProfileList(profiles=[_profile(profile, is_over_limit=told) for profile in found])


@post("/profiles", opt=writing(), operation_id="createProfile", tags=["Profiles"])
async def create_profile(request: CallerRequest, data: JSONBody[ProfileBody]) -> ProfileSaved:
    """A new profile; the first one is the default."""
    caller = caller_of(request)
    _only_for_all(caller, "create profiles")
    profile = await profiles.create(service_of(request).db, caller.user_id, _change(data), by=Actor.of(caller))
    return ProfileSaved(message="Profile created successfully", profile=_profile(profile))


@get("/profiles/{profile_id:str}", opt=reading(), operation_id="getProfile", tags=["Profiles"])
async def get_profile(request: CallerRequest, profile_id: FromPath[str]) -> ProfileAnswer:
    """One profile."""
    return ProfileAnswer(
        profile=_profile(await profiles.visible(service_of(request).db, caller_of(request), profile_id))
    )


@put("/profiles/{profile_id:str}", opt=writing(), operation_id="updateProfile", tags=["Profiles"])
async def update_profile(
    request: CallerRequest, profile_id: FromPath[str], data: JSONBody[ProfileBody]
) -> ProfileSaved:
    """Change what is given."""
    profile = await profiles.update(service_of(request).db, caller_of(request), profile_id, _change(data))
    return ProfileSaved(message="Profile updated successfully", profile=_profile(profile))


@delete("/profiles/{profile_id:str}", opt=writing(), operation_id="deleteProfile", tags=["Profiles"], status_code=200)
async def delete_profile(request: CallerRequest, profile_id: FromPath[str]) -> Message:
    """Delete a profile without accounts."""
    await profiles.delete(service_of(request).db, caller_of(request), profile_id)
    return Message(message="Profile deleted successfully")


@get("/api-keys", opt=reading(), operation_id="listApiKeys", tags=["API Keys"])
async def list_api_keys(request: CallerRequest) -> ApiKeyList:
    """The caller's keys, without the keys."""
    caller = caller_of(request)
    found = await api_keys.list_keys(service_of(request).db, caller.member_id, within=caller.profile_ids)
    return ApiKeyList(api_keys=[_key(key) for key in found])


@post("/api-keys", opt={**writing(), "repeatable": False}, operation_id="createApiKey", tags=["API Keys"])
async def create_api_key(request: CallerRequest, data: JSONBody[ApiKeyBody]) -> ApiKeyCreated:
    """A new key, shown this once. It may do no more than the key that makes it."""
    caller, service = caller_of(request), service_of(request)
    new = NewKey(
        name=data.name,
        permission=data.permission,
        profile_ids=await _profiles_of_new(service, caller, data),
        reveal_tokens=data.reveal_tokens and caller.reveal_tokens,
        redirect_allowlist=_allowlist_of_new(caller, data),
        expires_in_days=data.expires_in,
        not_after=caller.expires_at,
    )
    key, text = await api_keys.create(service.db, caller.member_id, new, by=Actor.of(caller))
    shape = NewApiKeyShape(**_key_fields(key), key=text)
    return ApiKeyCreated(message="API key created successfully", api_key=shape)


@delete("/api-keys/{key_id:str}", opt=writing(), operation_id="deleteApiKey", tags=["API Keys"], status_code=200)
async def delete_api_key(request: CallerRequest, key_id: FromPath[str]) -> Message:
    """Revoke a key at once."""
    caller = caller_of(request)
    by = Actor.of(caller)
    await api_keys.delete(service_of(request).db, caller.member_id, key_id, within=caller.profile_ids, by=by)
    return Message(message="API key deleted successfully")


@get("/usage-stats", opt=reading(), operation_id="getUsageStats", tags=["Usage"])
async def usage_stats(request: CallerRequest) -> UsageStats:
    """What is in use; several tools ask this to test a key."""
    caller, service = caller_of(request), service_of(request)
    owner = await users.get(service.db, caller, caller.user_id)
    now = clock.now()
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return UsageStats(
        plan_name="Self-hosted",
        billing_period="monthly",
        signup_date=clock.iso(owner.created_at),
        limits=UsageLimits(uploads=-1, profiles=-1),
        usage=Usage(
            uploads=0,
            profiles=len(await profiles.list_profiles(service.db, caller)),
            accounts=await accounts.count(service, caller),
            last_reset=clock.iso(month),
        ),
    )


def _only_for_all(caller: Caller, what: str) -> None:
    if caller.profile_ids is not None:
        raise BadRequest(f"This API key is limited to some profiles and cannot {what}.", code="key_is_limited")


async def _profiles_of_new(service: Service, caller: Caller, data: ApiKeyBody) -> tuple[str, ...] | None:
    if data.scope == "full":
        return None if caller.profile_ids is None else tuple(sorted(caller.profile_ids))
    if not data.profile_ids:
        raise BadRequest("profileIds is required when scope is profiles.", fields={"profileIds": "required"})
    try:
        return tuple([(await profiles.visible(service.db, caller, profile_id)).id for profile_id in data.profile_ids])
    except NotFound as error:  # none is published for this call
        raise BadRequest(str(error), fields={"profileIds": "unknown"}) from error


def _allowlist_of_new(caller: Caller, data: ApiKeyBody) -> tuple[str, ...] | None:
    if data.redirect_allowlist is None:
        return caller.redirect_allowlist
    return tuple(redirects.check_redirect_url(url, caller.redirect_allowlist) for url in data.redirect_allowlist)


def _change(data: ProfileBody) -> ProfileChange:
    return ProfileChange(name=data.name, description=data.description, color=data.color, is_default=data.is_default)


def _user(user: User) -> UserShape:
    return UserShape(
        id=user.id,
        name=user.name,
        email=user.email,
        role=user.role,
        is_root=user.id == user.root_id,
        profile_access=["all"] if user.profile_ids is None else list(user.profile_ids),
        created_at=clock.iso(user.created_at),
    )


def _profile(profile: Profile, *, is_over_limit: bool | None = None) -> ProfileShape:
    return ProfileShape(
        id=profile.id,
        user_id=profile.user_id,
        name=profile.name,
        slug=profile.slug,
        description=profile.description,
        color=profile.color,
        is_default=profile.is_default,
        created_at=clock.iso(profile.created_at),
        is_over_limit=is_over_limit,
    )


def _key(key: ApiKey) -> ApiKeyShape:
    return ApiKeyShape(**_key_fields(key))


def _key_fields(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "key_preview": key.preview,
        "expires_at": None if key.expires_at is None else clock.iso(key.expires_at),
        "created_at": clock.iso(key.created_at),
        "scope": "full" if key.profile_ids is None else "profiles",
        "profile_ids": list(key.profile_ids or ()),
        "permission": key.permission,
        "reveal_tokens": key.reveal_tokens,
    }


ROUTES = [
    list_users,
    get_user,
    list_profiles,
    create_profile,
    get_profile,
    update_profile,
    delete_profile,
    list_api_keys,
    create_api_key,
    delete_api_key,
    usage_stats,
]
