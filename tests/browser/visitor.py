"""A person at a browser of their own, and a note of whom it asked, what it was sent, what it complained of."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import urldefrag, urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response, ViewportSize, WebError

Scheme = Literal["light", "dark"]

HEIGHT_PX = {320: 640, 1280: 800}
TIMEOUT_MS = 20_000
FAILED_TO_LOAD = "Failed to load resource: the server responded with a status of 4"
UNSAFE = ("'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*")
ANY_HOST = ("http:", "https:")  # right only where a form leads on to an address that nobody knows yet
WANTED = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store"}
OWN_SCHEMES = {"data", "blob", "about"}  # what a page made itself; nobody is asked for it


class Visitor:
    """One fresh context with one page. `complaints` are sentences; there are none when all is well."""

    def __init__(self, page: Page, *, origin: str, also: str = "") -> None:
        self.page = page
        self.origins: set[str] = set()
        self.paths: set[str] = set()  # of the pages of ours that were shown
        self.method = ""  # by which the document on the page was asked for
        self._origin = origin
        self._also = also
        self._refused: set[str] = set()  # documents answered 4xx, as our error pages are
        self._told: list[str] = []
        self._console: list[tuple[str, str, str]] = []
        context = page.context
        context.on("request", self._note_request)
        context.on("response", self._note_response)
        context.on("console", self._note_console)
        context.on("weberror", self._note_error)

    @property
    def complaints(self) -> list[str]:
        """What the browser and its documents were found to do wrong so far."""
        foreign = [f"asked another origin: {origin}" for origin in sorted(self.origins - {self._origin, self._also})]
        return [*foreign, *self._told, *self._console_complaints()]

    async def open(self, path_or_url: str) -> None:
        """Go to a path of the server, or to an address."""
        url = path_or_url if "://" in path_or_url else self._origin + path_or_url
        await self.page.goto(url)

    async def beside(self, language: str, *, width_px: int) -> Page:
        """The page on the screen in another language, in a window beside it."""
        other = await self.page.context.new_page()
        await other.set_viewport_size(window(width_px))
        await other.set_extra_http_headers({"accept-language": language})
        await other.emulate_media(color_scheme="light", reduced_motion="reduce")
        await other.goto(self.page.url)
        return other

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in OWN_SCHEMES:
            self.origins.add(f"{parts.scheme}://{parts.netloc}")

    def _note_response(self, response: Response) -> None:
        if response.request.resource_type != "document":
            return
        self.method = response.request.method
        if 400 <= response.status < 500:
            self._refused.add(urldefrag(response.url).url)
        headers = response.headers
        if headers.get("content-type", "").startswith("text/html") and self._is_ours(response.url):
            self.paths.add(urlsplit(response.url).path)
            self._told += [f"{place(response.url)}: {lack}" for lack in lacking(headers)]

    def _is_ours(self, url: str) -> bool:
        """Whether the service answered, not a platform that the sandbox plays, nor an integrator."""
        return url.startswith(self._origin) and not urlsplit(url).path.startswith("/sandbox/")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type != "debug":  # advice that developer tools hide unless asked
            self._console.append((message.type, message.text, message.location.get("url", "")))

    def _note_error(self, error: WebError) -> None:
        self._told.append(f"a script failed: {error.error}")

    def _console_complaints(self) -> list[str]:
        # Chromium also tells of a document that came with a 4xx, which for a page about an error is right.
        return [
            f"the console said ({kind}) at {place(url)}: {text}"
            for kind, text, url in self._console
            if not (text.startswith(FAILED_TO_LOAD) and urldefrag(url).url in self._refused)
        ]


def window(width_px: int) -> ViewportSize:
    """How large a window of this width is."""
    return {"width": width_px, "height": HEIGHT_PX[width_px]}


def lacking(headers: Mapping[str, str]) -> list[str]:
    """What a hosted page's headers lack (S22); `headers` has lower-case names."""
    policy = {
        name: sources.split()
        for name, _, sources in (
            part.strip().partition(" ") for part in headers.get("content-security-policy", "").split(";")
        )
        if name
    }
    lacks = [
        f"{name} of its CSP allows {bad}"
        for name, has in policy.items()
        for bad in (UNSAFE if name == "form-action" else UNSAFE + ANY_HOST)
        if bad in has
    ]
    if policy.get("default-src") != ["'none'"]:
        lacks.append("its CSP does not begin with nothing: default-src must be 'none'")
    if policy.get("base-uri") != ["'none'"] or "frame-ancestors" not in policy or "form-action" not in policy:
        lacks.append("its CSP must say base-uri 'none', frame-ancestors and form-action")
    return lacks + [f"{name} must be {value}" for name, value in WANTED.items() if headers.get(name) != value]


def place(url: str) -> str:
    """An address without its query, which may hold handles."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


@asynccontextmanager
async def visiting(
    browser: Browser,
    origin: str,
    *,
    also: str = "",
    language: str = "en",
    width_px: int = 1280,
    script: bool = True,
) -> AsyncIterator[Visitor]:
    """A visitor whose browser keeps nothing of earlier ones.

    `also` is a further origin it may be sent to, `language` its Accept-Language.
    """
    context = await browser.new_context(
        viewport=window(width_px),
        extra_http_headers={"accept-language": language},
        java_script_enabled=script,
        reduced_motion="reduce",
        color_scheme="light",
    )
    try:
        context.set_default_timeout(TIMEOUT_MS)
        yield Visitor(await context.new_page(), origin=origin, also=also)
    finally:
        await context.close()
