"""What the address of a PostgreSQL database says: its servers, and what is wrong with it. Asks nobody.

Several servers are `postgresql://USER:PASSWORD@ONE:5432,TWO:5432/DATABASE`, or `postgresql:///DATABASE?host=ONE,TWO`.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

DEFAULT_PORT = 5432
TARGET = "target_session_attrs"
_CHOICES = {
    TARGET: ("any", "primary", "read-write"),  # the others lead to servers that take no writes
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
}
# Of libpq, and unknown to our driver, which would hand them to the server as settings.
_OF_LIBPQ = frozenset(
    {
        "channel_binding", "connect_timeout", "fallback_application_name", "gssencmode", "hostaddr", "keepalives",
        "keepalives_count", "keepalives_idle", "keepalives_interval", "load_balance_hosts", "require_auth",
        "requirepeer", "tcp_user_timeout",
    }
)  # fmt: skip
_PLACE = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+))(?::(\d{1,5}))?")
_NO_PORT = "has no number as its port: is a character of the password not percent-encoded?"

Server = tuple[str, int]  # host (or the folder of a Unix socket) and port


class WrongAddress(ValueError):
    """The message is a sentence without its subject, and repeats nothing of the address."""


def servers_of(url: str) -> list[Server]:
    """Every server, in its order; none where the address leaves that to the environment. Raises: WrongAddress."""
    places = _netloc(url).rpartition("@")[2]
    query = parameters_of(url)
    if places:
        return [_read(unquote(place)) for place in places.split(",")]
    hosts = query["host"].split(",") if query.get("host") else []
    ports = query["port"].split(",") if query.get("port") else []
    if len(ports) > 1 and len(ports) != len(hosts):
        raise WrongAddress(f"names {len(ports)} ports for {len(hosts)} servers.")
    if not ports:
        return [_read(host) for host in hosts]
    if len(ports) == 1:
        ports *= len(hosts)
    return [_read(f"{host}:{port}") for host, port in zip(hosts, ports, strict=True)]


def parameters_of(url: str) -> Mapping[str, str]:
    """What stands after the question mark; of a name given twice, the last. Raises: WrongAddress."""
    text = urlsplit(url).query
    try:
        return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True)) if text else {}
    except ValueError as error:
        raise WrongAddress("has something after ? that is not name=value.") from error


def check(url: str) -> None:
    """Refuse what could never connect, or never to a server that takes writes. Raises: WrongAddress."""
    if _netloc(url).count("@") > 1:
        raise WrongAddress("has more than one @: write the one in the user or the password as %40.")
    servers_of(url)
    for name, value in parameters_of(url).items():
        if name in _OF_LIBPQ:
            raise WrongAddress(f"has {name} after ?, which means nothing here: leave it out.")
        if value not in _CHOICES.get(name, (value,)):
            raise WrongAddress(f"has a {name} that is none of: {', '.join(_CHOICES[name])}.")


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError as error:
        raise WrongAddress(_NO_PORT) from error


def _read(place: str) -> Server:
    if not place or place.startswith(":"):
        raise WrongAddress("names a server without a host: write HOST:PORT,HOST:PORT, with no comma at either end.")
    found = _PLACE.fullmatch(place)
    port = int(found[3] or DEFAULT_PORT) if found else 0
    if found is None or not 0 < port < 2**16:
        raise WrongAddress(_NO_PORT)
    return found[1] or found[2], port
