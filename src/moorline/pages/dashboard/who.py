"""Who did something, in words."""

from collections.abc import Iterable

from markupsafe import Markup

from moorline.owners import people
from moorline.pages.look import Look
from moorline.pages.words import N_, bdi
from moorline.service import Service

# What is kept of whoever did it: the id of an API key, of a member, of a connect link.
Trace = tuple[str | None, str | None, str | None]


async def named(service: Service, look: Look, user_id: str, traces: Iterable[Trace]) -> dict[Trace, Markup]:
    """Each of them once, however often it occurs."""
    return {trace: await _named(service, look, user_id, trace) for trace in set(traces)}


async def _named(service: Service, look: Look, user_id: str, trace: Trace) -> Markup:
    key_id, member_id, link_id = trace
    found = await people.doer(service.db, user_id, key_id=key_id, member_id=member_id, link_id=link_id)
    if found.kind == "server":
        return look.markup(N_("this server"))
    if found.kind == "link":
        return look.markup(N_("somebody with a connect link"))
    if found.kind == "key":
        preview = Markup('<code dir="ltr">{}</code>').format(found.name or key_id or "")
        return look.markup(N_("the API key %(key)s"), key=preview)
    return look.markup(N_("somebody who is gone")) if found.name is None else bdi(found.name)
