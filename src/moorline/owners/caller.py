"""Who calls, however that was found out: by an API key, a session of the dashboard or a connect link."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls. `user_id` is the tenant (root user), `member_id` the person; `profile_ids` None: every profile.

    `key_id` None: a person who signed in, or a connect link (`link_id`), and no program with a key. `has_own_apps`: the
    tenant uses an app of its own on some platform.
    """

    user_id: str
    member_id: str
    key_id: str | None
    profile_ids: frozenset[str] | None
    may_write: bool
    reveal_tokens: bool
    redirect_allowlist: tuple[str, ...] | None
    expires_at: datetime | None = None
    has_own_apps: bool = True
    link_id: str | None = None

    def may_see(self, profile_id: str) -> bool:
        """Whether the key and its user are allowed this profile of the tenant."""
        return self.profile_ids is None or profile_id in self.profile_ids
