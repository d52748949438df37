"""Every option, from `MOORLINE_*` in the environment and `.env`, checked before anything starts.

A wrong, half-given or unknown setting stops the start with a sentence that names it and says what to do. In place of
`MOORLINE_X` there may be `MOORLINE_X_FILE`, the path of a file that holds the value: secrets come to containers so.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from moorline import vault
from moorline.store import addresses

PREFIX = "MOORLINE_"
IN_FILE = "_FILE"
LIVE_TESTS = f"{PREFIX}LIVE_"  # credentials of the tests against real platforms: no settings of the service
PKCE_OPTIONAL = frozenset({"snapchat"})  # where it is left to the operator; a test holds it to what adapters declare

TelegramMode = Literal["polling", "webhook", "off"]


class WrongSettings(Exception):
    """One or more settings are wrong; `str(error)` lists a sentence for each."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("\n".join(self.sentences))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSettings:
    """What the operator set for one platform; credentials empty when the platform has none."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    redirect_uri: str | None = None
    scopes: tuple[str, ...] = ()
    api_version: str | None = None
    pkce: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Checked settings. Names are those of the environment variables, in lower case, without the prefix."""

    public_url: str = "http://127.0.0.1:8400"
    host: str = "127.0.0.1"
    port: int = 8400
    database_url: str = field(default="sqlite:///moorline-data/moorline.sqlite3", repr=False)
    database_pool_size: int = 10
    database_statement_timeout_s: int = 10
    database_statement_cache: int | None = None
    encryption_keys: tuple[bytes, ...] = field(default=(), repr=False)
    rate_limit_per_minute: int = 1200
    limits: str = ""
    limits_url: str = field(default="memory", repr=False)
    outbound_map: str = "{}"
    outbound_allow: str = ""
    cors_origins: tuple[str, ...] = ()
    brand: str = "Moorline"
    log_level: str = "INFO"
    log_json: bool = True
    telegram_mode: TelegramMode = "polling"
    telegram_code_prefix: str = "LATE"
    bluesky_dns: bool = False
    background: bool = True
    trusted_proxies: int = 0
    drain_s: int = 0
    metrics_token: str = field(default="", repr=False)
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    traces_url: str = ""
    traces_percent: int = 100
    traces_join_callers: bool = False
    platforms: Mapping[str, PlatformSettings] = field(default_factory=dict)

    def callback_url(self, platform: str) -> str:
        """The redirect URI to register at the platform: the operator's own, else the callback under the public URL."""
        own = self.platforms.get(platform, PlatformSettings()).redirect_uri
        return own or f"{self.public_url}/connect/{platform}/callback"


def load(environment: Mapping[str, str], *, platforms: Iterable[str], need_keys: bool = True) -> Settings:
    """Read and check. `platforms` are the names credentials may be given for.

    Raises: WrongSettings with every fault found, none of them repeating a secret.
    """
    return _Reader(environment, tuple(platforms)).settings(need_keys=need_keys)


class _Reader:
    def __init__(self, environment: Mapping[str, str], platforms: tuple[str, ...]) -> None:
        given = {
            name.removeprefix(PREFIX): value.strip()
            for name, value in environment.items()
            if name.startswith(PREFIX) and not name.startswith(LIVE_TESTS)
        }
        self._given = {name: value for name, value in given.items() if not name.endswith(IN_FILE)}
        self._files = {name.removesuffix(IN_FILE): path for name, path in given.items() if name.endswith(IN_FILE)}
        self._platforms = platforms
        self._known: set[str] = set()
        self._faults: list[str] = []

    def settings(self, *, need_keys: bool) -> Settings:
        defaults = Settings()
        settings = Settings(
            public_url=self._origin("PUBLIC_URL", defaults.public_url),
            host=self._text("HOST", defaults.host),
            port=self._whole("PORT", defaults.port, low=1, high=65535),
            database_url=self._database_url("DATABASE_URL", defaults.database_url),
            database_pool_size=self._whole("DATABASE_POOL_SIZE", defaults.database_pool_size, low=1, high=1000),
            database_statement_timeout_s=self._whole(
                "DATABASE_STATEMENT_TIMEOUT_S", defaults.database_statement_timeout_s, low=1, high=600
            ),
            database_statement_cache=self._statement_cache("DATABASE_STATEMENT_CACHE"),
            encryption_keys=self._keys("ENCRYPTION_KEYS", needed=need_keys),
            rate_limit_per_minute=self._whole("RATE_LIMIT_PER_MINUTE", defaults.rate_limit_per_minute, low=0),
            limits=self._text("LIMITS", defaults.limits),
            limits_url=self._limits_url("LIMITS_URL", defaults.limits_url),
            outbound_map=self._text("OUTBOUND_MAP", defaults.outbound_map),
            outbound_allow=self._text("OUTBOUND_ALLOW", defaults.outbound_allow),
            cors_origins=self._origins("CORS_ORIGINS"),
            brand=self._text("BRAND", defaults.brand),
            log_level=self._choice("LOG_LEVEL", defaults.log_level, ("DEBUG", "INFO", "WARNING", "ERROR")),
            log_json=self._flag("LOG_JSON", default=defaults.log_json),
            telegram_mode=self._telegram_mode(defaults.telegram_mode),
            telegram_code_prefix=self._prefix("TELEGRAM_CODE_PREFIX", defaults.telegram_code_prefix),
            bluesky_dns=self._flag("BLUESKY_DNS", default=defaults.bluesky_dns),
            background=self._flag("BACKGROUND", default=defaults.background),
            trusted_proxies=self._whole("TRUSTED_PROXIES", defaults.trusted_proxies, low=0, high=10),
            drain_s=self._whole("DRAIN_S", defaults.drain_s, low=0, high=300),
            metrics_token=self._metrics_token("METRICS_TOKEN"),
            metrics_host=self._text("METRICS_HOST", defaults.metrics_host),
            metrics_port=self._whole("METRICS_PORT", defaults.metrics_port, low=0, high=65535),
            traces_url=self._receiver("TRACES_URL"),
            traces_percent=self._whole("TRACES_PERCENT", defaults.traces_percent, low=1, high=100),
            traces_join_callers=self._flag("TRACES_JOIN_CALLERS", default=defaults.traces_join_callers),
            platforms={name: self._platform(name) for name in self._platforms},
        )
        if settings.metrics_port == settings.port:
            self._fault("METRICS_PORT", f"is {PREFIX}PORT: give a port of its own, or 0 for none.")
        self._refuse_unknown()
        if self._faults:
            raise WrongSettings(self._faults)
        return settings

    def _text(self, name: str, default: str) -> str:
        self._known.add(name)
        return self._given.get(name) or self._from_file(name) or default

    def _from_file(self, name: str) -> str:
        path = self._files.get(name)
        if not path:
            return ""
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:  # the latter: no UTF-8, or a path with a zero byte
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            self._fault(name + IN_FILE, f"names a file that cannot be read: {reason}.")
            return ""
        if not text:  # a secret that was never filled in must not pass for a setting that was left out
            self._fault(name + IN_FILE, "names a file that is empty.")
        return text

    def _fault(self, name: str, sentence: str) -> None:
        if name in self._files and not self._given.get(name):  # what lies in a file may be somebody's secret
            sentence = re.sub(r'".*"', "what its file holds", sentence, flags=re.DOTALL)
        self._faults.append(f"{PREFIX}{name} {sentence}")

    def _whole(self, name: str, default: int, *, low: int, high: int = 10**9) -> int:
        text = self._text(name, str(default))
        if not re.fullmatch(r"\d{1,10}", text) or not low <= int(text) <= high:
            self._fault(name, f'is "{text}": give a whole number from {low} to {high}.')
            return default
        return int(text)

    def _statement_cache(self, name: str) -> int | None:
        return None if self._text(name, "auto").lower() == "auto" else self._whole(name, 0, low=0, high=10_000)

    def _flag(self, name: str, *, default: bool) -> bool:
        text = self._text(name, str(default)).lower()
        if text not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
            self._fault(name, f'is "{text}": give true or false.')
        return text in {"true", "1", "yes", "on"}

    def _choice(self, name: str, default: str, among: tuple[str, ...]) -> str:
        text = self._text(name, default)
        for known in among:
            if text.lower() == known.lower():
                return known
        self._fault(name, f'is "{text}": give one of {", ".join(among)}.')
        return default

    def _telegram_mode(self, default: TelegramMode) -> TelegramMode:
        chosen = self._choice("TELEGRAM_MODE", default, ("polling", "webhook", "off"))
        return "webhook" if chosen == "webhook" else "off" if chosen == "off" else "polling"

    def _prefix(self, name: str, default: str) -> str:
        text = self._text(name, default).upper()
        if not re.fullmatch(r"[A-Z0-9]{2,12}", text):
            self._fault(name, f'is "{text}": give 2 to 12 letters or digits.')
        return text

    def _origin(self, name: str, default: str) -> str:
        text = self._text(name, default).rstrip("/")
        if not _is_address(text):
            self._fault(name, f"is {_shown(text)}: give an address such as https://connect.example.com.")
        return text

    def _metrics_token(self, name: str) -> str:
        text = self._text(name, "")
        if text and not re.fullmatch(r"[\x21-\x7e]{16,256}", text):
            self._fault(name, "must have 16 to 256 printable ASCII characters, no spaces.")
        return text

    def _receiver(self, name: str) -> str:
        text = self._text(name, "")
        if text and not _is_address(text):
            self._fault(name, f"is {_shown(text)}: give an address such as http://127.0.0.1:4318/v1/traces.")
        return text

    def _origins(self, name: str) -> tuple[str, ...]:
        origins = tuple(part for part in re.split(r"[,\s]+", self._text(name, "")) if part)
        for origin in origins:
            if origin != "*" and not re.fullmatch(r"https?://[^/@?#\s]+", origin):
                self._fault(
                    name, f"holds {_shown(origin)}: give origins such as https://app.example.com, or * for all."
                )
        return origins

    def _database_url(self, name: str, default: str) -> str:
        text = self._text(name, default)
        if not text.startswith(("sqlite:///", "postgresql://", "postgres://")):
            self._fault(name, "must start with sqlite:/// (then a path) or postgresql:// (then user, host, database).")
        elif text.removeprefix("sqlite:///") in {"", ":memory:"}:
            self._fault(name, "must name a file after sqlite:///: what is kept nowhere would be lost.")
        elif not text.startswith("sqlite:"):
            try:
                addresses.check(text)
            except addresses.WrongAddress as wrong:
                self._fault(name, str(wrong))
        return text

    def _limits_url(self, name: str, default: str) -> str:
        text = self._text(name, default)
        if text == "database" and not self._text("DATABASE_URL", "").startswith("postgres"):
            self._fault(name, 'is "database", which needs PostgreSQL: on SQLite there is one process, so give memory.')
        elif text not in {"memory", "database"} and not _is_redis(text):
            self._fault(name, "must be memory, database, or start with redis:// or rediss:// (then host and port).")
        return text

    def _keys(self, name: str, *, needed: bool) -> tuple[bytes, ...]:
        keys: list[bytes] = []
        texts = [part for part in self._text(name, "").split(",") if part.strip()]
        for position, text in enumerate(texts, start=1):
            try:
                keys.append(vault.parse_key(text))
            except ValueError as error:
                self._fault(name, f"is wrong: key {position} {error}. `moorline keys encryption` makes a good one.")
        if needed and not texts and not self._files.get(name):  # a file of which nothing came was told already
            self._fault(
                name,
                "is not set: without it tokens could not be sealed, so nothing is started. "
                "`moorline keys encryption` makes one; keep it as safe as the database, and apart from it.",
            )
        return tuple(keys)

    def _platform(self, name: str) -> PlatformSettings:
        if name == "bluesky":  # app passwords: nothing to register, so nothing to set
            return PlatformSettings()
        if name == "telegram":
            return self._telegram()
        stem = name.upper()
        client_id = self._text(f"{stem}_CLIENT_ID", "")
        client_secret = self._text(f"{stem}_CLIENT_SECRET", "")
        if bool(client_id) != bool(client_secret):
            given, missing = ("CLIENT_ID", "CLIENT_SECRET") if client_id else ("CLIENT_SECRET", "CLIENT_ID")
            self._fault(
                f"{stem}_{given}", f"is set but {PREFIX}{stem}_{missing} is not: set both, or neither to leave it off."
            )
        return PlatformSettings(
            client_id=client_id,
            client_secret=client_secret,
            redirect_uri=self._redirect_uri(f"{stem}_REDIRECT_URI"),
            scopes=tuple(part for part in re.split(r"[,\s]+", self._text(f"{stem}_SCOPES", "")) if part),
            api_version=self._text(f"{stem}_API_VERSION", "") or None,
            pkce=name in PKCE_OPTIONAL and self._flag(f"{stem}_PKCE", default=False),
        )

    def _redirect_uri(self, name: str) -> str | None:
        text = self._text(name, "")
        if text and not re.fullmatch(r"https?://[^/@?#\s]+(/[^\s#]*)?", text):
            self._fault(name, f"is {_shown(text)}: give the full https address that is registered at the platform.")
        return text or None

    def _telegram(self) -> PlatformSettings:
        token = self._text("TELEGRAM_BOT_TOKEN", "")
        if token and not re.fullmatch(r"\d{3,20}:[A-Za-z0-9_-]{30,60}", token):
            self._fault("TELEGRAM_BOT_TOKEN", "is not a bot token: @BotFather gives digits, a colon and 35 characters.")
        return PlatformSettings(client_id=token.partition(":")[0], client_secret=token)

    def _refuse_unknown(self) -> None:
        for given, suffix in ((self._given, ""), (self._files, IN_FILE)):
            for name in sorted(set(given) - self._known):
                near = difflib.get_close_matches(name, self._known, n=1)
                hint = f" Did you mean {PREFIX}{near[0]}{suffix}?" if near else ""
                self._fault(name + suffix, f"is not a setting.{hint}")
        for name in sorted(self._files):
            if self._files[name] and self._given.get(name):
                self._fault(name, f"and {PREFIX}{name}{IN_FILE} are both set: give one of them.")


def _is_address(text: str) -> bool:
    if re.search(r"[\s\\@?#]", text) or not _has_port_or_none(text):
        return False
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_redis(url: str) -> bool:
    return url.startswith(("redis://", "rediss://")) and _has_port_or_none(url) and bool(urlsplit(url).hostname)


def _has_port_or_none(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _shown(text: str) -> str:
    # What stands before an @ may be a password.
    return "an address with a user name" if "@" in text else f'"{text}"'
