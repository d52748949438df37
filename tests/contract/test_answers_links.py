"""What `/v1/connect/links` really answers, held against what `/api/openapi.json` says."""

from tests.contract.recorded import Contract
from tests.journeys.journey import Journey

UNKNOWN = "507f1f77bcf86cd799439011"
EVERY, ONE = "/v1/connect/links", "/v1/connect/links/{linkId}"


async def test_connect_links_answer_as_documented(journey: Journey, contract: Contract) -> None:
    bare = {"profileId": journey.profile_id}
    full = {**bare, "platforms": ["twitter"], "expiresInHours": 1, "maxUses": 2, "language": "ar"}
    full["redirectUrl"] = "https://app.example.com/x"
    contract.holds(f"POST {EVERY}", await journey.call("POST", "connect/links", body=bare), 201)
    made = contract.holds(f"POST {EVERY}", await journey.call("POST", "connect/links", body=full), 201)
    contract.holds(f"POST {EVERY}", await journey.call("POST", "connect/links", body={}), 400)
    unknown = {"profileId": UNKNOWN}
    contract.holds(f"POST {EVERY}", await journey.call("POST", "connect/links", body=unknown), 404)
    contract.holds(f"GET {EVERY}", await journey.call("GET", "connect/links"), 200)
    contract.holds(f"GET {EVERY}", await journey.call("GET", "connect/links", query={"before": "x"}), 400)
    path = f"connect/links/{made.json['id']}"
    contract.holds(f"GET {ONE}", await journey.call("GET", path), 200)
    contract.holds(f"DELETE {ONE}", await journey.call("DELETE", path), 200)
    for method in ("GET", "DELETE"):
        contract.holds(f"{method} {ONE}", await journey.call(method, f"connect/links/{UNKNOWN}"), 404)
        contract.holds(f"{method} {ONE}", await journey.call(method, "connect/links/x"), 400)
