"""The Bluesky adapter: which account an identifier means, and which server holds it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline.adapter import atproto
from moorline.errors import BadRequest, UnexpectedReply, Unreachable
from moorline.platforms.bluesky import Bluesky
from moorline.wire import Reply, Request
from tests.platforms.bluesky_double import (
    APP_PASSWORD,
    CREATE,
    DID,
    OTHER_DID,
    PDS,
    PLC,
    PROFILE,
    RESOLVE,
    WELL_KNOWN,
    answer,
    body_of,
    network,
    recorded,
    refused,
    sign_in,
    text,
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ana.bsky.social", "ana.bsky.social"),
        ("  @Ana.Bsky.Social ", "ana.bsky.social"),
        ("ana", "ana.bsky.social"),
        ("@ana", "ana.bsky.social"),
        ("\u202a@ana.example.net\u202c", "ana.example.net"),
        ("\u200bana.example.net\ufeff", "ana.example.net"),
        ("ana . bsky.social", "ana.bsky.social"),
        ("ana.bsky.social.", "ana.bsky.social"),
        ("https://bsky.app/profile/ana.bsky.social", "ana.bsky.social"),
        ("bsky.app/profile/Ana.example.net/post/3k?x=1#y", "ana.example.net"),
        ("https://www.bsky.app/profile/ana.example.net", "ana.example.net"),
        (f"https://bsky.app/profile/{DID}", DID),
        ("https://ana.example.net/", "ana.example.net"),
        ("http://ana.example.net", "ana.example.net"),
        ("at://ana.example.net", "ana.example.net"),
        ("Ana@Example.com", "ana@example.com"),
        (DID.upper().replace("DID:PLC", "did:plc"), DID),
        ("did:web:localhost%3a2583", "did:web:localhost%3A2583"),
    ],
)
def test_an_identifier_is_cleaned_and_not_scolded(typed: str, meant: str) -> None:
    assert atproto.clean_identifier(typed) == meant


@pytest.mark.parametrize("typed", ["", "   ", "@", "\u200b", "https://", "."])
def test_nothing_typed_is_refused_with_the_field_named(typed: str) -> None:
    with pytest.raises(BadRequest) as caught:
        atproto.clean_identifier(typed)

    assert str(caught.value) == "Enter your handle or e-mail."
    assert caught.value.fields == {"identifier": "is empty"}


@given(st.text(max_size=400))
def test_whatever_is_typed_cleans_to_a_visible_name_or_a_refusal(typed: str) -> None:
    try:
        name = atproto.clean_identifier(typed)
    except BadRequest:
        return

    assert name
    assert name == name.strip()
    assert not name.startswith("@")
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"} for char in name)


@given(st.from_regex(r"[a-z0-9]{1,10}(\.[a-z]{2,6}){1,3}", fullmatch=True))
def test_cleaning_a_clean_handle_changes_nothing(handle: str) -> None:
    assert atproto.clean_identifier(handle) == handle


async def test_s50_the_well_known_file_is_fetched_guarded_and_with_a_short_timeout() -> None:
    net = network()

    await sign_in(net)

    assert net.request(WELL_KNOWN) == Request(method="GET", url=WELL_KNOWN, guarded=True, timeout_s=5.0)


async def test_the_directory_is_asked_for_a_did_document() -> None:
    net = network()

    await sign_in(net)

    assert net.request(PLC) == Request(
        method="GET", url=PLC, headers={"Accept": "application/did+ld+json,application/json"}, repeatable=True
    )


@pytest.mark.parametrize(
    "well_known",
    [None, text("Not found", 404), text("<html>"), text(""), text("did:key:zQ3sh"), text(DID, 301), Reply(status=503)],
)
async def test_a_well_known_file_that_says_nothing_leaves_it_to_the_entryway(well_known: Reply | None) -> None:
    net = network({WELL_KNOWN: well_known, RESOLVE: recorded("resolve_handle")})

    signed_in = await sign_in(net)

    assert net.urls()[:3] == [WELL_KNOWN, RESOLVE, PLC]
    assert net.request(RESOLVE).query == {"handle": "ana.bsky.social"}
    assert net.request(RESOLVE).method == "GET"
    assert signed_in.identity.username == "ana.bsky.social"


async def test_an_unknown_handle_is_the_persons_to_correct() -> None:
    with pytest.raises(BadRequest) as caught:
        await sign_in(network({WELL_KNOWN: None, RESOLVE: recorded("resolve_handle_unknown")}), "ana.bsky.social")

    assert caught.value.code == "unknown_handle"
    assert str(caught.value) == "We found no Bluesky account ana.bsky.social. Check the spelling."
    assert caught.value.fields == {"identifier": "no Bluesky account has this handle"}


@pytest.mark.parametrize(
    "identifier",
    [
        "handle.invalid",
        "a..b",
        "-a.example.net",
        "ana.example.1x",
        "b\u00fccher.example",
        "x" * 400,
        "a." * 130 + "net",
    ],
)
async def test_what_is_no_handle_is_refused_before_anything_is_sent(identifier: str) -> None:
    net = network()

    with pytest.raises(BadRequest) as caught:
        await sign_in(net, identifier)

    assert caught.value.code == "unknown_handle"
    assert net.sent == []


async def test_a_handle_that_resolves_to_no_did_is_an_unexpected_reply() -> None:
    assert isinstance(await refused(network({WELL_KNOWN: None, RESOLVE: answer({"did": "x"})})), UnexpectedReply)


async def test_dns_is_asked_first_when_a_resolver_is_there() -> None:
    asked: list[str] = []

    async def resolve_txt(name: str) -> list[str]:
        asked.append(name)
        return ["v=spf1 -all", f"did={DID}"]

    net = network()
    await Bluesky(resolve_txt).sign_in(net, identifier="ana.bsky.social", password=APP_PASSWORD)

    assert asked == ["_atproto.ana.bsky.social"]
    assert net.urls() == [PLC, CREATE, PROFILE]


@pytest.mark.parametrize("records", [[], [f"did={DID}", f"did={OTHER_DID}"], ["did=nonsense"], None])
async def test_dns_that_does_not_name_exactly_one_did_leaves_it_to_the_well_known_file(
    records: list[str] | None,
) -> None:
    async def resolve_txt(name: str) -> list[str]:
        if records is None:
            raise Unreachable("no name server")
        return records

    net = network()
    await Bluesky(resolve_txt).sign_in(net, identifier="ana.bsky.social", password=APP_PASSWORD)

    assert net.urls()[0] == WELL_KNOWN


async def test_a_handle_its_document_does_not_claim_is_shown_as_did() -> None:
    document = {**body_of("did_document"), "alsoKnownAs": ["at://somebody.else"]}

    signed_in = await sign_in(network({PLC: answer(document)}))

    assert signed_in.identity.username == DID
    assert signed_in.identity.profile_url == f"https://bsky.app/profile/{DID}"
    assert signed_in.identity.display_name == "Ana"


async def test_a_did_shows_the_handle_that_points_back_at_it() -> None:
    net = network()

    signed_in = await sign_in(net, DID)

    assert net.urls() == [PLC, WELL_KNOWN, CREATE, PROFILE]
    assert signed_in.identity.username == "ana.bsky.social"


@pytest.mark.parametrize("well_known", [text(OTHER_DID), None])
async def test_s11_a_did_cannot_borrow_the_handle_of_another_account(well_known: Reply | None) -> None:
    net = network({WELL_KNOWN: well_known, RESOLVE: recorded("resolve_handle_unknown")})

    signed_in = await sign_in(net, DID)

    assert signed_in.identity.username == DID


async def test_a_did_whose_document_claims_no_handle_is_shown_as_did() -> None:
    document = {**body_of("did_document"), "alsoKnownAs": ["https://ana.example.net", 7]}

    assert (await sign_in(network({PLC: answer(document)}), DID)).identity.username == DID


async def test_s50_a_did_web_document_is_fetched_guarded_from_its_host() -> None:
    did, url = "did:web:ana.example.net", "https://ana.example.net/.well-known/did.json"
    create = "https://pds.example.net/xrpc/com.atproto.server.createSession"
    net = network({url: recorded("did_document_web"), create: recorded("wrong_password")})

    await refused(net, did)

    asked = net.request(url)
    assert (asked.method, asked.guarded, asked.timeout_s) == ("GET", True, 5.0)
    assert net.request(create).json == {"identifier": did, "password": APP_PASSWORD}


async def test_a_did_web_may_name_a_port() -> None:
    net = network()

    await refused(net, "did:web:ana.example.net%3A8443")

    assert net.urls() == ["https://ana.example.net:8443/.well-known/did.json"]


@pytest.mark.parametrize(
    "did",
    ["did:web:ana.example.net:path", "did:web:a/b", "did:web:a%3A99999", "did:plc:short", "did:key:zQ3sh", "did:"],
)
async def test_a_did_of_another_form_is_unknown_and_not_looked_up(did: str) -> None:
    net = network()

    with pytest.raises(BadRequest) as caught:
        await sign_in(net, did)

    assert caught.value.code == "unknown_handle"
    assert net.sent == []


@pytest.mark.parametrize("reply", [recorded("did_unknown"), Reply(status=410)])
async def test_a_did_the_directory_does_not_know_is_unknown(reply: Reply) -> None:
    with pytest.raises(BadRequest) as caught:
        await sign_in(network({PLC: reply}))

    assert caught.value.code == "unknown_handle"


@pytest.mark.parametrize(
    "reply",
    [
        answer({**body_of("did_document"), "id": OTHER_DID}),
        answer([]),
        text("<html>"),
        Reply(status=302, headers={"location": "https://elsewhere.example"}),
    ],
)
async def test_a_document_that_is_not_about_this_did_is_an_unexpected_reply(reply: Reply) -> None:
    net = network({PLC: reply})

    assert isinstance(await refused(net), UnexpectedReply)
    assert CREATE not in net.urls()


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://pds.example.net",
        "https://user:pw@pds.example.net",
        "https://pds.example.net/path",
        "https://pds.example.net?x=1",
        "https://[::1]",
        "https://pds.example.net:99999",
        "https://pds example.net",
        "ftp://pds.example.net",
        "//pds.example.net",
        "",
        7,
        None,
    ],
)
async def test_s50_no_password_is_sent_to_a_server_that_is_no_https_origin(endpoint: object) -> None:
    document = body_of("did_document")
    document["service"][0]["serviceEndpoint"] = endpoint
    net = network({PLC: answer(document)})

    assert isinstance(await refused(net), UnexpectedReply)
    assert all(request.method == "GET" for request in net.sent)


@pytest.mark.parametrize(
    "service",
    [
        {"id": "#atproto_labeler", "type": "AtprotoPersonalDataServer", "serviceEndpoint": PDS},
        {"id": "#atproto_pds", "type": "Other", "serviceEndpoint": PDS},
        {"id": [], "type": {}},
        "text",
    ],
)
async def test_only_the_service_marked_as_personal_data_server_counts(service: object) -> None:
    document = {**body_of("did_document"), "service": [service]}

    assert isinstance(await refused(network({PLC: answer(document)})), UnexpectedReply)


async def test_s50_every_call_to_the_accounts_server_is_guarded() -> None:
    net = network()
    signed_in = await sign_in(net)
    await Bluesky().refresh(net, signed_in.tokens)
    await Bluesky().revoke(net, signed_in.tokens)

    asked = [request for request in net.sent if request.url.startswith(PDS)]
    assert len(asked) == 4
    assert all(request.guarded for request in asked)
