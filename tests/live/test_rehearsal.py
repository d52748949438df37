"""The live tests themselves: skipped without credentials, with a sentence; and passed against the sandbox with them."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from moorline import platforms
from moorline.adapter.oauth import OAuthPlatform
from moorline.sandbox.telegram_world import SANDBOX_BOT_TOKEN
from tests.engines import SqliteFiles
from tests.harness import World
from tests.journeys.connecting import Connecting

ROOT = Path(__file__).resolve().parents[2]
OAUTH = [platform for platform in platforms.ALL if isinstance(platform, OAuthPlatform)]
COUNT = 2 * len(OAUTH) + 4
TIMEOUT_S = 60.0


async def live(settings: Mapping[str, str]) -> str:
    """What pytest prints of the live tests, in a process that has these settings and no others of ours."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MOORLINE_", "PYTEST_"))}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/live/test_platforms.py"),
        cwd=ROOT,
        env=inherited | {"COLUMNS": "400", "NO_COLOR": "1"} | dict(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    finally:
        if process.returncode is None:
            process.kill()
    return out.decode()


async def settings_for(world: World) -> dict[str, str]:
    """Everything docs/howto/live-tests.md asks for, of the sandbox's people."""
    hosts = world.sandbox.hosts()
    settings = {
        "MOORLINE_PUBLIC_URL": world.base_url,
        "MOORLINE_OUTBOUND_MAP": json.dumps({f"https://{h}": f"{world.sandbox_url}/sandbox/{h}" for h in hosts}),
        "MOORLINE_TELEGRAM_BOT_TOKEN": SANDBOX_BOT_TOKEN,
        "MOORLINE_LIVE_TELEGRAM_CHAT": "@mychannel",
        "MOORLINE_LIVE_BLUESKY_IDENTIFIER": "demo.bsky.social",
        "MOORLINE_LIVE_BLUESKY_APP_PASSWORD": "demo-demo-demo-demo",
    }
    for platform in OAUTH:
        connecting, stem = Connecting(world, platform), platform.name.upper()
        tokens = await connecting.tokens()
        settings[f"MOORLINE_{stem}_CLIENT_ID"] = connecting.app.client_id
        settings[f"MOORLINE_{stem}_CLIENT_SECRET"] = connecting.app.client_secret
        if tokens.refresh is not None:
            settings[f"MOORLINE_LIVE_{stem}_REFRESH_TOKEN"] = tokens.refresh
        else:
            settings[f"MOORLINE_LIVE_{stem}_ACCESS_TOKEN"] = tokens.access
    return settings


async def test_without_credentials_every_live_test_is_skipped_and_says_what_to_set() -> None:
    told = await live({})
    skipped = re.findall(r"^SKIPPED .*?: (.*)$", told, re.MULTILINE)
    assert f"{COUNT} skipped in" in told, told
    assert "passed" not in told
    assert all(re.fullmatch(r"\w+ is not asked: set MOORLINE_\w+( (and|or) MOORLINE_\w+)*\.", why) for why in skipped)
    assert {why.partition(" ")[0] for why in skipped} == {platform.name for platform in platforms.ALL}


async def test_with_credentials_every_live_test_passes_against_the_sandbox(
    sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    async with World(await sqlite_files.fresh(tmp_path), {}) as world:
        settings = await settings_for(world) | {"MOORLINE_LIVE_KEEP_IN": str(kept)}
        for _ in range(2):  # again with the tokens that the first run kept, since some platforms take one only once
            told = await live(settings)
            assert f"{COUNT} passed in" in told, told
    renewing = {name for name in settings if name.endswith("_REFRESH_TOKEN")}
    assert {f"MOORLINE_LIVE_{name.upper()}_REFRESH_TOKEN" for name in json.loads(kept.read_text())} == renewing
    assert kept.stat().st_mode & 0o777 == 0o600


async def test_an_account_that_is_gone_fails_the_live_test(sqlite_files: SqliteFiles, tmp_path: Path) -> None:
    async with World(await sqlite_files.fresh(tmp_path), {}) as world:
        settings = await settings_for(world)
        await world.control("POST", "revoke", {"platform": "reddit", "person": "plenty"})
        told = await live(settings)
    assert f"1 failed, {COUNT - 1} passed in" in told, told
    assert "test_the_account_behind_the_tokens_can_be_read[reddit]" in told
