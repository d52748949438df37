"""`/dashboard/settings/audit`: who changed what in the workspace."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from litestar import Response, get
from markupsafe import Markup

from moorline.access import signed_in
from moorline.owners import audit
from moorline.owners.audit import Action, Source
from moorline.pages.dashboard import board, reserved, who
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.look import Look
from moorline.pages.request import service_of
from moorline.pages.words import N_
from moorline.store.audit import AuditEntry

PATH = "/dashboard/settings/audit"
A_PAGE = 30
SAID: dict[Action, str] = {
    "api_key.created": N_("API key made"),
    "api_key.deleted": N_("API key revoked"),
    "app_credential.created": N_("Own app registered"),
    "app_credential.changed": N_("Own app changed"),
    "app_credential.deleted": N_("Own app deleted"),
    "brand.changed": N_("Brand changed"),
    "connect_link.created": N_("Connect link made"),
    "connect_link.revoked": N_("Connect link withdrawn"),
    "invite.created": N_("Invitation made"),
    "member.joined": N_("Member joined"),
    "password.changed": N_("Password changed"),
    "profile.created": N_("Profile made"),
    "profile.changed": N_("Profile changed"),
    "profile.deleted": N_("Profile deleted"),
    "session.opened": N_("Signed in"),
    "session.ended": N_("Signed out"),
    "sign_in_link.created": N_("Sign-in link made"),
    "user.created": N_("Owner made"),
    "webhook.created": N_("Webhook made"),
    "webhook.changed": N_("Webhook changed"),
    "webhook.deleted": N_("Webhook deleted"),
    "webhook.secret_rotated": N_("Webhook got a new secret"),
    "webhook.disabled": N_("Webhook switched off, since it did not answer"),
}
_SOURCES: dict[Source, str] = {
    "api": N_("with a key"),
    "dashboard": N_("in the dashboard"),
    "page": N_("on a hosted page"),
    "command line": N_("at the command line"),
    "server": N_("by itself"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entry in words. `details` are name and value, as the API tells them."""

    entry: AuditEntry
    word: str
    who: Markup | None
    source: str
    details: list[tuple[str, str]]


@get(PATH, opt=signed_in(), include_in_schema=False)
async def audit_page(request: BoardRequest) -> Response[bytes]:
    """Newest first; kept for 400 days."""
    refused = reserved.refusal(request, "settings")
    if refused is not None:
        return refused
    service, signed = service_of(request), request.auth
    kept = board.filters(request, "action")
    before = request.query_params.get("before") or None
    found = await audit.list_entries(
        service.db, signed.caller, action=_action(kept.get("action")), before=before, limit=A_PAGE + 1
    )
    shown = found[:A_PAGE]
    names = await who.named(service, signed.look, signed.caller.user_id, (_trace(entry) for entry in shown))
    values = {
        "rows": [_row(signed.look, entry, names[_trace(entry)]) for entry in shown],
        "further": board.further("/settings/audit", kept, shown[-1].id if len(found) > A_PAGE else None),
        "kept": kept,
        "actions": [(action, signed.look.gettext(text)) for action, text in SAID.items()],
    }
    return board.page(request, signed, "audit.html", values)


def _trace(entry: AuditEntry) -> who.Trace:
    return entry.key_id, entry.member_id, None


def _row(look: Look, entry: AuditEntry, name: Markup) -> Row:
    action, source = _action(entry.action), _source(entry.source)
    return Row(
        entry=entry,
        word=entry.action if action is None else look.gettext(SAID[action]),
        who=None if entry.key_id is None and entry.member_id is None else name,
        source=entry.source if source is None else look.gettext(_SOURCES[source]),
        details=_details(entry.details),
    )


def _details(details: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(name, _told(value)) for name, value in details.items() if value is not None]


def _told(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return json.dumps(value, ensure_ascii=False)


def _action(text: str | None) -> Action | None:
    for action in get_args(Action):
        if action == text:
            known: Action = action
            return known
    return None


def _source(text: str) -> Source | None:
    for source in get_args(Source):
        if source == text:
            known: Source = source
            return known
    return None
