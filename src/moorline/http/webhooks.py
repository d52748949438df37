"""`/v1/webhooks`: settings, test, log, redelivery."""

from typing import Annotated, Literal

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from moorline import clock
from moorline.access import reading, writing
from moorline.errors import BadRequest, NotFound
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.shapes.webhooks import (
    RotateBody,
    WebhookBody,
    WebhookChangeBody,
    WebhookDeleted,
    WebhookList,
    WebhookLogs,
    WebhookLogShape,
    WebhookNotSent,
    WebhookRotated,
    WebhookSaved,
    WebhookSent,
    WebhookShape,
    WebhookTestBody,
)
from moorline.store.delivery_logs import DeliveryLog, Wanted
from moorline.webhooks import by_hand, settings
from moorline.webhooks.by_hand import Sent
from moorline.webhooks.checks import HIDDEN, WebhookChange
from moorline.webhooks.events import EVENTS, TEST
from moorline.webhooks.settings import Shown

TAGS = ["Webhooks"]
SETTINGS = "/webhooks/settings"


@get(SETTINGS, opt=reading(), operation_id="getWebhookSettings", tags=TAGS)
async def list_webhooks(request: CallerRequest) -> WebhookList:
    """Every webhook, oldest first."""
    found = await settings.list_webhooks(service_of(request), caller_of(request))
    return WebhookList(webhooks=[_webhook(shown) for shown in found])


@post(SETTINGS, opt=writing(), operation_id="createWebhookSettings", tags=TAGS, status_code=200)
async def create_webhook(request: CallerRequest, data: JSONBody[WebhookBody]) -> WebhookSaved:
    """A new webhook, at most ten. A secret that is not given is made, and shown this once."""
    shown = await settings.create(service_of(request), caller_of(request), _change(data))
    return WebhookSaved(success=True, webhook=_webhook(shown))


@put(SETTINGS, opt=writing(), operation_id="updateWebhookSettings", tags=TAGS)
async def update_webhook(request: CallerRequest, data: JSONBody[WebhookChangeBody]) -> WebhookSaved:
    """Change what is given."""
    webhook_id = _given("_id", data.id, data.id_of_python, data.webhook_id)
    shown = await settings.update(service_of(request), caller_of(request), webhook_id, _change(data))
    return WebhookSaved(success=True, webhook=_webhook(shown))


@delete(SETTINGS, opt=writing(), operation_id="deleteWebhookSettings", tags=TAGS, status_code=200)
async def delete_webhook(
    request: CallerRequest,
    id_: Annotated[str | None, QueryParameter(name="id")] = None,
    webhook_id: Annotated[str | None, QueryParameter(name="webhookId")] = None,
) -> WebhookDeleted:
    """Delete a webhook and what waits for it."""
    try:
        await settings.delete(service_of(request), caller_of(request), _given("id", id_, webhook_id))
    except NotFound as error:  # none is published for this call
        raise BadRequest(str(error), fields={"id": "unknown"}) from error
    return WebhookDeleted(success=True)


@post(
    SETTINGS + "/{webhook_id:str}/rotate",
    opt=writing(),
    operation_id="rotateWebhookSecret",
    tags=TAGS,
    status_code=200,
)
async def rotate_secret(
    request: CallerRequest, webhook_id: FromPath[str], data: JSONBody[RotateBody | None] = None
) -> WebhookRotated:
    """Sign with a new secret; the former one signs too for 24 hours."""
    given = None if data is None else data.secret
    shown, until = await settings.rotate(service_of(request), caller_of(request), webhook_id, given)
    return WebhookRotated(success=True, webhook=_webhook(shown), former_secret_expires_at=clock.iso(until))


@post("/webhooks/test", opt=writing(), operation_id="testWebhook", tags=TAGS, status_code=200)
async def test_webhook(request: CallerRequest, data: JSONBody[WebhookTestBody]) -> Response[WebhookSent]:
    """Send a test, once and now."""
    try:
        sent = await by_hand.test(service_of(request), caller_of(request), data.webhook_id)
    except NotFound as error:  # none is published for this call
        raise BadRequest(str(error), fields={"webhookId": "unknown"}) from error
    return _sent(sent, "Test webhook sent successfully")


@get("/webhooks/logs", opt=reading(), operation_id="getWebhookLogs", tags=TAGS)
async def list_logs(
    request: CallerRequest,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
    status: Annotated[Literal["success", "failed"] | None, QueryParameter()] = None,
    event: Annotated[str | None, QueryParameter()] = None,
    webhook_id: Annotated[str | None, QueryParameter(name="webhookId")] = None,
) -> WebhookLogs:
    """The last tries, newest first; they are kept for seven days."""
    if event is not None and event not in {*EVENTS, TEST}:
        raise BadRequest("There is no such event.", fields={"event": f"one of {', '.join((*EVENTS, TEST))}"})
    wanted = Wanted(status=status, event=event, webhook_id=webhook_id)
    found = await by_hand.list_logs(service_of(request), caller_of(request), wanted, limit=limit)
    return WebhookLogs(logs=[_log(entry) for entry in found])


@post(
    "/webhooks/logs/{log_id:str}/redeliver",
    opt=writing(),
    operation_id="redeliverWebhook",
    tags=TAGS,
    status_code=200,
)
async def redeliver(request: CallerRequest, log_id: FromPath[str]) -> Response[WebhookSent]:
    """Send a message once more, now: same id and body, new timestamp and signature."""
    sent = await by_hand.redeliver(service_of(request), caller_of(request), log_id)
    return _sent(sent, "Webhook redelivered successfully")


def _given(name: str, *spellings: str | None) -> str:
    for given in spellings:
        if given:
            return given
    raise BadRequest(f"{name} is required: which webhook?", fields={name: "required"})


def _change(data: WebhookBody) -> WebhookChange:
    return WebhookChange(
        name=data.name,
        url=data.url,
        secret=data.secret,
        events=data.events,
        is_active=data.is_active,
        custom_headers=data.custom_headers,
    )


def _webhook(shown: Shown) -> WebhookShape:
    webhook = shown.webhook
    return WebhookShape(
        id=webhook.id,
        name=webhook.name,
        url=webhook.url,
        secret=shown.secret,
        events=list(webhook.events),
        is_active=webhook.is_active,
        last_fired_at=None if webhook.last_fired_at is None else clock.iso(webhook.last_fired_at),
        failure_count=webhook.given_up_in_a_row,
        custom_headers=dict.fromkeys(shown.header_names, HIDDEN),
    )


def _sent(sent: Sent, done: str) -> Response[WebhookSent]:
    if sent.arrived:
        return Response(WebhookSent(success=True, message=done))
    sentence = f"The webhook was not delivered: {sent.reason}"
    told = WebhookNotSent(success=False, message=sentence, error=sentence, code="webhook_failed")
    return Response(told, status_code=500)


def _log(entry: DeliveryLog) -> WebhookLogShape:
    return WebhookLogShape(
        id=entry.id,
        webhook_id=entry.webhook_id,
        webhook_name=entry.webhook_name,
        event=entry.event,
        url=entry.url,
        status=entry.status,
        status_code=entry.status_code,
        request_payload=msgspec.json.decode(entry.body),
        response_body=entry.response_body,
        error_message=entry.error,
        attempt_number=entry.try_number,
        response_time=entry.response_ms,
        created_at=clock.iso(entry.created_at),
    )


ROUTES = [
    list_webhooks,
    create_webhook,
    update_webhook,
    delete_webhook,
    rotate_secret,
    test_webhook,
    list_logs,
    redeliver,
]
