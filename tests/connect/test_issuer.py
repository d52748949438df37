"""S05: whose answer a callback carries, where the platform says so (RFC 9207)."""

from dataclasses import replace

import pytest

from moorline.adapter.oauth import OAuthPlatform
from moorline.connect import finish
from moorline.connect.finish import Returned
from moorline.platforms.youtube import YouTube
from moorline.service import Service
from moorline.store.attempts import Attempt
from tests.harness import World, query_of

GOOGLE = "https://accounts.google.com"
TOKEN = "POST /token"


class Promising(YouTube):
    """As if Google's metadata promised an issuer in every answer."""

    spec = replace(YouTube.spec, issuer_promised=True)


async def came_back(world: World, adapter: OAuthPlatform, issuer: str | None) -> Attempt:
    """The attempt after a callback with this issuer."""
    started = await world.start("youtube")
    returned = query_of(await world.consent(started["authUrl"]))
    assert returned["iss"] == GOOGLE
    service: Service = replace(world.service, platforms={**world.service.platforms, "youtube": adapter})
    call = Returned(platform="youtube", state=returned["state"], code=returned["code"], issuer=issuer)
    return await finish.from_browser(service, call, cookie_attempts=frozenset())


@pytest.mark.parametrize(
    "issuer", ["https://accounts.google.example", GOOGLE + "/", GOOGLE.upper(), "accounts.google.com", ""]
)
async def test_s05_an_answer_of_another_issuer_is_refused_before_any_call(world: World, issuer: str) -> None:
    attempt = await came_back(world, YouTube(), issuer)
    assert (attempt.status, attempt.slug) == ("failed", "invalid_state")
    assert await world.calls("youtube", TOKEN) == []
    assert await world.accounts() == []


@pytest.mark.parametrize(
    ("adapter", "issuer", "status"),
    [
        (YouTube(), GOOGLE, "connected"),
        (YouTube(), None, "connected"),
        (Promising(), GOOGLE, "connected"),
        (Promising(), None, "failed"),
    ],
)
async def test_s05_a_missing_issuer_is_refused_exactly_where_it_is_promised(
    world: World, adapter: OAuthPlatform, issuer: str | None, status: str
) -> None:
    assert (await came_back(world, adapter, issuer)).status == status
    assert (await world.calls("youtube", TOKEN) != []) is (status == "connected")


async def test_s05_a_server_that_hands_in_a_code_hands_in_its_issuer(world: World) -> None:
    for issuer, expected in (("https://evil.example", 400), (GOOGLE, 200)):
        started = await world.start("youtube")
        returned = query_of(await world.consent(started["authUrl"]))
        body = {"code": returned["code"], "state": returned["state"], "profileId": world.owner.profile_id}
        answer = await world.call("POST", "/v1/connect/youtube", body={**body, "iss": issuer})
        assert answer.status == expected, answer.text
    assert len(await world.accounts()) == 1
