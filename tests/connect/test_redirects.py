"""Which redirect_url may be given, and where a browser is sent in the end: the tables of S20 and S21."""

import json
import string
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moorline.adapter.values import Selection
from moorline.connect import redirects
from moorline.errors import BadRequest
from moorline.store.attempts import Attempt
from tests.connect.browser import host_a_browser_goes_to
from tests.store import rows

ALLOWED = ("https://app.example.com/connected", "http://localhost:3000", "myapp://connected")
OWNER = rows.user()
PROFILE = rows.profile(OWNER)
BOARD = Selection(
    step="select_board",
    path="select-board",
    noun="board",
    nothing_found="no_pinterest_boards",
    success_parameters={"board": "defaultBoardName"},
)


def refused(url: str, *allowlist: str) -> str:
    with pytest.raises(BadRequest) as raised:
        redirects.check_redirect_url(url, allowlist or None)
    assert (raised.value.status, raised.value.code) == (400, "invalid_redirect_url")
    assert str(raised.value) == f"redirect_url {raised.value.fields['redirect_url']}."
    return raised.value.fields["redirect_url"]


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com:8443/connected?x=1&y=%20#/route?z",
        "HTTPS://APP.EXAMPLE.COM/Connected",
        "https://xn--mller-kva.example/",
        "https://under_score.example-host.com/",
        "https://192.0.2.7/connected",
        "https://[2001:db8::1]:8443/connected",
        "https://app.example.com/@asa/it's(fine),ok;v=1*!$&+=~",
        "https://app.example.com//two//slashes",
        "https://app.example.com/?next=https://evil.example",
        "http://localhost",
        "http://localhost:3000/connected",
        "http://127.0.0.1:3000",
        "http://127.8.9.10/",
        "http://[::1]:3000/connected",
        "myapp://connected",
        "myapp:connected",
        "com.example.app:/oauth2/callback?x=1",
        "exp+my-app://expo/--/connected",
    ],
)
def test_s20_an_address_a_browser_may_be_sent_to_is_taken_as_it_is(url: str) -> None:
    assert redirects.check_redirect_url(url) == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        # code and files
        ("javascript:alert(1)", "may not use the scheme javascript:"),
        ("JavaScript:alert(1)", "may not use the scheme javascript:"),
        ("javascript://app.example.com/%0aalert(1)", "may not use the scheme javascript:"),
        ("data:text/html,<script>alert(1)</script>", "may not use the scheme data:"),
        ("vbscript:msgbox", "may not use the scheme vbscript:"),
        ("file:///etc/passwd", "may not use the scheme file:"),
        ("blob:https://app.example.com/1", "may not use the scheme blob:"),
        ("about:blank", "may not use the scheme about:"),
        ("view-source:https://app.example.com", "may not use the scheme view-source:"),
        ("intent://app.example.com#Intent;end", "may not use the scheme intent:"),
        ("filesystem:https://app.example.com/x", "may not use the scheme filesystem:"),
        ("wss://app.example.com", "may not use the scheme wss:"),
        # not absolute
        ("", "must be"),
        ("/connected", "must be absolute"),
        ("connected", "must be absolute"),
        ("//evil.example/connected", "must be absolute"),
        ("///evil.example", "must be absolute"),
        ("?x=1", "must be absolute"),
        (":connected", "must be absolute"),
        ("1app://connected", "must be absolute"),
        ("https:app.example.com", "must name a host after ://"),
        ("https:/app.example.com", "must name a host after ://"),
        ("https:///app.example.com", "must name a host after ://"),
        ("https://", "must name a host after ://"),
        ("https://:443/", "must name a host after ://"),
        ("https://?x=1", "must name a host after ://"),
        # user information
        ("https://asa@app.example.com/", "must not carry a user name or password"),
        ("https://asa:secret@app.example.com/", "must not carry a user name or password"),
        ("https://app.example.com@evil.example/", "must not carry a user name or password"),
        ("https://app.example.com:443@evil.example/", "must not carry a user name or password"),
        ("https://@app.example.com/", "must not carry a user name or password"),
        # backslashes, spaces, control characters, other alphabets
        ("https:\\\\evil.example", "must be ASCII"),
        ("https://app.example.com\\@evil.example", "must be ASCII"),
        ("https://app.example.com/\\evil.example", "must be ASCII"),
        ("\\\\evil.example", "must be ASCII"),
        ("https://app.example.com/a b", "must be ASCII"),
        (" https://app.example.com", "must be ASCII"),
        ("https://app.example.com\n", "must be ASCII"),
        ("java\tscript:alert(1)", "must be ASCII"),
        ("https://app.example.com/\r\nSet-Cookie: a=b", "must be ASCII"),
        ("https://app.example.com/\x00", "must be ASCII"),
        ("https://app.example.com/\x7f", "must be ASCII"),
        ('https://app.example.com/"onload=', "must be ASCII"),
        ("https://\u0430pp.example.com/", "must be ASCII"),  # Cyrillic a
        ("https://app.example\u3002com/", "must be ASCII"),  # a full stop of another alphabet
        ("https://app.example.com/\u202e", "must be ASCII"),
        ("https://\uff41pp.example.com/", "must be ASCII"),
        # hosts and ports no browser reads as they stand
        ("https://app%2eexample.com/", "must name its host in plain letters"),
        ("https://evil.example%2f.app.example.com/", "must name its host in plain letters"),
        ("https://app.example.com%00.evil.example/", "must name its host in plain letters"),
        ("https://app<b>.example.com/", "must name its host in plain letters"),
        ("https://app.example.com,evil.example/", "must name its host in plain letters"),
        ("https://2130706433/", "must name its host in plain letters"),
        ("https://0x7f.1/", "must name its host in plain letters"),
        ("https://127.1/", "must name its host in plain letters"),
        ("https://0300.0250.0.1/", "must name its host in plain letters"),
        ("https://example.123/", "must name its host in plain letters"),
        ("http://[::1].evil.example/", "must"),
        ("http://evil.example[::1]/", "must"),
        ("https://[::1", "is not a URL"),
        ("https://app.example.com:https/", "is not a URL"),
        ("https://app.example.com:99999/", "is not a URL"),
        # http away from this machine
        ("http://app.example.com/", "must be https"),
        ("http://localhost.evil.example/", "must be https"),
        ("http://localhosts/", "must be https"),
        ("http://127.0.0.1.evil.example/", "must be https"),
        ("http://10.0.0.1/", "must be https"),
        ("http://0.0.0.0/", "must be https"),
        ("http://[2001:db8::1]/", "must be https"),
        # apps
        ("myapp:", "names an app scheme but nothing after it"),
        ("myapp://", "names an app scheme but nothing after it"),
        ("myapp://[connected", "is not a URL"),
        ("myapp://connected:port", "is not a URL"),
        # too long to be carried around
        ("https://app.example.com/" + "x" * 2000, "is longer than 2000 characters"),
    ],
)
def test_s20_an_address_a_browser_may_not_be_sent_to_is_refused_at_the_start(url: str, reason: str) -> None:
    assert refused(url).startswith(reason)


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com/connected",
        "https://app.example.com/connected/",
        "https://app.example.com/connected/deeper?x=1#y",
        "https://app.example.com/connected?next=/../admin",
        "https://app.example.com/connected#/../admin",
        "https://app.example.com/connected/..a/.b/c..",
        "HTTPS://App.Example.com/connected",
        "http://localhost:3000",
        "http://localhost:3000/anything",
        "myapp://connected",
        "myapp://connected/deeper",
    ],
)
def test_s20_an_address_on_the_list_or_below_it_is_taken(url: str) -> None:
    assert redirects.check_redirect_url(url, ALLOWED) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/other",
        "https://app.example.com/connectedness",
        "https://app.example.com/Connected",
        "https://app.example.com//connected",
        "https://app.example.com/connected/../evil",
        "https://app.example.com/connected/..",
        "https://app.example.com/connected/./x",
        "https://app.example.com/connected/%2e%2e/evil",
        "https://app.example.com/connected/%2E./evil",
        "https://app.example.com/connected/.%2e",
        "https://app.example.com/connected/..;/evil",
        "https://app.example.com/connected/..;a=b/evil",
        "https://app.example.com/connected/..%2fevil",
        "https://app.example.com/connected/%2F../evil",
        "https://app.example.com/connected/..%5cevil",
        "https://app.example.com/connected%2f..%2fevil",
        "https://app.example.com:443/connected",
        "https://app.example.com:8443/connected",
        "https://app.example.com./connected",
        "https://evil.app.example.com/connected",
        "https://app.example.com.evil.example/connected",
        "https://app-example.com/connected",
        "https://xn--pp-7kc.example.com/connected",  # Cyrillic a, written in ASCII
        "https://evil.example/connected?https://app.example.com/connected",
        "https://evil.example/#https://app.example.com/connected",
        "http://localhost:3001",
        "http://localhost/",
        "https://localhost:3000",
        "http://127.0.0.1:3000",
        "myapp://other",
        "myapp:connected",
        "yourapp://connected",
    ],
)
def test_s20_an_address_that_only_resembles_one_on_the_list_is_refused(url: str) -> None:
    assert refused(url, *ALLOWED) == "is not on this API key's list of allowed addresses"


def test_s20_an_empty_list_allows_nothing() -> None:
    with pytest.raises(BadRequest, match="list of allowed addresses"):
        redirects.check_redirect_url("https://app.example.com/connected", ())


URL_CHARACTERS = string.ascii_letters + string.digits + "-._~:/?#[]@!$&'()*+,;=%<>^`{|}\\\"\t\n \u0430"
URL_TEXT = st.text(alphabet=URL_CHARACTERS, max_size=40)
HOSTS = st.sampled_from(
    ["app.example.com", "localhost", "127.0.0.1", "[::1]", "evil.example", "0x7f.1", "1.2.3", "a%2eb", "[::1]x", "."]
)
PREFIXES = st.sampled_from(["https://", "http://", "https:", "https:/", "https:///", "HTTPS://", "//", "myapp://", ""])


@given(prefix=PREFIXES, host=HOSTS, rest=URL_TEXT, before=st.text("ab@:%\\/?#[]", max_size=4))
@example(prefix="https://", host="app.example.com", rest="\\@evil.example", before="")
@example(prefix="http://", host="[::1]x", rest="", before="")
def test_s20_every_browser_reads_the_same_host_in_an_accepted_address(
    prefix: str, host: str, rest: str, before: str
) -> None:
    url = f"{prefix}{before}{host}{rest}"
    try:
        redirects.check_redirect_url(url)
    except BadRequest:
        return
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"}:
        assert host_a_browser_goes_to(url) == parts.hostname


@given(rest=URL_TEXT)
def test_s20_an_address_below_the_list_stays_on_its_host_and_path(rest: str) -> None:
    url = f"https://app.example.com/connected{rest}"
    try:
        redirects.check_redirect_url(url, ALLOWED)
    except BadRequest:
        return
    assert host_a_browser_goes_to(url) == "app.example.com"
    path = urlsplit(url).path
    assert path == "/connected" or path.startswith("/connected/")


def attempt(redirect_url: str) -> Attempt:
    return rows.attempt(PROFILE, redirect_url=redirect_url)


@pytest.mark.parametrize(
    ("url", "head", "tail"),
    [
        ("https://app.example.com", "https://app.example.com?", ""),
        ("https://app.example.com/done", "https://app.example.com/done?", ""),
        ("https://app.example.com/done?", "https://app.example.com/done?", ""),
        ("https://app.example.com/done?a=1&b", "https://app.example.com/done?a=1&b&", ""),
        ("https://app.example.com/done?a=1&", "https://app.example.com/done?a=1&", ""),
        ("https://app.example.com/done#top", "https://app.example.com/done?", "#top"),
        ("https://app.example.com/?a=%2F+%20~#/route?b=1#c", "https://app.example.com/?a=%2F+%20~&", "#/route?b=1#c"),
        ("https://app.example.com/done#", "https://app.example.com/done?", "#"),
        ("myapp:done", "myapp:done?", ""),
        ("myapp://done?x=1#y", "myapp://done?x=1&", "#y"),
    ],
)
def test_s21_the_final_address_is_the_given_one_plus_our_parameters(url: str, head: str, tail: str) -> None:
    account = rows.account(PROFILE, username="asa", display_name="Åsa & Bo")
    success = redirects.connected(url, account, BOARD)
    failure = redirects.failed(url, attempt(url), "oauth_denied")
    for final in (success, failure):
        assert final.startswith(head)
        assert final.endswith(tail)
    ours = success.removeprefix(head).removesuffix(tail)
    assert parse_qsl(ours, strict_parsing=True) == [
        ("connected", "pinterest"), ("profileId", PROFILE.id), ("accountId", account.id), ("username", "Åsa & Bo"),
    ]  # fmt: skip
    ours = failure.removeprefix(head).removesuffix(tail)
    assert parse_qsl(ours, strict_parsing=True) == [
        ("error", "oauth_denied"), ("error_description", "You chose not to give permission."),
        ("platform", "pinterest"), ("profileId", PROFILE.id),
    ]  # fmt: skip


@given(query=URL_TEXT, fragment=URL_TEXT, name=st.text(max_size=30))
def test_s21_nothing_given_is_changed_and_nothing_of_ours_gets_out_of_its_parameter(
    query: str, fragment: str, name: str
) -> None:
    url = f"https://app.example.com/done?{query}#{fragment}"
    final = redirects.with_query(url, {"username": name})
    head, _, rest = url.partition("#")
    assert final.startswith(head)
    assert final.endswith(f"#{rest}")
    ours = final.removeprefix(head).removesuffix(f"#{rest}").lstrip("&")
    assert parse_qsl(ours, keep_blank_values=True) == [("username", name)]
    assert final.isascii() or not url.isascii()


def test_a_person_is_called_by_the_user_name_and_a_chosen_thing_by_its_name() -> None:
    account = rows.account(PROFILE, username="asa", display_name="Åsa's boats")
    person = dict(parse_qsl(urlsplit(redirects.connected("https://a.example", account, None)).query))
    chosen = dict(parse_qsl(urlsplit(redirects.connected("https://a.example", account, BOARD)).query))
    assert (person["username"], chosen["username"]) == ("asa", "Åsa's boats")


def test_every_slug_has_a_sentence_and_every_sentence_a_slug() -> None:
    from typing import get_args

    from moorline.errors import Slug

    assert set(redirects.SENTENCES) == set(get_args(Slug))


def test_a_success_tells_the_chosen_thing_under_the_platforms_documented_name() -> None:
    account = rows.account(PROFILE, display_name="Åsa", details={"defaultBoardName": "Boats & bays", "other": "x"})
    told = dict(parse_qsl(urlsplit(redirects.connected("https://a.example", account, BOARD)).query))
    assert told == {
        "connected": "pinterest",
        "profileId": PROFILE.id,
        "accountId": account.id,
        "username": "Åsa",
        "board": "Boats & bays",
    }


def test_the_fields_of_a_selection_have_their_documented_names_in_their_documented_order() -> None:
    carried = {"tempToken": "temp", "userProfile": "{}"}
    fields = redirects.selection_fields(attempt("https://app.example.com"), BOARD.step, carried, connect_token="token")
    assert list(fields.items()) == [
        ("profileId", PROFILE.id),
        ("tempToken", "temp"),
        ("userProfile", "{}"),
        ("connect_token", "token"),
        ("platform", "pinterest"),
        ("step", "select_board"),
    ]


def test_the_person_is_told_under_the_names_of_every_documented_user_profile() -> None:
    identity = {"platform_user_id": "7", "display_name": "Åsa", "username": "asa", "picture_url": None}
    told = redirects.to_json(redirects.user_profile(identity))
    assert told == '{"id":"7","name":"Åsa","username":"asa","displayName":"Åsa","profilePicture":null}'


@given(names=st.lists(st.text(max_size=80), max_size=200))
def test_a_list_in_an_address_is_whole_items_and_bounded(names: list[str]) -> None:
    text = redirects.list_to_json({"id": str(number), "name": name} for number, name in enumerate(names))
    told = json.loads(text)
    assert [item["name"] for item in told] == names[: len(told)]
    assert len(quote(text)) <= redirects.MAX_LIST_CHARS + 6
    if sum(len(quote(name)) + 50 for name in names) < redirects.MAX_LIST_CHARS:
        assert len(told) == len(names)


def test_a_hosted_page_lies_under_the_public_url_with_its_parameters_encoded() -> None:
    page = redirects.page("https://connect.example.com/late", "pinterest/select-board", {"a b": "c&d/e", "id": "1"})
    assert page == "https://connect.example.com/late/connect/pinterest/select-board?a%20b=c%26d%2Fe&id=1"
    assert redirects.page("https://connect.example.com", "done") == "https://connect.example.com/connect/done"
