"""Two who want the same at once, and keys that would outlive their maker."""

import asyncio

from tests.harness import World, failure, on_both_engines

CHAT = "-1001234567890"


@on_both_engines
async def test_s45_a_chat_that_two_tenants_ask_for_at_once_goes_to_one(world: World) -> None:
    for _ in range(5):
        answers = await asyncio.gather(
            *(
                world.call(
                    "POST",
                    "/v1/connect/telegram",
                    key=tenant.api_key,
                    body={"chatId": CHAT, "profileId": tenant.profile_id},
                )
                for tenant in (world.owner, world.other)
            )
        )
        assert sorted(answer.status for answer in answers) == [200, 400]
        refused = next(answer for answer in answers if answer.status == 400)
        failure(refused, 400, "chat_not_eligible")
        winner = world.owner if answers[0].status == 200 else world.other
        account_id = next(answer for answer in answers if answer.status == 200).json["account"]["_id"]
        await world.ok("DELETE", f"/v1/accounts/{account_id}", key=winner.api_key)


async def test_a_key_makes_no_key_that_outlives_it(world: World) -> None:
    brief = await world.new_key("brief", expiresIn=1)
    made = (await world.ok("POST", "/v1/api-keys", key=brief, body={"name": "for ever"}))["apiKey"]
    keys = (await world.ok("GET", "/v1/api-keys"))["apiKeys"]
    maker = next(entry for entry in keys if entry["name"] == "brief")
    assert made["expiresAt"] == maker["expiresAt"] is not None
