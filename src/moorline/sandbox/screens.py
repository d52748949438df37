"""The pages a person meets: consent and error. Plain forms without script, everything escaped by the templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from moorline.sandbox import world
from moorline.sandbox.kernel import Call, Reply
from moorline.sandbox.oauth_rules import OAuthRules, Refusal, Refused
from moorline.sandbox.oauth_server import AuthorizationRequest

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the person answered on the consent page; `scopes` are the boxes left ticked."""

    approved: bool
    person: str
    scopes: frozenset[str]


def consent_page(
    title: str, rules: OAuthRules, request: AuthorizationRequest, *, people: Sequence[world.Person] | None = None
) -> Reply:
    """The form. It posts to the very URL it came from, so that the request is checked again."""
    page = _PAGES.get_template("consent.html").render(
        title=title,
        app=request.app.client_id,
        people=people or world.PEOPLE,
        scopes=request.scopes,
        always_granted=rules.always_granted,
        all_or_nothing=rules.all_or_nothing,
        declines_stick=not request.asks_again,
        ask_again="=".join(rules.ask_again or ()),
        action="?" + urlencode(request.query),
        redirect_uri=request.redirect_uri,
    )
    return Reply.of_html(page)


def read_decision(
    call: Call, request: AuthorizationRequest, *, people: Sequence[world.Person] | None = None
) -> Decision:
    """The posted form. Raises Refused when it is not one that the page could have sent."""
    form = call.form()
    if form.get("decision") not in {"approve", "deny"}:
        raise Refused(Refusal.REQUEST_INVALID, "decision")
    if form.get("person", "") not in {person.id for person in people or world.PEOPLE}:
        raise Refused(Refusal.REQUEST_INVALID, "person")
    scopes = frozenset(call.form_all("scope"))
    if not scopes <= frozenset(request.scopes):
        raise Refused(Refusal.REQUEST_INVALID, "scope")
    return Decision(approved=form["decision"] == "approve", person=form["person"], scopes=scopes)


def error_page(title: str, *, headline: str, text: str, refused: Refused, status: int = 400) -> Reply:
    """What the platform shows instead of sending the browser back; the sandbox adds the reason in its own words."""
    page = _PAGES.get_template("error.html").render(title=title, headline=headline, text=text, reason=str(refused))
    return Reply.of_html(page, status=status)
