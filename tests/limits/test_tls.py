"""Redis behind TLS with an authority of one's own: one limit for all processes that trust it, apart for others."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from moorline import clock
from moorline.limits import buckets, on_redis, shared
from moorline.limits.buckets import START_CLIENT
from moorline.limits.counting import Limits
from moorline.limits.on_redis import RedisCounters
from moorline.limits.opening import redis_answers
from moorline.limits.shared import SharedCounters
from moorline.settings import WrongSettings
from tests.http.conftest import Lines, lines  # noqa: F401  # a fixture
from tests.limits.test_processes import MOST, database, serving, told  # noqa: F401  # the second is a fixture
from tests.redis_server import RedisServer, started_redis

PASSWORD = "s3cret-of-redis"
ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """A Redis that wants a password, behind TLS; `authority` is the file that its certificate can be checked by."""

    port: int
    authority: Path

    def url(self, host: str = ADDRESS, *, trusted: bool = True) -> str:
        return f"rediss://:{PASSWORD}@{host}:{self.port}/0" + (f"?ssl_ca_certs={self.authority}" if trusted else "")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with started_redis(tmp_path) as server:
        server.asked(f"CONFIG SET requirepass {PASSWORD}")
        yield server


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is not what these tests are about."""
    for module in (on_redis, shared):
        monkeypatch.setattr(module, "WAIT_S", 10.0)


@pytest_asyncio.fixture
async def secured(redis: RedisServer, tmp_path: Path) -> AsyncIterator[Secured]:
    authority, certificate = certify(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with terminated(context, redis.port) as port:
        yield Secured(port=port, authority=authority)


def certify(folder: Path) -> tuple[Path, Path]:
    """An authority, and a key with a certificate it gave for the loopback's address."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of our own")])
    begins, ends = clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)

    def builder(subject: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        named = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(public_key)
        return named.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)

    of_authority = (
        builder(issuer, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    of_server = (
        builder(x509.Name([]), key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))]), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    authority, certificate = folder / "authority.pem", folder / "server.pem"
    authority.write_bytes(of_authority.public_bytes(pem))
    certificate.write_bytes(secret + of_server.public_bytes(pem))
    return authority, certificate


@asynccontextmanager
async def terminated(context: ssl.SSLContext, behind: int) -> AsyncIterator[int]:
    """The port of one who speaks TLS before a server that does not: the tests' Redis was built without."""

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while received := await reader.read(65536):
                writer.write(received)
                await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        plain_reader, plain_writer = await asyncio.open_connection(ADDRESS, behind)
        await asyncio.gather(passed_on(reader, plain_writer), passed_on(plain_reader, writer))

    server = await asyncio.start_server(connected, ADDRESS, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_two_servers_that_trust_the_authority_have_one_limit(
    database: str,  # noqa: F811
    secured: Secured,
    tmp_path: Path,
) -> None:
    with serving(database, secured.url(), tmp_path) as pair:
        assert sorted(await pair.statuses(2 * MOST)) == [200] * MOST + [429] * MOST


async def test_servers_that_do_not_trust_it_refuse_nobody_and_say_which_setting_is_why(
    database: str,  # noqa: F811
    secured: Secured,
    tmp_path: Path,
) -> None:
    with serving(database, secured.url(trusted=False), tmp_path) as pair:
        assert await pair.statuses(2 * MOST) == [200] * 2 * MOST
        for server in pair.servers:
            (warning,) = told(server, "limits_not_shared")
            assert (warning["level"], warning["setting"]) == ("warning", "MOORLINE_LIMITS_URL")
            assert PASSWORD not in server.log


@pytest.mark.parametrize(
    ("host", "trusted", "reason"),
    [(ADDRESS, False, "unable to get local issuer certificate"), ("localhost", True, "Hostname mismatch")],
)
async def test_the_log_says_what_is_wrong_with_a_certificate(
    secured: Secured,
    lines: Lines,  # noqa: F811
    patience: None,
    host: str,
    reason: str,
    *,
    trusted: bool,
) -> None:
    limits = Limits(buckets.numbers(1200, {}), SharedCounters(RedisCounters(secured.url(host, trusted=trusted))))
    left = [await limits.count((START_CLIENT, "192.0.2.1")) for _ in range(2)]
    assert [one.remaining for one in left if one] == [29, 28]
    (warning,) = [entry for entry in lines.entries() if entry["event"] == "limits_not_shared"]
    assert warning["reason"] == f"its certificate is not trusted: {reason}"
    await limits.close()


async def test_certificates_are_read_once_and_before_anybody_waits_for_a_count(
    secured: Secured, patience: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[ssl.SSLContext] = []
    create = ssl.create_default_context

    def noting() -> ssl.SSLContext:
        read.append(create())
        return read[-1]

    monkeypatch.setattr(ssl, "create_default_context", noting)
    counters = SharedCounters(RedisCounters(secured.url()))
    assert len(read) == 1
    counts = await asyncio.gather(*(counters.add("kind", "who", window_s=60) for _ in range(16)))
    assert sorted(count.hits for count in counts) == list(range(1, 17))
    assert counters._coming_back is None
    assert len(read) == 1
    await counters.close()


@pytest.mark.parametrize("query", ["ssl_ca_certs=/nowhere.pem", "ssl_cert_reqs=some", "ssl_authority=/ca.pem"])
async def test_what_cannot_be_used_of_an_address_stops_the_start_and_is_not_repeated(query: str) -> None:
    with pytest.raises(WrongSettings, match="or names certificates that cannot be read") as raised:
        await redis_answers(f"rediss://:{PASSWORD}@{ADDRESS}:1/0?{query}")
    assert PASSWORD not in str(raised.value)
