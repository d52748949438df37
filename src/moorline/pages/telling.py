"""The one template that tells how something ended: `templates/outcome.html`."""

from dataclasses import dataclass
from typing import Literal

from litestar import Response
from litestar.datastructures import Cookie

from moorline.pages import view
from moorline.pages.look import Look
from moorline.pages.words import Tone
from moorline.store.attempts import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One way on: a link, or with `fields` a form that is posted. `leads_off`: its answer may lead to a platform."""

    label: str
    url: str
    fields: tuple[tuple[str, str], ...] | None = None
    is_back: bool = False
    leads_off: bool = False
    id: Literal["again", "another", "back", "board", "contact", "link"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a page tells. Texts are ready to be shown; markup in them is ours.

    `is_connected` None: no connection was asked for. `attempt` is what a person may quote when asking for help, and
    `reference` what they quote without one. `letter` stands behind the picture.
    """

    tone: Tone
    title: str
    sentence: str
    advice: str = ""
    is_connected: bool | None
    doors: tuple[Door, ...] = ()
    attempt: Attempt | None = None
    reference: str | None = None
    picture_url: str | None = None
    letter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What the page that opened a popup is told, at its exact origin (S23); `back_url` where the popup goes else."""

    origin: str
    attempt_id: str
    status: Literal["connected", "failed"]
    account_id: str | None
    error: str | None
    back_url: str | None


def _ended(attempt: Attempt, back_url: str | None) -> Ended | None:
    if attempt.opener_origin is None or attempt.status not in {"connected", "failed"}:
        return None
    is_connected = attempt.status == "connected"
    return Ended(
        origin=attempt.opener_origin,
        attempt_id=attempt.id,
        status="connected" if is_connected else "failed",
        account_id=attempt.account_id if is_connected else None,
        error=None if is_connected else attempt.slug,
        back_url=back_url,
    )


def page(look: Look, told: Told, *, status: int, cookies: list[Cookie] | None = None) -> Response[bytes]:
    """The page; in a popup of another site when its attempt says so."""
    attempt = told.attempt
    back = next((door.url for door in told.doors if door.id == "back"), None)
    values = {
        "ended": None if attempt is None else _ended(attempt, back),
        "told": told,
        "reference": told.reference if attempt is None else attempt.id,
        "at": None if attempt is None else attempt.finished_at or attempt.created_at,
        "platform": None if attempt is None else attempt.platform,
    }
    return view.page(
        look,
        "outcome.html",
        values,
        status=status,
        cookies=cookies,
        popup=attempt is not None and attempt.opener_origin is not None,
        form_to=view.A_PLATFORM if any(door.leads_off for door in told.doors) else (),
    )
