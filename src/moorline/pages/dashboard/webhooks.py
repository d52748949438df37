"""`/dashboard/webhooks`: where the workspace's programs are told of accounts; made, changed, switched, deleted."""

from dataclasses import dataclass, field

from litestar import Response, get, post
from litestar.params import FromPath

from moorline.access import signed_in
from moorline.errors import BadRequest
from moorline.pages.dashboard import board, reserved, shown
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.dashboard.shown import Shown
from moorline.pages.request import service_of
from moorline.pages.words import N_
from moorline.store.delivery_logs import Wanted
from moorline.webhooks import by_hand, checks, events, settings
from moorline.webhooks.checks import HIDDEN, WebhookChange
from moorline.webhooks.events import EVENTS

PATH = "/dashboard/webhooks"
ONE = f"{PATH}/{{webhook_id:str}}"
LATEST = 5
# What is told of accounts; the others can be asked for by the API, and never come.
OFFERED = tuple(name for name in EVENTS if name.startswith("account."))
TELLS = {
    "account.connected": N_("An account was connected, or connected again."),
    "account.disconnected": N_("An account was disconnected, or its platform no longer accepts the permission."),
    "account.expiring": N_("Somebody is needed in 14, 7 or 1 days."),
    "account.updated": N_("An account was renamed, or changed to another choice."),
}
_WRONG = {
    "name": N_("Enter a name of 1 to %(most)s characters."),
    "url": N_("This address cannot be used: %(why)s."),
    "events": N_("Tick at least one thing to be told of."),
    "customHeaders": N_("These headers cannot be sent: %(why)s."),
}
_TOO_MANY = N_("There are %(most)s webhooks already. Delete one first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What stands in the form; `headers` is a line `Name: value` for each."""

    name: str = ""
    url: str = field(default="", repr=False)
    events: tuple[str, ...] = OFFERED
    headers: str = field(default="", repr=False)

    def change(self) -> WebhookChange:
        """As it is set. Raises: BadRequest for a line that is no header."""
        return WebhookChange(name=self.name, url=self.url, events=self.events, custom_headers=_headers(self.headers))


@get(PATH, opt=signed_in(), include_in_schema=False)
async def webhook_list(request: BoardRequest) -> Response[bytes]:
    """Oldest first (there are at most ten), with a form for a new one."""
    return reserved.refusal(request, "webhooks") or await _list(request, Form())


@post(PATH, opt=signed_in(), include_in_schema=False, status_code=200)
async def create_webhook(request: BoardRequest) -> Response[bytes]:
    """A new one; the secret that its messages are signed with is shown this once."""
    refused = reserved.refusal(request, "webhooks")
    if refused is not None:
        return refused
    given, look = await _form(request), request.auth.look
    try:
        made = await settings.create(service_of(request), request.auth.caller, given.change())
    except BadRequest as error:
        return await _list(request, given, error)
    told = secret_of(request, made, title=look.gettext(N_("Your new webhook")))
    return shown.page(request, told)


@get(ONE, opt=signed_in(), include_in_schema=False)
async def webhook_page(request: BoardRequest, webhook_id: FromPath[str]) -> Response[bytes]:
    """One webhook: how it does, what it is told of, the last tries."""
    return await page_of(request, webhook_id)


@post(ONE, opt=signed_in(), include_in_schema=False, status_code=200)
async def change_webhook(request: BoardRequest, webhook_id: FromPath[str]) -> Response[bytes]:
    """Change it."""
    service, caller, given = service_of(request), request.auth.caller, await _form(request)
    before = await settings.find(service.db, caller, webhook_id)
    beyond = tuple(name for name in before.events if name not in OFFERED)  # set by the API, and not shown here
    try:
        change = given.change()
        kept = (*given.events, *beyond) if given.events else ()
        await settings.update(service, caller, webhook_id, _with_events(change, kept))
    except BadRequest as error:
        return await page_of(request, webhook_id, given=given, error=error)
    return board.onward(request, f"/webhooks/{webhook_id}", done="webhook-changed")


@post(f"{ONE}/switch", opt=signed_in(), include_in_schema=False, status_code=200)
async def switch_webhook(request: BoardRequest, webhook_id: FromPath[str]) -> Response[bytes]:
    """Switch it on or off."""
    is_on = str((await request.form()).get("to", "")) == "on"
    await settings.update(service_of(request), request.auth.caller, webhook_id, WebhookChange(is_active=is_on))
    return board.onward(request, f"/webhooks/{webhook_id}", done="webhook-on" if is_on else "webhook-off")


def secret_of(request: BoardRequest, made: settings.Shown, *, title: str) -> Shown:
    """The page on which a webhook's new secret is shown."""
    look = request.auth.look
    return Shown(
        title=title,
        about=made.webhook.name,
        label=look.gettext(N_("Signing secret")),
        text=made.secret or "",
        more=look.gettext(N_("Your program checks with it that a message comes from here.")),
        back=f"/webhooks/{made.webhook.id}",
        onward=look.gettext(N_("To the webhook")),
    )


async def page_of(
    request: BoardRequest,
    webhook_id: str,
    *,
    given: Form | None = None,
    error: BadRequest | None = None,
    not_arrived: str | None = None,
) -> Response[bytes]:
    """The page of a webhook. `not_arrived`: why a test did not.

    Raises: as `settings.find`.
    """
    service, signed = service_of(request), request.auth
    webhook = await settings.find(service.db, signed.caller, webhook_id)
    found = next(one for one in await settings.list_webhooks(service, signed.caller) if one.webhook.id == webhook.id)
    stored = Form(
        name=webhook.name,
        url=webhook.url,
        events=webhook.events,
        headers="\n".join(f"{name}: {HIDDEN}" for name in found.header_names),
    )
    values = {
        "webhook": webhook,
        "waiting": await by_hand.waiting(service, signed.caller, webhook.id),
        "latest": await by_hand.list_logs(service, signed.caller, Wanted(webhook_id=webhook.id), limit=LATEST),
        "not_arrived": not_arrived,
        **_form_values(request, given or stored, error),
    }
    return board.page(request, signed, "webhook.html", values, status=200 if error is None else 400)


async def _list(request: BoardRequest, given: Form, error: BadRequest | None = None) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    values = {
        "webhooks": [one.webhook for one in await settings.list_webhooks(service, signed.caller)],
        "sample": events.sample(),
        **_form_values(request, given, error),
    }
    return board.page(request, signed, "webhooks.html", values, status=200 if error is None else 400)


def _form_values(request: BoardRequest, given: Form, error: BadRequest | None) -> dict[str, object]:
    wrong, problem, look = "", None, request.auth.look
    if error is not None and error.code == "too_many_webhooks":
        problem = look.gettext(_TOO_MANY, most=str(settings.MAX_WEBHOOKS))
    elif error is not None:
        wrong = next((name for name in _WRONG if name in error.fields), "")
        if not wrong:
            raise error
        problem = look.gettext(_WRONG[wrong], most=str(checks.MAX_NAME_CHARS), why=error.fields[wrong])
    return {
        "given": given,
        "offered": [(name, look.gettext(TELLS[name])) for name in OFFERED],
        "field": "headers" if wrong == "customHeaders" else wrong,
        "problem": problem,
        "max_name_chars": checks.MAX_NAME_CHARS,
        "max_url_chars": checks.MAX_URL_CHARS,
    }


async def _form(request: BoardRequest) -> Form:
    form = await request.form()
    return Form(
        name=str(form.get("name", "")),
        url=str(form.get("url", "")).strip(),
        events=tuple(str(one) for one in form.getall("events", [])),
        headers=str(form.get("headers", "")),
    )


def _headers(lines: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in filter(str.strip, lines.splitlines()):
        name, colon, value = line.partition(":")
        if not colon:
            checks.refuse({"customHeaders": "a line has no colon between name and value"})
        if name.strip().lower() in {known.lower() for known in found}:
            checks.refuse({"customHeaders": "a name is given twice"})
        found[name.strip()] = value.strip()
    return found


def _with_events(change: WebhookChange, kept: tuple[str, ...]) -> WebhookChange:
    return WebhookChange(name=change.name, url=change.url, events=kept, custom_headers=change.custom_headers)
