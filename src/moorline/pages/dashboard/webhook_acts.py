"""What is done about one webhook: a test, a new secret, an end."""

from litestar import Response, get, post
from litestar.params import FromPath

from moorline.access import signed_in
from moorline.pages.dashboard import board, shown, webhooks
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.dashboard.webhooks import ONE
from moorline.pages.request import service_of
from moorline.pages.words import N_
from moorline.webhooks import by_hand, settings


@post(f"{ONE}/test", opt=signed_in(), include_in_schema=False, status_code=200)
async def test_webhook(request: BoardRequest, webhook_id: FromPath[str]) -> Response[bytes]:
    """Send a test now, once, and tell what came of it."""
    sent = await by_hand.test(service_of(request), request.auth.caller, webhook_id)
    if sent.arrived:
        return board.onward(request, f"/webhooks/{webhook_id}", done="webhook-arrived")
    return await webhooks.page_of(request, webhook_id, not_arrived=sent.reason)


@get(f"{ONE}/rotate", opt=signed_in(), include_in_schema=False)
async def rotate_form(request: BoardRequest, webhook_id: FromPath[str]) -> Response[bytes]:
    """What a new secret means, before there is one."""
    webhook = await settings.find(service_of(request).db, request.auth.caller, webhook_id)
    return board.page(request, request.auth, "webhook_rotate.html", {"webhook": webhook})


@post(f"{ONE}/rotate", opt=signed_in(), include_in_schema=False, status_code=200)
async def rotate_secret(request: BoardRequest, webhook_id: FromPath[str]) -> Response[bytes]:
    """Sign with a new secret, which is shown this once."""
    made, _ = await settings.rotate(service_of(request), request.auth.caller, webhook_id, None)
    title = request.auth.look.gettext(N_("The new secret"))
    return shown.page(request, webhooks.secret_of(request, made, title=title))


@get(f"{ONE}/delete", opt=signed_in(), include_in_schema=False)
async def delete_webhook_form(request: BoardRequest, webhook_id: FromPath[str]) -> Response[bytes]:
    """What goes away, before it does."""
    service, caller = service_of(request), request.auth.caller
    webhook = await settings.find(service.db, caller, webhook_id)
    values = {"webhook": webhook, "waiting": await by_hand.waiting(service, caller, webhook.id)}
    return board.page(request, request.auth, "webhook_delete.html", values)


@post(f"{ONE}/delete", opt=signed_in(), include_in_schema=False, status_code=200)
async def delete_webhook(request: BoardRequest, webhook_id: FromPath[str]) -> Response[bytes]:
    """Delete it, with what waits for it."""
    await settings.delete(service_of(request), request.auth.caller, webhook_id)
    return board.onward(request, "/webhooks", done="webhook-deleted")
