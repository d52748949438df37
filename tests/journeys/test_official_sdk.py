"""The original's official SDK (package late-sdk), unchanged but for its base URL.

Every method of its connect resource is walked in test_official_sdk_methods.py.
"""

import asyncio
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from late import (
    Late,
    LateAPIError,
    LateAuthenticationError,
    LateConnectionError,
    LateForbiddenError,
    LateNotFoundError,
)
from late.models import ApiKey, UsageStats
from late.resources._generated.accounts import AccountsResource

from moorline import platforms
from tests.journeys.journey import APP_URL, Journey, query_of

UNKNOWN_ID = "507f1f77bcf86cd799439011"


def client(journey: Journey, api_key: str | None = None) -> Late:
    return Late(api_key or journey.server.api_key, base_url=f"{journey.server.base_url}/api")


@pytest.fixture
def late(journey: Journey) -> Late:
    return client(journey)


@pytest.fixture
def other_key(late: Late) -> Iterator[str]:
    """A key made by the SDK, and revoked by it."""
    made = late.api_keys.create_api_key("by the SDK", expires_in=7)["apiKey"]
    yield made["key"]
    late.api_keys.delete_api_key(made["id"])


# --- every platform, from start to finish -----------------------------------------------------------------------------

# Where the person is sent to, and how the account is listed then, its `profileUrl` as published.
PLATFORMS = {
    "facebook": ("www.facebook.com", "northwindbakery", "https://facebook.com/northwindbakery"),
    "instagram": ("www.instagram.com", "northwind.bakery", "https://instagram.com/northwind.bakery"),
    "twitter": ("x.com", "northwindbakery", "https://x.com/northwindbakery"),
    "linkedin": ("www.linkedin.com", "northwind-bakery", "https://www.linkedin.com/company/northwind-bakery/"),
    "tiktok": ("www.tiktok.com", "northwind.bakery", "https://tiktok.com/@northwind.bakery"),
    "youtube": ("accounts.google.com", "analimabakes", "https://youtube.com/@analimabakes"),
    "threads": ("threads.net", "northwind.bakery", "https://threads.net/@northwind.bakery"),
    "reddit": ("www.reddit.com", "northwindbakery", "https://reddit.com/user/northwindbakery"),
    "pinterest": ("www.pinterest.com", "northwindbakery", "https://pinterest.com/northwindbakery"),
    "bluesky": (None, "demo.bsky.social", "https://bsky.app/profile/demo.bsky.social"),
    "googlebusiness": (
        "accounts.google.com",
        "Northwind Bakery Dock Street",
        "https://maps.google.com/maps?cid=9281089117903930101",
    ),
    "telegram": (None, "mychannel", "https://t.me/mychannel"),
    "snapchat": ("accounts.snapchat.com", "northwindbakery", "https://www.snapchat.com/@northwindbakery"),
}


async def by_oauth(journey: Journey, late: Late, platform: str) -> None:
    started = late.connect.get_connect_url(platform, journey.profile_id, redirect_url=APP_URL)
    landed = await journey.through_pages(started["authUrl"])
    assert query_of(landed)["connected"] == platform


async def by_app_password(journey: Journey, late: Late, _platform: str) -> None:
    state = f"{journey.server.user_id}-{journey.profile_id}"
    late.connect.connect_bluesky_credentials("demo.bsky.social", "demo-demo-demo-demo", state)


async def by_bot_code(journey: Journey, late: Late, _platform: str) -> None:
    code = late.connect.get_telegram_connect_status(journey.profile_id)["code"]
    await journey.tell_bot(f"{code} @mychannel")
    await journey.until(lambda told: told["status"] == "connected", code)


def test_the_table_names_every_platform() -> None:
    assert set(PLATFORMS) == {platform.name for platform in platforms.ALL}


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_every_platform_answers_an_address_to_send_the_person_to(
    journey: Journey, late: Late, platform: str
) -> None:
    started = late.connect.get_connect_url(platform, journey.profile_id, redirect_url=APP_URL)
    host, _, _ = PLATFORMS[platform]
    path = urlsplit(started["authUrl"]).path
    assert path.startswith(f"/sandbox/{host}/" if host else f"/connect/{platform}")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", started["state"])


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_an_account_of_every_platform_is_connected_and_then_listed(
    journey: Journey, late: Late, platform: str
) -> None:
    flow = {"bluesky": by_app_password, "telegram": by_bot_code}.get(platform, by_oauth)
    await flow(journey, late, platform)
    (account,) = late.accounts.list(profile_id=journey.profile_id).accounts
    _, username, profile_url = PLATFORMS[platform]
    assert (account.platform, account.username) == (platform, username)
    assert account.profileUrl == profile_url
    assert account.isActive is True


# --- Bluesky and Telegram ---------------------------------------------------------------------------------------------


async def test_bluesky_leads_back_to_the_address_given(journey: Journey, late: Late) -> None:
    done = late.connect.connect_bluesky_credentials(
        "demo.bsky.social",
        "demo-demo-demo-demo",
        f"{journey.server.user_id}-{journey.profile_id}",
        redirect_uri=APP_URL,
    )
    assert done["message"] == "Bluesky connected successfully"
    assert query_of(done["redirectUrl"])["connected"] == "bluesky"


async def test_a_telegram_code_has_its_documented_fields(journey: Journey, late: Late) -> None:
    issued = late.connect.get_telegram_connect_status(journey.profile_id)
    assert re.fullmatch(r"LATE-[A-Z0-9]{6}", issued["code"])
    assert (issued["expiresIn"], issued["botUsername"]) == (900, "MoorlineSandboxBot")
    assert any(issued["code"] in line for line in issued["instructions"])


# --- accounts, profiles, users, keys, usage ---------------------------------------------------------------------------


async def test_an_account_is_read_by_its_id(journey: Journey, late: Late) -> None:
    account_id = late.connect.initiate_telegram_connect("@mychannel", journey.profile_id)["account"]["_id"]
    read = late.accounts.get(account_id).account
    assert read is not None
    assert (read.field_id, read.username) == (account_id, "mychannel")
    AccountsResource(late).delete_account(account_id)
    with pytest.raises(LateNotFoundError):
        late.accounts.get(account_id)


async def test_an_account_names_its_profile_as_published(journey: Journey, late: Late) -> None:
    late.connect.initiate_telegram_connect("@mychannel", journey.profile_id)
    (listed,) = AccountsResource(late).list_accounts(profile_id=journey.profile_id)["accounts"]
    assert listed["profileId"] == {"_id": journey.profile_id, "name": "Journey", "slug": "journey"}


async def test_profiles_are_made_read_changed_and_deleted(journey: Journey, late: Late) -> None:
    made = late.profiles.create(name="Second brand", description="Bread", color="#4CAF50").profile
    assert made is not None
    assert made.field_id is not None
    assert (made.name, made.isDefault) == ("Second brand", False)
    assert made.createdAt is not None

    changed = late.profiles.update(made.field_id, name="Third brand").profile
    assert changed is not None
    assert (changed.name, changed.description) == ("Third brand", "Bread")
    read = late.profiles.get(made.field_id).profile
    assert read == changed
    assert made.field_id in {profile.field_id for profile in late.profiles.list().profiles}
    late.profiles.delete(made.field_id)
    assert made.field_id not in {profile.field_id for profile in late.profiles.list().profiles}


async def test_users_are_listed_and_read(journey: Journey, late: Late) -> None:
    (listed,) = late.users.list().users
    assert listed.field_id == journey.server.user_id
    read = late.users.get(journey.server.user_id).user
    assert read == listed


async def test_a_made_key_works_until_it_is_deleted(journey: Journey, late: Late) -> None:
    made = late.api_keys.create_api_key("for an hour", expires_in=1)["apiKey"]
    assert ApiKey.model_validate(made).expiresAt is not None
    mine = client(journey, made["key"])
    assert mine.users.list().users
    late.api_keys.delete_api_key(made["id"])
    with pytest.raises(LateAuthenticationError):
        mine.users.list()


async def test_a_key_is_shown_once(late: Late, other_key: str) -> None:
    listed = late.api_keys.list_api_keys()["apiKeys"]
    assert all("key" not in key for key in listed)
    (mine,) = [ApiKey.model_validate(key) for key in listed if key["name"] == "by the SDK"]
    assert mine.keyPreview == f"{other_key[:7]}...{other_key[-4:]}"


async def test_usage_stats_are_what_tools_test_a_key_with(late: Late) -> None:
    stats = UsageStats.model_validate(late.usage.get_usage_stats())
    assert stats.planName == "Self-hosted"
    assert stats.limits is not None
    assert (stats.limits.uploads, stats.limits.profiles) == (-1, -1)


async def test_the_rate_limit_of_an_answer_is_understood(late: Late) -> None:
    late.users.list()
    told = late.rate_limit_info
    assert told["limit"] >= 1200
    assert told["remaining"] is not None
    assert told["reset"] is not None


# --- failures become the SDK's exceptions -----------------------------------------------------------------------------


async def test_a_wrong_key_is_an_authentication_error(journey: Journey) -> None:
    with pytest.raises(LateAuthenticationError):
        client(journey, "sk_" + "0" * 64).profiles.list()


async def test_an_unknown_id_is_a_not_found_error(late: Late) -> None:
    with pytest.raises(LateNotFoundError, match="Profile not found"):
        late.profiles.get(UNKNOWN_ID)


async def test_a_malformed_call_is_an_api_error_that_names_the_field(late: Late) -> None:
    with pytest.raises(LateAPIError, match="profileId") as failed:
        late.connect.get_connect_url("twitter", "not-an-id")
    assert failed.value.status_code == 400
    assert failed.value.details == {"fields": {"profileId": "24 hex characters"}}


async def test_a_profile_outside_the_keys_list_is_a_forbidden_error(journey: Journey) -> None:
    body = {"name": "one profile", "scope": "profiles", "profileIds": [journey.profile_id]}
    made = (await journey.call("POST", "api-keys", body=body)).json["apiKey"]
    limited = client(journey, made["key"])
    assert limited.profiles.get(journey.profile_id).profile is not None
    with pytest.raises(LateForbiddenError):
        limited.profiles.get(journey.server.profile_id)
    await journey.call("DELETE", f"api-keys/{made['id']}")


async def test_an_unknown_path_is_a_not_found_error_too(late: Late) -> None:
    with pytest.raises(LateNotFoundError):
        late.connect.get_linked_in_organizations(UNKNOWN_ID)


async def test_a_server_that_is_gone_is_a_connection_error() -> None:
    nobody = Late("sk_" + "0" * 64, base_url="http://127.0.0.1:1/api", max_retries=1)
    with pytest.raises(LateConnectionError):
        nobody.profiles.list()


# --- the asynchronous client ------------------------------------------------------------------------------------------


async def test_the_asynchronous_client_does_the_same(journey: Journey, late: Late) -> None:
    started = await asyncio.gather(
        *(late.connect.aget_connect_url("twitter", journey.profile_id) for _ in range(5)),
        late.connect.aget_telegram_connect_status(journey.profile_id),
    )
    assert len({start["state"] for start in started}) == len(started)
    done = await late.connect.aconnect_bluesky_credentials(
        "other.example.net", "othr-othr-othr-othr", f"{journey.server.user_id}-{journey.profile_id}"
    )
    assert done["account"]["username"] == "other.example.net"
    listed = await late.accounts.alist(profile_id=journey.profile_id)
    assert [account.username for account in listed.accounts] == ["other.example.net"]


async def test_failures_of_the_asynchronous_client_are_the_same_exceptions(late: Late) -> None:
    with pytest.raises(LateNotFoundError):
        await late.profiles.aget(UNKNOWN_ID)
    with pytest.raises(LateAPIError) as failed:
        await late.connect.aselect_facebook_page(UNKNOWN_ID, "1", "garbage")
    assert failed.value.status_code in {400, 404}
