"""Snapchat: a person signs in, then picks a Public Profile. Facts: docs/platforms/snapchat.md, read 2026-11-23."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote

from typing_extensions import override

from moorline import clock
from moorline.adapter.oauth import MAX_ITEMS, OAuthPlatform, OAuthSpec, retry_after_s
from moorline.adapter.values import App, Choice, Choices, Connection, Identity, Selection, Tokens, Unavailable
from moorline.errors import (
    AppMisconfigured,
    FlowFailed,
    MoorlineError,
    NotFound,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.languages import N_
from moorline.wire import Http, Reply, Request

LOGIN = "https://accounts.snapchat.com/login/oauth2"
API = "https://businessapi.snapchat.com/v1"
ADS_API = "https://adsapi.snapchat.com/v1"
MY_PROFILE_URL = f"{API}/public_profiles/my_profile"
ME_URL = f"{ADS_API}/me"
MY_ORGANIZATIONS_URL = f"{ADS_API}/me/organizations"
PROFILE_SCOPE = "snapchat-profile-api"
MARKETING_SCOPE = "snapchat-marketing-api"  # not asked for by itself: docs/platforms/snapchat.md#scopes
PAGE_SIZE = 10
MAX_PAGES = MAX_ITEMS // PAGE_SIZE  # of one list, since every one of them may be empty

# docs/platforms/snapchat.md#errors, checked 2026-11-23. The E-codes of the API are read in several ways by those who
# met them, so they are kept for the log and never judged by.
_APP_NAMES = {"invalid_client", "unauthorized_client"}
_DEAD = "invalid_grant"
_GONE = {404, 410}
_LONGEST_WAIT_S = 3600  # Snapchat counts in seconds; more than an hour is a clock that goes wrong
_UNREADABLE = N_(
    "Snapchat could not show it to us. Check your role on it in Snapchat's Business Manager, then try again."
)


class Row(NamedTuple):
    """What a row of a list wraps, and whether Snapchat says that it could read it."""

    readable: bool
    item: Mapping[str, Any]


NOT_SHOWN = Row(readable=False, item={})
Entry = Choice | Unavailable | None  # None: something that Snapchat has, but did not name


class Snapchat(OAuthPlatform):
    """A Public Profile becomes the account; the person is known by the one they host themselves."""

    name = "snapchat"
    api_hosts = ("businessapi.snapchat.com", "adsapi.snapchat.com")
    selection = Selection(
        step="select_public_profile",
        path="select-profile",
        noun="public profile",
        nothing_found="no_public_profiles",
        list_parameter="publicProfiles",
        success_parameters={"publicProfile": "publicProfileName"},
    )
    spec = OAuthSpec(
        authorize_url=f"{LOGIN}/authorize",
        token_url=f"{LOGIN}/access_token",
        scopes=(PROFILE_SCOPE,),
        pkce_optional=True,  # docs/platforms/snapchat.md#asking: sources disagree
    )

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        status, body = reply.status, reply.json_or_empty()
        code = _code(body)
        if status == 429:
            return PlatformRateLimited(
                "Snapchat asks us to wait.", retry_after_s=_wait_s(reply), platform_status=status, platform_code=code
            )
        if status == 418 or status >= 500:
            return Unreachable(f"Snapchat answered {status}.", platform_status=status, platform_code=code)
        if status >= 400:
            return _judge_refusal(reply, code)
        state = _state(body, "request_status")
        if state not in {"", "SUCCESS", "PARTIAL"}:  # a token answer has none
            return UnexpectedReply(f"Snapchat answered {code or state}.", platform_status=status, platform_code=code)
        return None

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        granted = self._granted(app, tokens)
        if PROFILE_SCOPE not in granted:
            raise ScopeMissing(PROFILE_SCOPE, "Snapchat")
        own = await self._own_profile(http, tokens)
        if own is not None:
            return to_identity(own)
        if MARKETING_SCOPE in granted:
            return to_member(await self._get(http, tokens, ME_URL))
        raise FlowFailed("no_public_profiles", "Snapchat named no Public Profile of this person's own.")

    @override
    async def list_choices(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> Choices:
        own = await self._own_profile(http, tokens)
        entries: list[Entry] = [] if own is None else [to_choice(own)]
        for organization in await self._organizations(http, app, tokens, own):
            if organization is None or len(entries) >= MAX_ITEMS:
                entries.append(None)
            else:
                entries += await self._profiles_of(http, tokens, organization)
        return to_choices(entries)

    @override
    async def adopt(self, http: Http, app: App, tokens: Tokens, identity: Identity, choice_id: str) -> Connection:
        """By the list and not by the profile's own address, which may answer for profiles of other people."""
        for item in (await self.list_choices(http, app, tokens, identity)).items:
            if item.id == choice_id:
                return to_profile_connection(item)
        raise NotFound("Selected public profile not found in available public profiles.")

    def _granted(self, app: App, tokens: Tokens) -> Sequence[str]:
        return (app.scopes or self.spec.scopes) if tokens.granted is None else tokens.granted

    async def _own_profile(self, http: Http, tokens: Tokens) -> Mapping[str, Any] | None:
        """The profile the person hosts; None for those who only have roles in organizations."""
        try:
            answer = await self._get(http, tokens, MY_PROFILE_URL)
        except UnexpectedReply as error:
            if error.platform_status in _GONE:
                return None
            raise
        return to_own_profile(answer)

    async def _organizations(
        self, http: Http, app: App, tokens: Tokens, own: Mapping[str, Any] | None
    ) -> list[str | None]:
        """The own profile's organization first, each once."""
        found: list[str | None] = []
        if own is not None and own.get("organization_id") is not None:
            found.append(_text(own, "organization_id") or None)
        if MARKETING_SCOPE in self._granted(app, tokens):
            rows = self._rows(http, tokens, MY_ORGANIZATIONS_URL, {}, wrapped_as=("organizations", "organization"))
            found += [to_organization(row) async for row in rows]
        return list(dict.fromkeys(found))

    async def _profiles_of(self, http: Http, tokens: Tokens, organization: str) -> list[Entry]:
        url, query = f"{API}/organizations/{quote(organization, safe='')}/public_profiles", {"limit": str(PAGE_SIZE)}
        rows = self._rows(http, tokens, url, query, wrapped_as=("public_profiles", "public_profile"))
        return [to_entry(row) async for row in rows]

    async def _rows(
        self, http: Http, tokens: Tokens, url: str, query: Mapping[str, str], *, wrapped_as: tuple[str, str]
    ) -> AsyncIterator[Row]:
        """Every row of a list, over all its pages; `NOT_SHOWN` for what is withheld or lies behind the bound."""
        count, cursors = 0, [""]
        while count < MAX_ITEMS and len(cursors) <= MAX_PAGES:
            try:
                page = await self._get(http, tokens, url, {**query, "cursor": cursors[-1]} if cursors[-1] else query)
            except (AppMisconfigured, FlowFailed, UnexpectedReply) as error:
                if cursors[-1] or not _is_withheld(error):
                    raise
                break  # my_profile answered this app, so it is the person who has no role here
            rows = to_rows(page, *wrapped_as)
            for row in rows:
                yield row
            count += len(rows)
            cursor = to_cursor(page)
            if not cursor:
                return
            if cursor in cursors:
                raise UnexpectedReply("A list of Snapchat's leads back to a page that was there before.")
            cursors.append(cursor)
        yield NOT_SHOWN

    async def _get(
        self, http: Http, tokens: Tokens, url: str, query: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        request = Request(method="GET", url=url, query=query or {}, bearer=tokens.access, repeatable=True)
        return await self.fetch(http, request)


def to_own_profile(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Map my_profile, bare as documented or wrapped as in lists; None for a success with nothing in it.

    Raises: UnexpectedReply for a profile without id, and for nothing that is not called a success.
    """
    profile, rows = answer.get("public_profile"), answer.get("public_profiles")
    if not profile and not rows and _state(answer, "request_status") == "SUCCESS":
        return None
    if not profile and rows:
        first = to_rows(answer, "public_profiles", "public_profile")[0]
        profile = first.item if first.readable else None
    if not isinstance(profile, dict) or not _text(profile, "id"):
        raise UnexpectedReply("Snapchat did not say whose profile this is.")
    return profile


def to_identity(own: Mapping[str, Any]) -> Identity:
    """Map the profile that the person hosts, which stands for the person."""
    choice = to_choice(own)
    return Identity(
        platform_user_id=choice.id,
        username=choice.username or choice.name,
        display_name=choice.name,
        picture_url=choice.picture_url,
        profile_url=_profile_url(choice),
    )


def to_member(answer: Mapping[str, Any]) -> Identity:
    """Map /me of the Ads API: a person who hosts no profile. The e-mail address in it is not taken."""
    me = answer.get("me")
    if not isinstance(me, dict) or not _text(me, "id"):
        raise UnexpectedReply("Snapchat did not say who this is.")
    name = _text(me, "display_name") or _text(me, "id")
    return Identity(platform_user_id=_text(me, "id"), username=name, display_name=name)


def to_rows(page: Mapping[str, Any], rows_name: str, item_name: str) -> list[Row]:
    """Map one page; with `NOT_SHOWN` at its end for a loss that no row of it tells of. Raises: UnexpectedReply."""
    wrappers, state = page.get(rows_name), _state(page, "request_status")
    if wrappers is None and state == "SUCCESS":
        wrappers = []  # numbers come as strings, which is how protocol buffers write them; those leave out empty lists
    if not isinstance(wrappers, list):
        raise UnexpectedReply(f"Snapchat answered without {rows_name}.")
    rows = [_unwrap(wrapper, item_name) for wrapper in wrappers]
    return [*rows, NOT_SHOWN] if state == "PARTIAL" and all(row.readable for row in rows) else rows


def to_organization(row: Row) -> str | None:
    """Map a row to the organization's id; None where Snapchat did not give it."""
    return (_text(row.item, "id") or None) if row.readable else None


def to_entry(row: Row) -> Entry:
    """Map a row to what may be chosen, or to what may not and why."""
    profile_id = _text(row.item, "id")
    if row.readable and profile_id:
        return to_choice(row.item)
    name = _text(row.item, "display_name") or _text(row.item, "snap_user_name")
    return Unavailable(name=name, reason=_UNREADABLE, id=profile_id or None) if name else None


def to_choice(profile: Mapping[str, Any]) -> Choice:
    """Map a profile that has an id, under the documented names of the list."""
    username, picture = _text(profile, "snap_user_name") or None, _picture(profile)
    name = _text(profile, "display_name") or username or _text(profile, "id")
    count = str(profile.get("subscriber_count"))  # a string, to count beyond what JavaScript can
    shown = {
        "display_name": name,
        "username": username,
        "profile_image_url": picture,
        "subscriber_count": int(count) if re.fullmatch(r"[0-9]{1,18}", count) else 0,
    }
    return Choice(id=_text(profile, "id"), name=name, username=username, picture_url=picture, shown=shown)


def to_choices(entries: Sequence[Entry]) -> Choices:
    """Each profile once: the person's own stands in its organization's list too."""
    items: dict[str, Choice] = {}
    for entry in entries[:MAX_ITEMS]:
        if isinstance(entry, Choice):
            items.setdefault(entry.id, entry)
    unavailable = [entry for entry in entries[:MAX_ITEMS] if isinstance(entry, Unavailable) and entry.id not in items]
    return Choices(
        items=tuple(items.values()),
        unavailable=tuple(unavailable),
        truncated=None in entries or len(entries) > MAX_ITEMS,
    )


def to_profile_connection(choice: Choice) -> Connection:
    """Map the chosen profile to the account."""
    return Connection(
        platform_account_id=choice.id,
        username=choice.username or choice.name,
        display_name=choice.name,
        picture_url=choice.picture_url,
        profile_url=_profile_url(choice),
        details={"publicProfileName": choice.name},
    )


def to_cursor(page: Mapping[str, Any]) -> str | None:
    """Where the next page begins; None on the last. `next_link` may name any host, so only its cursor is read."""
    paging = page.get("paging")
    if not isinstance(paging, dict) or not (paging.get("next_page_id") or paging.get("next_link")):
        return None
    in_link = parse_qs(str(paging.get("next_link")).partition("?")[2]).get("cursor", [""])[0]
    cursor = paging.get("next_page_id") or in_link
    if not isinstance(cursor, str) or not cursor:
        raise UnexpectedReply("A list of Snapchat's names a next page but no cursor.")
    return cursor


def _unwrap(wrapper: object, item_name: str) -> Row:
    if not isinstance(wrapper, dict):
        return NOT_SHOWN
    item = wrapper.get(item_name)
    readable = _state(wrapper, "sub_request_status") in {"", "SUCCESS"}
    return Row(readable=readable, item=item if isinstance(item, dict) else {})


def _is_withheld(error: AppMisconfigured | FlowFailed | UnexpectedReply) -> bool:
    return isinstance(error, FlowFailed) or error.platform_status in {403, *_GONE}


def _judge_refusal(reply: Reply, code: str | None) -> MoorlineError:
    status = reply.status
    if code in _APP_NAMES:
        return AppMisconfigured(f"Snapchat refuses this app: {code}.", platform_status=status, platform_code=code)
    if code == _DEAD or status == 401:
        told = f"Snapchat does not accept this access (any more): {code or status}."
        return Refused(told, platform_status=status, platform_code=code)
    if status == 403 and not reply.body.strip():
        told = "Snapchat answered 403 without a word: is the client id on the allowlist of its Public Profile API?"
        return AppMisconfigured(told, platform_status=status)
    if status == 403 and "request_status" in reply.json_or_empty():
        return FlowFailed("account_not_eligible", f"Snapchat gives this person no access to the profile: {code}.")
    return UnexpectedReply(f"Snapchat answered {code or status}.", platform_status=status, platform_code=code)


def _code(body: Mapping[str, Any]) -> str | None:
    """The name of an error: of the token address, or of the API's envelope."""
    for name in ("error", "error_code"):
        told = body.get(name)
        if isinstance(told, str) and re.fullmatch(r"[A-Za-z0-9_]{1,40}", told):  # anything else may repeat what we sent
            return told
    return None


def _state(node: Mapping[str, Any], name: str) -> str:
    told = str(node.get(name) or "").upper()
    return told if re.fullmatch(r"[A-Z_]{0,40}", told) else "OTHER"


def _wait_s(reply: Reply) -> int | None:
    reset = reply.headers.get("x-rate-limit-reset", "")  # Unix seconds, not a delay
    if not re.fullmatch(r"[0-9]{1,12}", reset):
        return retry_after_s(reply)
    return min(max(int(reset) - int(clock.now().timestamp()), 1), _LONGEST_WAIT_S)


def _text(node: Mapping[str, Any], name: str) -> str:
    value = node.get(name)
    return value.strip() if isinstance(value, str) else ""


def _picture(profile: Mapping[str, Any]) -> str | None:
    logos = profile.get("logo_urls")
    if not isinstance(logos, dict):
        return None
    return _text(logos, "manage_profile_logo_url") or _text(logos, "original_logo_url") or None


def _profile_url(choice: Choice) -> str | None:
    return f"https://www.snapchat.com/@{choice.username}" if choice.username else None
