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
                return screens.consent_page(self.title, self.rules, request)
            decision = screens.read_decision(call, request)
        except Refused as refused:
            return self.refuse_authorization(refused)
        if not decision.approved:
            return self._send_back(request, self.denied(request))
        grant = self.server.consent(request, person=decision.person, granted=decision.scopes)
        code = self.server.issue_code(request, grant)
        return self._send_back(request, self.approved(request, grant, code))

    def _send_back(self, request: AuthorizationRequest, parameters: Parameters) -> Reply:
        address, _, own_query = request.redirect_uri.partition("?")
        query = "&".join(filter(None, (own_query, urlencode(parameters))))
        return Reply.redirect(f"{address}?{query}{self.rules.redirect_fragment}")
