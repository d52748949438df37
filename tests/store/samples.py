"""A sample for each parameter a query may have, by its name: of the large tenant of `filled`."""

import dataclasses
import inspect
from datetime import timedelta
from typing import Any

import msgspec

from moorline.store import account_needs, account_rows, connect_logs, delivery_logs, sealed_values
from tests.store.filled import BASE_MS, ROWS, bytes_of, id_of, instant

N = 500  # a row of the large tenant in every table
LATE = ROWS - 500  # likewise, among the younger ones
A_PAGE = 5
DUE = 20  # so many rows of each table are due, or over
NEW_ID = "f" * 24
NOT_OVER = instant(N - 1)  # row N is not over by then


@dataclasses.dataclass(frozen=True, slots=True)
class Each:
    """Alternatives, each of which is tried."""

    values: tuple[Any, ...]


_BY_NAME: dict[str, Any] = {
    "user_id": id_of("users", 0),
    "root_id": id_of("users", 0),
    "member_id": id_of("users", 1),
    **{
        name: id_of(table, N)
        for name, table in {
            "account_id": "accounts", "attempt_id": "attempts", "credential_id": "app_credentials",
            "grant_id": "grants", "key_id": "api_keys", "link_id": "links", "log_id": "delivery_logs",
            "profile_id": "profiles", "revocation_id": "revocations", "webhook_id": "webhooks",
        }.items()
    },
    "id": NEW_ID,
    "message_id": f"{N:024x}",
    **dict.fromkeys(("token_hash", "state_hash", "key_hash"), bytes_of(N)),
    **dict.fromkeys(("request_hash", "code_hash"), bytes_of(1)),
    **dict.fromkeys(
        ("access_sealed", "refresh_sealed", "secret_sealed", "grant_sealed", "tokens_sealed", "answer_sealed",
         "sealed", "fresh"),
        b"sealed",
    ),
    **dict.fromkeys(("platform_account_id", "old"), f"platform_account_id {N}"),
    "new": "platform_account_id new",
    "platform_user_id": f"platform_user_id {N}",
    "client_id": f"app-{N}",
    "app_id": "app-1",
    "bot_id": "bot",
    "sender_id": N,
    "server": "",
    "code": f"code {N}",
    "lookup": f"lookup {N}",
    "email": f"email {N}",
    "platform": "tiktok",  # of row N
    "platforms": ("tiktok", "youtube"),
    "name": "name 5",
    "slug": "slug 5",
    "event": "account.connected",
    "events": ("account.connected",),
    "limit": A_PAGE,
    "number": 2,
    "position": N + 1,
    "version": N % 3,
    "holder": f"holder {N}",
    "fence": 1,
    "next_offset": 7,
    "at_most": 9,
    "weeks": 12,
    "tries": 1,
    "window_s": 60,
    "try_number": 1,
    "response_ms": 1,
    "status_code": 200,
    "now": NOT_OVER,
    "longest": timedelta(hours=1),
    **dict.fromkeys(
        ("until", "due_at", "expires_at", "renew_at", "warn_at", "needs_at", "consented_at", "created_at", "updated_at",
         "access_expires_at", "refresh_expires_at", "read_after"),
        instant(LATE),
    ),
    "created_after": instant(ROWS - 40),
    "returned_before": instant(ROWS),
    "since": instant(ROWS - 100),
    "before": instant(DUE),
    "profile_ids": None,
    "ids": None,
    "granted": ("read",),
    "scopes": None,
    "permission": "read",
    "role": "owner",
    "details": {},
    "owner": {},
    "choices": {},
    "identity": {},
    "traded": ("threads",),
    "by": [id_of("attempts", N)],
    "except_of": ("threads",),
    **dict.fromkeys(("is_active", "once", "is_same_end", "with_secret", "headless"), True),
    **dict.fromkeys(("reveal_tokens", "is_default"), True),
    **dict.fromkeys(
        ("username", "display_name", "password_hash", "chat", "chat_id", "kind", "note", "sender", "reason", "action",
         "choice_id", "steps", "body", "url", "webhook_name", "preview", "source", "redirect_uri", "username", "key"),
        "text",
    ),
    **dict.fromkeys(
        ("picture_url", "profile_url", "redirect_url", "language", "max_uses", "reconnect_account_id", "description",
         "color", "redirect_allowlist", "service_url", "subject_id", "response_body", "error"),
    ),
}  # fmt: skip
_OF_FUNCTION: dict[tuple[str, str], Any] = {}


def sample_of(function: str, parameter: inspect.Parameter | str, kind: Any = None) -> Any:
    """What a parameter of `file.function` is given; `Each` of several where it matters. Raises: LookupError."""
    name = parameter if isinstance(parameter, str) else parameter.name
    kind = kind if isinstance(parameter, str) else parameter.annotation
    if (function, name) in _OF_FUNCTION:
        return _OF_FUNCTION[function, name]
    if isinstance(kind, type) and (dataclasses.is_dataclass(kind) or issubclass(kind, msgspec.Struct)):
        return made(kind, function)
    if name not in _BY_NAME:
        raise LookupError(f"{function}: a sample for {name!r} ({kind}) is missing in tests/store/samples.py")
    return _BY_NAME[name]


def made(kind: Any, function: str, **given: Any) -> Any:
    """A value with a sample for each field that needs one."""
    if dataclasses.is_dataclass(kind):
        needed = {
            field.name: field.type
            for field in dataclasses.fields(kind)
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        }
    else:
        needed = {field.name: field.type for field in msgspec.structs.fields(kind) if field.required}
    return kind(**{name: sample_of(function, name, type_) for name, type_ in needed.items()} | given)


_OF_FUNCTION |= {
    **dict.fromkeys(
        (("account_needs.lost", "wanted"), ("account_needs.lacking", "wanted"), ("account_needs.ending", "wanted")),
        account_rows.Wanted(),
    ),
    ("account_rows.newest", "wanted"): Each(
        (account_rows.Wanted(), account_rows.Wanted(before=id_of("accounts", N)))
    ),
    ("connect_logs.newest", "wanted"): Each(
        (connect_logs.Wanted(), connect_logs.Wanted(before=id_of("attempts", LATE)))
    ),
    ("delivery_logs.newest", "wanted"): Each(
        (delivery_logs.Wanted(), delivery_logs.Wanted(before=id_of("delivery_logs", N)))
    ),
    ("account_health.all_of", "profile_id"): Each((None, id_of("profiles", N))),
    ("account_health.all_of", "platform"): None,
    ("accounts.all_of", "profile_ids"): Each((None, (id_of("profiles", N),))),
    ("accounts.all_of", "after"): Each((None, (BASE_MS + N * 1000, id_of("accounts", N)))),
    ("accounts.place_at", "profile_ids"): Each((None, (id_of("profiles", N),))),
    ("accounts.profiles_of_identities", "platform_account_ids"): [f"platform_account_id {number}" for number in (N, 7)],
    ("app_credentials.count_accounts", "client_id"): "app-1",
    ("app_credentials.accounts_behind", "client_id"): "app-1",
    **{
        (f"attempts.{function}", name): at
        for function in ("delete_unreturned", "end_of_page", "fail_abandoned", "wipe_verifiers")
        for name, at in (("after", instant(N)), ("until", instant(N + A_PAGE)))
    },
    ("attempts.of_link", "before"): Each((None, id_of("attempts", N + 2000))),
    ("audit.newest", "action"): None,
    ("audit.newest", "before"): Each((None, id_of("audit", N))),
    ("links.newest", "before"): Each((None, id_of("links", N))),
    ("profiles.page_of", "after"): Each((None, id_of("profiles", N))),
    ("profiles.page_of", "name"): "",
    ("profiles.page_of", "slug"): "",
    ("profiles.clear_default", "but"): id_of("profiles", N),
    ("sessions.delete_of", "but"): b"",
    ("kept_answers.finish", "status"): 200,
    ("delivery_logs.insert", "status"): "failed",
    ("deliveries.finish", "state"): "delivered",
    ("grants.due", "now"): instant(DUE),
    ("grants.due_warnings", "now"): instant(3 * DUE),
    ("deliveries.claim", "now"): instant(5 * DUE),
    ("revocations.due", "now"): instant(DUE),
    **{
        (f"{table}.{function}", "now"): instant(DUE)
        for table, function in (
            ("selections", "purge"), ("kept_answers", "purge"), ("bot_inboxes", "purge_senders"),
            ("sessions", "purge"), ("sign_in_links", "purge"),
        )
    },
    ("sealed_values.exchange", "key"): id_of("grants", N),
    ("sealed_values.page", "after"): id_of("accounts", N),
    ("account_needs.lost", "after"): account_needs.Place(why="lost", at=BASE_MS + LATE * 1000, account_id=NEW_ID),
    ("account_needs.lacking", "after"): account_needs.Place(why="lacking", at=200),
    ("account_needs.ending", "after"): account_needs.Place(why="ending", at=BASE_MS + 5100 * 1000),
    ("account_needs.ending", "before_ms"): BASE_MS + ROWS * 1000,
    ("account_needs.ending", "but"): (210,),
}  # fmt: skip
# Those keyed by text; the two others are asked by the same statements.
_COLUMNS = tuple(
    value
    for value in vars(sealed_values).values()
    if isinstance(value, sealed_values.SealedColumn) and value.before_all == ""
)
_OF_FUNCTION |= {(f"sealed_values.{function}", "of"): Each(_COLUMNS) for function in ("count", "page", "exchange")}
