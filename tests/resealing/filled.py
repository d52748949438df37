"""A database with something in every sealed column, put there by people and programs, and whether all of it works."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from moorline.jobs import revoking
from moorline.webhooks import sign
from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, World, location, query_of
from tests.webhooks.conftest import Told

FORMER_SECRET, SECRET = "a secret of the application", "another secret of the application"
HEADER = ("x-our-header", "known to both")
FIRST_PAGE, SECOND_PAGE = "100000000000101", "100000000000102"
REVOKE = "POST /v2/oauth/revoke/"
OWN_APP = ("own-client", "own-client-secret")
KEPT = {"Idempotency-Key": "kept-answer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What is remembered outside. `callback` was not opened yet; `handle` stands for a Page of the open choice."""

    person: str
    person_token: str = field(repr=False)
    page: str
    page_token: str = field(repr=False)
    callback: str
    choice: dict[str, str]
    kept: str


async def fill(told: Told) -> Filled:
    """Something in every sealed column."""
    world = told.world
    webhook = await told.webhook(secret=FORMER_SECRET, customHeaders=dict([HEADER]))
    await world.ok("POST", f"/v1/webhooks/settings/{webhook['_id']}/rotate", body={"secret": SECRET})
    kept = await world.call("POST", "/v1/profiles", body={"name": "Kept"}, headers=KEPT)
    assert kept.status == 201, kept.text

    person = query_of(await world.landing("twitter"))["accountId"]
    page = (await world.select(await world.selection(), FIRST_PAGE)).json["account"]["accountId"]
    await _disconnect_in_vain(world)
    await _register_own_app(world)
    return Filled(
        person=person,
        person_token=await token_of(world, person),
        page=page,
        page_token=await token_of(world, page),
        callback=await world.consent((await world.start("youtube"))["authUrl"]),
        choice=await world.selection(),
        kept=kept.text,
    )


async def _disconnect_in_vain(world: World) -> None:
    account = query_of(await world.landing("tiktok"))["accountId"]
    await world.fault("tiktok", REVOKE, status=503, body={}, count=3)
    await world.ok("DELETE", f"/v1/accounts/{account}")
    await world.control("DELETE", "faults")


async def _register_own_app(world: World) -> None:
    client_id, client_secret = OWN_APP
    body = {"platform": "reddit", "clientId": client_id, "clientSecret": client_secret}
    made = (await world.ok("POST", "/v1/app-credentials", body=body))["appCredential"]
    registered = {"client_id": client_id, "client_secret": client_secret, "redirect_uris": [made["redirectUri"]]}
    await world.control("POST", "apps", {"platform": "reddit", **registered})


async def token_of(world: World, account: str) -> str:
    """The token a program is answered for an account."""
    return str((await world.ok("GET", f"/v1/accounts/{account}/token"))["accessToken"])


async def listed_handle(world: World, filled: Filled) -> str:
    """A handle, sealed now, that stands for a Page of the open choice."""
    query = {name: filled.choice[name] for name in ("profileId", "tempToken")}
    pages = (await world.ok("GET", "/v1/connect/facebook/select-page", query=query))["pages"]
    (handle,) = [page["access_token"] for page in pages if page["id"] == SECOND_PAGE]
    return str(handle)


async def check_all_works(told: Told, filled: Filled, handle: str, frozen_clock: FrozenClock) -> None:
    """Everything that was sealed when it was filled opens, and is what it was."""
    world = told.world
    assert await token_of(world, filled.person) == filled.person_token
    assert await token_of(world, filled.page) == filled.page_token
    again = await world.call("POST", "/v1/profiles", body={"name": "Kept"}, headers=KEPT)
    assert (again.status, again.text) == (201, filled.kept)

    chosen = await world.select({**filled.choice, "tempToken": handle}, SECOND_PAGE)
    assert chosen.status == 200, chosen.text
    landed = query_of(location(await (await world.browser()).open(filled.callback)))
    assert landed["connected"] == "youtube"
    started = await world.start("reddit")
    assert OWN_APP[0] in urlsplit(started["authUrl"]).query
    returned = query_of(await world.consent(started["authUrl"]))
    body = {"code": returned["code"], "state": returned["state"], "profileId": world.owner.profile_id}
    await world.ok("POST", "/v1/connect/reddit", body=body)

    assert await told.deliver() >= 4
    for received in told.receiver.received:
        for secret in (SECRET, FORMER_SECRET):
            assert sign.verify(received.headers, received.body, (secret,)) == received.message_id
        assert received.headers[HEADER[0]] == HEADER[1]
    frozen_clock.advance(2 * 3600)
    renewals = len(await world.calls("twitter", TWITTER_TOKEN))
    assert await token_of(world, filled.person) != filled.person_token
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == renewals + 1
    assert await revoking.work(world.service) == 1
    assert (await world.calls("tiktok", REVOKE))[-1]["status"] == 200
    assert await world.service.db.all("SELECT id FROM revocations") == []
