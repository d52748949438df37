"""`GET /v1/accounts/{id}/token`: the platform's own token, for keys that may see one."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter

from moorline import clock
from moorline.access import reading
from moorline.accounts import reveal
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.plain import PlainJson
from moorline.http.shapes.tokens import TokenShape


@get("/accounts/{account_id:str}/token", opt=reading(), operation_id="getAccountToken", tags=["Accounts"])
async def account_token(
    request: CallerRequest,
    account_id: FromPath[str],
    min_valid_s: Annotated[int, QueryParameter(name="min_valid_s", ge=0, le=3600)] = 60,
) -> PlainJson[TokenShape]:
    """A token that works for `min_valid_s` more seconds, renewed first when the stored one would not."""
    revealed = await reveal.token(service_of(request), caller_of(request), account_id, min_valid_s=min_valid_s)
    account = revealed.account
    shape = TokenShape(
        account_id=account.id,
        platform=account.platform,
        platform_account_id=account.platform_account_id,
        access_token=revealed.access,
        expires_at=None if revealed.expires_at is None else clock.iso(revealed.expires_at),
        scopes=None if revealed.granted is None else list(revealed.granted),
        service_url=revealed.service_url,
    )
    return PlainJson(shape, headers={"cache-control": "no-store"})


ROUTES = [account_token]
