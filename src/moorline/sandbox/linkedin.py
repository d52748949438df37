"""LinkedIn, played: the member, and the organizations a member has a role in. Facts: linkedin.md, by section."""

from collections.abc import Callable, Sequence
from typing import Any

from moorline.sandbox import world
from moorline.sandbox.kernel import Call, Covered, Reply, endpoint
from moorline.sandbox.linkedin_login import COMMUNITY_SCOPES, SITE, LinkedInLogin
from moorline.sandbox.linkedin_restli import (
    RestliError,
    check_version,
    names_of,
    project,
    read_ids,
    read_projection,
    read_window,
    undecorated,
)
from moorline.sandbox.linkedin_world import (
    ADMINISTRATOR,
    ROLES,
    STATES,
    VANITY_NAMES,
    WITHOUT_NAME,
    WITHOUT_PICTURE,
    Role,
    member_id,
    organizations,
    picture_of,
    roles,
)
from moorline.sandbox.oauth_server import Grant
from moorline.sandbox.portraits import portrait

API = "api.linkedin.com"
PICTURES = "media.licdn.com"
ROLE_READERS = ("rw_organization_admin", "r_organization_admin")
_LOCALIZED_WEBSITE = {"localizedWebsite", "localizedDescription"}


class LinkedIn(LinkedInLogin):
    """LinkedIn."""

    name = "linkedin"
    hosts = (SITE, API, PICTURES)

    # --- the member ---------------------------------------------------------------------------------------------------

    @endpoint("GET", API, "/v2/userinfo", source="linkedin.md section 7", covered=Covered.PARTIAL)
    async def userinfo(self, call: Call) -> Reply:
        """The claims that the scopes cover. Its throttling is played by faults only."""
        return self.answer(lambda: _claims(self._granted(call, ("openid",), "userinfo.GET")))

    @endpoint("GET", API, "/v2/me", source="linkedin.md section 7", covered=Covered.PARTIAL)
    async def me(self, call: Call) -> Reply:
        """The member with the vanity name; no projections."""
        return self.answer(lambda: _basic_profile(self._granted(call, ("r_basicprofile",), "me.GET")))

    # --- roles --------------------------------------------------------------------------------------------------------

    @endpoint("GET", API, "/v2/organizationalEntityAcls", source="linkedin.md section 8", covered=Covered.PARTIAL)
    async def entity_acls(self, call: Call) -> Reply:
        """The member's roles, looked through at the organizations if a projection says so."""
        return self.answer(lambda: self._entity_acls(call))

    def _entity_acls(self, call: Call) -> dict[str, Any]:
        grant = self._granted(call, ROLE_READERS, "organizationalEntityAcls.FINDER-roleAssignee")
        found = _asked_roles(call, grant)
        window = read_window(call.query)
        rows = [_row(role, grant, field="organizationalTarget") for role in window.of(found)]
        answer = {"elements": rows, "paging": {**window.paging(call, len(found)), "total": len(found)}}
        if "projection" not in call.query:
            return _plain(answer)
        return self._projected(call, answer)

    def _projected(self, call: Call, answer: dict[str, Any]) -> dict[str, Any]:
        projection = read_projection(call.query["projection"])
        if self.on("projection_drops_paging"):
            projection = {name: field for name, field in projection.items() if name != "paging"}
        return _shown(answer, projection)

    @endpoint("GET", API, "/rest/organizationAcls", source="linkedin.md section 8", covered=Covered.PARTIAL)
    async def organization_acls(self, call: Call) -> Reply:
        """The member's roles by the versioned resource, which does not look through unless `versioned_projection`."""
        return self._versioned(call, lambda: self._organization_acls(call))

    def _organization_acls(self, call: Call) -> dict[str, Any]:
        grant = self._granted(call, ROLE_READERS, "organizationAcls.FINDER-roleAssignee")
        found = _asked_roles(call, grant)
        window = read_window(call.query)
        field = "organizationTarget" if self.on("organization_target") else "organization"
        rows = [_row(role, grant, field=field) for role in window.of(found)]
        answer = {"elements": rows, "paging": window.paging(call, len(found))}
        if "projection" in call.query and self.on("versioned_projection"):
            return self._projected(call, answer)
        return _plain(answer)

    # --- organizations ------------------------------------------------------------------------------------------------

    @endpoint("GET", API, "/rest/organizations", source="linkedin.md section 8", covered=Covered.PARTIAL)
    async def organizations_by_id(self, call: Call) -> Reply:
        """Organizations by their ids, for their administrators."""
        return self._versioned(call, lambda: self._organizations_by_id(call))

    def _organizations_by_id(self, call: Call) -> dict[str, Any]:
        grant = self._granted(call, ROLE_READERS, "organizations.BATCH_GET")
        administered = _organizations_of(grant, (ADMINISTRATOR,))
        answer: dict[str, Any] = {"results": {}, "statuses": {}, "errors": {}}
        for organization_id in read_ids(call):
            organization = organizations().get(organization_id)
            if organization is None:
                error = _not_found(organization_id)
            elif organization_id not in administered:
                error = _not_enough(f"organizations.GET {organization.urn}")
            else:
                answer["results"][organization_id] = undecorated(organization.whole())
                continue
            answer["statuses"][organization_id] = error.status
            answer["errors"][organization_id] = error.body()
        return answer

    @endpoint("GET", API, "/rest/organizationsLookup", source="linkedin.md section 8", covered=Covered.PARTIAL)
    async def organizations_lookup(self, call: Call) -> Reply:
        """Organizations by their ids, for any member; less of each."""
        return self._versioned(call, lambda: self._organizations_lookup(call))

    def _organizations_lookup(self, call: Call) -> dict[str, Any]:
        self._granted(call, COMMUNITY_SCOPES, "organizationsLookup.BATCH_GET")
        asked = read_ids(call)
        known = organizations()
        missing = {
            organization_id: _not_found(organization_id) for organization_id in asked if organization_id not in known
        }
        return {
            "results": {found: undecorated(known[found].public()) for found in asked if found in known},
            "statuses": {organization_id: error.status for organization_id, error in missing.items()},
            "errors": {organization_id: error.body() for organization_id, error in missing.items()},
        }

    @endpoint(
        "GET", API, "/v2/organizations/{organization_id}", source="linkedin.md section 8", covered=Covered.PARTIAL
    )
    async def organization(self, call: Call) -> Reply:
        """One organization, for members with a role in it."""
        return self.answer(lambda: self._organization(call, call.params["organization_id"]))

    def _organization(self, call: Call, organization_id: str) -> dict[str, Any]:
        grant = self._granted(call, ROLE_READERS, "organizations.GET")
        organization = organizations().get(organization_id)
        if organization is None:
            raise _not_found(organization_id)
        if organization_id not in _organizations_of(grant, ROLES):
            raise _not_enough(f"organizations.GET {organization.urn}")
        if "projection" not in call.query:
            return _plain(organization.whole())
        projection = read_projection(call.query["projection"])
        refused = names_of(projection) & _LOCALIZED_WEBSITE
        if refused and self.on("no_localized_website"):
            raise RestliError(400, f"Invalid projection: {', '.join(sorted(refused))}", code="ILLEGAL_ARGUMENT")
        return _shown(organization.whole(), projection)

    # --- every resource -----------------------------------------------------------------------------------------------

    def _versioned(self, call: Call, work: Callable[[], dict[str, Any]]) -> Reply:
        def checked() -> dict[str, Any]:
            self.token_of(call)
            check_version(call, self.books.clock.now())
            return work()

        return self.answer(checked)

    def _granted(self, call: Call, scopes: Sequence[str], resource: str) -> Grant:
        """The grant behind the call's token, if it has one of the scopes. Raises RestliError 401 and 403."""
        grant = self.token_of(call).grant
        if not set(scopes) & set(grant.granted):
            raise _not_enough(resource)
        return grant

    @endpoint("GET", PICTURES, "/dms/image/{path:rest}", source="linkedin.md section 7", covered=Covered.PARTIAL)
    async def portrait_of(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = undecorated(value)
    return shown


def _shown(value: dict[str, Any], projection: Any) -> dict[str, Any]:
    shown: dict[str, Any] = project(value, projection)
    return shown


def _claims(grant: Grant) -> dict[str, Any]:
    """(linkedin.md section 7)"""
    claims: dict[str, Any] = {"sub": member_id(grant)}
    person = world.person(grant.person)
    if person is not None and "profile" in grant.granted:
        first, _, last = person.name.partition(" ")
        claims |= {"name": person.name, "given_name": first, "family_name": last}
        claims["locale"] = {"country": "US", "language": "en"}
        claims["picture"] = picture_of(person.id)
        for absent in _ABSENT.get(person.id, ()):
            del claims[absent]
    if person is not None and "email" in grant.granted:
        claims |= {"email": person.email, "email_verified": True}
    return claims


_ABSENT = {WITHOUT_NAME: ("name",), WITHOUT_PICTURE: ("picture",)}


def _basic_profile(grant: Grant) -> dict[str, Any]:
    """(linkedin.md section 7)"""
    person = world.person(grant.person)
    first, _, last = person.name.partition(" ") if person is not None else ("", "", "")
    profile: dict[str, Any] = {
        "id": member_id(grant),
        "localizedFirstName": first,
        "localizedLastName": last,
        "vanityName": VANITY_NAMES[grant.person],
    }
    if grant.person != WITHOUT_PICTURE:
        profile["profilePicture"] = {"displayImage": f"urn:li:digitalmediaAsset:D4D03AQ{grant.person}"}
    return profile


def _asked_roles(call: Call, grant: Grant) -> list[Role]:
    """The rows of the finder, after its filters. Raises RestliError 400."""
    if call.query.get("q") != "roleAssignee":
        raise RestliError(400, "The parameter q must be roleAssignee", code="PARAM_INVALID")
    for name, known in (("role", ROLES), ("state", STATES)):
        if call.query.get(name, known[0]) not in known:
            raise RestliError(400, f"Invalid value for the parameter {name}", code="PARAM_INVALID")
    wanted = call.query.get("role"), call.query.get("state")
    return [row for row in roles(grant.person) if wanted[0] in {None, row.role} and wanted[1] in {None, row.state}]


def _row(role: Role, grant: Grant, *, field: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "roleAssignee": f"urn:li:person:{member_id(grant)}",
        "state": role.state,
        "role": role.role,
        field: role.organization.urn,
    }
    if role.organization.unreadable:
        row[f"{field}!"] = _not_enough(f"organizations.GET {role.organization.urn}").body()
    else:
        row[f"{field}~"] = role.organization.whole()
    return row


def _organizations_of(grant: Grant, wanted: Sequence[str]) -> set[str]:
    """Ids of the organizations in which the person has one of the roles, approved."""
    held = (row for row in roles(grant.person) if row.state == "APPROVED" and row.role in wanted)
    return {str(row.organization.id) for row in held}


def _not_enough(resource: str) -> RestliError:
    """(linkedin.md section 10)"""
    return RestliError(403, f"Not enough permissions to access: {resource}", code="ACCESS_DENIED", number=100)


def _not_found(organization_id: str) -> RestliError:
    """(linkedin.md section 10)"""
    return RestliError(404, f"Could not find organization {organization_id}", code="NOT_FOUND")
