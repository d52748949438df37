"""LinkedIn: a person, or an organization they post for, is the account. Facts: docs/platforms/linkedin.md."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

from typing_extensions import override

from moorline import clock
from moorline.adapter.oauth import MAX_ITEMS, OAuthPlatform, OAuthSpec, judge_by_status, retry_after_s, to_connection
from moorline.adapter.values import App, Carrier, Choice, Choices, Connection, Identity, Selection, Tokens, Unavailable
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    NotFound,
    PlatformError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
)
from moorline.languages import N_
from moorline.wire import Http, Reply, Request

OAUTH = "https://www.linkedin.com/oauth/v2"
API = "https://api.linkedin.com"
VERSION = "202609"  # docs/platforms/linkedin.md#version, checked 2026-11-23; may end from 2027-09-15 on
PAGE_SIZE = 100
MAX_PAGES = MAX_ITEMS // PAGE_SIZE
URN = "urn:li:organization:"

# Nobody was seen asking for the last two, so LinkedIn may refuse them.
PROVEN_FIELDS = "id,localizedName,vanityName,logoV2(original~:playableStreams),websiteUrl"
FIELDS = f"{PROVEN_FIELDS},localizedWebsite,localizedDescription"

_LISTS_ORGANIZATIONS = {"rw_organization_admin", "r_organization_admin"}
_MAY_POST = {"ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN"}
_ORGANIZATION_IN_ROW = ("organization", "organizationTarget", "organizationalTarget")  # the name differs by version
_ID = re.compile(r"[0-9]{1,19}")

# docs/platforms/linkedin.md#errors, checked 2026-11-23
_BAD_CLIENT = {"invalid_client", "unauthorized_client"}
_DEAD = {"invalid_grant", "invalid_token"}
_DEAD_TEXTS = ("unable to retrieve access token", "authorization grant or refresh token is invalid")
_CLIENT_MISSING = 'required parameter "client_'
_DENIED = {"ACCESS_DENIED", "100"}
_THROTTLED = {"TOO_MANY_REQUESTS", "101"}
_VERSION_ENDED = "NONEXISTENT_VERSION"
_SCOPE_NOT_ALLOWED = {"unauthorized_scope_error", "invalid_scope_error"}


class LinkedIn(OAuthPlatform):
    """The person or one organization is the account; only approved partners get a refresh token."""

    name = "linkedin"
    api_hosts = ("api.linkedin.com",)
    api_headers: ClassVar = {"LinkedIn-Version": "{version}", "X-Restli-Protocol-Version": "2.0.0"}
    revokes_person = True  # docs/platforms/linkedin.md#disconnecting
    selection = Selection(
        step="select_organization",
        path="select-organization",
        noun="organization",
        nothing_found=None,
        carrier=Carrier.PENDING_DATA,
    )
    spec = OAuthSpec(
        authorize_url=f"{OAUTH}/authorization",
        token_url=f"{OAUTH}/accessToken",
        # One list for persons and organizations: a grant with another one would end all tokens the person gave before.
        scopes=("openid", "profile", "w_member_social", "rw_organization_admin", "w_organization_social"),
        analytics_scopes=("r_organization_social", "r_member_social"),
        version=VERSION,
        revoke_url=f"{OAUTH}/revoke",
    )

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        if reply.status < 400:
            return None
        body, status = reply.json_or_empty(), reply.status
        codes, text = _codes(body), _text(body.get("error_description") or body.get("message")).lower()
        code = codes[0] if codes else None
        if status == 429 or "TOO_MANY_REQUESTS" in codes:
            wait_s = _wait_s(reply, by_day=bool(_THROTTLED.intersection(codes)) or "day limit" in text)
            return PlatformRateLimited(
                "LinkedIn asks us to wait.", retry_after_s=wait_s, platform_status=status, platform_code=code
            )
        if status >= 500:
            return judge_by_status("LinkedIn", reply)
        if status == 403 and (_DENIED.intersection(codes) or text.startswith("not enough permissions")):
            return ScopeMissing(f"a permission ({code})", "LinkedIn")
        if isinstance(body.get("error"), str):
            kind, message = _meaning_of_token_call(code, text, status=status)
        elif status == 426 or _VERSION_ENDED in codes:
            kind, message = AppMisconfigured, "LinkedIn ended this version; set a newer MOORLINE_LINKEDIN_API_VERSION"
        elif status == 401 and (codes or text):
            kind, message = Refused, "LinkedIn no longer accepts this access"
        else:
            kind, message = UnexpectedReply, f"LinkedIn answered {status}"
        return kind(f"{message}: {code}.", platform_status=status, platform_code=code)

    @override
    def denial(self, code: str, description: str) -> MoorlineError | None:
        if code not in _SCOPE_NOT_ALLOWED:
            return None
        named = re.search(r'"([a-z_]{1,40})"', html.unescape(description))
        scope = named[1] if named else "one of the scopes"
        return AppMisconfigured(
            f"LinkedIn does not let this app ask for {scope}: add its product to the app, or leave it out of "
            "MOORLINE_LINKEDIN_SCOPES.",
            platform_code=code,
        )

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        granted = self._granted(app, tokens)
        for scope in ("openid", "profile"):
            if scope not in granted:
                raise ScopeMissing(scope, "LinkedIn")
        userinfo = await self.fetch(http, _get(f"{API}/v2/userinfo", tokens))
        if "r_basicprofile" not in granted:
            return to_identity(userinfo)
        try:
            me = await self.fetch(http, _get(f"{API}/v2/me", tokens))
        except ScopeMissing:  # no reason to refuse the person
            me = {}
        return to_identity(userinfo, vanity_name=_text(me.get("vanityName")))

    @override
    def person(self, identity: Identity) -> Connection:
        return replace(to_connection(identity), details={"accountType": "personal"})

    @override
    async def list_choices(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> Choices:
        refusals, truncated = await self._refusals(http, app, tokens)
        urns, entries = list(refusals), list[Choice | Unavailable]()
        for first in range(0, len(urns), PAGE_SIZE):
            batch = urns[first : first + PAGE_SIZE]
            known = await self._look_up(http, app, tokens, [urn.removeprefix(URN) for urn in batch if _is_known(urn)])
            entries += [to_entry(urn, known.get(urn.removeprefix(URN)), refusal=refusals[urn]) for urn in batch]
        return Choices(
            items=tuple(entry for entry in entries if isinstance(entry, Choice)),
            unavailable=tuple(entry for entry in entries if isinstance(entry, Unavailable)),
            truncated=truncated,
        )

    @override
    async def adopt(self, http: Http, app: App, tokens: Tokens, identity: Identity, choice_id: str) -> Connection:
        refusals, _ = await self._refusals(http, app, tokens)
        if refusals.get(f"{URN}{choice_id}", "unknown") is not None:
            raise _not_found()
        try:
            organization: object = await self._organization(http, app, tokens, choice_id)
        except ScopeMissing:  # its details are for administrators, its name is for everybody
            organization = (await self._look_up(http, app, tokens, [choice_id])).get(choice_id)
        return to_organization_connection(choice_id, organization)

    @override
    async def describe(self, http: Http, app: App, tokens: Tokens, choice_id: str) -> Mapping[str, Any]:
        try:
            return to_details(await self._organization(http, app, tokens, choice_id))
        except (NotFound, ScopeMissing):
            return {}

    @override
    async def revoke(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> None:
        """Ask LinkedIn to forget the consent. Its answer says nothing: no document knows this address."""
        if self.spec.revoke_url is not None:
            request = self.token_request(app, {"token": tokens.access})
            await http.send(replace(request, url=self.spec.revoke_url, repeatable=True))

    async def _refusals(self, http: Http, app: App, tokens: Tokens) -> tuple[dict[str, str | None], bool]:
        """Every organization the person has a role in, by URN, with why it cannot be picked (None: it can).

        The second value tells whether the list goes on. Empty without a call when its scope was not granted.
        """
        found: dict[str, str | None] = {}
        start: int | None = 0 if _LISTS_ORGANIZATIONS.intersection(self._granted(app, tokens)) else None
        for _ in range(MAX_PAGES):
            if start is None:
                return found, False
            page = await self._roles(http, app, tokens, start)
            for urn, refusal in to_refusals(page):
                if urn not in found and len(found) >= MAX_ITEMS:
                    return found, True
                found[urn] = refusal and found.get(urn, refusal)  # of several roles the strongest counts
            start = to_next_start(page, start)
        return found, start is not None

    async def _roles(self, http: Http, app: App, tokens: Tokens, start: int) -> Mapping[str, Any]:
        query = {"q": "roleAssignee", "state": "APPROVED", "start": str(start), "count": str(PAGE_SIZE)}
        try:
            return await self._rest(http, app, tokens, "rest/organizationAcls", query)
        except ScopeMissing:
            # Where LinkedIn did not say what it granted, this is how it says that the list was not.
            if tokens.granted is None and start == 0:
                return {"elements": []}
            raise

    async def _look_up(self, http: Http, app: App, tokens: Tokens, ids: Sequence[str]) -> Mapping[str, Any]:
        """What everybody may know of organizations, by id; what LinkedIn does not tell is left out."""
        if not ids:
            return {}
        try:
            found = await self._rest(http, app, tokens, f"rest/organizationsLookup?ids=List({','.join(ids)})")
        except ScopeMissing:  # an organization without name can still be picked
            return {}
        results = found.get("results")
        if not isinstance(results, dict):
            raise UnexpectedReply("LinkedIn named no organizations, not even none.")
        return results

    async def _organization(
        self, http: Http, app: App, tokens: Tokens, organization_id: str, fields: str = FIELDS
    ) -> Mapping[str, Any]:
        """One organization as its administrators see it. Raises: NotFound; ScopeMissing for everybody else."""
        if not _ID.fullmatch(organization_id):
            raise _not_found()
        try:
            path = f"v2/organizations/{organization_id}?projection=({fields})"
            organization = await self._rest(http, app, tokens, path)
        except UnexpectedReply as error:
            if error.platform_status == 404:
                raise _not_found() from error
            if error.platform_status != 400 or fields == PROVEN_FIELDS:
                raise
            return await self._organization(http, app, tokens, organization_id, PROVEN_FIELDS)
        if str(organization.get("id", organization_id)) != organization_id:
            raise UnexpectedReply("LinkedIn answered another organization than the one asked for.")
        return organization

    async def _rest(
        self, http: Http, app: App, tokens: Tokens, path: str, query: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        """A call about organizations. Brackets stand in `path`, since `query` would be sent percent-encoded."""
        headers = {name: self.versioned(value, app) for name, value in self.api_headers.items()}
        return await self.fetch(http, replace(_get(f"{API}/{path}", tokens), query=query or {}, headers=headers))

    def _granted(self, app: App, tokens: Tokens) -> tuple[str, ...]:
        """What was granted; where LinkedIn did not say, what was asked for: its consent is all or nothing."""
        return (app.scopes or self.spec.scopes) if tokens.granted is None else tokens.granted


def to_identity(userinfo: Mapping[str, Any], *, vanity_name: str = "") -> Identity:
    """Map /v2/userinfo. Raises: UnexpectedReply without `sub`."""
    person_id = userinfo.get("sub")
    if not isinstance(person_id, str) or not person_id:
        raise UnexpectedReply("LinkedIn did not say whose account this is.")
    parts = f"{_text(userinfo.get('given_name'))} {_text(userinfo.get('family_name'))}"
    name = _text(userinfo.get("name")) or parts.strip()
    return Identity(
        platform_user_id=person_id,
        username=vanity_name or name or person_id,
        display_name=name or vanity_name or person_id,
        picture_url=_text(userinfo.get("picture")) or None,
        profile_url=f"https://www.linkedin.com/in/{quote(vanity_name, safe='')}/" if vanity_name else None,
    )


def to_refusals(page: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Map one result page of roles to each organization's URN and why the role does not do (None: it does).

    Raises: UnexpectedReply without a list of rows that name an organization each.
    """
    rows = page.get("elements")
    if not isinstance(rows, list):
        raise UnexpectedReply("LinkedIn's list of roles has no elements, not even none.")
    for row in rows:
        urn = next(filter(None, (_text(_at(row, name)) for name in _ORGANIZATION_IN_ROW)), None)
        if urn is None:
            raise UnexpectedReply("LinkedIn's list has a role in no organization.")
        yield urn, _refusal(urn, row)


def _refusal(urn: str, row: Mapping[str, Any]) -> str | None:
    if not _is_known(urn):
        return N_("It is no organization, and other kinds of pages cannot be connected. Pick another one.")
    if row.get("state", "APPROVED") != "APPROVED":
        return N_("Your role there is not approved. Ask an administrator of the page to approve it.")
    if str(row.get("role")) in _MAY_POST:
        return None
    return N_("Your role there does not allow posting. Ask an administrator of the page to make you a content admin.")


def to_next_start(page: Mapping[str, Any], start: int) -> int | None:
    """Where the result page after the one at `start` begins, by its link, else the total, else a full page.

    Raises: UnexpectedReply for another page than the one asked for.
    """
    if _at(page, "paging", "start") not in (None, start):
        raise UnexpectedReply("LinkedIn answered another part of the list than the one asked for.")
    size, total = _at(page, "paging", "count"), _at(page, "paging", "total")
    if not isinstance(size, int) or not 0 < size < PAGE_SIZE:  # it may give fewer than asked for
        size = PAGE_SIZE
    linked = any(_at(link, "rel") == "next" for link in _list(_at(page, "paging", "links")))
    goes_on = start + size < total if isinstance(total, int) else len(page["elements"]) >= size
    return start + size if linked or goes_on else None


def to_entry(urn: str, organization: object, *, refusal: str | None) -> Choice | Unavailable:
    """Map one organization to what can be picked, or to why it cannot. Without a name it goes by its number."""
    organization_id, name = urn.removeprefix(URN), _text(_at(organization, "localizedName"))
    if refusal is not None:
        return Unavailable(id=organization_id, name=name or organization_id, reason=refusal)
    vanity_name = _text(_at(organization, "vanityName")) or None
    return Choice(
        id=organization_id,
        name=name or organization_id,
        username=vanity_name,
        shown={"urn": urn, "vanityName": vanity_name, "localizedName": name or None},
    )


def to_organization_connection(organization_id: str, organization: object) -> Connection:
    """Map one organization to the account."""
    vanity_name, name = _text(_at(organization, "vanityName")), _text(_at(organization, "localizedName"))
    return Connection(
        platform_account_id=organization_id,
        username=vanity_name or name or organization_id,
        display_name=name or vanity_name or organization_id,
        picture_url=_largest_logo(organization),
        profile_url=f"https://www.linkedin.com/company/{quote(vanity_name, safe='')}/" if vanity_name else None,
        details={"accountType": "organization"},
    )


def to_details(organization: Mapping[str, Any]) -> Mapping[str, Any]:
    """Map one organization to its documented details. The industry comes as a number without a name: left out."""
    details = {
        "logoUrl": _largest_logo(organization),
        "vanityName": _text(organization.get("vanityName")),
        "website": _text(organization.get("localizedWebsite")) or _text(organization.get("websiteUrl")),
        "description": _text(organization.get("localizedDescription")),
    }
    return {name: value for name, value in details.items() if value}


def _largest_logo(organization: object) -> str | None:
    sizes: list[tuple[int, str]] = []
    for element in _list(_at(organization, "logoV2", "original~", "elements")):
        width = _at(element, "data", "com.linkedin.digitalmedia.mediaartifact.StillImage", "storageSize", "width")
        addresses = [_text(_at(identifier, "identifier")) for identifier in _list(_at(element, "identifiers"))]
        sizes += [(width if isinstance(width, int) else 0, address) for address in addresses[:1] if address]
    return max(sizes)[1] if sizes else None


def _meaning_of_token_call(code: str | None, text: str, *, status: int) -> tuple[type[PlatformError], str]:
    """Nearly everything is called `invalid_request` there, and told apart by the text."""
    if code in _DEAD or any(known in text for known in _DEAD_TEXTS):
        return Refused, "LinkedIn refused"
    # Codes and tokens that are refused with 401 were met above, so what is left is the client and not one person.
    if code in _BAD_CLIENT or _CLIENT_MISSING in text or status == 401:
        return AppMisconfigured, "LinkedIn refuses this app"
    return UnexpectedReply, f"LinkedIn answered {status}"


def _codes(body: Mapping[str, Any]) -> list[str]:
    """The name and number of an error, of which each may be missing; nothing that could be somebody's secret."""
    told = [body.get(name) for name in ("error", "code", "serviceErrorCode")]
    texts = [str(code) for code in told if isinstance(code, int | str)]
    return [code for code in texts if re.fullmatch(r"[0-9]{1,6}|[A-Za-z_]{1,40}", code)]


def _wait_s(reply: Reply, *, by_day: bool) -> int | None:
    """How long to wait: as told, else, where calls are counted by the day, until midnight UTC."""
    told_s = retry_after_s(reply)
    if told_s is not None or not by_day:
        return told_s
    day_s = 24 * 3600
    return day_s - int(clock.now().timestamp()) % day_s


def _get(url: str, tokens: Tokens) -> Request:
    return Request(method="GET", url=url, bearer=tokens.access, repeatable=True)


def _is_known(urn: str) -> bool:
    return urn.startswith(URN) and _ID.fullmatch(urn.removeprefix(URN)) is not None


def _not_found() -> NotFound:
    return NotFound("Selected organization not found in available organizations.")


def _at(value: object, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
