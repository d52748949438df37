"""Every adapter against the platform itself, as far as the environment holds credentials: docs/howto/live-tests.md.

Nothing is written at a platform, and nobody is disconnected. A test without credentials is skipped before it opens a
connection.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TypeVar

import pytest
import pytest_asyncio

from moorline import platforms
from moorline.adapter.app_password import InvalidCredentials
from moorline.adapter.bot import ChatNotFound
from moorline.adapter.oauth import OAuthPlatform
from moorline.errors import AppMisconfigured, MoorlineError, PlatformRateLimited, Refused
from moorline.outbound import Outbound
from moorline.platforms.bluesky import Bluesky
from moorline.platforms.telegram import Telegram
from tests.live.held import Held, NotGiven
from tests.live.shapes import check_choices, check_connection, check_identity

pytestmark = pytest.mark.live

OAUTH = {platform.name: platform for platform in platforms.ALL if isinstance(platform, OAuthPlatform)}
FORESEEN = (Refused, AppMisconfigured, PlatformRateLimited)
GARBAGE = "moorline-0123456789abcdef"
T = TypeVar("T")

each_platform = pytest.mark.parametrize("name", OAUTH)


@pytest_asyncio.fixture
async def http() -> AsyncIterator[Outbound]:
    outbound = Held().outbound()
    yield outbound
    await outbound.close()


def given(read: Callable[[str], T], platform: str) -> T:
    """What the environment holds, or the end of the test with the sentence that says what to set."""
    try:
        return read(platform)
    except NotGiven as missing:
        pytest.skip(str(missing))


@each_platform
async def test_the_account_behind_the_tokens_can_be_read(http: Outbound, name: str) -> None:
    held, adapter = Held(), OAUTH[name]
    tokens = given(held.tokens, name)
    app = given(held.app, name)
    if tokens.refresh is not None:
        tokens = await adapter.refresh(http, app, tokens)
        held.keep(name, tokens)
    identity = await adapter.identify(http, app, tokens)
    check_identity(identity)
    assert (await adapter.identify(http, app, tokens)).platform_user_id == identity.platform_user_id
    if adapter.selection is not None:
        check_choices(await adapter.list_choices(http, app, tokens, identity))


@each_platform
async def test_a_code_that_was_never_issued_is_refused_in_a_foreseen_way(http: Outbound, name: str) -> None:
    app = given(Held().app, name)
    with pytest.raises(MoorlineError) as refusal:
        await OAUTH[name].exchange(http, app, code=GARBAGE, verifier="v" * 64)
    assert isinstance(refusal.value, FORESEEN), refusal.value


async def test_a_bluesky_account_signs_in_and_its_session_is_renewed_and_ended(http: Outbound) -> None:
    person = given(Held().named, "bluesky")
    signed_in = await Bluesky().sign_in(http, identifier=person.identifier, password=person.password)
    check_identity(signed_in.identity)
    assert signed_in.identity.platform_user_id.startswith("did:")
    renewed = await Bluesky().refresh(http, signed_in.tokens)
    await Bluesky().revoke(http, renewed)
    with pytest.raises(Refused):
        await Bluesky().refresh(http, renewed)


async def test_a_wrong_bluesky_password_is_refused(http: Outbound) -> None:
    person = replace(given(Held().named, "bluesky"), password="aaaa-bbbb-cccc-dddd")
    with pytest.raises(InvalidCredentials):
        await Bluesky().sign_in(http, identifier=person.identifier, password=person.password)


async def test_a_telegram_chat_can_be_read_and_posted_to_by_the_bot(http: Outbound) -> None:
    telegram, app = Telegram(), given(Held().app, "telegram")
    chat = await telegram.get_chat(http, app, given(Held().chat, "telegram"))
    check_connection(telegram.to_connection(chat))
    me = await telegram.get_me(http, app)
    assert telegram.may_post(chat, await telegram.get_chat_member(http, app, chat_id=chat.id, user_id=me.id))


async def test_a_telegram_chat_that_does_not_exist_is_told_as_such(http: Outbound) -> None:
    app = given(Held().app, "telegram")
    with pytest.raises(ChatNotFound):
        await Telegram().get_chat(http, app, "@moorline_has_no_such_chat")
