"""What guarded calls may reach. Nothing leaves loopback: the socket is led to a local server, its target recorded."""

import asyncio
import ipaddress
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from moorline import clock
from moorline.errors import Unreachable
from moorline.guard import Address, Guard, GuardingResolver, MayNotBeReached, OutboundAllow, why_forbidden
from moorline.outbound import Outbound, OutboundMap
from moorline.wire import Reply, Request

PUBLIC = "93.184.216.34"
OTHER_PUBLIC = "1.1.1.1"


class Names:
    """A name service that gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


class Internet:
    """Every connection ends at one local TLS server for pds.example; `targets` is where it was meant to go."""

    def __init__(self) -> None:
        self.targets: list[tuple[str, int]] = []
        self.calls: list[str] = []
        self.statuses: list[int] = []
        self.trust = ssl.create_default_context()

    async def answer(self, request: web.Request) -> web.Response:
        self.calls.append(request.headers["Host"])
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, text="hello", headers={"Location": "https://127.0.0.1/admin"})

    async def send(self, client: Outbound, *, repeatable: bool = False) -> Reply:
        request = Request(method="GET", url="https://pds.example/x", guarded=True, repeatable=repeatable, timeout_s=5)
        try:
            return await client.send(request)
        finally:
            await client.close()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pds.example")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pds.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "pds.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
async def internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Internet]:
    certificate = _certificate(tmp_path)
    net = Internet()
    net.trust.load_verify_locations(certificate)
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(certificate)
    app = web.Application()
    app.router.add_get("/x", net.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=own)
    await site.start()
    here = runner.addresses[0]
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def lead_here(sock: socket.socket, target: tuple[str, int]) -> None:
        net.targets.append(target)
        await connect(sock, here)

    monkeypatch.setattr(loop, "sock_connect", lead_here)
    yield net
    await runner.cleanup()


FORBIDDEN = {
    "unspecified": [str(ipaddress.IPv4Address(0)), "0.1.2.3", "::"],
    "private": ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fec0::1"],
    "shared by a carrier": ["100.64.0.1", "100.127.255.254", "100.100.100.200"],
    "loopback": ["127.0.0.1", "127.255.0.1", "::1"],
    "cloud metadata": ["168.63.129.16", "169.254.169.254", "fd00:ec2::254"],
    "link-local": ["169.254.0.1", "169.254.170.2", "fe80::1", "fe80::1%eth0"],
    "for documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "for benchmarks": ["198.18.0.1", "198.19.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1"],
    "IPv4 inside IPv6": ["::2", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1"],
    "Teredo": ["2001::1", "2001:0:4136:e378::1"],
    "6to4": ["192.88.99.1", "2002:7f00:1::", "2002:808:808::1"],
    "malformed": ["not an address", "", "127.1", "0177.0.0.1"],
    "reserved": [
        *("192.0.0.1", "192.0.0.9", "192.0.0.192", "192.31.196.1", "192.52.193.1", "192.175.48.1"),
        *("240.0.0.1", "255.255.255.255", "100::1", "2001:1::1", "2001:2::1", "2001:10::1", "2001:20::1"),
        *("2606:4700::1111%1", "2620:4f:8000::1", "4000::1", "5f00::1"),
    ],
}
PUBLIC_ADDRESSES = [
    *("1.1.1.1", "8.8.8.8", "11.0.0.1", "93.184.216.34", "100.63.255.255", "100.128.0.1", "169.253.1.1"),
    *("172.15.0.1", "172.32.0.1", "192.0.1.1", "198.20.0.1", "223.255.255.254"),
    *("2001:200::1", "2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450:4001::1"),
]


@pytest.mark.parametrize(
    ("address", "kind"), [(one, kind) for kind, addresses in FORBIDDEN.items() for one in addresses]
)
def test_s50_an_address_that_is_not_public_is_forbidden(address: str, kind: str) -> None:
    assert why_forbidden(address) == kind


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_s50_a_public_address_is_allowed(address: str) -> None:
    assert why_forbidden(address) is None


def test_s50_all_private_and_special_networks_of_the_standard_library_are_forbidden() -> None:
    for number in range(0, 1 << 32, 65_521 * 7):
        address = ipaddress.IPv4Address(number)
        assert address.is_global or why_forbidden(str(address)) is not None, address


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://pds.example/", "it is not https"),
        ("https://pds.example:8443/", "port 8443 is not 443"),
        ("https://pds.example:22/", "port 22 is not 443"),
        ("https://127.0.0.1/", "the address is loopback"),
        ("https://127.0.0.1./", "the address is loopback"),
        ("https://169.254.169.254/latest", "the address is cloud metadata"),
        ("https://[::1]/", "the address is loopback"),
        ("https://[::ffff:127.0.0.1]/", "the address is IPv4 inside IPv6"),
        ("https://[::FFFF:7F00:1]/", "the address is IPv4 inside IPv6"),
        ("https://[64:ff9b::7f00:1]/", "the address is NAT64"),
        ("https://2130706433/", "odd spelling"),
        ("https://0x7f000001/", "odd spelling"),
        ("https://0X7F.0.0.1/", "odd spelling"),
        ("https://0x/", "odd spelling"),
        ("https://017700000001/", "odd spelling"),
        ("https://0177.0.0.1/", "odd spelling"),
        ("https://127.1/", "odd spelling"),
        ("https://127.0.0.1.1/", "odd spelling"),
        ("https://127.0.0.0x1/", "odd spelling"),
        ("https://8.8.8.256/", "odd spelling"),
        ("https://\uff11\uff12\uff17.\uff10.0.1/", "the address is loopback"),
        ("https://127\u30020\u30020\u30021/", "the address is loopback"),
        ("https://\u2460\u2461\u2466.0.0.1/", "the address is loopback"),
    ],
)
def test_s50_an_address_as_written_is_judged(url: str, reason: str) -> None:
    with pytest.raises(MayNotBeReached) as refusal:
        Guard().check(Address.parse(url))
    assert reason in refusal.value.reason


@pytest.mark.parametrize(
    "url",
    [
        "https://pds.example@127.0.0.1/",
        "https://127.0.0.1\\@pds.example/",
        "https://%31%32%37.0.0.1/",
        "https://[fe80::1%25eth0]/",
        "https://[::1]x/",
        "https://[127.0.0.1]/",
        "https://.example/",
        "https://a..b/",
        "https://pds.example../",
        "https://-a.example/",
        f"https://{'a' * 64}.example/",
        "https://pds.example:/",
        "https://a b.example/",
        "https://a\tb.example/",
        "https:///x",
        "https:pds.example",
        "javascript:alert(1)",
    ],
)
def test_s50_an_address_that_parsers_might_read_differently_is_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"^its? "):
        Address.parse(url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://PDS.Example/x", "pds.example"),
        ("https://pds.example./x", "pds.example"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://a_b.example:443/", "a_b.example"),
        ("https://8.8.8.8/", "8.8.8.8"),
        ("https://[2606:4700:4700:0::1111]/", "2606:4700:4700::1111"),
    ],
)
def test_s50_a_public_address_passes_in_one_spelling(url: str, host: str) -> None:
    address = Address.parse(url)
    Guard().check(address)
    assert address.host == host


@pytest.mark.parametrize("ips", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1", PUBLIC], [PUBLIC, "fe80::1%eth0"]])
async def test_s50_one_forbidden_address_refuses_them_all(internet: Internet, ips: list[str]) -> None:
    with pytest.raises(Unreachable, match=r"^pds\.example may not be reached: its name stands for an address that is "):
        await internet.send(Outbound(resolve=Names(ips), tls=internet.trust), repeatable=True)
    assert internet.targets == []


async def test_s50_the_connection_goes_to_the_checked_address(internet: Internet) -> None:
    names = Names([PUBLIC, PUBLIC])
    reply = await internet.send(Outbound(resolve=names, tls=internet.trust))
    assert (reply.status, reply.body) == (200, b"hello")
    assert (names.asked, internet.targets) == ([("pds.example", 443)], [(PUBLIC, 443)])
    assert internet.calls == ["pds.example"]


async def test_s50_a_name_that_is_rebound_between_calls_is_judged_each_time(internet: Internet) -> None:
    names = Names([PUBLIC], ["127.0.0.1"], [OTHER_PUBLIC])
    client = Outbound(resolve=names, tls=internet.trust)
    request = Request(method="GET", url="https://pds.example/x", guarded=True)
    await client.send(request)
    with pytest.raises(Unreachable, match="an address that is loopback"):
        await client.send(request)
    await client.send(request)
    await client.close()
    assert internet.targets == [(PUBLIC, 443), (OTHER_PUBLIC, 443)]
    assert len(names.asked) == 3


async def test_s50_a_name_that_is_rebound_before_a_repeat_is_judged_again(internet: Internet) -> None:
    internet.statuses = [503]
    names = Names([PUBLIC], ["169.254.169.254"])
    with pytest.raises(Unreachable, match="an address that is cloud metadata"):
        await internet.send(Outbound(resolve=names, tls=internet.trust), repeatable=True)
    assert (internet.targets, len(names.asked)) == ([(PUBLIC, 443)], 2)


async def test_s50_a_redirect_inwards_is_not_followed(internet: Internet) -> None:
    internet.statuses = [302]
    reply = await internet.send(Outbound(resolve=Names([PUBLIC]), tls=internet.trust), repeatable=True)
    assert (reply.status, internet.targets) == (302, [(PUBLIC, 443)])


async def test_s50_the_certificate_must_be_the_names(internet: Internet) -> None:
    client = Outbound(resolve=Names([PUBLIC]), tls=internet.trust)
    with pytest.raises(Unreachable, match=r"other\.example gave no usable answer: its TLS certificate is not valid"):
        await client.send(Request(method="GET", url="https://other.example/x", guarded=True, repeatable=True))
    await client.close()
    assert len(internet.targets) == 1


async def test_a_name_without_address_is_unreachable(internet: Internet) -> None:
    with pytest.raises(Unreachable, match="its name has no address"):
        await internet.send(Outbound(resolve=Names([])))


async def test_s62_a_refusal_is_logged_with_host_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    client = Outbound()
    with pytest.raises(Unreachable, match=r"^10\.0\.0\.1 may not be reached: the address is private\.$"):
        await client.send(Request(method="GET", url="https://10.0.0.1/secret-path", guarded=True))
    (record,) = caplog.records
    fields = vars(record)["moorline"]
    assert record.levelno == logging.WARNING
    assert (fields["host"], fields["failure"]) == ("10.0.0.1", "the address is private")
    assert "secret-path" not in str(fields)


async def test_the_resolver_hands_on_exactly_the_checked_addresses() -> None:
    resolver = GuardingResolver(Guard(), Names([PUBLIC, "2606:4700::1", PUBLIC]))
    found = await resolver.resolve("pds.example", 443)
    assert [(one["host"], one["port"], one["family"]) for one in found] == [
        (PUBLIC, 443, socket.AF_INET),
        ("2606:4700::1", 443, socket.AF_INET6),
    ]
    await resolver.close()


# What the operator allows


@pytest.fixture
async def lab() -> AsyncIterator[int]:
    """The port of a plain http server on loopback."""

    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="lab")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


@pytest.mark.parametrize("host", ["127.0.0.1", "pds.lab", "PDS.Lab."])
async def test_s51_what_is_listed_may_be_private_and_plain(lab: int, host: str) -> None:
    allow = OutboundAllow.parse(f"127.0.0.1:{lab}, pds.lab:{lab}")
    client = Outbound(outbound_allow=allow, resolve=Names(["127.0.0.1"]))
    reply = await client.send(Request(method="GET", url=f"http://{host}:{lab}/", guarded=True))
    await client.close()
    assert reply.body == b"lab"


async def test_s51_nothing_is_listed_by_default(lab: int) -> None:
    client = Outbound()
    with pytest.raises(Unreachable, match="may not be reached: it is not https"):
        await client.send(Request(method="GET", url=f"http://127.0.0.1:{lab}/", guarded=True))


@pytest.mark.parametrize("listed", ["127.0.0.1:1", "localhost:{port}", "127.0.0.2:{port}"])
async def test_s51_a_listed_neighbour_opens_nothing_else(lab: int, listed: str) -> None:
    client = Outbound(outbound_allow=OutboundAllow.parse(listed.format(port=lab)))
    with pytest.raises(Unreachable, match="may not be reached"):
        await client.send(Request(method="GET", url=f"http://127.0.0.1:{lab}/", guarded=True))


async def test_s51_a_mapped_address_skips_the_guard(lab: int) -> None:
    client = Outbound(outbound_map=OutboundMap.parse({"https://plc.directory": f"http://127.0.0.1:{lab}"}))
    reply = await client.send(Request(method="GET", url="https://plc.directory/", guarded=True))
    await client.close()
    assert reply.body == b"lab"


async def test_s51_an_address_that_is_not_mapped_is_judged_beside_a_map(lab: int) -> None:
    client = Outbound(outbound_map=OutboundMap.parse({"https://plc.directory": f"http://127.0.0.1:{lab}"}))
    with pytest.raises(Unreachable, match="may not be reached"):
        await client.send(Request(method="GET", url=f"http://127.0.0.1:{lab}/", guarded=True))


def test_s51_a_list_is_parted_by_commas_and_spaces() -> None:
    allow = OutboundAllow.parse(" a.lab:80,B.lab.:8443 ,\n[fd00:0::1]:443 ")
    assert allow.entries == {("a.lab", 80), ("b.lab", 8443), ("fd00::1", 443)}
    assert OutboundAllow.parse("") == OutboundAllow()


@pytest.mark.parametrize(
    "entry",
    ["a.lab", "a.lab:", "a.lab:http", "a.lab:0", "a.lab:70000", "http://a.lab:80", "fd00::1:443", "*:80", ":80"],
)
def test_s51_a_wrong_entry_is_refused_with_a_sentence(entry: str) -> None:
    with pytest.raises(ValueError, match=r"is not host:port, such as .*\.$") as raised:
        OutboundAllow.parse(f"good.lab:80, {entry}")
    assert f'"{entry}"' in str(raised.value)
