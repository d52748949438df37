"""What the select paths of every platform share: which open selection a call means, and saving a choice of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moorline.adapter.values import Choice, Choices
from moorline.connect import landing, selection
from moorline.connect.selection import Chosen
from moorline.errors import BadRequest, Forbidden, InvalidTempToken, NotFound
from moorline.http.callers import CallerRequest, service_of
from moorline.http.shapes.selections import ChoiceBody, NotedShape
from moorline.owners import profiles
from moorline.service import Service
from moorline.store import accounts
from moorline.store.selections import OpenSelection

BY_CONNECT_TOKEN: list[dict[str, list[str]]] = [{"connectToken": []}]  # in the document beside the API key


async def opened_by(request: CallerRequest, *, profile_id: str | None, temp_token: str | None) -> OpenSelection:
    """The open selection a call means, by its tempToken or its connect token.

    What a connect token knows may be left out; what is given must agree with it.
    Raises: BadRequest for missing fields, InvalidTempToken; as `owners.profiles.visible`.
    """
    admitted, service = request.auth, service_of(request)
    if admitted.selection is None:
        missing = {
            name: "required" for name, value in (("profileId", profile_id), ("tempToken", temp_token)) if not value
        }
        if missing:
            raise BadRequest(f"Missing required fields: {', '.join(missing)}.", fields=missing)
    if profile_id:
        profiles.check_id(profile_id)
    if admitted.caller is not None and profile_id:
        await profiles.visible(service.db, admitted.caller, profile_id)
    opened = admitted.selection if not temp_token else await landing.by_temp_token(service, temp_token)
    if opened is None or not _is_theirs(request, opened):
        raise InvalidTempToken
    if profile_id and profile_id != opened.profile_id:
        raise BadRequest(
            "profileId is not the one this connection was started for.", fields={"profileId": "of another connection"}
        )
    if admitted.caller is not None and not admitted.caller.may_see(opened.profile_id):
        raise InvalidTempToken
    return opened


def _is_theirs(request: CallerRequest, opened: OpenSelection) -> bool:
    admitted = request.auth
    if admitted.selection is not None and admitted.selection.attempt_id != opened.attempt_id:
        return False
    return admitted.caller is None or admitted.caller.user_id == opened.user_id


def of_platform(opened: OpenSelection, platform: str) -> OpenSelection:
    """The selection, if it is one of this path's platform. Raises: InvalidTempToken."""
    if opened.platform != platform:
        raise InvalidTempToken
    return opened


@contextmanager
def unknown_is_forbidden() -> Iterator[None]:
    """For calls that publish a 403 and no 404: an unknown profile is one this key may not use."""
    try:
        yield
    except NotFound as error:
        raise Forbidden("This API key may not use this profile.") from error


@contextmanager
def unknown_is_malformed(field: str) -> Iterator[None]:
    """For calls that publish neither a 404 nor a 403 for it: what is unknown is a wrong field."""
    try:
        yield
    except NotFound as error:
        raise BadRequest(str(error), fields={field: "unknown"}) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The list of an open selection, asked of the platform now, and what is told beside it."""

    opened: OpenSelection
    items: tuple[Choice, ...]
    beside: dict[str, Any]


async def listed_now(request: CallerRequest, opened: OpenSelection) -> Listed:
    """Ask the platform. Raises: as `selection.list_again`."""
    service = service_of(request)
    choices = await selection.list_again(service, opened)
    return Listed(opened=opened, items=choices.items, beside=await told_beside(service, opened, choices))


async def told_beside(service: Service, opened: OpenSelection, choices: Choices) -> dict[str, Any]:
    """The fields of `ListShape`."""
    held: dict[str, set[str]] = {}
    listed = [item.id for item in choices.items]
    for account, profile_id in await accounts.profiles_of_identities(
        service.db, opened.user_id, opened.platform, listed
    ):
        held.setdefault(account, set()).add(profile_id)
    return {
        "unavailable": [NotedShape(id=one.id, name=one.name, reason=one.reason) for one in choices.unavailable],
        "already_connected": [
            NotedShape(id=item.id, name=item.name, reason=_where(held[item.id], opened.profile_id))
            for item in choices.items
            if item.id in held
        ],
        "truncated": choices.truncated,
    }


def _where(profile_ids: set[str], profile_id: str) -> str:
    return f"Already connected to {'this' if profile_id in profile_ids else 'another'} profile."


async def save(request: CallerRequest, opened: OpenSelection, choice_id: str | None, data: ChoiceBody) -> Chosen:
    """Connect the choice; None: the person's own account. Raises: as `selection.choose`; BadRequest for the address."""
    url = data.redirect_url or data.redirect_url_camel or None
    caller, service = request.auth.caller, service_of(request)
    allowlist = await landing.redirect_allowlist(service, opened) if caller is None else caller.redirect_allowlist
    selection.check_redirect_url(opened, url, allowlist)
    return await selection.choose(service, opened, choice_id, redirect_url=url, once=caller is None)


def required(field: str, value: str | None) -> str:
    """The value. Raises: BadRequest when it is missing or empty."""
    if not value:
        raise BadRequest(f"{field} is required.", fields={field: "required"})
    return value


def object_of(field: str, given: object) -> dict[str, Any]:
    """An object that may have come as its JSON text, empty when nothing came. Raises: BadRequest."""
    if isinstance(given, str) and given:
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = 0
    if given in (None, ""):
        return {}
    if not isinstance(given, dict):
        raise BadRequest(f"{field} must be an object with an id.", fields={field: "an object"})
    return given


def id_in(field: str, given: object, *names: str) -> str:
    """The id in an object, under the first of its names that is there. Raises: BadRequest."""
    told = object_of(field, given)
    for name in names:
        value = told.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
            return str(value)
    raise BadRequest(f"{field} must have {' or '.join(names)}.", fields={f"{field}.{names[0]}": "required"})
