"""Snapchat, played: business sign-in and public profiles. Facts: snapchat.md, by section.

Few of Snap's answers are documented, so much of this platform hangs on switches.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlencode

from typing_extensions import override

from moorline.sandbox import screens, world
from moorline.sandbox.kernel import Call, Covered, Reply, endpoint
from moorline.sandbox.oauth_platform import Parameters
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, RefreshTokens, Refusal, Refused
from moorline.sandbox.oauth_server import AuthorizationRequest, Grant
from moorline.sandbox.paging import Part, WrongToken, part
from moorline.sandbox.portraits import portrait
from moorline.sandbox.snapchat_api import Headers, SnapError, answered, envelope, failed, forbidden, not_found
from moorline.sandbox.snapchat_world import (
    Holdings,
    Organization,
    Profile,
    Unreadable,
    anywhere,
    holdings,
    organization_exists,
)
from moorline.sandbox.switches import SwitchedPlatform

SITE = "accounts.snapchat.com"
BUSINESS = "businessapi.snapchat.com"
ADS = "adsapi.snapchat.com"
PICTURES = "cf-st.sc-cdn.net"

PROFILES, MARKETING = "snapchat-profile-api", "snapchat-marketing-api"
LIST_SIZE = 10  # snapchat.md section 8

# Flags of an app.
NOT_ALLOWLISTED = "not_allowlisted"
DEVELOPER_PORTAL = "developer_portal"

_REFRESH = RefreshTokens(
    scope="",  # snapchat.md section 4: with every code exchange
    lifetime_s=100 * 366 * 24 * 3600,  # snapchat.md section 6: does not expire
    prefix="hCgw",  # snapchat.md section 4
    rotates=False,  # snapchat.md section 6, first reading
    reuse_kills_grant=False,  # snapchat.md section 6 tells of no such thing
)


class Snapchat(SwitchedPlatform):
    """Snapchat."""

    name = "snapchat"
    title = "Snapchat"
    hosts = (SITE, BUSINESS, ADS, PICTURES)
    app_flags = (NOT_ALLOWLISTED, DEVELOPER_PORTAL)
    rules: ClassVar[OAuthRules] = OAuthRules(
        scopes=(PROFILES, MARKETING, "snapchat-offline-conversions-api"),  # snapchat.md section 2
        required=("response_type", "scope"),  # snapchat.md section 2: state is optional for Snap
        pkce=Pkce.OPTIONAL,  # snapchat.md section 11
        code_lifetime_s=600,  # snapchat.md section 4: unknown, assumed
        client_auth=ClientAuth.EITHER,  # snapchat.md section 1
        access_lifetime_s=3600,  # snapchat.md section 4
        access_prefix="eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",  # snapchat.md section 4: long, like a JWT
        refresh=_REFRESH,
    )
    switches: ClassVar[Mapping[str, str]] = {
        "pkce_ignored": "snapchat.md section 1: challenge and verifier are not looked at",
        "rotating_refresh": "snapchat.md section 6: each refresh gives a new refresh token, and ends the old one",
        "half_hour_tokens": "snapchat.md section 4: access tokens live 1800 s",
        "json_body": "snapchat.md section 4: the token endpoint takes JSON as well",
        "invalid_client_400": "snapchat.md section 4: a wrong secret or client is 400, not 401",
        "dead_refresh_401": "snapchat.md section 6: a dead refresh token is 401, not 400",
        "plain_401": "snapchat.md section 10: a dead access token is told by the text `unauthorized`",
        "header_401": "snapchat.md section 10: a dead access token is told by WWW-Authenticate alone",
        "no_own_profile": "snapchat.md section 7: everybody has only roles in organizations",
        "empty_my_profile": "snapchat.md section 7: without a profile my_profile is 200 and empty, not 404",
        "wrapped_my_profile": "snapchat.md section 7: my_profile answers with a list",
        "partial_status": "snapchat.md section 8: a list with an unreadable row is PARTIAL, not SUCCESS",
        "organizations_on_businessapi": "snapchat.md section 8: businessapi lists organizations for the profile scope",
    }

    @override
    def switched(self) -> None:
        """Rules that hang on a switch."""
        self.server.rules = replace(
            self.rules,
            pkce=Pkce.IGNORED if self.on("pkce_ignored") else self.rules.pkce,
            access_lifetime_s=1800 if self.on("half_hour_tokens") else self.rules.access_lifetime_s,
            refresh=replace(_REFRESH, rotates=self.on("rotating_refresh")),
        )

    # --- authorization ------------------------------------------------------------------------------------------------

    @endpoint("GET|POST", SITE, "/login/oauth2/authorize", source="snapchat.md section 2")
    async def authorize(self, call: Call) -> Reply:
        """The consent page and its form. A client of the Developer Portal is unknown here."""
        app = self.books.apps.get((self.name, call.query.get("client_id", "")))
        if app is not None and DEVELOPER_PORTAL in app.flags:
            return self.refuse_authorization(Refused(Refusal.CLIENT_UNKNOWN, "an app of the Developer Portal"))
        return await self.ask_consent(call)

    @override
    def approved(self, request: AuthorizationRequest, grant: Grant, code: str) -> Parameters:
        """(snapchat.md section 3)"""
        return (("code", code), *_state(request))

    @override
    def denied(self, request: AuthorizationRequest) -> Parameters:
        """(snapchat.md section 3, unverified)"""
        return (("error", "access_denied"), ("error_description", "The user denied the request."), *_state(request))

    @override
    def refuse_authorization(self, refused: Refused) -> Reply:
        """A page of Snap's; its text is unverified. (snapchat.md section 2)"""
        text = "The app that sent you here made a request that Snapchat cannot use."
        return screens.error_page(self.title, headline="Something went wrong", text=text, refused=refused)

    @endpoint("POST", SITE, "/login/oauth2/access_token", source="snapchat.md sections 4 and 6")
    async def token(self, call: Call) -> Reply:
        """Code for tokens, and refresh token for the next access token."""
        sent = self._sent(call)
        try:
            tokens = self.server.redeem(self.server.authenticate(call, sent), sent)
        except Refused as refused:
            return self._refuse_token(refused)
        answer: dict[str, Any] = {
            "access_token": tokens.access.value,
            "token_type": "Bearer",
            "expires_in": self.server.rules.access_lifetime_s,
        }
        if tokens.refresh is not None:
            answer["refresh_token"] = tokens.refresh
        return Reply.of_json({**answer, "scope": " ".join(tokens.access.grant.granted)})

    def _sent(self, call: Call) -> dict[str, str]:
        parsed = call.json() if self.on("json_body") else None
        if not isinstance(parsed, dict):
            return call.form()
        return {name: value for name, value in parsed.items() if isinstance(value, str)}

    def _refuse_token(self, refused: Refused) -> Reply:
        """(snapchat.md sections 4 and 6; the texts are unverified)"""
        if refused.reason in {Refusal.CLIENT_UNKNOWN, Refusal.CLIENT_UNPROVEN}:
            status = 400 if self.on("invalid_client_400") else 401
            return _oauth_error(status, "invalid_client", "Client authentication failed")
        if refused.reason is Refusal.PARAMETER_MISSING and refused.subject != "code_verifier":
            return _oauth_error(400, "invalid_request", f"Missing parameter: {refused.subject}")
        if refused.reason is Refusal.GRANT_TYPE_UNKNOWN:
            return _oauth_error(400, "unsupported_grant_type", "Unsupported grant type")
        dead = refused.reason is Refusal.REFRESH_DEAD
        return _oauth_error(
            401 if dead and self.on("dead_refresh_401") else 400,
            "invalid_grant",
            "The refresh token is invalid" if dead else "The authorization code is invalid",
        )

    # --- public profiles ----------------------------------------------------------------------------------------------

    @endpoint("GET", BUSINESS, "/v1/public_profiles/my_profile", source="snapchat.md section 7")
    async def my_profile(self, call: Call) -> Reply:
        """The person's own public profile, not wrapped as lists are."""
        return answered(lambda: self._my_profile(self._business_user(call)))

    def _my_profile(self, held: Holdings) -> dict[str, Any]:
        own = None if self.on("no_own_profile") else held.own
        if own is None and not self.on("empty_my_profile"):
            raise not_found()
        if own is None:
            return envelope("SUCCESS")
        if self.on("wrapped_my_profile"):
            return envelope("SUCCESS", public_profiles=[_wrapped(own)])
        return envelope("SUCCESS", public_profile=own.shown())

    @endpoint("GET", BUSINESS, "/v1/organizations/{organization_id}/public_profiles", source="snapchat.md section 8")
    async def organization_profiles(self, call: Call) -> Reply:
        """The profiles of an organization, by cursor; every row wrapped, some of them an error."""
        return answered(lambda: self._organization_profiles(call))

    def _organization_profiles(self, call: Call) -> dict[str, Any]:
        wanted = call.params["organization_id"]
        organization = _organization(self._business_user(call), wanted)
        size = _limit(call.query.get("limit"))
        try:
            cut: Part[Profile | Unreadable] = part(
                organization.rows, size=size, token=call.query.get("cursor"), mark=wanted
            )
        except WrongToken as error:
            raise failed(400, "E1001", "Invalid cursor") from error
        rows = [_wrapped(row) for row in cut.rows]
        has_errors = any(row["sub_request_status"] == "ERROR" for row in rows)
        status = "PARTIAL" if has_errors and self.on("partial_status") else "SUCCESS"
        if cut.next_token is None:
            return envelope(status, public_profiles=rows)
        link = f"https://{BUSINESS}{call.path}?{urlencode({'limit': size, 'cursor': cut.next_token})}"
        return envelope(status, paging={"next_page_id": cut.next_token, "next_link": link}, public_profiles=rows)

    @endpoint("GET", BUSINESS, "/v1/public_profiles/{profile_id}", source="snapchat.md section 8")
    async def profile(self, call: Call) -> Reply:
        """One profile, wrapped in a list of one."""
        return answered(lambda: self._profile(call))

    def _profile(self, call: Call) -> dict[str, Any]:
        wanted = call.params["profile_id"]
        found = self._business_user(call).profile(wanted)
        if found is None:
            raise forbidden() if anywhere(wanted) else not_found()
        return envelope("SUCCESS", public_profiles=[_wrapped(found)])

    # --- who it is, and their organizations ---------------------------------------------------------------------------

    @endpoint("GET", ADS, "/v1/me", source="snapchat.md section 7")
    async def me(self, call: Call) -> Reply:
        """The person; needs the marketing scope."""
        return answered(lambda: envelope("SUCCESS", me=_me(self._grant(call, MARKETING))), headers=self._limits())

    @endpoint("GET", ADS, "/v1/me/organizations", source="snapchat.md section 8")
    async def organizations(self, call: Call) -> Reply:
        """The organizations the person has a role in; needs the marketing scope."""
        return answered(lambda: _organizations(holdings(self._grant(call, MARKETING).person)), headers=self._limits())

    def _limits(self) -> Headers:
        """What the Ads API tells; the limits themselves are played by faults only. (snapchat.md section 10)"""
        reset_at = int(self.books.clock.now().timestamp()) + 1
        told = (("x-rate-limit-limit", "20"), ("x-rate-limit-remaining", "19"))
        return (*told, ("x-rate-limit-reset", str(reset_at)))

    @endpoint("GET", BUSINESS, "/v1/me/organizations", source="snapchat.md section 8")
    async def business_organizations(self, call: Call) -> Reply:
        """Whether this exists is unknown: a switch."""
        return answered(lambda: self._business_organizations(call))

    def _business_organizations(self, call: Call) -> dict[str, Any]:
        held = self._business_user(call)
        if not self.on("organizations_on_businessapi"):
            raise not_found()
        return _organizations(held)

    def _business_user(self, call: Call) -> Holdings:
        """What the caller has, as far as the app is on Snap's allowlist. (snapchat.md section 1)"""
        grant = self._grant(call, PROFILES)
        if NOT_ALLOWLISTED in self.books.apps[self.name, grant.client_id].flags:
            raise forbidden()
        return holdings(grant.person)

    def _grant(self, call: Call, scope: str) -> Grant:
        """Behind a Bearer token, or a bare one. (snapchat.md section 7) Raises SnapError."""
        try:
            grant = self.server.access(call.bearer() or call.headers.get("authorization", "")).grant
        except Refused as refused:
            raise self._unauthorized() from refused
        if scope not in grant.granted:
            raise forbidden()
        return grant

    def _unauthorized(self) -> SnapError:
        """(snapchat.md section 10)"""
        told = (("www-authenticate", 'Bearer realm="snapchat", error="invalid_token"'),)
        if self.on("header_401"):
            return SnapError(Reply(status=401, headers=told))
        if self.on("plain_401"):
            return SnapError(Reply.of_text("unauthorized", status=401))
        return failed(401, "E3002", "Unauthorized")

    @override
    def unknown(self, call: Call) -> Reply:
        """The envelope; there is no endpoint to revoke anything either. (snapchat.md sections 9 and 10)"""
        return not_found().reply

    @endpoint("GET", PICTURES, "/aps/{path:rest}", source="snapchat.md section 7", covered=Covered.PARTIAL)
    async def portrait_of(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


def _state(request: AuthorizationRequest) -> Parameters:
    return (("state", request.state),) if "state" in request.query else ()


def _oauth_error(status: int, error: str, description: str) -> Reply:
    return Reply.of_json({"error": error, "error_description": description}, status=status)


def _wrapped(row: Profile | Unreadable) -> dict[str, Any]:
    """A row of a list. (snapchat.md section 8)"""
    if isinstance(row, Profile):
        return {"sub_request_status": "SUCCESS", "public_profile": row.shown()}
    return {"sub_request_status": "ERROR", "sub_request_error_reason": row.reason}


def _organization(held: Holdings, organization_id: str) -> Organization:
    for organization in held.organizations:
        if organization.id == organization_id:
            return organization
    raise forbidden() if organization_exists(organization_id) else not_found()


def _organizations(held: Holdings) -> dict[str, Any]:
    rows = [{"id": organization.id, "name": organization.title} for organization in held.organizations]
    wrapped = [{"sub_request_status": "SUCCESS", "organization": row} for row in rows]
    return envelope("SUCCESS", organizations=wrapped)


def _me(grant: Grant) -> dict[str, Any]:
    person = world.person(grant.person)
    if person is None:
        raise not_found()
    return {"id": f"5e0c0000-moorline-{person.id}", "email": person.email, "display_name": person.name}


def _limit(text: str | None) -> int:
    if text is None:
        return LIST_SIZE
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise failed(400, "E1001", "Invalid limit")
    return int(text)
