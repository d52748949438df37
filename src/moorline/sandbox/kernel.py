"""What every simulated platform stands on: a call, a reply, declared endpoints, the movable clock, the books.

The sandbox serves `/sandbox/HOST/path` (the platforms) and `/_sandbox/...` (the control API, `control.py`). A
platform is a class with declared hosts and endpoints; `coverage.py` reads the same declarations.
"""

import enum
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar, cast
from urllib.parse import parse_qsl


class Covered(enum.Enum):
    """How much of a real endpoint the sandbox plays."""

    SUPPORTED = "supported"
    PARTIAL = "partial"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to a platform. `path` is the platform's own, percent-decoded; `host` without a port."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    raw_query: str = ""  # as it came, for platforms that mind what is percent-encoded
    params: Mapping[str, str] = field(default_factory=dict)  # the named groups of the endpoint's path

    def form(self) -> dict[str, str]:
        """The urlencoded body; empty when the body has another content type."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def form_all(self, name: str) -> tuple[str, ...]:
        """Every value of a field that a form may repeat, such as ticked boxes of one name."""
        pairs = parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True) if self.form() else []
        return tuple(value for key, value in pairs if key == name)

    def json(self) -> Any:
        """The JSON body, or None when it is empty or no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def bearer(self) -> str | None:
        """The token of `Authorization: Bearer`, or None."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the platform answers."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_json(cls, value: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> "Reply":
        """A JSON answer, compact, non-ASCII kept."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status=status, body=body, headers=(("content-type", "application/json; charset=utf-8"), *headers))

    @classmethod
    def of_html(cls, text: str, *, status: int = 200) -> "Reply":
        """A page."""
        return cls(status=status, body=text.encode(), headers=(("content-type", "text/html; charset=utf-8"),))

    @classmethod
    def of_text(cls, text: str, *, status: int = 200) -> "Reply":
        """Plain text."""
        return cls(status=status, body=text.encode(), headers=(("content-type", "text/plain; charset=utf-8"),))

    @classmethod
    def redirect(cls, url: str) -> "Reply":
        """302 to `url`, as browsers are sent back to an application."""
        return cls(status=302, headers=(("location", url),))


Handler = Callable[[Call], Awaitable[Reply]]
Shared = TypeVar("Shared")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One declared endpoint of a platform: `name` is what faults and the call log know it by."""

    name: str
    method: str
    hosts: tuple[str, ...]
    pattern: re.Pattern[str]
    path: str
    covered: Covered
    source: str
    handler: str  # the method of the platform's class


def endpoint(
    method: str, host: str | tuple[str, ...], path: str, *, source: str, covered: Covered = Covered.SUPPORTED
) -> Callable[[Callable[..., Awaitable[Reply]]], Callable[..., Awaitable[Reply]]]:
    """Declare a method of a `SandboxPlatform` as an endpoint.

    `method` may name several, parted by `|`; `path` may hold `{name}` (one segment), `{name:rest}` (any number) and
    `{name:version}` (a segment such as v25.0); a host may be a wildcard such as `*.example.net`. `source` is the
    section of the platform's fact sheet. A method may carry several of these decorators. Where two paths match one
    call, the one declared first answers.
    """

    def declare(function: Callable[..., Awaitable[Reply]]) -> Callable[..., Awaitable[Reply]]:
        shown = re.sub(r":[a-z]+\}", "}", path)
        declared: list[Endpoint] = function.__dict__.setdefault("endpoints", [])
        declared.extend(
            Endpoint(
                name=f"{verb} {shown}",
                method=verb,
                hosts=(host,) if isinstance(host, str) else host,
                pattern=_pattern(path),
                path=shown,
                covered=covered,
                source=source,
                handler=function.__name__,
            )
            for verb in method.split("|")
        )
        return function

    return declare


_KINDS = {"": "[^/]+", "rest": ".*", "version": r"v\d+\.\d+"}


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[a-z_]+(?::[a-z]+)?\})", path)
    built = ""
    for part in parts:
        if part.startswith("{"):
            name, _, kind = part[1:-1].partition(":")
            built += f"(?P<{name}>{_KINDS[kind]})"
        else:
            built += re.escape(part)
    return re.compile(built)


def host_matches(declared: str, host: str) -> bool:
    """Whether `host` is the declared one, or a name below it when that reads `*.parent`."""
    if declared.startswith("*."):
        return host.endswith(declared[1:]) and host != declared[1:]
    return host == declared


class SandboxClock:
    """The sandbox's own time; `advance` moves it, `reset` lets it run with the machine's again."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The sandbox's present instant, aware, UTC."""
        return datetime.now(UTC) + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move forward; never back, since issued tokens would come alive again."""
        self._ahead += max(by, timedelta(0))

    def reset(self) -> None:
        """Run with the machine's clock again."""
        self._ahead = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A secret a platform handed out, was registered with or was shown; canary tests look for it elsewhere.

    `kind`: access_token, refresh_token, code, code_verifier, id_token, page_token, app_password, app_secret, bot_token.
    """

    platform: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredApp:
    """A developer's app at a platform."""

    platform: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]
    flags: frozenset[str] = frozenset()  # switches of this app, from its platform's `app_flags`


class Books:
    """What all platforms share: the clock, registered apps, everything issued, and how to address a host here."""

    def __init__(self, *, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.clock = SandboxClock()
        self.issued: list[Issued] = []
        self.apps: dict[tuple[str, str], RegisteredApp] = {}
        self.strict_https = False
        self._shared: dict[type[Any], object] = {}

    def shared(self, kind: type[Shared]) -> Shared:
        """The one `kind()` that several platforms keep together, such as the accounts of their company."""
        return cast("Shared", self._shared.setdefault(kind, kind()))

    def forget_shared(self) -> None:
        """Let the next `shared` begin anew."""
        self._shared.clear()

    def url(self, host: str, path: str = "") -> str:
        """Where the sandbox plays `https://HOST/path`."""
        return f"{self.base_url}/sandbox/{host}{path}"

    def issue(self, platform: str, kind: str, value: str) -> str:
        """Note a secret as issued, and answer it."""
        self.issued.append(Issued(platform=platform, kind=kind, value=value))
        return value


class SandboxPlatform:
    """One simulated platform. Subclasses declare name, hosts and endpoints, and seed themselves in `reset`."""

    name: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]  # exact, or `*.parent` for every name below
    people: ClassVar[tuple[str, ...]] = ()  # who can grant something here, and have it revoked
    app_flags: ClassVar[tuple[str, ...]] = ()  # what an app registered through the control API may switch on

    def __init__(self, books: Books) -> None:
        self.books = books
        self.reset()

    def reset(self) -> None:
        """Seed the known world of this platform anew; everything issued before stops working."""

    async def control(self, call: Call) -> Reply | None:
        """Answer the control path `/_sandbox/<name>/...`, whole in `call.path`; None: there is no such path."""

    def claims(self, call: Call) -> bool:
        """Whether a call to a path that several platforms have is this one's; where none claims it, the first answers.

        Platforms that share a path tell by the client id or the token of the call.
        """
        return any(host_matches(declared, call.host) for declared in self.hosts)

    def revoke(self, person: str) -> bool:
        """Kill what `person` granted here, as if they had removed the app; False when there is no such person."""
        return person in self.people

    async def close(self) -> None:
        """Let go of tasks and connections; called once, at the end."""

    @classmethod
    def endpoints(cls) -> tuple[Endpoint, ...]:
        """Every declared endpoint, in the order of definition."""
        found: list[Endpoint] = []
        for base in reversed(cls.__mro__):
            for member in vars(base).values():
                found.extend(getattr(member, "endpoints", ()))
        return tuple(found)

    def unknown(self, call: Call) -> Reply:
        """The platform's own answer to a path it does not have."""
        return Reply.of_json({"error": "not found", "path": call.path}, status=404)

    def wrong_method(self, call: Call, allowed: tuple[str, ...]) -> Reply:
        """The platform's own answer to a path it has, called with a method it has not."""
        refusal = {"error": "method not allowed", "method": call.method}
        return Reply.of_json(refusal, status=405, headers=(("allow", ", ".join(allowed)),))
