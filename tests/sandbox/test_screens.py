"""The pages of the sandbox: honest about what they are, usable without script, safe with any text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from typing_extensions import override

from tests.sandbox.conftest import Sandbox
from tests.sandbox.oauth_platforms import FACEBOOK, OAUTH_PLATFORMS, TWITTER
from tests.sandbox.refusals import OAuthUnderTest

TITLES = {
    "twitter": "X",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "threads": "Threads",
    "tiktok": "TikTok",
    "youtube": "Google",
    "googlebusiness": "Google",
    "snapchat": "Snapchat",
    "linkedin": "LinkedIn",
    "pinterest": "Pinterest",
    "reddit": "Reddit",
}

each_platform = pytest.mark.parametrize("under", OAUTH_PLATFORMS, ids=lambda under: under.name)
each_with_error_pages = pytest.mark.parametrize(
    "under",
    [under for under in OAUTH_PLATFORMS if under.page[1].startswith("text/html")],
    ids=lambda under: under.name,
)


@dataclass
class Elements(HTMLParser):
    """Every start tag with its attributes, in the order of the page."""

    found: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.found if name == tag and attributes.items() <= found.items()]


def read(page: str) -> Elements:
    elements = Elements()
    elements.feed(page)
    return elements


@each_platform
async def test_the_page_says_that_it_is_not_the_real_one(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    page = (await under.open_page(sandbox)).text
    assert f"Sandbox - not the real {TITLES[under.name]}" in page
    assert f"<h1>sandbox-{under.name} wants to use your {TITLES[under.name]} account</h1>" in page


@each_platform
async def test_the_first_of_four_people_is_chosen_beforehand(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    people = read((await under.open_page(sandbox)).text).all("input", type="radio", name="person")
    assert [person["value"] for person in people] == ["plenty", "single", "none", "crowd"]
    assert [person["id"] for person in people] == ["person-plenty", "person-single", "person-none", "person-crowd"]
    assert ["checked" in person for person in people] == [True, False, False, False]


@each_platform
async def test_every_scope_asked_for_is_a_ticked_box(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    boxes = read((await under.open_page(sandbox)).text).all("input", type="checkbox", name="scope")
    assert [box["value"] for box in boxes] == list(under.scopes)
    assert [box["id"] for box in boxes] == [f"scope-{scope}" for scope in under.scopes]
    assert all("checked" in box for box in boxes)
    assert all(("disabled" in box) is under.all_or_nothing for box in boxes)


@each_platform
async def test_every_input_has_a_label(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    page = read((await under.open_page(sandbox)).text)
    assert {found["id"] for found in page.all("input")} == {label["for"] for label in page.all("label")}


@each_platform
async def test_two_buttons_decide_and_no_script_is_needed(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    page = read((await under.open_page(sandbox)).text)
    assert [(button["id"], button["name"], button["value"]) for button in page.all("button")] == [
        ("approve", "decision", "approve"),
        ("deny", "decision", "deny"),
    ]
    assert page.all("script") == []
    assert [form["method"] for form in page.all("form")] == ["post"]


@each_platform
async def test_the_form_posts_to_the_request_it_was_asked_with(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    action = read((await under.open_page(sandbox)).text).all("form")[0]["action"]
    host, path = under.authorize
    got = await sandbox.send("POST", host, f"{path}{action}", data={"person": "plenty", "decision": "deny"})
    assert got.status == 302


async def test_what_is_always_granted_cannot_be_unticked(sandbox: Sandbox) -> None:
    box = read((await FACEBOOK.open_page(sandbox)).text).all("input", id="scope-public_profile")[0]
    assert {"checked", "disabled"} <= set(box)


async def test_the_page_tells_when_declined_scopes_stay_declined(sandbox: Sandbox) -> None:
    assert "auth_type=rerequest" in (await FACEBOOK.open_page(sandbox)).text
    assert 'id="declines-stick"' not in (await FACEBOOK.open_page(sandbox, {"auth_type": "rerequest"})).text
    assert 'id="declines-stick"' not in (await TWITTER.open_page(sandbox)).text


@pytest.mark.parametrize(
    ("under", "name"),
    [
        (under, name)
        for under in OAUTH_PLATFORMS
        for name in ("redirect_uri", "client_id", "scope")
        if under.page[1].startswith("text/html") and not (name == "scope" and under.scope_unknown_redirects)
    ],
)
async def test_hostile_text_is_escaped_on_the_error_page(sandbox: Sandbox, under: OAuthUnderTest, name: str) -> None:
    got = await under.open_page(sandbox, {name: "<img/src=x/onerror=alert(1)>"})
    assert got.status == under.page[0]
    assert read(got.text).all("img") == []
    assert "&lt;img" in got.text


@each_platform
async def test_hostile_text_is_escaped_on_the_consent_page(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    hostile = '"><script>alert(1)</script>'
    uri = f"https://a.example/{'?x=' if under.redirect_query else ''}%22><script>alert(1)</script>"
    app = {"platform": under.name, "client_id": hostile, "client_secret": "s" * 20, "redirect_uris": [uri]}
    assert (await sandbox.control("POST", "apps", app)).status == 201
    got = await under.open_page(sandbox, {"client_id": hostile, "redirect_uri": uri, "state": hostile})
    assert got.status == 200
    assert read(got.text).all("script") == []


@each_with_error_pages
async def test_the_error_page_tells_a_developer_the_reason(sandbox: Sandbox, under: OAuthUnderTest) -> None:
    page = (await under.open_page(sandbox, {"redirect_uri": "https://typo.example/"})).text
    assert "redirect URI not registered: https://typo.example/" in page
