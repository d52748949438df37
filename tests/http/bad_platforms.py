"""What differs between the OAuth platforms when they are asked badly or answer badly, and the steps tests share.

Bodies are those of docs/platforms/<name>.md#errors.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from moorline.sandbox.faults import Fault
from moorline.sandbox.kernel import Reply
from tests.harness import Answer, World, location, query_of
from tests.http.choice_cases import CASES

Trouble = Mapping[str, Any]
Step = Literal["exchange", "identify", "list"]

MANY = {"count": 50}  # more than any callback asks
MANY_BYTES = 10 * 1024 * 1024
GOOGLE = "https://www.googleapis.com/auth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A call within a callback, by the sandbox's name; `earlier` calls of that name come before it."""

    step: Step
    endpoint: str
    earlier: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One platform. `limit` and `dead` are its own words for "wait" and for a consent that is gone.

    `needed` are scopes without which there is no connection, `spare` one that can be left out; empty where consent is
    all or nothing. `tells_granted` is whether an answer tells which scopes were granted.
    """

    name: str
    authorize: str
    stages: tuple[Stage, ...]
    limit: Trouble
    limit_at_token: Trouble
    dead: Trouble
    scopes: tuple[str, ...]
    needed: tuple[str, ...]
    spare: str = ""
    separator: str = " "
    tells_granted: bool = True


def exchange(endpoint: str, *, earlier: int = 0) -> Stage:
    return Stage(step="exchange", endpoint=endpoint, earlier=earlier)


def identify(endpoint: str) -> Stage:
    return Stage(step="identify", endpoint=endpoint)


def listing(endpoint: str, *, earlier: int = 0) -> Stage:
    return Stage(step="list", endpoint=endpoint, earlier=earlier)


def refusal(status: int, body: object, **headers: str) -> Trouble:
    return {"status": status, "body": body, "headers": headers}


def graph(code: int, *, status: int = 400, **more: int) -> Trouble:
    return refusal(status, {"error": {"message": f"(#{code}) No.", "type": "OAuthException", "code": code, **more}})


LIMIT_BY_OAUTH = refusal(429, {"error": "rate_limit_exceeded", "error_description": "Too many requests."})
FACEBOOK_TOKEN = "POST /{version}/oauth/access_token"

PLATFORMS = (
    Platform(
        name="facebook",
        authorize="GET /{version}/dialog/oauth",
        stages=(
            exchange(FACEBOOK_TOKEN),
            exchange(FACEBOOK_TOKEN, earlier=1),
            identify("GET /{version}/me"),
            identify("GET /{version}/me/permissions"),
            listing("GET /{version}/me/accounts"),
        ),
        limit=graph(17, error_subcode=2446079),
        limit_at_token=graph(4, status=403),
        dead=graph(190, status=401, error_subcode=460),
        scopes=(
            "public_profile",
            "pages_show_list",
            "pages_read_engagement",
            "pages_manage_posts",
            "business_management",
        ),
        needed=("pages_show_list",),
        spare="pages_manage_posts",
        separator=",",
    ),
    Platform(
        name="instagram",
        authorize="GET /oauth/authorize",
        stages=(
            exchange("POST /oauth/access_token"),
            exchange("GET /access_token"),
            identify("GET /{version}/me"),
        ),
        limit=graph(4, status=403, error_subcode=2207051),
        limit_at_token=graph(4),
        dead=graph(190, error_subcode=460),
        scopes=("instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_insights"),
        needed=("instagram_business_basic",),
        spare="instagram_business_content_publish",
        separator=",",
    ),
    Platform(
        name="linkedin",
        authorize="GET /oauth/v2/authorization",
        stages=(
            exchange("POST /oauth/v2/accessToken"),
            identify("GET /v2/userinfo"),
            listing("GET /rest/organizationAcls"),
            listing("GET /rest/organizationsLookup"),
        ),
        limit=refusal(429, {"status": 429, "serviceErrorCode": 101, "code": "TOO_MANY_REQUESTS", "message": "DAY"}),
        limit_at_token=refusal(429, {"status": 429, "code": "TOO_MANY_REQUESTS", "message": "DAY"}),
        dead=refusal(401, {"status": 401, "serviceErrorCode": 65601, "code": "REVOKED_ACCESS_TOKEN", "message": "No."}),
        scopes=("openid", "profile", "w_member_social", "rw_organization_admin", "w_organization_social"),
        needed=(),
    ),
    Platform(
        name="twitter",
        authorize="GET /i/oauth2/authorize",
        stages=(exchange("POST /2/oauth2/token"), identify("GET /2/users/me")),
        limit=refusal(
            429,
            {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429},
            **{"x-rate-limit-reset": "1800000000"},
        ),
        limit_at_token=refusal(429, {"errors": [{"code": 88, "message": "Rate limit exceeded."}]}),
        dead=refusal(401, {"title": "Unauthorized", "detail": "Unauthorized", "type": "about:blank", "status": 401}),
        scopes=("tweet.read", "tweet.write", "users.read", "media.write", "offline.access"),
        needed=("tweet.read", "users.read", "offline.access"),
        spare="media.write",
    ),
    Platform(
        name="tiktok",
        authorize="GET /v2/auth/authorize/",
        stages=(exchange("POST /v2/oauth/token/"), identify("GET /v2/user/info/")),
        limit=refusal(429, {"data": {}, "error": {"code": "rate_limit_exceeded", "message": "No.", "log_id": "1"}}),
        limit_at_token=LIMIT_BY_OAUTH,
        dead=refusal(401, {"data": {}, "error": {"code": "access_token_invalid", "message": "No.", "log_id": "1"}}),
        scopes=("user.info.basic", "user.info.profile", "video.publish", "video.upload"),
        needed=("user.info.basic",),
        spare="video.upload",
        separator=",",
    ),
    Platform(
        name="youtube",
        authorize="GET /o/oauth2/v2/auth",
        stages=(exchange("POST /token"), identify("GET /youtube/v3/channels")),
        limit=refusal(
            403,
            {"error": {"code": 403, "message": "", "errors": [{"domain": "youtube.quota", "reason": "quotaExceeded"}]}},
        ),
        limit_at_token=LIMIT_BY_OAUTH,
        dead=refusal(401, {"error": {"code": 401, "status": "UNAUTHENTICATED", "errors": [{"reason": "authError"}]}}),
        scopes=(f"{GOOGLE}/youtube.readonly", f"{GOOGLE}/youtube.upload"),
        needed=(f"{GOOGLE}/youtube.readonly",),
        spare=f"{GOOGLE}/youtube.upload",
    ),
    Platform(
        name="threads",
        authorize="GET /oauth/authorize",
        stages=(exchange("POST /oauth/access_token"), exchange("GET /access_token"), identify("GET /v1.0/me")),
        limit=graph(613),
        limit_at_token=graph(4),
        dead=graph(190, error_subcode=460),
        scopes=("threads_basic", "threads_content_publish", "threads_manage_insights"),
        needed=("threads_basic",),
        spare="threads_content_publish",
        separator=",",
        tells_granted=False,
    ),
    Platform(
        name="reddit",
        authorize="GET /api/v1/authorize",
        stages=(exchange("POST /api/v1/access_token"), identify("GET /api/v1/me")),
        limit=refusal(429, "<html>whoa there, pardner!</html>", **{"content-type": "text/html", "retry-after": "7"}),
        limit_at_token=refusal(429, {"message": "Too Many Requests", "error": 429}),
        dead=refusal(401, {"message": "Unauthorized", "error": 401}),
        scopes=("identity", "mysubreddits", "read", "submit", "flair"),
        needed=("identity",),
        spare="flair",
    ),
    Platform(
        name="pinterest",
        authorize="GET /oauth/",
        stages=(
            exchange("POST /v5/oauth/token"),
            identify("GET /v5/user_account"),
            listing("GET /v5/boards"),
        ),
        limit=refusal(429, {"code": 8, "message": "No."}, **{"x-ratelimit-reset": "30"}),
        limit_at_token=refusal(429, {"code": 8, "message": "No.", "status": "failure"}),
        dead=refusal(401, {"code": 2, "message": "Authentication failed."}),
        scopes=("user_accounts:read", "boards:read", "boards:write", "pins:read", "pins:write"),
        needed=("user_accounts:read", "boards:read"),
        spare="pins:read",
        separator=",",
    ),
    Platform(
        name="googlebusiness",
        authorize="GET /o/oauth2/v2/auth",
        stages=(
            exchange("POST /token"),
            identify("GET /oauth2/v3/userinfo"),
            listing("GET /v1/accounts"),
            listing("GET /v1/accounts/{account_id}/locations"),
        ),
        limit=refusal(
            429,
            {
                "error": {
                    "code": 429,
                    "status": "RESOURCE_EXHAUSTED",
                    "message": "Quota exceeded.",
                    "details": [{"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_limit_value": "300"}}],
                }
            },
        ),
        limit_at_token=LIMIT_BY_OAUTH,
        dead=refusal(401, {"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "No."}}),
        scopes=(f"{GOOGLE}/business.manage", "openid", f"{GOOGLE}/userinfo.profile"),
        needed=(f"{GOOGLE}/business.manage",),
        spare=f"{GOOGLE}/userinfo.profile",
    ),
    Platform(
        name="snapchat",
        authorize="GET /login/oauth2/authorize",
        stages=(
            exchange("POST /login/oauth2/access_token"),
            identify("GET /v1/public_profiles/my_profile"),
            listing("GET /v1/public_profiles/my_profile", earlier=1),
            listing("GET /v1/organizations/{organization_id}/public_profiles"),
        ),
        limit=refusal(429, {"request_status": "ERROR", "error_code": "E1006"}, **{"x-rate-limit-reset": "1800000000"}),
        limit_at_token=LIMIT_BY_OAUTH,
        dead=refusal(401, {"request_status": "ERROR", "error_code": "E3002"}),
        scopes=("snapchat-profile-api",),
        needed=("snapchat-profile-api",),
    ),
)
NAMES = [platform.name for platform in PLATFORMS]

# --- the steps of a person and of an integrator -----------------------------------------------------------------------

# Where the first thing of `plenty` is chosen, and what says so.
SAVING: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "facebook": ("/v1/connect/facebook/select-page", {"pageId": "100000000000101"}),
    "linkedin": (
        "/v1/connect/linkedin/select-organization",
        {"accountType": "organization", "selectedOrganization": {"id": "5590001"}},
    ),
    **{case.platform: (case.saving, case.body_of(case.first[0])) for case in CASES},
}
# Where the platform is asked what there is to choose; LinkedIn only for details of organizations.
LISTING: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "facebook": ("/v1/connect/facebook/select-page", {}),
    "linkedin": ("/v1/connect/linkedin/organizations", {"orgIds": "5590001"}),
    **{case.platform: (case.listing, {}) for case in CASES},
}
CHOOSING = tuple(SAVING)


async def came_back(
    world: World, platform: str, *, person: str = "plenty", button: str = "approve", untick: tuple[str, ...] = ()
) -> str:
    """The callback address after a decision on the consent page, not opened yet."""
    started = await world.start(platform, headless=True)
    browser = await world.browser()
    page = await browser.open(started["authUrl"])
    returned = await browser.send(page, button=button, pick={"person": person}, untick=untick)
    assert returned.location is not None, returned.text
    return returned.location


async def landed(world: World, callback: str) -> dict[str, str]:
    """The fields of the redirect that a callback ends with."""
    return query_of(location(await (await world.browser()).open(callback)))


async def opened(world: World, platform: str) -> dict[str, Any]:
    """An open choice of `plenty`: what a select call of it needs."""
    fields: dict[str, Any] = await world.selection(platform)
    if platform == "linkedin":
        token = {"token": fields["pendingDataToken"]}
        fields |= await world.ok("GET", "/v1/connect/pending-data", key=None, query=token)
    return fields


async def choose(world: World, platform: str, fields: Mapping[str, Any], *, by_token: bool = False) -> Answer:
    """Choose the first thing of `plenty`, by API key or by the connect token alone."""
    path, body = SAVING[platform]
    if by_token:
        return await world.call("POST", path, key=None, headers={"x-connect-token": fields["connect_token"]}, body=body)
    return await world.call("POST", path, body={**_known(fields), **body})


async def list_again(world: World, platform: str, fields: Mapping[str, Any]) -> Answer:
    """Ask anew what there is to choose."""
    path, query = LISTING[platform]
    return await world.call("GET", path, query={**_known(fields), **query})


def _known(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: fields[name] for name in ("profileId", "tempToken")}


async def connect(world: World, platform: str) -> None:
    """Start again and connect, as `plenty`, to the only account there is."""
    if platform in CHOOSING:
        answer = await choose(world, platform, await opened(world, platform))
        assert answer.status == 200, answer.text
    else:
        assert (await landed(world, await came_back(world, platform)))["connected"] == platform
    assert [account["platform"] for account in await world.accounts()] == [platform]


# --- troubles ---------------------------------------------------------------------------------------------------------

Order = Callable[[World, Platform, Stage], Awaitable[None]]


def ordered(trouble: Trouble) -> Order:
    """The same for every platform."""

    async def order(world: World, platform: Platform, stage: Stage) -> None:
        await spoil(world, platform, stage, trouble)

    return order


async def spoil(world: World, platform: Platform, stage: Stage, trouble: Trouble) -> None:
    """Order trouble for every call of the stage, after those of the same name that come before it."""
    if stage.earlier:
        await world.fault(platform.name, stage.endpoint, delay_ms=1, count=stage.earlier)
    await world.fault(platform.name, stage.endpoint, **trouble, **MANY)


async def spoil_with_its_own_limit(world: World, platform: Platform, stage: Stage) -> None:
    await spoil(world, platform, stage, platform.limit_at_token if stage.step == "exchange" else platform.limit)


async def spoil_with_ten_megabytes(world: World, platform: Platform, stage: Stage) -> None:
    """An object that is JSON to its end. It goes in by hand, since a control call may not be as large."""
    if stage.earlier:
        await world.fault(platform.name, stage.endpoint, delay_ms=1, count=stage.earlier)
    body = b'{"access_token": "' + b"x" * MANY_BYTES + b'"}'
    reply = Reply(status=200, body=body, headers=(("content-type", "application/json"),))
    world.sandbox._faults.add(
        Fault(
            platform=platform.name,
            endpoints=frozenset({stage.endpoint}),
            left=MANY["count"],
            reply=reply,
            delay_ms=0,
            keep_bytes=None,
        )
    )


PAGE_OF_HTML = "<!doctype html><title>Sorry</title>"
DOWN = {"status": 503, "body": "Service Unavailable"}
BROKEN = {"break_after_bytes": 10}
HTML_200 = {"status": 200, "body": PAGE_OF_HTML, "headers": {"content-type": "text/html"}}
HTML_500 = {"status": 500, "body": PAGE_OF_HTML, "headers": {"content-type": "text/html"}}
PLAIN_429 = {"status": 429, "body": "Too Many Requests"}

UNAVAILABLE = dict.fromkeys(("exchange", "identify", "list"), "platform_unavailable")
LIMITED = dict.fromkeys(("exchange", "identify", "list"), "platform_rate_limited")
MISUNDERSTOOD = {
    "exchange": "token_exchange_failed",
    "identify": "profile_fetch_failed",
    "list": "profile_fetch_failed",
}

# What goes wrong, and the slug it then has at each step.
TROUBLES: Mapping[str, tuple[Order, Mapping[str, str]]] = {
    "503": (ordered(DOWN), UNAVAILABLE),
    "the connection breaks": (ordered(BROKEN), UNAVAILABLE),
    "HTML with 500": (ordered(HTML_500), UNAVAILABLE),
    "HTML with 200": (ordered(HTML_200), MISUNDERSTOOD),
    "10 MB": (spoil_with_ten_megabytes, UNAVAILABLE),
    "429": (ordered(PLAIN_429), LIMITED),
    "its own limit": (spoil_with_its_own_limit, LIMITED),
}
