"""Google Business Profile: a person signs in, then picks a location. Facts: docs/platforms/googlebusiness.md."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from typing_extensions import override

from moorline.adapter import google
from moorline.adapter.oauth import MAX_ITEMS, OAuthPlatform, OAuthSpec
from moorline.adapter.values import App, Choice, Choices, Connection, Identity, Selection, Tokens, Unavailable
from moorline.errors import MoorlineError, NotFound, UnexpectedReply
from moorline.languages import N_
from moorline.wire import Http, Reply, Request

# docs/platforms/googlebusiness.md#addresses, checked 2026-11-23
USERINFO_URL = "https://www.googleapis.com/oauth2/v3/userinfo"
ACCOUNTS_URL = "https://mybusinessaccountmanagement.googleapis.com/v1/accounts"
INFORMATION = "https://mybusinessbusinessinformation.googleapis.com/v1"
READ_MASK = "name,title,storefrontAddress,categories,websiteUri,metadata"
ACCOUNTS_A_PAGE, LOCATIONS_A_PAGE = "20", "100"
MANAGE = f"{google.SCOPE_PREFIX}/business.manage"
AT_ONCE = 4  # accounts; a project may ask some 300 times a minute, for all of its people
MAX_ORGANIZATIONS = 500  # each takes a call, and may hold further ones

_HIDDEN = {"PERMISSION_DENIED", "NOT_FOUND"}  # of one account: docs/platforms/googlebusiness.md#errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Under which locations stand; `name` is `accounts/N`."""

    name: str
    title: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """One location, as it can be shown and saved."""

    choice: Choice
    maps_url: str | None
    is_verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """An account whose locations Google does not show this person, and what it answered."""

    account: Unavailable
    refusal: UnexpectedReply


class GoogleBusiness(OAuthPlatform):
    """The location, not the person, becomes the account; the person's tokens serve all their locations."""

    name = "googlebusiness"
    api_hosts = (
        "mybusinessbusinessinformation.googleapis.com",
        "mybusinessaccountmanagement.googleapis.com",
        "mybusiness.googleapis.com",
        "businessprofileperformance.googleapis.com",
    )
    selection = Selection(
        step="select_location",
        path="select-location",
        noun="location",
        nothing_found="no_business_locations",
        tells_tokens=True,
    )
    spec = OAuthSpec(
        authorize_url=google.AUTHORIZE_URL,
        token_url=google.TOKEN_URL,
        scopes=(MANAGE, "openid", f"{google.SCOPE_PREFIX}/userinfo.profile"),
        pkce=True,
        revoke_url=google.REVOKE_URL,
        authorize_extra=google.AUTHORIZE_EXTRA,
        issuer=google.ISSUER,
    )
    consent_with = ("youtube", "googlebusiness")
    revokes_person = True  # docs/platforms/googlebusiness.md#disconnecting

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        return google.judge("Google Business", reply)

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        google.require("Google Business", tokens, MANAGE, "openid")
        return to_identity(await self._get(http, tokens, USERINFO_URL, {}))

    @override
    async def list_choices(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> Choices:
        # One location may stand under several accounts, and one account be hidden in two ways.
        found: dict[str, Location | Unavailable] = {}
        async for one in self._walk(http, tokens):
            found.setdefault(one.choice.id if isinstance(one, Location) else str(one.id), one)
            if len(found) >= MAX_ITEMS:
                break
        return to_choices(found.values())

    @override
    async def adopt(self, http: Http, app: App, tokens: Tokens, identity: Identity, choice_id: str) -> Connection:
        # A location asked for alone does not say under which account it stands, so the list is walked up to it.
        async for one in self._walk(http, tokens):
            if isinstance(one, Location) and one.choice.id == choice_id and one.is_verified:
                return to_location_connection(one)
        raise NotFound("Selected location not found in available locations.")

    @override
    async def revoke(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> None:
        await google.revoke(self, http, tokens)

    async def _walk(self, http: Http, tokens: Tokens) -> AsyncIterator[Location | Unavailable]:
        """Every location of every account, a few accounts at once, and the accounts that are hidden.

        Raises: what Google answered when it hides every account, since then nothing was read.
        """
        accounts, hidden = await self._accounts(http, tokens)
        for account in hidden:
            yield account
        refusals: list[UnexpectedReply] = []
        for start in range(0, len(accounts), AT_ONCE):
            for found in await self._locations_of_each(http, tokens, accounts[start : start + AT_ONCE]):
                if isinstance(found, Hidden):
                    refusals.append(found.refusal)
                    yield found.account
                    continue
                for one in found:
                    yield one
        if refusals and len(refusals) == len(accounts):
            raise refusals[0]

    async def _locations_of_each(
        self, http: Http, tokens: Tokens, accounts: Sequence[Account]
    ) -> list[list[Location] | Hidden]:
        """The locations of each account. The first failure drops what is under way for the others."""
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._locations_of(http, tokens, account)) for account in accounts]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        return [task.result() for task in asked]

    async def _accounts(self, http: Http, tokens: Tokens) -> tuple[list[Account], list[Unavailable]]:
        """All accounts, those inside organizations too, the person's own last: a shared location is the others'."""
        found: dict[str, Account] = {}
        hidden: list[Unavailable] = []
        await self._add_accounts(http, tokens, found, {})
        asked: set[str] = set()
        while inside := [one for one in found.values() if one.kind == "ORGANIZATION" and one.name not in asked]:
            for organization in inside:
                asked.add(organization.name)
                if len(asked) > MAX_ORGANIZATIONS:
                    raise UnexpectedReply("Google's organizations do not come to an end.")
                try:
                    await self._add_accounts(http, tokens, found, {"parentAccount": organization.name})
                except UnexpectedReply as error:
                    hidden.append(_as_hidden(organization, error))
        return sorted(found.values(), key=lambda account: account.kind == "PERSONAL"), hidden

    async def _add_accounts(
        self, http: Http, tokens: Tokens, found: dict[str, Account], within: Mapping[str, str]
    ) -> None:
        async def page(paging: Mapping[str, str]) -> Mapping[str, Any]:
            return await self._get(http, tokens, ACCOUNTS_URL, {**within, "pageSize": ACCOUNTS_A_PAGE, **paging})

        async for raw in google.pages_of(page, "accounts"):
            account = to_account(raw)
            found.setdefault(account.name, account)

    async def _locations_of(self, http: Http, tokens: Tokens, account: Account) -> list[Location] | Hidden:
        number = quote(account.name.removeprefix("accounts/"), safe="")

        async def page(paging: Mapping[str, str]) -> Mapping[str, Any]:
            query = {"readMask": READ_MASK, "pageSize": LOCATIONS_A_PAGE, **paging}
            return await self._get(http, tokens, f"{INFORMATION}/accounts/{number}/locations", query)

        try:
            return [to_location(raw, account) async for raw in google.pages_of(page, "locations")]
        except UnexpectedReply as error:
            return Hidden(account=_as_hidden(account, error), refusal=error)

    async def _get(self, http: Http, tokens: Tokens, url: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        request = Request(method="GET", url=url, query=query, bearer=tokens.access, repeatable=True)
        return await self.fetch(http, request)


def _as_hidden(account: Account, error: UnexpectedReply) -> Unavailable:
    """The account as one that cannot be picked, when Google refuses this one alone. Raises: any other error."""
    if (error.platform_code or "").partition("/")[0] not in _HIDDEN:
        raise error
    reason = N_("Google does not show you what belongs to this account. Ask one of its owners for access.")
    return Unavailable(id=account.name, name=account.title, reason=reason)


def to_identity(userinfo: Mapping[str, Any]) -> Identity:
    """Map userinfo. The e-mail address may change hands, so it is not even asked for."""
    subject = userinfo.get("sub")
    if not isinstance(subject, str) or not subject:
        raise UnexpectedReply("Google did not say whose account this is.")
    name = _text(userinfo.get("name")) or subject
    return Identity(
        platform_user_id=subject,
        username=name,
        display_name=name,
        picture_url=_text(userinfo.get("picture")) or None,
    )


def to_account(raw: Mapping[str, Any]) -> Account:
    """Map one entry of the accounts. Raises: UnexpectedReply without a name `accounts/N`."""
    name = raw.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"accounts/[^/]+", name):
        raise UnexpectedReply("Google listed an account without its name.")
    return Account(name=name, title=_text(raw.get("accountName")) or name, kind=_text(raw.get("type")))


def to_location(raw: Mapping[str, Any], account: Account) -> Location:
    """Map one entry of an account's locations. Raises: UnexpectedReply without a name `locations/N`."""
    name = raw.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"locations/[0-9]+", name):
        raise UnexpectedReply("Google listed a location without its name.")
    number = name.removeprefix("locations/")
    shown = {
        "accountId": account.name,
        "accountName": account.title,
        "address": to_address(_object(raw.get("storefrontAddress"))),
        "category": _text(_object(_object(raw.get("categories")).get("primaryCategory")).get("displayName")),
        "websiteUrl": _text(raw.get("websiteUri")),
    }
    metadata = _object(raw.get("metadata"))
    return Location(
        choice=Choice(id=number, name=_text(raw.get("title")) or number, shown=shown),
        maps_url=_text(metadata.get("mapsUri")) or None,
        # Left out is not "no": whether Google leaves out what is false is not documented.
        is_verified=metadata.get("hasVoiceOfMerchant") is not False,
    )


def to_address(address: Mapping[str, Any]) -> str:
    """An address in one line; empty for a business that goes to its customers."""
    lines = address.get("addressLines")
    street = lines if isinstance(lines, list) else []
    area = _text(address.get("administrativeArea")) or _text(address.get("regionCode"))
    parts = (*map(_text, street), _text(address.get("locality")), area)
    return ", ".join(filter(None, parts))


def to_choices(found: Iterable[Location | Unavailable]) -> Choices:
    """Part what was found into what can be connected and what cannot, with the reason."""
    items, unavailable = [], []
    for one in found:
        if isinstance(one, Unavailable):
            unavailable.append(one)
        elif one.is_verified:
            items.append(one.choice)
        else:
            reason = N_("Google has not verified it. Verify it in its Business Profile, then connect again.")
            unavailable.append(Unavailable(id=one.choice.id, name=one.choice.name, reason=reason))
    return Choices(
        items=tuple(items),
        unavailable=tuple(unavailable),
        truncated=len(items) + len(unavailable) >= MAX_ITEMS,
    )


def to_location_connection(location: Location) -> Connection:
    """Map the chosen location; it has no user name of its own, so its title stands in."""
    choice = location.choice
    return Connection(
        platform_account_id=choice.id,
        username=choice.name,
        display_name=choice.name,
        profile_url=location.maps_url,
        details={
            "selectedLocationId": choice.id,
            "selectedLocationName": choice.name,
            "locationAccountId": choice.shown["accountId"],
        },
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
