"""As much of a browser as a flow without scripts needs: cookies, redirects one at a time, forms."""

from collections.abc import Collection
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
from typing_extensions import override
from yarl import URL


@dataclass(slots=True)
class Form:
    """A form as its page gave it: `fields` holds what a person would send without touching it (name, value)."""

    action: str = ""
    method: str = "get"
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)  # of buttons that send the form elsewhere
    choices: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the browser shows: a page, or where it was sent."""

    url: str
    status: int
    text: str
    location: str | None

    def form(self, button: str | None = None) -> Form:
        """The page's form with this button, else its last. Raises: ValueError when it has none."""
        reader = _Reader()
        reader.feed(self.text)
        if not reader.forms:
            raise ValueError(f"no form on {urlsplit(self.url).path} (status {self.status})")
        return next((form for form in reader.forms if button in form.buttons), reader.forms[-1])


class Browser:
    """One person's browser."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def open(self, url: str) -> Seen:
        """GET, following nothing."""
        async with self._session.get(URL(url, encoded=True), allow_redirects=False) as answer:
            return await _seen(url, answer)

    async def send(
        self, seen: Seen, *, button: str, pick: dict[str, str] | None = None, untick: Collection[str] = ()
    ) -> Seen:
        """Fill the form of a button and press it, by its id.

        `pick` types into fields and chooses among radio buttons, by name; `untick` are values of ticked boxes.
        """
        form = seen.form(button)
        chosen = pick or {}
        fields = [(name, value) for name, value in form.fields if name not in chosen and value not in untick]
        fields.extend(chosen.items())
        name, value = form.buttons[button]
        if name:
            fields.append((name, value))
        target = urljoin(seen.url, form.actions.get(button) or form.action or seen.url)
        if form.method == "get":
            return await self.open(f"{target}?{urlencode(fields)}")
        # What browsers send from a page whose Referrer-Policy is no-referrer.
        headers = {"origin": "null", "sec-fetch-site": "same-origin"}
        async with self._session.post(
            URL(target, encoded=True), data=fields, headers=headers, allow_redirects=False
        ) as answer:
            return await _seen(target, answer)

    async def follow(self, seen: Seen, *, at_most: int = 5) -> Seen:
        """Follow redirects until a page comes."""
        for _ in range(at_most):
            if seen.location is None:
                return seen
            seen = await self.open(seen.location)
        raise ValueError("too many redirects")


async def _seen(url: str, answer: aiohttp.ClientResponse) -> Seen:
    text = await answer.text()
    location = answer.headers.get("location")
    return Seen(url=url, status=answer.status, text=text, location=None if location is None else urljoin(url, location))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(action=given.get("action", ""), method=given.get("method", "get").lower()))
        elif self.forms and tag == "input":
            self._input(self.forms[-1], given)
        elif self.forms and tag == "button":
            self.forms[-1].buttons[given.get("id", "")] = (given.get("name", ""), given.get("value", ""))
            if given.get("formaction"):
                self.forms[-1].actions[given.get("id", "")] = given["formaction"]

    def _input(self, form: Form, given: dict[str, str]) -> None:
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type", "text")
        if not name or "disabled" in given:
            return
        if kind in {"radio", "checkbox"}:
            form.choices.append((name, value))
            if "checked" not in given:
                return
        form.fields.append((name, value))
