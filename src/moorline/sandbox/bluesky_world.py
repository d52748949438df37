"""The people of the simulated Bluesky, and which server each of them lives on.

Passwords and DIDs are invented, stable between versions and documented here for integrators:

| handle | host | app password | what is special |
| --- | --- | --- | --- |
| demo.bsky.social | Bluesky | demo-demo-demo-demo | e-mail demo@example.com; privileged: demo-demo-demo-priv |
| other.example.net | pds.example.net | othr-othr-othr-othr | lives on the second server |
| web.example.net | pds.example.net | webb-webb-webb-webb | `did:web:web.example.net` |
| dnsonly.example.net | pds.example.net | dnso-dnso-dnso-dnso | no well-known file; `resolveHandle` knows the handle |
| sleeping.bsky.social | Bluesky | slee-slee-slee-slee | deactivated: signs in with `active: false` |
| suspended.bsky.social | Bluesky | susp-susp-susp-susp | suspended: signs in with `active: false` |
| gone.bsky.social | Bluesky | gone-gone-gone-gone | taken down |
| queued.bsky.social | Bluesky | queu-queu-queu-queu | waits for admission: scope `com.atproto.signupQueued` |
| twofactor.bsky.social | Bluesky | twof-twof-twof-twof | the main password asks for the e-mailed code `DEMO2-DEMO2` |
| newcomer.bsky.social | Bluesky | newc-newc-newc-newc | `getProfile` does not know the account yet |
| plain.bsky.social | Bluesky | plai-plai-plai-plai | neither display name nor avatar |
| mismatch.bsky.social | Bluesky | mism-mism-mism-mism | the DID document names another handle: `handle.invalid` |
| tombstone.bsky.social | nowhere | none | the DID was deleted: the directory answers 410 |
| nobody.bsky.social | nowhere | none | an unknown handle |

Everybody's main password is `main-password`, and the e-mail address is the handle's first label at example.com.
Source: contract/decisions.md section 6, bluesky.md sections 2 to 7.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

ENTRYWAY = "bsky.social"
APPVIEW = "public.api.bsky.app"
DIRECTORY = "plc.directory"
CDN = "cdn.bsky.app"
BLUESKY_PDS = "morel.us-east.host.bsky.network"
SECOND_PDS = "pds.example.net"
WEB_DID_HOST = "web.example.net"
UNKNOWN_HANDLE = "nobody.bsky.social"

# Which server's accounts a host answers for: the entryway signs in Bluesky-hosted accounts only (section 1).
SERVED_BY: Mapping[str, str] = MappingProxyType(
    {ENTRYWAY: BLUESKY_PDS, BLUESKY_PDS: BLUESKY_PDS, SECOND_PDS: SECOND_PDS}
)

MAIN_PASSWORD = "main-password"
SIGN_IN_CODE = "DEMO2-DEMO2"
INVALID_HANDLE = "handle.invalid"


class Status(enum.Enum):
    """What the server says of an account."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    SUSPENDED = "suspended"
    TAKENDOWN = "takendown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One account. `pds` is the host it lives on, None when no server holds it any more."""

    handle: str
    did: str
    pds: str | None
    app_password: str | None
    privileged_password: str | None = None
    email: str
    status: Status = Status.ACTIVE
    queued: bool = False
    email_factor: bool = False
    known_to_appview: bool = True
    display_name: str | None = None
    has_avatar: bool = True
    claimed_handle: str | None = None  # what the DID document names, when that is not the handle
    well_known: bool = True
    tombstoned: bool = False

    def document(self) -> dict[str, object]:
        """The DID document, as the directory or the did:web host gives it (section 2, step 4)."""
        service = {
            "id": "#atproto_pds",
            "type": "AtprotoPersonalDataServer",
            "serviceEndpoint": f"https://{self.pds}",
        }
        key = {
            "id": f"{self.did}#atproto",
            "type": "Multikey",
            "controller": self.did,
            "publicKeyMultibase": "zQ3shSandboxKeyThatSignsNothing",
        }
        return {
            "@context": ["https://www.w3.org/ns/did/v1"],
            "id": self.did,
            "alsoKnownAs": [f"at://{self.claimed_handle or self.handle}"],
            "verificationMethod": [key],
            "service": [service] if self.pds else [],
        }

    def profile(self) -> dict[str, object]:
        """What the AppView shows of the account (section 7)."""
        shown: dict[str, object] = {
            "did": self.did,
            "handle": INVALID_HANDLE if self.claimed_handle else self.handle,
        }
        if self.display_name:
            shown |= {"displayName": self.display_name, "description": "A person of the sandbox."}
        if self.has_avatar:
            shown["avatar"] = f"https://{CDN}/img/avatar/plain/{self.did}/bafkreisandbox@jpeg"
        return shown | {
            "followersCount": 1,
            "followsCount": 2,
            "postsCount": 3,
            "indexedAt": "2026-01-01T00:00:00.000Z",
            "createdAt": "2024-01-01T00:00:00.000Z",
            "labels": [],
        }


def plc_did(label: str) -> str:
    """An invented DID with 24 base32 letters: `demo` gives `did:plc:demodemodemodemodemodemo`."""
    return "did:plc:" + (label * 24)[:24]


def _on_bluesky(label: str, app_password: str) -> Person:
    return Person(
        handle=f"{label}.bsky.social",
        did=plc_did(label),
        pds=BLUESKY_PDS,
        app_password=app_password,
        email=f"{label}@example.com",
        display_name=f"{label.capitalize()} Person",
    )


def _elsewhere(label: str, app_password: str) -> Person:
    return replace(_on_bluesky(label, app_password), handle=f"{label}.example.net", pds=SECOND_PDS)


PEOPLE: tuple[Person, ...] = (
    replace(_on_bluesky("demo", "demo-demo-demo-demo"), privileged_password="demo-demo-demo-priv"),
    _elsewhere("other", "othr-othr-othr-othr"),
    replace(_elsewhere("web", "webb-webb-webb-webb"), did=f"did:web:{WEB_DID_HOST}"),
    replace(_elsewhere("dnsonly", "dnso-dnso-dnso-dnso"), well_known=False),
    replace(_on_bluesky("sleeping", "slee-slee-slee-slee"), status=Status.DEACTIVATED),
    replace(_on_bluesky("suspended", "susp-susp-susp-susp"), status=Status.SUSPENDED),
    replace(_on_bluesky("gone", "gone-gone-gone-gone"), status=Status.TAKENDOWN),
    replace(_on_bluesky("queued", "queu-queu-queu-queu"), queued=True),
    replace(_on_bluesky("twofactor", "twof-twof-twof-twof"), email_factor=True),
    replace(
        _on_bluesky("newcomer", "newc-newc-newc-newc"), known_to_appview=False, display_name=None, has_avatar=False
    ),
    replace(_on_bluesky("plain", "plai-plai-plai-plai"), display_name=None, has_avatar=False),
    replace(_on_bluesky("mismatch", "mism-mism-mism-mism"), claimed_handle="renamed.example.net"),
    replace(_on_bluesky("tombstone", ""), pds=None, app_password=None, tombstoned=True),
)

# Bluesky serves every handle below its own domain, known or not.
HANDLE_HOSTS: tuple[str, ...] = (*(person.handle for person in PEOPLE), UNKNOWN_HANDLE, f"*.{ENTRYWAY}")
