"""The parts of the dashboard, and which of them somebody may open."""

from moorline.pages.dashboard.session import Signed
from moorline.pages.words import N_

# In the order they are read; the address is below `/dashboard`.
PARTS: tuple[tuple[str, str], ...] = (
    ("accounts", N_("Accounts")),
    ("profiles", N_("Profiles")),
    ("connect", N_("Connect")),
    ("links", N_("Connect links")),
    ("attempts", N_("Attempts")),
    ("webhooks", N_("Webhooks")),
    ("keys", N_("API keys")),
    ("team", N_("Team")),
    ("settings", N_("Settings")),
)
OWNERS = frozenset({"team", "settings"})
FOR_ALL_PROFILES = frozenset({"webhooks"})


def may_open(signed: Signed, name: str) -> bool:
    """Whether this part is for this person: some are the owner's, one tells of every profile."""
    if name in OWNERS:
        return signed.is_owner
    return name not in FOR_ALL_PROFILES or signed.caller.profile_ids is None


def parts_for(signed: Signed) -> list[tuple[str, str]]:
    """What somebody may open, with its title."""
    return [(name, title) for name, title in PARTS if may_open(signed, name)]
