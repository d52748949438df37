"""`/v1/accounts`: list, read, rename, disconnect."""

from typing import Annotated

from litestar import delete, get, put
from litestar.params import FromPath, JSONBody, QueryParameter

from moorline import clock
from moorline.access import reading, writing
from moorline.accounts import accounts
from moorline.errors import BadRequest
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.connect import to_bool
from moorline.http.shapes.accounts import (
    AccountAnswer,
    AccountList,
    AccountNames,
    AccountRenamed,
    AccountShape,
    ProfileOfAccount,
)
from moorline.http.shapes.common import Message
from moorline.owners import profiles
from moorline.store.accounts import AccountOfProfile


@get("/accounts", opt=reading(), operation_id="listAccounts", tags=["Accounts"])
async def list_accounts(
    request: CallerRequest,
    profile_id: Annotated[str | None, QueryParameter(name="profileId")] = None,
    page: Annotated[int | None, QueryParameter(ge=1, le=1_000_000)] = None,
    limit: Annotated[int | None, QueryParameter(ge=1, le=1_000)] = None,
    after: Annotated[str | None, QueryParameter()] = None,
    include_over_limit: Annotated[str, QueryParameter(name="includeOverLimit")] = "false",
) -> AccountList:
    """Connected accounts, oldest first; the whole list without `page`, `limit` and `after`.

    `after` is the id of the last account of the page before: long lists are read by it, 100 at a time or `limit`.
    """
    if after is not None and page is not None:
        raise BadRequest("Give page or after, not both.", fields={"after": "not with page"})
    to_bool("includeOverLimit", include_over_limit)
    if profile_id is not None:
        profiles.check_id(profile_id)
    found = await accounts.list_accounts(
        service_of(request), caller_of(request), profile_id=profile_id, page=page, limit=limit, after=after
    )
    return AccountList(accounts=[to_shape(entry) for entry in found], has_analytics_access=False)


@get("/accounts/{account_id:str}", opt=reading(), operation_id="getAccount", tags=["Accounts"])
async def get_account(request: CallerRequest, account_id: FromPath[str]) -> AccountAnswer:
    """One account."""
    return AccountAnswer(account=to_shape(await accounts.get(service_of(request), caller_of(request), account_id)))


@put("/accounts/{account_id:str}", opt=writing(), operation_id="updateAccount", tags=["Accounts"])
async def update_account(
    request: CallerRequest, account_id: FromPath[str], data: JSONBody[AccountNames]
) -> AccountRenamed:
    """Change what the account is called here."""
    username, display_name = await accounts.rename(
        service_of(request),
        caller_of(request),
        account_id,
        username=data.username,
        display_name=data.display_name,
    )
    return AccountRenamed(message="Account updated successfully", username=username, display_name=display_name)


@delete("/accounts/{account_id:str}", opt=writing(), operation_id="deleteAccount", tags=["Accounts"], status_code=200)
async def delete_account(request: CallerRequest, account_id: FromPath[str]) -> Message:
    """Disconnect: tokens are wiped, and the grant is withdrawn when nothing else uses it."""
    await accounts.disconnect(service_of(request), caller_of(request), account_id)
    return Message(message="Account disconnected successfully")


def to_shape(entry: AccountOfProfile) -> AccountShape:
    """The published form of an account."""
    account = entry.account
    return AccountShape(
        id=account.id,
        platform=account.platform,
        profile_id=ProfileOfAccount(id=account.profile_id, name=entry.profile_name, slug=entry.profile_slug),
        username=account.username,
        display_name=account.display_name,
        profile_picture=account.picture_url,
        profile_url=account.profile_url,
        is_active=account.is_active,
        created_at=clock.iso(account.created_at),
    )


ROUTES = [list_accounts, get_account, update_account, delete_account]
