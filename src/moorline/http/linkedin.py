"""LinkedIn's choice: what a pendingDataToken stands for, details of organizations, and the choice itself."""

import re
from typing import Annotated

from litestar import get, post
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from moorline.access import public, selecting
from moorline.adapter.values import Choice
from moorline.connect import landing, pending, redirects, selection
from moorline.errors import BadRequest
from moorline.http import choosing
from moorline.http.answers import saved_account
from moorline.http.callers import CallerRequest, client_at, count, service_of
from moorline.http.choosing import BY_CONNECT_TOKEN
from moorline.http.shapes.connect import BulkRefresh, LinkedInConnected
from moorline.http.shapes.selections import (
    OrganizationChoice,
    OrganizationDetails,
    OrganizationDetailsList,
    OrganizationShape,
    PendingData,
)
from moorline.limits.buckets import PENDING_CLIENT, SELECTION
from moorline.store import accounts
from moorline.store.accounts import Account

PLATFORM = "linkedin"
MOST_DETAILS = 100
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@get("/connect/pending-data", opt=public(), operation_id="getPendingOAuthData", tags=["Connect"], security=[{}])
async def pending_data(
    request: CallerRequest,
    token: Annotated[str | None, QueryParameter(name="token")] = None,
    connect_token: Annotated[str | None, HeaderParameter(name="X-Connect-Token")] = None,
) -> PendingData:
    """What the redirect could not carry; once, and again only with the connect token that came beside it."""
    service = service_of(request)
    await count(request, (PENDING_CLIENT, client_at(request)))
    opened = await pending.read(service, choosing.required("token", token), connect_token=connect_token)
    choices, tokens = selection.listed(opened), selection.tokens_of(service, opened)
    ends = tokens.access_expires_at
    return PendingData(
        platform=opened.platform,
        profile_id=opened.profile_id,
        temp_token=landing.temp_token(service, opened),
        refresh_token=None if tokens.refresh is None else landing.refresh_handle(service, opened),
        expires_in=None if ends is None else landing.seconds_left(ends),
        user_profile=redirects.user_profile(opened.identity),
        selection_type="organizations",
        organizations=[to_organization(item) for item in choices.items],
        **await choosing.told_beside(service, opened, choices),
    )


@get(
    "/connect/linkedin/organizations",
    opt=public(),
    operation_id="listLinkedInOrganizations",
    tags=["Connect"],
    security=[{}],
)
async def organization_details(
    request: CallerRequest,
    temp_token: Annotated[str | None, QueryParameter(name="tempToken")] = None,
    org_ids: Annotated[str | None, QueryParameter(name="orgIds")] = None,
    temp_token_header: Annotated[str | None, HeaderParameter(name="X-Temp-Token")] = None,
) -> OrganizationDetailsList:
    """Logo, website and more of organizations by id, asked of LinkedIn now; only the id of what it does not tell."""
    service = service_of(request)
    token = choosing.required("tempToken", temp_token or temp_token_header)
    ids = _ids(choosing.required("orgIds", org_ids))
    opened = choosing.of_platform(await landing.by_temp_token(service, token), PLATFORM)
    await count(request, (SELECTION, opened.attempt_id))
    told = await selection.describe(service, opened, ids)
    return OrganizationDetailsList(
        organizations=[
            OrganizationDetails(
                id=one,
                logo_url=details.get("logoUrl"),
                vanity_name=details.get("vanityName"),
                website=details.get("website"),
                industry=details.get("industry"),
                description=details.get("description"),
            )
            for one, details in told
        ]
    )


@post(
    "/connect/linkedin/select-organization",
    opt=selecting(),
    operation_id="selectLinkedInOrganization",
    tags=["Connect"],
    security=BY_CONNECT_TOKEN,
    status_code=200,
)
async def select_organization(request: CallerRequest, data: JSONBody[OrganizationChoice]) -> LinkedInConnected:
    """Connect the person's own account, or the chosen organization."""
    with choosing.unknown_is_malformed("profileId"):
        opened = await choosing.opened_by(request, profile_id=data.profile_id, temp_token=data.temp_token)
    choosing.of_platform(opened, PLATFORM)
    choice_id = chosen_id(data.account_type, data.selected_organization)
    with choosing.unknown_is_malformed("selectedOrganization"):
        chosen = await choosing.save(request, opened, choice_id, data)
    return LinkedInConnected(
        message="LinkedIn account connected successfully",
        account=saved_account(chosen.account),
        redirect_url=chosen.redirect_url,
        bulk_refresh=await _bulk_refresh(request, chosen.account),
    )


async def _bulk_refresh(request: CallerRequest, account: Account) -> BulkRefresh | None:
    if account.grant_id is None:
        return None
    others = await accounts.count_of_grant(service_of(request).db, account.grant_id) - 1
    return BulkRefresh(updated_count=others) if others > 0 else None


def chosen_id(account_type: str | None, organization: object) -> str | None:
    """The id of the chosen organization, None for the person's own account. Raises: BadRequest."""
    kind = choosing.required("accountType", account_type)
    if kind == "personal":
        return None
    if kind != "organization":
        reason = "personal or organization"
        raise BadRequest(f"accountType must be {reason}.", fields={"accountType": reason})
    return choosing.id_in("selectedOrganization", organization, "id", "urn").rpartition(":")[2]


def _ids(text: str) -> list[str]:
    ids = [part for part in (piece.strip().rpartition(":")[2] for piece in text.split(",")) if part]
    if not ids or len(ids) > MOST_DETAILS:
        reason = f"1 to {MOST_DETAILS} ids, separated by commas"
        raise BadRequest(f"orgIds must be {reason}.", fields={"orgIds": reason})
    wrong = next((one for one in ids if not _ID.fullmatch(one)), None)
    if wrong is not None:
        raise BadRequest("orgIds has an entry that is no id.", fields={"orgIds": "ids of letters and digits"})
    return list(dict.fromkeys(ids))


def to_organization(item: Choice) -> OrganizationShape:
    """The documented form of an organization."""
    return OrganizationShape(
        id=item.id, urn=item.shown.get("urn"), name=item.name, vanity_name=item.shown.get("vanityName")
    )


ROUTES = [pending_data, organization_details, select_organization]
