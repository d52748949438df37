"""A platform with a consent page: what every one of them does between the authorize URL and the callback."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlencode

from typing_extensions import override

from moorline.sandbox import screens, world
from moorline.sandbox.kernel import Call, Reply, SandboxPlatform
from moorline.sandbox.oauth_rules import OAuthRules, Refused
from moorline.sandbox.oauth_server import AuthorizationRequest, Grant, OAuthServer

Parameters = Sequence[tuple[str, str]]


class OAuthPlatform(SandboxPlatform, ABC):
    """Subclasses declare `title`, `rules` and an authorize endpoint that calls `ask_consent`."""

    title: ClassVar[str]
    rules: ClassVar[OAuthRules]
    people: ClassVar[tuple[str, ...]] = world.PEOPLE_IDS

    @abstractmethod
    def approved(self, request: AuthorizationRequest, grant: Grant, code: str) -> Parameters:
        """What the callback URL carries after an approval, in the platform's order."""

    @abstractmethod
    def denied(self, request: AuthorizationRequest) -> Parameters:
        """What the callback URL carries after a denial, in the platform's order."""

    @abstractmethod
    def refuse_authorization(self, refused: Refused) -> Reply:
        """The page that answers an authorization request the platform refuses."""

    def offered(self, request: AuthorizationRequest) -> Sequence[world.Person] | None:
        """Who can be chosen on the consent page; None, as by default: the people of `world.py`."""

    def turn_away(self, request: AuthorizationRequest, person: str) -> Reply | None:
        """The answer to an approval by somebody who may not use this app, or None, as for everybody by default."""

    @override
    def reset(self) -> None:
        """Forget every grant, code and token."""
        self.server = OAuthServer(self.name, self.rules, self.books)

    @override
    def revoke(self, person: str) -> bool:
        """Kill every grant of the person, as if they had removed all apps."""
        self.server.revoke_person(person)
        return super().revoke(person)

    async def ask_consent(self, call: Call) -> Reply:
        """GET shows the consent page, POST of its form sends the browser back; both check the whole request."""
        try:
            request = self.server.read_request(call.query)
            if call.method == "GET":
                return screens.consent_page(self.title, self.rules, request, people=self.offered(request))
            decision = screens.read_decision(call, request, people=self.offered(request))
        except Refused as refused:
            return self.refuse_authorization(refused)
        if not decision.approved:
            return self.deny(request, self.denied(request))
        turned_away = self.turn_away(request, decision.person)
        if turned_away is not None:
            return turned_away
        grant = self.server.consent(request, person=decision.person, granted=decision.scopes)
        code = self.server.issue_code(request, grant)
        fragment = self.rules.redirect_fragment
        return send_back(request.redirect_uri, self.approved(request, grant, code), fragment=fragment)

    def deny(self, request: AuthorizationRequest, parameters: Parameters) -> Reply:
        """Send the browser back without a code."""
        fragment = self.rules.redirect_fragment if self.rules.denial_fragment else ""
        return send_back(request.redirect_uri, parameters, fragment=fragment)


def send_back(redirect_uri: str, parameters: Parameters, *, fragment: str = "") -> Reply:
    """302 to the callback; a query of its own is kept."""
    address, _, own_query = redirect_uri.partition("?")
    query = "&".join(filter(None, (own_query, urlencode(parameters))))
    return Reply.redirect(f"{address}?{query}{fragment}")
