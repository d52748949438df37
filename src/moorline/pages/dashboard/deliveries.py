"""`/dashboard/webhooks/deliveries`: every try to tell somebody something, and sending it once more."""

import json
from typing import get_args

from litestar import Response, get, post
from litestar.params import FromPath

from moorline.access import signed_in
from moorline.pages.dashboard import board, reserved
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.dashboard.webhooks import OFFERED, PATH
from moorline.pages.request import service_of
from moorline.pages.words import N_, plain
from moorline.store import delivery_logs
from moorline.store.delivery_logs import Wanted
from moorline.webhooks import by_hand, settings
from moorline.webhooks.events import TEST

LIST = f"{PATH}/deliveries"
ONE = f"{LIST}/{{log_id:str}}"
A_PAGE = 30
_STATUSES = {"success": N_("Arrived"), "failed": N_("Not arrived")}


@get(LIST, opt=signed_in(), include_in_schema=False)
async def delivery_list(request: BoardRequest) -> Response[bytes]:
    """Newest first; kept for seven days."""
    refused = reserved.refusal(request, "webhooks")
    if refused is not None:
        return refused
    service, signed = service_of(request), request.auth
    kept = board.filters(request, "webhook", "status", "event")
    wanted = Wanted(
        webhook_id=kept.get("webhook"),
        status=_status(kept.get("status")),
        event=kept.get("event"),
        before=request.query_params.get("before") or None,
    )
    found = await by_hand.list_logs(service, signed.caller, wanted, limit=A_PAGE + 1)
    tries = found[:A_PAGE]
    hooks = [one.webhook for one in await settings.list_webhooks(service, signed.caller)]
    values = {
        "tries": tries,
        "further": board.further("/webhooks/deliveries", kept, tries[-1].id if len(found) > A_PAGE else None),
        "kept": kept,
        "is_narrowed": bool(kept) or wanted.before is not None,
        "hooks": [(hook.id, plain(hook.name)) for hook in hooks],
        "statuses": [(name, signed.look.gettext(text)) for name, text in _STATUSES.items()],
        "events": [(name, name) for name in (*OFFERED, TEST)],
    }
    return board.page(request, signed, "deliveries.html", values)


@get(ONE, opt=signed_in(), include_in_schema=False)
async def delivery_page(request: BoardRequest, log_id: FromPath[str]) -> Response[bytes]:
    """One try: what was sent, what came back, and when it is tried again."""
    return await _page(request, log_id)


@post(f"{ONE}/again", opt=signed_in(), include_in_schema=False, status_code=200)
async def send_again(request: BoardRequest, log_id: FromPath[str]) -> Response[bytes]:
    """Send the same message once more, now."""
    sent = await by_hand.redeliver(service_of(request), request.auth.caller, log_id)
    if sent.arrived:
        return board.onward(request, f"/webhooks/deliveries/{log_id}", done="webhook-sent-again")
    return await _page(request, log_id, not_arrived=sent.reason)


async def _page(request: BoardRequest, log_id: str, *, not_arrived: str | None = None) -> Response[bytes]:
    tried = await by_hand.get_try(service_of(request), request.auth.caller, log_id)
    values = {"tried": tried, "log": tried.log, "body": _indented(tried.log.body), "not_arrived": not_arrived}
    return board.page(request, request.auth, "delivery.html", values)


def _indented(body: str) -> str:
    """For people to read; what was sent is the same without the blanks."""
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)


def _status(text: str | None) -> delivery_logs.Status | None:
    for status in get_args(delivery_logs.Status):
        if status == text:
            known: delivery_logs.Status = status
            return known
    return None
