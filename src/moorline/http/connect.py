"""`/v1/connect/{platform}`: start, and finish from a server."""

import re
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from moorline.access import writing
from moorline.connect import finish, landing, redirects
from moorline.connect.finish import Returned
from moorline.connect.start import StartCall, start
from moorline.errors import BadRequest, Forbidden, NotFound
from moorline.http.answers import saved_account
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.shapes.connect import CodeBody, ConnectedShape, SelectionShape, StartedShape
from moorline.owners import profiles
from moorline.store import accounts


@get("/connect/{platform:str}", opt=writing(), operation_id="getConnectUrl", tags=["Connect"])
async def get_connect_url(
    request: CallerRequest,
    platform: FromPath[str],
    profile_id: Annotated[str, QueryParameter(name="profileId")],
    redirect_url: Annotated[str | None, QueryParameter(name="redirect_url")] = None,
    redirect_url_camel: Annotated[str | None, QueryParameter(name="redirectUrl")] = None,
    headless: Annotated[str, QueryParameter(name="headless")] = "false",
    reconnect_account_id: Annotated[str | None, QueryParameter(name="reconnectAccountId")] = None,
    expected_platform_user_id: Annotated[str | None, QueryParameter(name="expectedPlatformUserId")] = None,
    force_reauth: Annotated[str, QueryParameter(name="forceReauth")] = "false",
    scopes: Annotated[str | None, QueryParameter(name="scopes")] = None,
    language: Annotated[str | None, QueryParameter(name="language")] = None,
    opener_origin: Annotated[str | None, QueryParameter(name="openerOrigin")] = None,
) -> StartedShape:
    """Where to send the person. With `reconnectAccountId` an account is renewed and no choice is asked for.

    `forceReauth` has the person sign in anew where the platform can; `scopes`, parted by spaces or commas, are asked
    for instead of the usual ones. `language` is that of hosted pages. `openerOrigin` is the origin of your page that
    opens `authUrl` in a popup: it is told the outcome, and may ask for it at `statusUrl`.
    """
    call = StartCall(
        platform=platform,
        profile_id=profile_id,
        redirect_url=redirect_url or redirect_url_camel or None,
        headless=to_bool("headless", headless),
        reconnect_account_id=reconnect_account_id or None,
        expected_platform_user_id=expected_platform_user_id or None,
        force_reauth=to_bool("forceReauth", force_reauth),
        scopes=None if not scopes else tuple(filter(None, re.split(r"[\s,]+", scopes))),
        language=language or None,
        opener_origin=opener_origin or None,
    )
    started = await start(service_of(request), caller_of(request), call)
    return StartedShape(
        auth_url=started.url,
        state=started.state,
        attempt_id=started.attempt_id,
        status_url=None if opener_origin is None else landing.status_url(service_of(request), started.attempt_id),
    )


@post("/connect/{platform:str}", opt=writing(), operation_id="handleOAuthCallback", tags=["Connect"], status_code=200)
async def complete(
    request: CallerRequest, platform: FromPath[str], data: JSONBody[CodeBody]
) -> ConnectedShape | SelectionShape:
    """Finish a flow whose code your own server received: the account, or the fields of the open choice."""
    service, caller = service_of(request), caller_of(request)
    if not data.code:
        raise BadRequest("code is empty.", fields={"code": "required"})
    try:
        await profiles.visible(service.db, caller, data.profile_id)
    except NotFound as error:  # for this call a 403 is published and no 404
        raise Forbidden("This API key may not use this profile.") from error
    returned = Returned(platform=platform, state=data.state, code=data.code, issuer=data.iss)
    attempt = await finish.from_server(service, returned, user_id=caller.user_id, profile_id=data.profile_id)
    if attempt.status == "selecting" or attempt.account_id is None:
        fields = await landing.selection_fields(service, attempt)
        return SelectionShape(
            profile_id=fields["profileId"],
            temp_token=fields.get("tempToken"),
            user_profile=fields.get("userProfile"),
            pending_data_token=fields.get("pendingDataToken"),
            public_profiles=fields.get("publicProfiles"),
            connect_token=fields["connect_token"],
            platform=fields["platform"],
            step=fields["step"],
        )
    found = await accounts.get(service.db, caller.user_id, attempt.account_id)
    if found is None:
        raise BadRequest("The account was disconnected meanwhile.", code="account_gone")
    picks = landing.picks_of(service, platform)
    url = attempt.redirect_url and redirects.connected(attempt.redirect_url, found.account, picks)
    return ConnectedShape(
        message=f"{platform} connected successfully", account=saved_account(found.account), redirect_url=url
    )


def to_bool(name: str, text: str) -> bool:
    """`true` and `false` as clients write them. Raises: BadRequest naming the parameter."""
    lowered = text.strip().lower()
    if lowered in {"true", "1", "yes"}:
        return True
    if lowered in {"false", "0", "no", ""}:
        return False
    raise BadRequest(f"{name} must be true or false.", fields={name: "true or false"})


ROUTES = [get_connect_url, complete]
