"""Google Business Profile, played: accounts and their locations. Facts: googlebusiness.md, by section."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from moorline.sandbox import world
from moorline.sandbox.google import ACCOUNTS, APIS, OAUTH, PICTURES, SWITCHES, GooglePlatform
from moorline.sandbox.google_api import ApiError, answered, authorized, error_info, invalid_argument, page_size
from moorline.sandbox.google_server import PREFIX
from moorline.sandbox.googlebusiness_world import Account, Holdings, Location, anywhere, holdings
from moorline.sandbox.kernel import Call, Covered, Reply, endpoint
from moorline.sandbox.oauth_server import Grant
from moorline.sandbox.paging import part

MANAGEMENT = "mybusinessaccountmanagement.googleapis.com"
INFORMATION = "mybusinessbusinessinformation.googleapis.com"
MANAGE = f"{PREFIX}business.manage"

QUOTA_ZERO = "quota_zero"

# googlebusiness.md section 8.2; the rest are further fields of the same resource, which the sandbox leaves out
LOCATION_FIELDS = (
    "name", "languageCode", "storeCode", "title", "phoneNumbers", "categories", "storefrontAddress", "websiteUri",
    "regularHours", "specialHours", "serviceArea", "labels", "adWordsLocationExtensions", "latlng", "openInfo",
    "metadata", "profile", "relationshipData", "moreHours", "serviceItems",
)  # fmt: skip
_TYPES = ("PERSONAL", "LOCATION_GROUP", "USER_GROUP", "ORGANIZATION")


class GoogleBusiness(GooglePlatform):
    """Google Business Profile."""

    name = "googlebusiness"
    hosts = (ACCOUNTS, OAUTH, APIS, MANAGEMENT, INFORMATION, PICTURES)
    people = world.PEOPLE_IDS
    marks = (MANAGE,)
    app_flags = (*GooglePlatform.app_flags, QUOTA_ZERO)
    switches: ClassVar[Mapping[str, str]] = {
        **SWITCHES,
        "mask_without_paths": "googlebusiness.md section 8.2: a path in a readMask is refused",
        "no_wildcard": "googlebusiness.md section 8.2: accounts/- is not open to the project",
    }

    @endpoint("GET", MANAGEMENT, "/v1/accounts", source="googlebusiness.md section 8.1")
    async def accounts(self, call: Call) -> Reply:
        """The person's accounts, the personal one first; with `parentAccount` what is directly under it."""
        return answered(lambda: self._accounts(call))

    def _accounts(self, call: Call) -> dict[str, Any]:
        held = holdings(self._signed_in_for(call, MANAGEMENT).person)
        parent = call.query.get("parentAccount", "")
        if parent:
            _account(held, parent.removeprefix("accounts/"))
        rows = [row for row in held.accounts if row is None or row.parent == parent.removeprefix("accounts/")]
        wanted = _wanted_type(call.query.get("filter"))
        if parent or wanted:
            rows = [row for row in rows if row is not None and wanted in {"", row.type}]
        size = page_size(call.query.get("pageSize"), default=20, largest=20)
        cut = part(rows, size=size, token=call.query.get("pageToken"), mark=f"accounts/{parent}")
        return _listed("accounts", [account.shown() for account in cut.rows], cut.next_token)

    @endpoint(
        "GET",
        INFORMATION,
        "/v1/accounts/{account_id}/locations",
        source="googlebusiness.md section 8.2",
        covered=Covered.PARTIAL,
    )
    async def locations(self, call: Call) -> Reply:
        """The locations of one account, or with `-` all that the person has; `filter` knows the title only."""
        return answered(lambda: self._locations(call))

    def _locations(self, call: Call) -> dict[str, Any]:
        held = holdings(self._signed_in_for(call, INFORMATION).person)
        mask = self._mask(call)
        account_id = call.params["account_id"]
        rows = self._rows(held, account_id)
        title = _wanted_title(call.query.get("filter"))
        if title is not None:
            rows = [row for row in rows if row is not None and row.title == title]
        rows = _ordered(rows, call.query.get("orderBy"))
        size = page_size(call.query.get("pageSize"), default=10, largest=100)
        cut = part(rows, size=size, token=call.query.get("pageToken"), mark=f"locations/{account_id}")
        answer = _listed("locations", [_masked(location.shown(), mask) for location in cut.rows], cut.next_token)
        return answer if title is None else {**answer, "totalSize": len(rows)}

    def _rows(self, held: Holdings, account_id: str) -> Sequence[Location | None]:
        if account_id != "-":
            return held.locations[_account(held, account_id).id]
        if self.on("no_wildcard"):
            raise _no_permission()
        return held.everywhere()

    @endpoint("GET", INFORMATION, "/v1/locations/{location_id}", source="googlebusiness.md section 8.2")
    async def location(self, call: Call) -> Reply:
        """One location of the person's."""
        return answered(lambda: self._location(call))

    def _location(self, call: Call) -> dict[str, Any]:
        held = holdings(self._signed_in_for(call, INFORMATION).person)
        mask = self._mask(call)
        wanted = call.params["location_id"]
        for location in held.everywhere():
            if location.id == wanted:
                return _masked(location.shown(), mask)
        raise _no_permission() if anywhere(wanted) else _not_found()

    def _signed_in_for(self, call: Call, service: str) -> Grant:
        grant = authorized(self.google, call, scopes=(MANAGE,), service=service)
        if QUOTA_ZERO in self.google.app_of(grant).flags:
            raise _quota_zero(service, grant.client_id)
        return grant

    def _mask(self, call: Call) -> list[str]:
        """The paths of a readMask, which must be there. (googlebusiness.md section 8.2)"""
        paths = [path.strip() for path in call.query.get("readMask", "").split(",")]
        for path in paths:
            top, dot, _ = path.partition(".")
            if top not in LOCATION_FIELDS or (dot and self.on("mask_without_paths")):
                raise invalid_argument()
        return paths


def _account(held: Holdings, account_id: str) -> Account:
    for account in held.accounts:
        if account is not None and account.id == account_id:
            return account
    others = (account for each in world.PEOPLE_IDS for account in holdings(each).accounts)
    known = any(account is not None and account.id == account_id for account in others)
    raise _no_permission() if known else _not_found()


def _listed(name: str, rows: list[dict[str, Any]], next_token: str | None) -> dict[str, Any]:
    """Neither an empty list nor an empty token is told. (googlebusiness.md section 8.1)"""
    answer: dict[str, Any] = {name: rows} if rows else {}
    return answer if next_token is None else {**answer, "nextPageToken": next_token}


def _wanted_type(text: str | None) -> str:
    if not text:
        return ""
    name, _, value = text.partition("=")
    if name.strip() != "type" or value.strip().strip('"') not in _TYPES:
        raise invalid_argument()
    return value.strip().strip('"')


def _wanted_title(text: str | None) -> str | None:
    if not text:
        return None
    found = re.fullmatch(r'title\s*=\s*"(?P<title>[^"]*)"', text)
    if found is None:
        raise invalid_argument()
    return found["title"]


def _ordered(rows: Sequence[Location | None], text: str | None) -> Sequence[Location | None]:
    if not text:
        return rows
    name, _, direction = text.partition(" ")
    if name not in {"title", "store_code"} or direction not in {"", "asc", "desc"}:
        raise invalid_argument()
    there = [row for row in rows if row is not None]
    return sorted(there, key=lambda row: row.title if name == "title" else row.id, reverse=direction == "desc")


def _masked(location: Mapping[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    """The fields the mask names; a path into one keeps only what it leads to."""
    kept: dict[str, Any] = {}
    for path in paths:
        source: Any = location
        target = kept
        *above, last = path.split(".")
        for name in above:
            source = source.get(name) if isinstance(source, Mapping) else None
            target = target.setdefault(name, {})
        if isinstance(source, Mapping) and last in source:
            target[last] = source[last]
    return {name: value for name, value in kept.items() if value != {}}


def _no_permission() -> ApiError:
    """(googlebusiness.md section 10)"""
    return ApiError(403, "PERMISSION_DENIED", "The caller does not have permission")


def _not_found() -> ApiError:
    """(googlebusiness.md section 10)"""
    return ApiError(404, "NOT_FOUND", "Requested entity was not found.")


def _quota_zero(service: str, project: str) -> ApiError:
    """What a project without approved access is told. (googlebusiness.md section 10)"""
    consumer = f"project_number:{project}"
    message = (
        "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute' of service "
        f"'{service}' for consumer '{consumer}'."
    )
    told = error_info("RATE_LIMIT_EXCEEDED", service=service, consumer=consumer, quota_limit_value="0")
    return ApiError(429, "RESOURCE_EXHAUSTED", message, details=[told])
