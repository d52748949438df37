"""Connect links in the flow: made with an address to return to, opened, started from, and what came of them."""

from moorline import ids
from moorline.connect import begin, redirects
from moorline.connect.start import StartCall, Started, adapter_of
from moorline.errors import BadRequest
from moorline.owners import links
from moorline.owners.caller import Caller
from moorline.owners.links import LinkOffer, Made, NewLink
from moorline.service import Service
from moorline.store import attempts
from moorline.store.attempts import Attempt
from moorline.store.links import Link


async def create(service: Service, caller: Caller, new: NewLink) -> Made:
    """Make a link. Raises: BadRequest for a redirect_url no browser may be sent to; as `owners.links.save`."""
    if new.redirect_url is not None:
        redirects.check_redirect_url(new.redirect_url, caller.redirect_allowlist)
    return await links.save(service, caller, new)


async def start(service: Service, token: str, platform: str, *, language: str | None = None) -> Started:
    """Begin a connection for whoever opened the link; `language` is that of their page, unless the link has one.

    Raises: NotFound for an unknown token; LinkDead; BadRequest for a platform the link is not for; as `begin.begin`.
    """
    offer = await links.read(service, token)
    caller = links.caller_of(offer.link)
    return await begin.begin(service, caller, call_of(service, offer, platform, language=language))


def call_of(service: Service, offer: LinkOffer, platform: str, *, language: str | None = None) -> StartCall:
    """The start call that a link stands for. Raises: BadRequest for a platform it is not for."""
    link = offer.link
    adapter = adapter_of(service, platform)
    if platform not in link.platforms:
        raise BadRequest(
            f"This connect link is not for {adapter.name}.",
            fields={"platform": f"one of {', '.join(link.platforms)}"},
        )
    return StartCall(
        platform=platform,
        profile_id=link.profile_id,
        redirect_url=link.redirect_url,
        reconnect_account_id=link.reconnect_account_id,
        language=link.language or language,
    )


async def usage(service: Service, link: Link, *, before: str | None, limit: int) -> list[Attempt]:
    """What was started through it, newest first; kept as long as attempts are.

    Raises: BadRequest for a malformed id.
    """
    if before is not None and not ids.is_id(before):
        raise BadRequest("before is not an id: 24 hex characters.", fields={"before": "24 hex characters"})
    return await attempts.of_link(service.db, link.id, before=before, limit=limit)
