"""`/v1/app-credentials`: a tenant's own registrations at platforms, used instead of the instance's."""

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from moorline import clock
from moorline.access import reading, writing
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.shapes.app_credentials import (
    AppCredentialBody,
    AppCredentialChangeBody,
    AppCredentialDeleted,
    AppCredentialList,
    AppCredentialSaved,
    AppCredentialShape,
)
from moorline.owners import apps
from moorline.owners.apps import CredentialChange, NewCredential, Told

TAGS = ["App credentials"]
ONE = "/app-credentials/{credential_id:str}"


@get("/app-credentials", opt=reading(), operation_id="listAppCredentials", tags=TAGS)
async def list_credentials(request: CallerRequest) -> AppCredentialList:
    """Your own apps at the platforms, oldest first."""
    found = await apps.list_credentials(service_of(request), caller_of(request))
    return AppCredentialList(app_credentials=[_shape(told) for told in found])


@post("/app-credentials", opt=writing(), operation_id="createAppCredential", tags=TAGS)
async def create_credential(request: CallerRequest, data: JSONBody[AppCredentialBody]) -> AppCredentialSaved:
    """Use an app of your own for every new consent; an earlier one goes on renewing what was connected through it."""
    new = NewCredential(
        platform=data.platform,
        client_id=data.client_id,
        client_secret=data.client_secret,
        scopes=None if data.scopes is None else tuple(data.scopes),
    )
    return AppCredentialSaved(app_credential=_shape(await apps.create(service_of(request), caller_of(request), new)))


@get(ONE, opt=reading(), operation_id="getAppCredential", tags=TAGS)
async def get_credential(request: CallerRequest, credential_id: FromPath[str]) -> AppCredentialSaved:
    """One of them."""
    told = await apps.get(service_of(request), caller_of(request), credential_id)
    return AppCredentialSaved(app_credential=_shape(told))


@patch(ONE, opt=writing(), operation_id="updateAppCredential", tags=TAGS)
async def change_credential(
    request: CallerRequest, credential_id: FromPath[str], data: JSONBody[AppCredentialChangeBody]
) -> AppCredentialSaved:
    """Give it a new secret or other scopes, or take it in or out of use for new consents."""
    asked = CredentialChange(
        client_secret=data.client_secret,
        scopes=None if data.scopes is None else tuple(data.scopes),
        is_active=data.is_active,
    )
    told = await apps.change(service_of(request), caller_of(request), credential_id, asked)
    return AppCredentialSaved(app_credential=_shape(told))


@delete(ONE, opt=writing(), operation_id="deleteAppCredential", tags=TAGS, status_code=200)
async def delete_credential(request: CallerRequest, credential_id: FromPath[str]) -> AppCredentialDeleted:
    """Forget it, once no account hangs on it."""
    await apps.delete(service_of(request), caller_of(request), credential_id)
    return AppCredentialDeleted(success=True)


def _shape(told: Told) -> AppCredentialShape:
    credential = told.credential
    return AppCredentialShape(
        id=credential.id,
        platform=credential.platform,
        client_id=credential.client_id,
        scopes=None if credential.scopes is None else list(credential.scopes),
        is_active=credential.is_active,
        redirect_uri=told.redirect_uri,
        accounts=told.accounts,
        created_at=clock.iso(credential.created_at),
        updated_at=clock.iso(credential.updated_at),
    )


ROUTES = [list_credentials, create_credential, get_credential, change_credential, delete_credential]
