"""Somebody at the dashboard: a browser without scripts that is signed in, and what it sees."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from typing_extensions import override
from yarl import URL

from moorline.cli.browser import Browser, Form, Seen, _Reader
from moorline.owners import sessions
from moorline.store import users
from moorline.store.users import User
from tests.harness import World

PASSWORD = "correct horse battery staple"
OWN = {"origin": "null", "sec-fetch-site": "same-origin"}
FORM = "application/x-www-form-urlencoded"


class Desk:
    """One person's browser at the dashboard."""

    def __init__(self, world: World, browser: Browser) -> None:
        self.world = world
        self.browser = browser

    async def see(self, path: str = "") -> Seen:
        """A page below /dashboard, wherever it leads to."""
        return await self.browser.follow(await self.browser.open(f"{self.world.base_url}/dashboard{path}"))

    async def ask(self, path: str = "") -> Seen:
        """What a path below /dashboard answers, followed nowhere."""
        return await self.browser.open(f"{self.world.base_url}/dashboard{path}")

    async def send(self, seen: Seen, action: str, **fields: str) -> Seen:
        """Send the form of a page whose address ends so, with fields changed; the page that comes of it."""
        return await self.browser.follow(await self.submit(seen, action, **fields))

    async def submit(self, seen: Seen, action: str, **fields: str) -> Seen:
        """`send`, without going to where the answer leads."""
        form = form_of(seen, action)
        return await self.post(urljoin(seen.url, form.action or seen.url), {**dict(form.fields), **fields})

    async def post(self, url: str, fields: dict[str, str], *, headers: dict[str, str] | None = None) -> Seen:
        """Post fields, as a browser does from our own pages unless said otherwise."""
        if url.startswith("/"):
            url = self.world.base_url + url
        session = self.browser._session
        sent = OWN if headers is None else headers
        async with session.post(URL(url, encoded=True), data=fields, headers=sent, allow_redirects=False) as answer:
            location = answer.headers.get("location")
            return Seen(
                url=url,
                status=answer.status,
                text=await answer.text(),
                location=None if location is None else urljoin(url, location),
            )

    async def csrf(self) -> str:
        """What this person's forms repeat."""
        return dict(form_of(await self.see("/profiles"), "/sign-out").fields)["csrf"]

    def cookies(self) -> dict[str, str]:
        """Every cookie the browser holds."""
        return {cookie.key: cookie.value for cookie in self.browser._session.cookie_jar}


async def user_of(world: World, email: str = "owner@example.com") -> User:
    found = await users.by_email(world.service.db, email)
    assert found is not None
    return found


async def desk(world: World, email: str = "owner@example.com") -> Desk:
    """Signed in through a link that is good once."""
    token = await sessions.new_link(world.service.db, await user_of(world, email))
    made = Desk(world, await world.browser())
    page = await made.see(f"?once={token}")
    assert page.status == 200, page.text
    first = await made.send(page, "/sign-in/once")
    assert first.status == 200, first.text
    return made


async def stranger(world: World) -> Desk:
    """A browser that was never here."""
    return Desk(world, await world.browser())


async def member_desk(world: World, *profile_ids: str, email: str = "member@example.com") -> Desk:
    """A member of the owner's team who may see these profiles only; signed in."""
    body = {"scope": "profiles", "profileIds": list(profile_ids)}
    url = (await world.ok("POST", "/v1/invite/tokens", body=body))["inviteUrl"]
    browser = await world.browser()
    form = await browser.follow(await browser.open(url))
    joined = await browser.send(form, button="join", pick={"name": "Mia", "email": email})
    assert joined.status == 200, joined.text
    return await desk(world, email)


def forms_of(seen: Seen) -> list[Form]:
    reader = _Reader()
    reader.feed(seen.text)
    return reader.forms


def form_of(seen: Seen, action: str) -> Form:
    """The page's form whose address ends so; the last one, if there are several."""
    found = [form for form in forms_of(seen) if form.action.partition("?")[0].endswith(action)]
    assert found, f"no form to {action} on {urlsplit(seen.url).path}: {seen.status} {seen.text[:300]}"
    return found[-1]


_UNSEEN = {"script", "style", "svg", "nav"}
_BLOCKS = {"dt", "dd", "li", "p", "small", "td", "th", "option", "div", "label", "h1", "h2", "summary"}


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0

    @override
    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.hidden += tag in _UNSEEN
        if tag in _BLOCKS:
            self.parts.append(" ")

    @override
    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in _UNSEEN

    @override
    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def words_of(seen: Seen) -> str:
    """What a page says, without its navigation, as one line."""
    reader = _Text()
    reader.feed(seen.text)
    return " ".join(unescape("".join(reader.parts)).split())


def title_of(seen: Seen) -> str:
    (title,) = re.findall(r"<title>(.*?)</title>", seen.text, re.DOTALL)
    return unescape(title)


def heading_of(seen: Seen) -> str:
    """The page's only h1."""
    (heading,) = re.findall(r"<h1[^>]*>(.*?)</h1>", seen.text, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", heading)).split())
