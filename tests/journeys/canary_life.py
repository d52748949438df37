"""What the canary does after the connection: own apps, renewal, the proxy, webhooks, links, the dashboard, the logs."""

from typing import Any

from tests.journeys.journey import Journey, location, query_of

# Typed or sent by somebody, and told to nobody.
APP_SECRET = "canary-app-secret-4b1d0c"
STALE_SECRET = "canary-app-secret-9e77aa"
WEBHOOK_SECRET = "canary-webhook-secret-51f3c8"
WEBHOOK_HEADER = "canary-webhook-header-7702bd"
PASSWORD = "canary-dashboard-password-e01b"
GIVEN = {
    APP_SECRET: "own_app_secret",
    STALE_SECRET: "own_app_secret",
    WEBHOOK_SECRET: "webhook_secret",
    WEBHOOK_HEADER: "webhook_header",
    PASSWORD: "password",
}


async def webhook_flows(journey: Journey) -> None:
    """A receiver that nobody answers at, with a secret and a header of its own; what is sent stays for later."""
    body = {
        "url": "https://localhost/hook",
        "events": ["account.connected", "account.disconnected", "account.updated"],
        "secret": WEBHOOK_SECRET,
        "customHeaders": {"X-Receiver": WEBHOOK_HEADER},
    }
    made = (await ok(journey, "POST", "webhooks/settings", body))["webhook"]["_id"]
    await journey.call("POST", "webhooks/test", body={"webhookId": made})
    await ok(journey, "PUT", "webhooks/settings", {"_id": made, "name": "Canary"})
    await ok(journey, "POST", f"webhooks/settings/{made}/rotate", {"secret": f"{WEBHOOK_SECRET}2"})
    for path in ("webhooks/settings", "webhooks/logs"):
        await journey.get(path)


async def own_app_flows(journey: Journey) -> None:
    """An app of the tenant's own: right, wrong, replaced, with accounts on it."""
    body = {"platform": "twitter", "clientId": "canary-client", "clientSecret": APP_SECRET}
    told = (await ok(journey, "POST", "app-credentials", body))["appCredential"]
    app = {"platform": "twitter", "client_id": "canary-client", "client_secret": APP_SECRET}
    await journey.control("POST", "apps", {**app, "redirect_uris": [told["redirectUri"]]})
    account_id = query_of(await journey.landing("twitter", person="single"))["accountId"]
    await ok(journey, "PATCH", f"app-credentials/{told['id']}", {"clientSecret": STALE_SECRET})
    assert (await journey.call("DELETE", f"app-credentials/{told['id']}")).status == 409
    await ok(journey, "PATCH", f"app-credentials/{told['id']}", {"clientSecret": APP_SECRET})
    await ok(journey, "DELETE", f"accounts/{account_id}")
    await journey.get("app-credentials")
    await ok(journey, "DELETE", f"app-credentials/{told['id']}")


async def proxy_flows(journey: Journey) -> None:
    """The platform's API through the proxy, also where it repeats the token that it was sent."""
    account_id = query_of(await journey.landing("twitter"))["accountId"]
    path = f"accounts/{account_id}/proxy/2/users/me"
    assert (await journey.get(path))["data"]
    issued = [one["value"] for one in await journey.control("GET", "issued") if one["kind"] == "access_token"]
    for status in (200, 403, 500):
        echo = {"seen": f"Bearer {issued[-1]}", "token": issued[-1]}
        await journey.fault("twitter", "GET /2/users/me", status=status, body=echo)
        answer = await journey.call("GET", path)
        assert answer.status in {status, 500}, answer.text
    await journey.control("DELETE", "faults")
    assert (await journey.call("GET", f"accounts/{account_id}/proxy/https://evil.example/")).status == 400


async def link_flows(journey: Journey) -> None:
    """A customer connects from a link, and from one that renews."""
    body: dict[str, Any] = {"profileId": journey.profile_id, "platforms": ["reddit", "facebook"]}
    for platform in body["platforms"]:
        made = await ok(journey, "POST", "connect/links", body)
        browser = await journey.browser()
        consent = await browser.follow(
            await browser.send(await browser.open(made["url"]), button=f"connect-{platform}")
        )
        page = await browser.follow(await browser.send(consent, button="approve", pick={"person": "plenty"}))
        if platform == "facebook":
            page = await browser.follow(await browser.send(page, button="connect", pick={"choice": "1"}))
        assert "is connected" in page.text, page.text
        await journey.get(f"connect/links/{made['id']}")


async def popup_flows(journey: Journey) -> None:
    """A flow that a page follows from outside."""
    query = {"profileId": journey.profile_id, "openerOrigin": "https://app.example.com", "language": "de"}
    started = await journey.get("connect/twitter", **query)
    browser = await journey.browser()
    returned = await browser.open(await journey.consent(started["authUrl"], browser=browser))
    await browser.open(location(returned))
    assert '"connected"' in (await browser.open(started["statusUrl"])).text


async def dashboard_flows(journey: Journey) -> None:
    """A password that opens nothing, on the form and in its place."""
    browser = await journey.browser()
    page = await browser.open(f"{journey.server.base_url}/dashboard/sign-in")
    for email in ("owner@example.com", "demo@example.com", PASSWORD):
        refused = await browser.send(page, button="sign-in", pick={"email": email[:20], "password": PASSWORD})
        assert refused.status == 400, refused.text


async def reading(journey: Journey) -> None:
    """Everything there is to read about it."""
    for path in ("accounts/health", "connect/logs", "connect/links", "audit", "app-credentials"):
        await journey.get(path)
    for entry in (await journey.get("connect/logs", limit="100"))["logs"]:
        if entry["attemptId"] is not None:
            await journey.get(f"connect/attempts/{entry['attemptId']}")
    for account in await journey.accounts():
        await journey.get(f"accounts/{account['_id']}/health")


async def ok(journey: Journey, method: str, path: str, body: object = None) -> Any:
    """The JSON of a call that must succeed."""
    answer = await journey.call(method, path, body=body)
    assert answer.status < 300, f"{path}: {answer.text}"
    return answer.json


FLOWS = (webhook_flows, own_app_flows, proxy_flows, link_flows, popup_flows, dashboard_flows, reading)
