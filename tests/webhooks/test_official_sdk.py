"""The original's official SDK (package late-sdk) sets, tests, reads and deletes webhooks."""

import pytest
from late import Late, LateAPIError

from tests.harness import UNKNOWN_ID
from tests.webhooks.conftest import Told
from tests.webhooks.receiver import answering


async def test_every_method_of_the_official_sdk_works_unchanged(told: Told) -> None:
    async with Late(told.world.owner.api_key, base_url=f"{told.world.base_url}/api") as late:
        made = await late.webhooks.acreate_webhook_settings(
            name="sdk",
            url=told.receiver.url,
            secret="a secret of mine",
            events=["account.connected"],
            is_active=True,
            custom_headers={"X-From": "sdk"},
        )
        webhook_id = made["webhook"]["_id"]
        assert made["success"] is True
        changed = await late.webhooks.aupdate_webhook_settings(webhook_id, name="changed")
        assert changed["webhook"]["name"] == "changed"
        listed = await late.webhooks.aget_webhook_settings()
        assert [webhook["_id"] for webhook in listed["webhooks"]] == [webhook_id]
        assert (await late.webhooks.atest_webhook(webhook_id))["success"] is True
        logs = await late.webhooks.aget_webhook_logs(event="webhook.test", webhook_id=webhook_id, status="success")
        assert [log["webhookId"] for log in logs["logs"]] == [webhook_id]
        assert await late.webhooks.adelete_webhook_settings(webhook_id) == {"success": True}
    assert [received.headers["x-from"] for received in told.receiver.received] == ["sdk"]


async def test_the_official_sdk_raises_its_own_errors(told: Told) -> None:
    created = await told.webhook()
    told.receiver.usual = answering(404)
    async with Late(told.world.owner.api_key, base_url=f"{told.world.base_url}/api") as late:
        with pytest.raises(LateAPIError, match="answered 404"):
            await late.webhooks.atest_webhook(created["_id"])
        with pytest.raises(LateAPIError, match="not found"):
            await late.webhooks.aupdate_webhook_settings(UNKNOWN_ID, name="x")
        with pytest.raises(LateAPIError, match="https"):
            await late.webhooks.acreate_webhook_settings(url="http://a.example/", events=["account.connected"])
