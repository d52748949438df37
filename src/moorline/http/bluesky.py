"""`POST /v1/connect/bluesky/credentials`."""

from litestar import post
from litestar.params import JSONBody

from moorline.access import writing
from moorline.connect import app_password
from moorline.connect.app_password import Credentials
from moorline.http.answers import connected_account
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.shapes.connect import BlueskyBody, BlueskyConnected


@post(
    "/connect/bluesky/credentials",
    opt=writing(),
    operation_id="connectBlueskyCredentials",
    tags=["Connect"],
    status_code=200,
)
async def connect_bluesky(request: CallerRequest, data: JSONBody[BlueskyBody]) -> BlueskyConnected:
    """Sign in with handle or e-mail and an app password, which is used once and kept nowhere."""
    connected = await app_password.connect(
        service_of(request),
        caller_of(request),
        Credentials(platform="bluesky", identifier=data.identifier, password=data.app_password),
        state_text=data.state,
        redirect_url=data.redirect_uri or data.redirect_url_camel or data.redirect_url or None,
    )
    return BlueskyConnected(
        message="Bluesky connected successfully",
        account=connected_account(connected.account),
        redirect_url=connected.redirect_url,
    )


ROUTES = [connect_bluesky]
