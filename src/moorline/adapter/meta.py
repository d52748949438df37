"""What Meta's Graph platforms share: error envelope, proof of the secret, paging by cursor, the logins of their own."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from moorline import clock
from moorline.adapter.oauth import MAX_ITEMS, judge_by_status
from moorline.adapter.values import App, Tokens
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    PlatformError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.wire import Reply

MAX_PAGES = 1_000  # of one list; full ones reach `MAX_ITEMS` long before
# docs/platforms/{facebook,instagram,threads}.md#errors, checked 2026-11-23. Judged by code, since rate limits come as
# 400 or 403.
_DEAD = {102, 190}
_RATE = {4, 9, 17, 32, 341, 613, *range(80000, 80010)}
_RATE_OF_ONE = {17, 32}  # of one person, of one Page
_RESTRICTED = 368
_PASSING = {1, 2}
_APP = {101, 191}
_CODE_SUBCODES = {36007, 36008, 36009}
_WHY_DEAD = {
    459: "asks this person to log in at facebook.com first",
    464: "wants this person to confirm the Facebook account first",
    492: "says this person has no role on the Page any more",
}

# docs/platforms/{instagram,threads}.md#errors: the code exchange answers in two shapes, told apart by their text alone
_CODE_TEXTS = ("matching code was not found", "authorization code has been used", "authorization code has expired")
_APP_TEXTS = ("redirect_uri", "invalid redirect", "client secret", "invalid platform app")
LONG_LIFE_S = 60 * 24 * 3600  # docs/platforms/{instagram,threads}.md#tokens
_YOUNG = timedelta(hours=25)  # 24, and an hour since the sixty days are never told to the minute


def proof(app: App, token: str) -> str:
    """`appsecret_proof`: lower-case hex HMAC-SHA256 of the token under the app secret."""
    return hmac.new(app.client_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def judge(platform: str, reply: Reply) -> MoorlineError | None:
    """What a Graph reply means; None for success. Some errors come with HTTP 200."""
    error = reply.json_or_empty().get("error")
    if not isinstance(error, dict):
        return None if reply.status < 400 else judge_by_status(platform, reply)
    code, subcode = _whole(error.get("code")), _whole(error.get("error_subcode"))
    told = f"{code}" if subcode is None else f"{code}/{subcode}"
    if code in _RATE:
        wait_s = _regain_s(reply)
        return PlatformRateLimited(
            f"{platform} asks us to wait: {told}.",
            retry_after_s=wait_s,
            platform_status=reply.status,
            platform_code=told,
            app_waits=code not in _RATE_OF_ONE,
        )
    known = _known(platform, code, subcode, message=str(error.get("message", "")), told=told, status=reply.status)
    if known is not None:
        return known
    if error.get("is_transient") is True or reply.status >= 500:
        return Unreachable(f"{platform} has trouble: {told}.", platform_status=reply.status, platform_code=told)
    return UnexpectedReply(f"{platform} answered {told}.", platform_status=reply.status, platform_code=told)


def judge_own_login(platform: str, reply: Reply) -> MoorlineError | None:
    """What a reply of Instagram's or Threads' own login means: flat errors beside those of `judge`."""
    message = message_of(reply).lower()
    told = str(reply.json_or_empty().get("error_type") or code_of(reply)[0] or "none")
    if any(text in message for text in _CODE_TEXTS):
        return Refused(f"{platform} refused the code.", platform_status=reply.status, platform_code=told)
    # A wrong secret may answer with the text of a wrong redirect URI, so both are the operator's to check.
    if any(text in message for text in _APP_TEXTS):
        return AppMisconfigured(
            f"{platform} refuses this app: check app id, app secret and redirect URI.",
            platform_status=reply.status,
            platform_code=told,
        )
    return judge(platform, reply)


def refuses_token(reply: Reply) -> bool:
    """Whether the token is dead, by code alone: 190 comes with 400 and with 401."""
    return reply.status in {400, 401} and code_of(reply)[0] in _DEAD


def message_of(reply: Reply) -> str:
    """The text of an error of either shape, empty when there is none. It may repeat what was sent: not for the log."""
    body = reply.json_or_empty()
    error = body.get("error")
    message = error.get("message") if isinstance(error, dict) else body.get("error_message")
    return message if isinstance(message, str) else ""


def code_of(reply: Reply) -> tuple[int | None, int | None]:
    """Code and subcode of a Graph error."""
    error = reply.json_or_empty().get("error")
    if not isinstance(error, dict):
        return None, None
    return _whole(error.get("code")), _whole(error.get("error_subcode"))


def with_long_life(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer with a long-lived token in it; sixty days, as documented, where it does not tell its life."""
    return {**reply, "expires_in": reply.get("expires_in") or LONG_LIFE_S}


def raise_if_young(platform: str, tokens: Tokens, error: PlatformError) -> None:
    """Raises: PlatformRateLimited when a renewal failed with 400 because the token is not a day old.

    No document says how that is answered, so it is told by the token's age, unless the error is that of a dead token.
    """
    code = (error.platform_code or "").partition("/")[0]
    if error.platform_status != 400 or tokens.access_expires_at is None or code in {str(dead) for dead in _DEAD}:
        return
    old_enough_at = tokens.access_expires_at - timedelta(seconds=LONG_LIFE_S) + _YOUNG
    wait_s = int((old_enough_at - clock.now()).total_seconds())
    if wait_s > 0:
        raise PlatformRateLimited(
            f"{platform} renews no access on its first day.",
            retry_after_s=wait_s,
            platform_status=error.platform_status,
            platform_code=error.platform_code,
            app_waits=False,
        ) from error


def _known(
    platform: str, code: int | None, subcode: int | None, *, message: str, told: str, status: int
) -> MoorlineError | None:
    if code in _DEAD:
        why = _WHY_DEAD.get(subcode or 0, "no longer accepts this access")
        return Refused(f"{platform} {why}: {told}.", platform_status=status, platform_code=told)
    if code == 100 and (subcode in _CODE_SUBCODES or "verification code" in message):
        return Refused(f"{platform} refused the code: {told}.", platform_status=status, platform_code=told)
    if code in _APP or (code == 1 and "client secret" in message) or (code == 100 and "appsecret_proof" in message):
        return AppMisconfigured(f"{platform} refuses this app: {told}.", platform_status=status, platform_code=told)
    if code in _PASSING:
        return Unreachable(f"{platform} has trouble: {told}.", platform_status=status, platform_code=told)
    if code == _RESTRICTED:
        return Refused(
            f"{platform} restricted this account: {told}.",
            code="account_not_eligible",
            platform_status=status,
            platform_code=told,
        )
    if code is not None and (code == 10 or 200 <= code <= 299):
        return ScopeMissing(f"a permission ({told})", platform)
    return None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _regain_s(reply: Reply) -> int | None:
    """The longest `estimated_time_to_regain_access` (minutes) of the usage header; None when it names none."""
    try:
        usage = json.loads(reply.headers.get("x-business-use-case-usage", ""))
    except (ValueError, RecursionError):
        return None
    rows = [row for rows in usage.values() if isinstance(rows, list) for row in rows] if isinstance(usage, dict) else []
    minutes = [_whole(row.get("estimated_time_to_regain_access")) or 0 for row in rows if isinstance(row, dict)]
    longest = max(minutes, default=0)
    return longest * 60 if longest > 0 else None


async def pages_of(
    fetch: Callable[[Mapping[str, str]], Awaitable[Mapping[str, Any]]],
) -> AsyncIterator[Mapping[str, Any]]:
    """Every entry of a Graph list, over all its result pages, at most `MAX_ITEMS`.

    `fetch` is called with the paging parameters. Cursors come on the last page too and a page may be empty, so only a
    missing `paging.next` ends the list. `next` itself holds the token and is not followed, only its cursor is used.
    """
    count, after = 0, ""
    followed = {after}
    while True:
        page = await fetch({"limit": "100", **({"after": after} if after else {})})
        entries, paging = page.get("data"), page.get("paging")
        if not isinstance(entries, list):
            raise UnexpectedReply("A Graph list has no entries, not even none.")
        for entry in entries:
            if isinstance(entry, dict):
                count += 1
                yield entry
        if not isinstance(paging, dict) or not paging.get("next") or count >= MAX_ITEMS:
            return
        after = _cursor(paging)
        # A cursor met before would lead round in a circle, and ever new ones on empty pages nowhere.
        if after in followed or len(followed) > MAX_PAGES:
            raise UnexpectedReply("A Graph list names a next page but no new cursor.")
        followed.add(after)


def _cursor(paging: Mapping[str, Any]) -> str:
    """Where the next page begins; empty when the page does not say."""
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) else ""
