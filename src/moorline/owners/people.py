"""Who did something, by what is kept of them: a key, a member, a connect link."""

from dataclasses import dataclass
from typing import Literal

from moorline.store import api_keys, users
from moorline.store.db import Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Doer:
    """`name` is a key's preview or a member's name; None when they are gone by now, and for a link."""

    kind: Literal["key", "member", "link", "server"]
    name: str | None = None


async def doer(db: Statements, user_id: str, *, key_id: str | None, member_id: str | None, link_id: str | None) -> Doer:
    """Who of a tenant it was."""
    if link_id is not None:
        return Doer(kind="link")
    if key_id is not None:
        found = await api_keys.by_id(db, key_id)
        is_theirs = found is not None and found.root_id == user_id
        return Doer(kind="key", name=found.key.preview if found is not None and is_theirs else None)
    if member_id is not None:
        member = await users.of_tenant(db, user_id, member_id)
        return Doer(kind="member", name=None if member is None else member.name)
    return Doer(kind="server")
