"""The Bluesky adapter against a double of the network: it answers from replies/bluesky and records what it is asked."""

import base64
import json
import traceback
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline import clock
from moorline.adapter import app_password, atproto
from moorline.adapter.atproto_session import read_claims
from moorline.adapter.values import Tokens
from moorline.errors import BadRequest, PlatformError, PlatformRateLimited, Refused, UnexpectedReply, Unreachable
from moorline.platforms.bluesky import Bluesky, looks_like_app_password, to_identity
from moorline.wire import Reply, Request

REPLIES = Path(__file__).parent / "replies" / "bluesky"
NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
OTHER_DID = "did:plc:z72i7hdynmk6r22z27h6tvur"
PDS = "https://morel.us-east.host.bsky.network"
APP_PASSWORD = "abcd-efgh-ijkl-mnop"

WELL_KNOWN = "https://ana.bsky.social/.well-known/atproto-did"
RESOLVE = "https://bsky.social/xrpc/com.atproto.identity.resolveHandle"
PLC = f"https://plc.directory/{DID}"
CREATE = f"{PDS}/xrpc/com.atproto.server.createSession"
REFRESH = f"{PDS}/xrpc/com.atproto.server.refreshSession"
DELETE = f"{PDS}/xrpc/com.atproto.server.deleteSession"
PROFILE = f"{PDS}/xrpc/app.bsky.actor.getProfile"
CREATE_AT_ENTRYWAY = "https://bsky.social/xrpc/com.atproto.server.createSession"


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def jwt(token: dict[str, Any]) -> str:
    return f"{encoded(token['header'])}.{encoded(token['payload'])}.c2lnbmF0dXJl"


def body_of(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((REPLIES / f"{name}.json").read_text())["body"]
    return body | {key: jwt(body[key]) for key in ("accessJwt", "refreshJwt") if key in body}


def recorded(name: str) -> Reply:
    raw = json.loads((REPLIES / f"{name}.json").read_text())
    body = b"" if raw["body"] is None else json.dumps(body_of(name)).encode()
    return Reply(status=raw["status"], headers=raw["headers"], body=body)


def answer(body: object, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(body).encode())


def text(body: str, status: int = 200) -> Reply:
    return Reply(status=status, headers={"content-type": "text/plain"}, body=body.encode())


class Network:
    """Plays every host: a URL without an answer is a host that does not answer."""

    def __init__(self, **changes: Reply | None) -> None:
        self.sent: list[Request] = []
        self.answers: dict[str, Reply | None] = {
            WELL_KNOWN: text(f"{DID}\n"),
            PLC: recorded("did_document"),
            CREATE: recorded("session"),
            PROFILE: recorded("profile"),
            REFRESH: recorded("refreshed"),
            DELETE: recorded("session_deleted"),
            **changes,
        }

    async def send(self, request: Request) -> Reply:
        self.sent.append(request)
        reply = self.answers.get(request.url)
        if reply is None:
            raise Unreachable("connection refused")
        return reply

    def urls(self) -> list[str]:
        return [request.url for request in self.sent]

    def request(self, url: str) -> Request:
        [found] = [request for request in self.sent if request.url == url]
        return found


def network(changes: dict[str, Reply | None] | None = None) -> Network:
    return Network(**(changes or {}))


@pytest.fixture(autouse=True)
def held_clock() -> Iterator[None]:
    clock.freeze(NOW)
    yield
    clock.freeze(None)


async def sign_in(net: Network, identifier: str = "ana.bsky.social") -> app_password.SignedIn:
    return await Bluesky().sign_in(net, identifier=identifier, password=APP_PASSWORD)


async def refused(net: Network, identifier: str = "ana.bsky.social") -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await sign_in(net, identifier)
    return caught.value


def stored_tokens() -> Tokens:
    session = body_of("session")
    return Tokens(access=session["accessJwt"], refresh=session["refreshJwt"], service_url=PDS)


# Signing in


async def test_a_sign_in_yields_the_session_and_the_profile() -> None:
    signed_in = await sign_in(network())

    session = body_of("session")
    assert signed_in.tokens == Tokens(
        access=session["accessJwt"],
        refresh=session["refreshJwt"],
        access_expires_at=NOW + timedelta(minutes=120),
        refresh_expires_at=NOW + timedelta(days=90),
        granted=("com.atproto.appPass",),
        service_url=PDS,
    )
    assert signed_in.identity.platform_user_id == DID
    assert signed_in.identity.username == "ana.bsky.social"
    assert signed_in.identity.display_name == "Ana"
    assert signed_in.identity.picture_url == f"https://cdn.bsky.app/img/avatar/plain/{DID}/bafkreiexample@jpeg"
    assert signed_in.identity.profile_url == "https://bsky.app/profile/ana.bsky.social"


async def test_a_sign_in_asks_well_known_file_directory_server_and_profile_in_this_order() -> None:
    net = network()

    await sign_in(net)

    assert net.urls() == [WELL_KNOWN, PLC, CREATE, PROFILE]


async def test_the_session_is_created_with_the_did_at_the_accounts_own_server() -> None:
    net = network()

    await sign_in(net)

    assert net.request(CREATE) == Request(
        method="POST",
        url=CREATE,
        json={"identifier": DID, "password": APP_PASSWORD},
        repeatable=False,
        guarded=True,
        timeout_s=10.0,
    )


async def test_the_profile_is_read_with_the_access_token() -> None:
    net = network()

    signed_in = await sign_in(net)

    asked = net.request(PROFILE)
    assert (asked.method, asked.query, asked.bearer) == ("GET", {"actor": DID}, signed_in.tokens.access)
    assert asked.guarded
    assert asked.json is None


async def test_s11_the_platform_user_id_is_the_did_even_when_the_handle_is_known() -> None:
    signed_in = await sign_in(network())

    assert Bluesky().connection(signed_in.identity).platform_account_id == DID


async def test_spaces_around_the_password_are_not_sent() -> None:
    net = network()

    await Bluesky().sign_in(net, identifier="ana.bsky.social", password=f" {APP_PASSWORD}\n")

    assert net.request(CREATE).json == {"identifier": DID, "password": APP_PASSWORD}


async def test_an_empty_password_is_refused_before_anything_is_sent() -> None:
    net = network()

    with pytest.raises(BadRequest) as caught:
        await Bluesky().sign_in(net, identifier="ana.bsky.social", password="  ")

    assert caught.value.fields == {"appPassword": "is empty"}
    assert net.sent == []


async def test_a_privileged_app_password_is_accepted() -> None:
    signed_in = await sign_in(network({CREATE: recorded("session_privileged")}))

    assert signed_in.tokens.granted == ("com.atproto.appPassPrivileged",)


async def test_an_email_signs_in_at_the_entryway_and_the_document_points_to_the_server() -> None:
    net = network({CREATE_AT_ENTRYWAY: recorded("session")})

    signed_in = await sign_in(net, "Ana@Example.com")

    assert net.urls() == [CREATE_AT_ENTRYWAY, PROFILE]
    assert net.sent[0].json == {"identifier": "ana@example.com", "password": APP_PASSWORD}
    assert signed_in.tokens.service_url == PDS
    assert signed_in.identity.username == "ana.bsky.social"


async def test_a_session_without_document_stays_with_the_server_that_opened_it() -> None:
    session = {key: value for key, value in body_of("session").items() if key != "didDoc"}
    entryway_profile = "https://bsky.social/xrpc/app.bsky.actor.getProfile"

    signed_in = await sign_in(
        network({CREATE_AT_ENTRYWAY: answer(session), entryway_profile: recorded("profile")}), "ana@example.com"
    )

    assert signed_in.tokens.service_url == "https://bsky.social"
    assert signed_in.identity.display_name == "Ana"


async def test_the_handle_of_an_email_sign_in_needs_the_document_to_agree() -> None:
    signed_in = await sign_in(
        network({CREATE_AT_ENTRYWAY: answer({**body_of("session"), "handle": "somebody.else"})}), "ana@example.com"
    )

    assert signed_in.identity.username == DID


async def test_a_document_of_another_did_does_not_move_the_session() -> None:
    foreign = {**body_of("did_document"), "id": OTHER_DID}

    signed_in = await sign_in(network({CREATE: answer({**body_of("session"), "didDoc": foreign})}))

    assert signed_in.tokens.service_url == PDS


# Which account an identifier means


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


# Passwords and accounts that are refused


async def test_s37_a_main_password_is_refused_and_its_session_ended_at_once() -> None:
    net = network({CREATE: recorded("session_main_password")})

    error = await refused(net)

    assert isinstance(error, app_password.MainPassword)
    assert (error.status, error.code) == (400, "main_password")
    assert str(error) == "That was the account's main password. It was not kept; use an app password."
    assert net.urls()[-1] == DELETE
    assert net.request(DELETE).bearer == body_of("session_main_password")["refreshJwt"]


@pytest.mark.parametrize("deletion", [None, recorded("throttled"), recorded("internal_error")])
async def test_s37_a_main_password_is_refused_even_when_the_session_cannot_be_ended(deletion: Reply | None) -> None:
    error = await refused(network({CREATE: recorded("session_main_password"), DELETE: deletion}))

    assert isinstance(error, app_password.MainPassword)


async def test_s37_the_session_of_a_main_password_is_ended_where_it_was_opened() -> None:
    session = body_of("session_main_password")
    session["didDoc"]["service"][0]["serviceEndpoint"] = "https://elsewhere.example"
    net = network({CREATE: answer(session)})

    await refused(net)

    assert net.urls()[-1] == DELETE


async def test_s37_the_tokens_of_a_sign_in_do_not_contain_the_password() -> None:
    signed_in = await sign_in(network())

    everything = (signed_in.tokens.access, signed_in.tokens.refresh, repr(signed_in))
    assert APP_PASSWORD not in str(everything)


@pytest.mark.parametrize(
    ("text_typed", "looks"),
    [
        (APP_PASSWORD, True),
        (f" {APP_PASSWORD} ", True),
        ("2345-abcd-6789-zzzz", True),
        ("correct horse battery staple", False),
        ("abcd-efgh-ijkl", False),
        ("abcd-efgh-ijkl-mnop-qrst", False),
        ("ABCD-EFGH-IJKL-MNOP", False),
        ("", False),
    ],
)
def test_s37_the_form_of_an_app_password_is_recognised(text_typed: str, looks: bool) -> None:
    assert looks_like_app_password(text_typed) is looks


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("session_scope_takendown", "account_taken_down"),
        ("session_scope_signup_queued", "signup_queued"),
        ("session_takendown", "account_taken_down"),
        ("session_suspended", "account_suspended"),
        ("session_deactivated", "account_deactivated"),
        ("account_takedown", "account_taken_down"),
        ("account_deactivated", "account_deactivated"),
    ],
)
async def test_an_account_that_cannot_be_used_is_refused_with_its_reason(reply: str, code: str) -> None:
    error = await refused(network({CREATE: recorded(reply)}))

    assert isinstance(error, app_password.AccountNotEligible)
    assert (error.status, error.code) == (400, code)


async def test_an_inactive_account_without_reason_is_refused_and_its_session_ended() -> None:
    net = network({CREATE: answer({**body_of("session"), "active": False})})

    error = await refused(net)

    assert error.code == "account_inactive"
    assert net.urls()[-1] == DELETE


@pytest.mark.parametrize("reply", ["wrong_password", "password_too_long"])
async def test_a_wrong_password_is_refused_with_the_documented_sentence(reply: str) -> None:
    error = await refused(network({CREATE: recorded(reply)}))

    assert isinstance(error, app_password.InvalidCredentials)
    assert isinstance(error, Refused)
    assert (error.status, error.code) == (400, "invalid_credentials")
    assert str(error) == "Bluesky did not accept this handle and app password."
    assert (error.platform_status, error.platform_code) == (401, "AuthenticationRequired")


async def test_a_sign_in_code_is_not_asked_for_but_an_app_password() -> None:
    error = await refused(network({CREATE: recorded("auth_factor_required")}))

    assert isinstance(error, app_password.SignInCodeRequired)
    assert error.code == "auth_factor_required"


async def test_throttling_tells_how_long_to_wait() -> None:
    error = await refused(network({CREATE: recorded("throttled")}))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == 300
    assert error.platform_code == "RateLimitExceeded"


@pytest.mark.parametrize(
    ("reset", "wait_s"), [("1", 1), ("99999999999", 86_400), ("soon", None), ("", None), ("-5", None), ("1e9", None)]
)
async def test_an_odd_reset_never_makes_us_wait_forever(reset: str, wait_s: int | None) -> None:
    throttled = Reply(status=429, headers={"ratelimit-reset": reset}, body=b"{}")

    error = await refused(network({CREATE: throttled}))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == wait_s


async def test_a_server_that_does_not_answer_is_named() -> None:
    error = await refused(network({CREATE: None}))

    assert isinstance(error, Unreachable)
    assert str(error) == "The server of this account (morel.us-east.host.bsky.network) does not answer."


@pytest.mark.parametrize("reply", ["internal_error", "upstream_failure", "unavailable"])
async def test_a_server_in_trouble_is_unreachable_and_named(reply: str) -> None:
    error = await refused(network({CREATE: recorded(reply)}))

    assert isinstance(error, Unreachable)
    assert "morel.us-east.host.bsky.network" in str(error)


@pytest.mark.parametrize("url", [PLC, RESOLVE])
async def test_a_directory_that_does_not_answer_is_named(url: str) -> None:
    error = await refused(network({WELL_KNOWN: None, RESOLVE: recorded("resolve_handle"), url: None}))

    assert isinstance(error, Unreachable)
    assert url.split("/")[2] in str(error)


def without(key: str) -> Reply:
    return answer({name: value for name, value in body_of("session").items() if name != key})


@pytest.mark.parametrize(
    "reply",
    [
        recorded("field_missing"),
        text("<html>maintenance</html>"),
        text("<html>denied</html>", 401),
        text("<html>none</html>", 404),
        answer([]),
        answer({"error": 7}, 401),
        without("accessJwt"),
        without("refreshJwt"),
        without("did"),
        without("handle"),
        answer({**body_of("session"), "refreshJwt": "a\r\nX-Injected: 1"}),
        Reply(status=302, headers={"location": "https://elsewhere.example"}),
    ],
)
async def test_rubbish_in_answer_to_a_sign_in_is_an_unexpected_reply(reply: Reply) -> None:
    assert isinstance(await refused(network({CREATE: reply})), UnexpectedReply)


def with_access(payload: dict[str, Any]) -> Reply:
    token = jwt({"header": {"typ": "at+jwt"}, "payload": payload})
    return answer({**body_of("session"), "accessJwt": token})


@pytest.mark.parametrize(
    "reply",
    [
        with_access({"scope": "com.example.other", "sub": DID}),
        with_access({"scope": ["com.atproto.appPass"], "sub": DID}),
        with_access({"sub": DID}),
        with_access({"scope": "com.atproto.appPass", "sub": OTHER_DID}),
        answer({**body_of("session"), "accessJwt": "opaque"}),
        answer({**body_of("session"), "did": OTHER_DID}),
    ],
)
async def test_s11_a_session_of_unknown_kind_or_another_account_is_refused_and_ended(reply: Reply) -> None:
    net = network({CREATE: reply})

    assert isinstance(await refused(net), UnexpectedReply)
    assert net.urls()[-1] == DELETE


@pytest.mark.parametrize(
    "reply",
    [
        "wrong_password",
        "auth_factor_required",
        "account_takedown",
        "throttled",
        "internal_error",
        "session_main_password",
        "session_suspended",
        "field_missing",
    ],
)
async def test_s30_no_refusal_repeats_password_or_tokens(reply: str) -> None:
    error = await refused(network({CREATE: recorded(reply)}))

    shown = "".join(traceback.format_exception(error)) + repr(error.details) + str(error.platform_code)
    assert APP_PASSWORD not in shown
    assert "c2lnbmF0dXJl" not in shown


async def test_s30_a_server_cannot_have_the_password_repeated_as_its_error_code() -> None:
    error = await refused(network({CREATE: answer({"error": APP_PASSWORD, "message": APP_PASSWORD}, 401)}))

    assert error.platform_code is None
    assert APP_PASSWORD not in str(error)


# The profile


@pytest.mark.parametrize(
    "reply",
    [
        recorded("profile_not_found"),
        recorded("expired_token"),
        recorded("throttled"),
        recorded("upstream_failure"),
        text("<html>"),
        answer({"did": OTHER_DID, "displayName": "Somebody else"}),
        None,
    ],
)
async def test_a_profile_that_cannot_be_read_falls_back_to_the_session(reply: Reply | None) -> None:
    identity = (await sign_in(network({PROFILE: reply}))).identity

    assert (identity.platform_user_id, identity.username) == (DID, "ana.bsky.social")
    assert identity.display_name == "ana.bsky.social"
    assert identity.picture_url is None
    assert identity.profile_url == "https://bsky.app/profile/ana.bsky.social"


def test_a_new_account_without_name_and_picture_is_shown_by_its_handle() -> None:
    identity = to_identity(DID, "ana.bsky.social", body_of("profile_new_account"))

    assert (identity.display_name, identity.picture_url) == ("ana.bsky.social", None)


def test_a_handle_the_network_calls_invalid_is_shown_as_did() -> None:
    identity = to_identity(DID, "ana.bsky.social", body_of("profile_broken_handle"))

    assert (identity.username, identity.profile_url) == (DID, f"https://bsky.app/profile/{DID}")
    assert identity.display_name == "Ana"


@pytest.mark.parametrize("avatar", ["http://cdn.example/a.png", "javascript:alert(1)", 7, None])
def test_a_picture_is_an_https_address_or_none(avatar: object) -> None:
    assert to_identity(DID, None, {"avatar": avatar}).picture_url is None


def test_a_display_name_loses_what_no_store_takes_and_keeps_joined_emoji() -> None:
    identity = to_identity(DID, None, {"displayName": " An\0a\ud800 \U0001f469\u200d\U0001f4bb\n"})

    assert identity.display_name == "Ana \U0001f469\u200d\U0001f4bb"


# Refresh


async def test_a_refresh_sends_the_refresh_token_and_no_body() -> None:
    net = network()

    await Bluesky().refresh(net, stored_tokens())

    assert net.sent == [
        Request(
            method="POST",
            url=REFRESH,
            bearer=body_of("session")["refreshJwt"],
            repeatable=True,
            guarded=True,
            timeout_s=10.0,
        )
    ]


async def test_a_refresh_answers_both_new_tokens_and_keeps_the_server() -> None:
    renewed = await Bluesky().refresh(network(), stored_tokens())

    assert renewed.access == body_of("refreshed")["accessJwt"]
    assert renewed.refresh == body_of("refreshed")["refreshJwt"]
    assert renewed.service_url == PDS
    assert renewed.access_expires_at == NOW + timedelta(minutes=120)
    assert renewed.refresh_expires_at == NOW + timedelta(days=90)


async def test_a_refresh_follows_the_account_to_the_server_its_document_names() -> None:
    document = body_of("did_document")
    document["service"][0]["serviceEndpoint"] = "https://pds.example.net"

    renewed = await Bluesky().refresh(
        network({REFRESH: answer({**body_of("refreshed"), "didDoc": document})}), stored_tokens()
    )

    assert renewed.service_url == "https://pds.example.net"


@pytest.mark.parametrize(
    "reply",
    [
        "expired_token",
        "revoked_token",
        "invalid_token",
        "bad_token_scope",
        "malformed_token",
        "account_takedown",
        "auth_missing",
        "account_not_found",
        "account_moved",
    ],
)
async def test_a_dead_session_is_refused_so_that_the_person_is_asked_again(reply: str) -> None:
    with pytest.raises(Refused) as caught:
        await Bluesky().refresh(network({REFRESH: recorded(reply)}), stored_tokens())

    assert caught.value.code == "token_revoked"
    assert caught.value.platform_code == body_of(reply)["error"]


@pytest.mark.parametrize("reply", ["internal_error", "upstream_failure", "unavailable", "account_deactivated"])
async def test_a_server_in_trouble_leaves_the_session_for_later(reply: str) -> None:
    with pytest.raises(Unreachable):
        await Bluesky().refresh(network({REFRESH: recorded(reply)}), stored_tokens())


async def test_a_lost_answer_leaves_the_session_for_later() -> None:
    with pytest.raises(Unreachable):
        await Bluesky().refresh(network({REFRESH: None}), stored_tokens())


async def test_a_throttled_refresh_tells_how_long_to_wait() -> None:
    with pytest.raises(PlatformRateLimited) as caught:
        await Bluesky().refresh(network({REFRESH: recorded("throttled")}), stored_tokens())

    assert caught.value.retry_after_s == 300


@pytest.mark.parametrize(
    "reply",
    [recorded("field_missing"), recorded("wrong_password"), text("<html>"), text("<html>", 403), answer({"did": DID})],
)
async def test_an_undocumented_answer_to_a_refresh_does_not_kill_the_session(reply: Reply) -> None:
    with pytest.raises(UnexpectedReply):
        await Bluesky().refresh(network({REFRESH: reply}), stored_tokens())


async def test_s11_a_refresh_that_answers_for_another_account_is_not_taken() -> None:
    with pytest.raises(UnexpectedReply):
        await Bluesky().refresh(network({REFRESH: recorded("refreshed_other_account")}), stored_tokens())


async def test_a_session_without_refresh_token_cannot_be_renewed() -> None:
    net = network()

    with pytest.raises(Refused):
        await Bluesky().refresh(net, Tokens(access="opaque"))

    assert net.sent == []


# Revocation


async def test_revoking_deletes_the_session_with_the_refresh_token() -> None:
    net = network()

    await Bluesky().revoke(net, stored_tokens())

    assert net.sent == [
        Request(
            method="POST",
            url=DELETE,
            bearer=body_of("session")["refreshJwt"],
            repeatable=True,
            guarded=True,
            timeout_s=10.0,
        )
    ]


@pytest.mark.parametrize("reply", ["expired_token", "revoked_token", "invalid_token", "account_not_found"])
async def test_revoking_a_dead_session_succeeds(reply: str) -> None:
    await Bluesky().revoke(network({DELETE: recorded(reply)}), stored_tokens())


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (None, Unreachable),
        (recorded("internal_error"), Unreachable),
        (recorded("throttled"), PlatformRateLimited),
        (text("<html>", 404), UnexpectedReply),
    ],
)
async def test_a_revocation_that_may_have_failed_says_so(reply: Reply | None, expected: type[PlatformError]) -> None:
    with pytest.raises(expected):
        await Bluesky().revoke(network({DELETE: reply}), stored_tokens())


async def test_tokens_without_refresh_token_have_nothing_to_revoke() -> None:
    net = network()

    await Bluesky().revoke(net, Tokens(access="opaque"))

    assert net.sent == []


# Tokens are read, never trusted


@given(st.text(max_size=300))
def test_reading_the_claims_of_anything_never_raises(token: str) -> None:
    assert isinstance(read_claims(token), dict)


@pytest.mark.parametrize("payload", ["[]", "{", "[" * 100_000, '{"exp": 1}trailing'])
def test_a_payload_that_is_no_object_has_no_claims(payload: str) -> None:
    middle = base64.urlsafe_b64encode(payload.encode()).decode()

    assert read_claims(f"e30.{middle}.c2ln") == {}


@pytest.mark.parametrize("exp", [None, "soon", -1, 0, 1e300, float("nan"), 1 << 80])
async def test_an_odd_expiry_counts_as_not_told(exp: object) -> None:
    payload = {"scope": "com.atproto.appPass", "sub": DID, "exp": exp}

    assert (await sign_in(network({CREATE: with_access(payload)}))).tokens.access_expires_at is None


def test_the_connection_carries_the_identity_and_no_tokens() -> None:
    identity = to_identity(DID, "ana.bsky.social", body_of("profile"))

    connection = Bluesky().connection(identity)

    assert connection.platform_account_id == DID
    assert connection.username == "ana.bsky.social"
    assert connection.display_name == "Ana"
    assert connection.picture_url == identity.picture_url
    assert connection.profile_url == identity.profile_url
    assert connection.tokens is None
