"""S64: whatever a documented call carries, the answer is a documented one, and 5xx only where a platform failed.

`MOORLINE_FUZZ_EXAMPLES` sets how many calls each operation gets; then they are other ones at every run.
"""

import re
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, CheckContext, GenerationMode, Response
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from moorline.cli.browser import Seen
from tests.contract.differences import OUR_OWN
from tests.contract.published import PUBLISHED, Operation
from tests.journeys.choices import CHOICES, OPTIONS, Option
from tests.journeys.processes import DemoServer
from tests.told import told

GIVEN_EXAMPLES = told("MOORLINE_FUZZ_EXAMPLES")
EXAMPLES = int(GIVEN_EXAMPLES or 40)

OPERATIONS = [*PUBLISHED, *(name for name in OUR_OWN if " " not in name)]
PLATFORM_FAILURES = {
    "platform_unavailable",
    "token_revoked",
    "scope_missing",
    "platform_rate_limited",
    "unexpected_reply",
}
PAGES = (
    "connect/twitter/callback",
    "connect/facebook/callback",
    "connect/bluesky/callback",
    "connect/facebook/select-page",
    "connect/googlebusiness/select-location",
    "connect/linkedin/select-organization",
    "connect/pinterest/select-board",
    "connect/snapchat/select-profile",
    "connect/outcome",
    "connect/bluesky",
    "connect/telegram",
)
QUERY_NAMES = (
    "state",
    "code",
    "error",
    "error_description",
    "attempt",
    "slug",
    "tempToken",
    "pendingDataToken",
    "connect_token",
)
# What a fuzzer would never think of, and people send.
ODD_TEXTS = (
    "",
    "\x00",
    "\ud800",
    "%00",
    "../..",
    "\r\nx: y",
    "1e400",
    "9" * 5000,
    "\U0001f950" * 300,
    "{{7*7}}",
    "' OR 1=1--",
)

GOOD_URL = "https://app.example.com/connected?x=1"
# What good calls say that is the same on every server.
GOOD: Mapping[str, Any] = {
    "redirect_url": GOOD_URL,
    "redirectUrl": GOOD_URL,
    "redirectUri": GOOD_URL,
    "headless": "true",
    "refresh": "true",
    "pageId": "100000000000101",
    "selectedPageId": "100000000000102",
    "locationId": "9281089117903930101",
    "selectedLocationId": "9281089117903930113",
    "boardId": "710000000000000102",
    "defaultBoardId": "710000000000000130",
    "selectedPublicProfile": {"id": "abc10000-0000-4000-8000-000000000101"},
    "accountType": "organization",
    "selectedOrganization": {"id": "5590001"},
    "orgIds": "5590001,5590002",
    "defaultSubreddit": "Sourdough",
    "userProfile": {},
    "identifier": "demo.bsky.social",
    "appPassword": "demo-demo-demo-demo",
    "color": "#4CAF50",
}

Run = Callable[[Callable[..., None]], Callable[..., None]]

_OF_CHOICES = {f"/v1/{path}" for choice in CHOICES for path in (choice.listing, choice.saving)}
_OF_OPTIONS = {f"/v1/accounts/{{accountId}}/{path}" for option in OPTIONS for path in (option.listing, option.saving)}
# But for the pending data, which are read once.
CHOOSING = [
    name
    for name, operation in PUBLISHED.items()
    if operation.at.partition(" ")[2] in _OF_CHOICES | _OF_OPTIONS and name != "getPendingOAuthData"
]


def bounded(examples: int) -> Run:
    """The same calls at every run, unless somebody asked for a number of them."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=not GIVEN_EXAMPLES,
        suppress_health_check=list(HealthCheck),
    )


def ends_of(option: Option) -> tuple[str, str]:
    """How the paths of an account's options end."""
    return f"/{option.listing}", f"/{option.saving}"


def required_of(published: Operation | None) -> dict[str, set[str]]:
    """What a published operation requires, by place; LinkedIn's organization is required by its `accountType`."""
    found: dict[str, set[str]] = {"query": set(), "body": set()}
    for name in published.body if published is not None else ():
        if name.endswith("!") or name == "selectedOrganization":
            found["body"].add(name.rstrip("!"))
    for parameter in published.parameters if published is not None else ():
        place, _, name = parameter.partition(" ")
        if name.endswith("!") and place in found:
            found[place].add(name.rstrip("!"))
    return found


class Fuzzed:
    """A server of its own, its document, and things that really are there for calls to name."""

    def __init__(self, server: DemoServer) -> None:
        self.server = server
        self.http = requests.Session()
        self.key = {"Authorization": f"Bearer {server.api_key}"}
        self.http.headers.update(self.key)
        self.schema = schemathesis.openapi.from_url(f"{server.base_url}/api/openapi.json")
        self._common = self._make_things(server)
        self._temp_tokens = {choice.platform: self._temp_token(choice.platform) for choice in CHOICES}
        self._accounts = {option.platform: self._connected(option.platform) for option in OPTIONS}

    def there(self, name: str) -> dict[str, Any]:
        """What good calls of this operation name, by the names in them."""
        operation = PUBLISHED.get(name)
        path = operation.at.partition(" ")[2] if operation is not None else ""
        platform = next((one for one in self._temp_tokens if path.startswith(f"/v1/connect/{one}/")), "facebook")
        accounts = [self._accounts[option.platform] for option in OPTIONS if path.endswith(ends_of(option))]
        return {
            **GOOD,
            **self._common,
            **({"accountId": accounts[0]} if accounts else {}),
            "tempToken": self._temp_tokens[platform],
        }

    def address(self, name: str) -> tuple[str, str]:
        """The method of an operation, and its address with ids of what is there."""
        method, path = PUBLISHED[name].at.split(" ")
        there = self.there(name)
        return method, f"{self.server.base_url}/api{re.sub(r'{(.+?)}', lambda named: there[named[1]], path)}"

    def _make_things(self, server: DemoServer) -> dict[str, str]:
        """By their names in calls: what is there, and what else a good call says."""
        chat = {"chatId": "@mychannel", "profileId": server.profile_id}
        account = self._call("POST", "connect/telegram", json=chat)["account"]
        code = self._call("GET", "connect/telegram", params={"profileId": server.profile_id})["code"]
        return {
            **chat,
            "accountId": account["_id"],
            "userId": server.user_id,
            "platform": "facebook",
            "state": f"{server.user_id}-{server.profile_id}",
            "code": code,
            "token": self._landing("linkedin", headless="true")["pendingDataToken"],
        }

    def _temp_token(self, platform: str) -> str:
        """What a consent that waits for a choice is named by."""
        landed = self._landing(platform, headless="true")
        if "pendingDataToken" in landed:
            landed = self._call("GET", "connect/pending-data", params={"token": landed["pendingDataToken"]})
        return landed["tempToken"]

    def _connected(self, platform: str) -> str:
        """The id of an account that stands for the first of its options."""
        if platform == "reddit":
            return self._landing(platform)["accountId"]
        choice = next(one for one in CHOICES if one.platform == platform)
        body = {**GOOD, "tempToken": self._temp_token(platform), "profileId": self.server.profile_id}
        return str(self._call("POST", choice.saving, json=body)["account"]["accountId"])

    def _landing(self, platform: str, **query: str) -> dict[str, str]:
        """What is in the address that a consent ends at."""
        asked = {"profileId": self.server.profile_id, "redirect_url": GOOD_URL, **query}
        page = self.http.get(self._call("GET", f"connect/{platform}", params=asked)["authUrl"], timeout=30)
        form = Seen(url=page.url, status=page.status_code, text=page.text, location=None).form()
        decision = [*form.fields, form.buttons["approve"]]
        callback = self.http.post(page.url, data=decision, allow_redirects=False, timeout=30).headers["location"]
        landed = self.http.get(callback, allow_redirects=False, timeout=30).headers["location"]
        return dict(parse_qsl(urlsplit(landed).query))

    def _call(self, method: str, path: str, **request: Any) -> Any:
        answer = self.http.request(method, f"{self.server.base_url}/api/v1/{path}", timeout=30, **request)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def cases(self, name: str) -> SearchStrategy[Case[Any]]:
        """Calls of an operation, as documented and as not documented, many of them naming things that are there."""
        operation = self.schema.find_operation_by_id(name)
        modes = [GenerationMode.POSITIVE]
        if operation.query or operation.headers or operation.body:
            modes.append(GenerationMode.NEGATIVE)
        generated = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])
        required, there = required_of(PUBLISHED.get(name)), self.there(name)
        named = st.sets(st.sampled_from(sorted(there))).map(lambda names: {one: there[one] for one in names})
        good = st.builds(self._made_good, generated, st.just(required), st.just(there))
        return st.one_of(good, st.builds(self._naming, generated, named))

    def _made_good(self, case: Case[Any], required: Mapping[str, set[str]], there: Mapping[str, Any]) -> Case[Any]:
        """The call with everything it requires, beside what was made up."""
        for place, names in ((case.query, required["query"]), (case.body, required["body"])):
            if isinstance(place, dict):
                place.update({name: there[name] for name in names if name in there})
        return self._naming(case, there)

    def _naming(self, case: Case[Any], there: Mapping[str, Any]) -> Case[Any]:
        """The call with these names, where it has them, naming what is there."""
        if isinstance(case.body, dict):
            self._keep_at_home(case.body)
        # The fuzzer may not delete what the other calls need.
        places = [case.query, case.body, case.path_parameters if case.method != "DELETE" else None]
        for place in places:
            if isinstance(place, dict):
                place.update({name: there[name] for name in there if name in place})
        return case

    def _keep_at_home(self, body: dict[str, Any]) -> None:
        """A made-up handle would be looked up in the real world."""
        identifier = body.get("identifier")
        if isinstance(identifier, str) and re.search(r"\.|^did:", identifier):
            body["identifier"] = "nobody.bsky.social"


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    load_all_checks()
    with DemoServer(tmp_path_factory.mktemp("fuzzed")) as server:
        yield Fuzzed(server)
        with urllib.request.urlopen(f"{server.base_url}/readyz", timeout=5) as answer:  # nothing hangs
            assert answer.status == 200
        assert "unexpected_error" not in server.log
        assert "Traceback" not in server.log


def fails_only_as_documented(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """5xx only where a platform was asked, and with the code that says what it did."""
    if response.status_code >= 500:
        assert "/connect/" in case.path or any(case.path.endswith(ends_of(option)) for option in OPTIONS)
        assert (response.status_code, response.json()["code"] in PLATFORM_FAILURES) == (500, True)


def checks_of_answers() -> list[Any]:
    """What every answer is held to."""
    return [
        fails_only_as_documented,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]


@pytest.mark.parametrize("name", OPERATIONS)
def test_s64_whatever_an_operation_is_sent_it_answers_as_documented(fuzzed: Fuzzed, name: str) -> None:
    @bounded(EXAMPLES)
    @given(case=fuzzed.cases(name))
    def holds(case: Case[Any]) -> None:
        response = case.call(session=fuzzed.http, headers=fuzzed.key, timeout=30)
        case.validate_response(response, checks=checks_of_answers())

    holds()


@pytest.mark.parametrize("name", CHOOSING)
def test_the_calls_about_choices_that_are_made_good_succeed(fuzzed: Fuzzed, name: str) -> None:
    method, url = fuzzed.address(name)
    required, there = required_of(PUBLISHED[name]), fuzzed.there(name)
    query, body = ({one: there[one] for one in required[place]} for place in ("query", "body"))
    answer = fuzzed.http.request(method, url, params=query, json=body, timeout=30)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("page", PAGES)
def test_s64_whatever_a_page_is_opened_with_it_answers_with_a_page_or_a_way_on(fuzzed: Fuzzed, page: str) -> None:
    values = st.one_of(st.text(max_size=80), st.sampled_from(ODD_TEXTS))

    @bounded(EXAMPLES // 2)
    @given(query=st.dictionaries(st.sampled_from(QUERY_NAMES), values), cookie=st.text("abcXYZ012_-", max_size=90))
    def holds(query: dict[str, str], cookie: str) -> None:
        sent = "&".join(f"{name}={quote(value, safe='', errors='surrogatepass')}" for name, value in query.items())
        attempt = quote(query.get("attempt", "x"), safe="", errors="surrogatepass")[:100]
        answer = fuzzed.http.get(
            f"{fuzzed.server.base_url}/{page}?{sent}",
            headers={"cookie": f"moorline_attempt_{attempt}={cookie}"},
            allow_redirects=False,
            timeout=30,
        )
        assert answer.status_code in {303, 400, 403, 404, 410}
        assert answer.status_code == 303 or answer.headers["content-type"].startswith("text/html")

    holds()


@pytest.mark.parametrize("text", ODD_TEXTS)
@pytest.mark.parametrize("name", [name for name, operation in PUBLISHED.items() if operation.body])
def test_s64_odd_texts_in_every_field_are_refused_or_taken_as_text(fuzzed: Fuzzed, name: str, text: str) -> None:
    method, url = fuzzed.address(name)
    there = fuzzed.there(name)
    fields = [field.rstrip("!") for field in PUBLISHED[name].body]
    good = {field: there.get(field, "x") for field in fields}
    for body in (dict.fromkeys(fields, text), *({**good, field: text} for field in fields)):
        answer = fuzzed.http.request(method, url, json=body, timeout=30)
        assert answer.status_code < 500 or answer.json()["code"] in PLATFORM_FAILURES, answer.text
        assert answer.headers["content-type"] == "application/json"
        if answer.status_code == 201 and name == "createApiKey":
            fuzzed.http.delete(f"{url}/{answer.json()['apiKey']['id']}", timeout=30)
