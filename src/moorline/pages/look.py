"""How a page looks to whom: the brand it wears, the language it speaks, and how that language writes dates."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

from markupsafe import Markup

from moorline import clock, ids
from moorline.owners import brands
from moorline.owners.brands import Brand
from moorline.pages import language as languages
from moorline.pages import pictures
from moorline.pages.language import Direction
from moorline.pages.request import Visit, service_of

Scheme = Literal["light", "dark"]
LANGUAGE_COOKIE = "moorline_language"
# Chosen since the browser was opened: stronger than what a link or an attempt brings along.
CHOSEN_NOW_COOKIE = "moorline_language_now"
_GOOD_ONCE = frozenset({"code", "tempToken", "pendingDataToken", "connect_token", "once"})  # parameters of addresses
_RELATIVE_UNDER = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What every template sees as `look`.

    `scheme` None leaves light or dark to the reader. `address` is the page's own, from its query on, for links that
    ask for it in another language; None: it cannot be asked for (it answered a form). `logo_url` is the brand's
    picture on our own address.
    """

    brand: Brand
    language: str
    direction: Direction
    scheme: Scheme | None
    nonce: str = field(repr=False)
    address: str | None = None
    is_https: bool = False
    logo_url: str | None = None

    def gettext(self, message: str, **values: object) -> str:
        """The message in the reader's language, its `%(name)s` filled in; a `%` of its own is written `%%`."""
        return self.translated(message) % values

    def ngettext(self, one: str, many: str, count: int, **values: object) -> str:
        """The right plural form for `count`, in it as `%(n)s`, as the language writes numbers."""
        return self.translated_plural(one, many, count) % {"n": self.number(count), **values}

    def markup(self, message: str, **values: object) -> Markup:
        """`gettext` for a page: values are escaped, unless they are markup already."""
        return Markup(self.translated(message)) % values  # noqa: S704 - messages are ours

    def markup_plural(self, one: str, many: str, count: int, **values: object) -> Markup:
        """`ngettext` for a page: values are escaped, unless they are markup already."""
        return Markup(self.translated_plural(one, many, count)) % {"n": self.number(count), **values}  # noqa: S704

    def translated(self, message: str) -> str:
        """The message in the reader's language, nothing filled in."""
        return languages.catalogue(self.language).gettext(message)

    def translated_plural(self, one: str, many: str, count: int) -> str:
        """The right plural form, nothing filled in."""
        return languages.catalogue(self.language).ngettext(one, many, count)

    def date(self, instant: datetime) -> str:
        """Such as 3 Feb 2026, in UTC."""
        return str(_dates().format_skeleton("yMMMd", instant, tzinfo=UTC, locale=self._locale))

    def time(self, instant: datetime) -> str:
        """Such as 14:32 UTC."""
        # NOTE: a time of day, such as "14:32 UTC"
        return self.gettext("%(time)s UTC", time=self._time(instant))

    def instant(self, instant: datetime) -> str:
        """Such as 3 Feb 2026, 14:32 UTC."""
        # NOTE: a date and a time of day, such as "3 Feb 2026, 14:32 UTC"
        return self.gettext("%(date)s, %(time)s UTC", date=self.date(instant), time=self._time(instant))

    def _time(self, instant: datetime) -> str:
        return str(_dates().format_time(instant, "short", tzinfo=UTC, locale=self._locale))

    def number(self, number: float) -> str:
        """Such as 1,204."""
        from babel.numbers import format_decimal

        return str(format_decimal(number, locale=self._locale))

    def ago(self, instant: datetime) -> str:
        """Such as "12 minutes ago" or "in 3 hours"; a date when it is a day away or more."""
        delta = instant - clock.now()
        if abs(delta) >= _RELATIVE_UNDER:
            return self.date(instant)
        return str(_dates().format_timedelta(delta, add_direction=True, locale=self._locale))

    def at(self, address: str) -> Self:
        """The same look on a page that can be asked for at another address (path and query) of ours."""
        return replace(self, address=address)

    def address_in(self, language: str) -> str | None:
        """The address that shows this page in another language from then on; None when it has none."""
        if self.address is None:
            return None
        joint = "" if self.address.endswith("?") else "&" if "?" in self.address else "?"
        return f"{self.address}{joint}lang={language}"

    @property
    def _locale(self) -> str:
        return languages.locale_of(self.language)


def _dates() -> Any:
    from babel import dates

    return dates


async def look_of(
    request: Visit, *, user_id: str | None = None, language: str | None = None, scheme: Scheme | None = None
) -> Look:
    """The look for a request. `user_id` is the tenant whose brand dresses the page (None: the instance's).

    `language` is one fixed by a link or an attempt; the reader may change it. Else it is the reader's own choice, or
    that of their browser.
    """
    service = service_of(request)
    name = service.settings.brand
    brand = Brand(name=name) if user_id is None else await brands.of_tenant(service.db, user_id, instance_name=name)
    look = plain_look(request, brand=brand, language=language, scheme=scheme)
    if not languages.is_prepared(look.language):  # the first page in it: files are read, while others are served
        await asyncio.to_thread(languages.prepare, look.language)
    return look


def plain_look(
    request: Visit, *, brand: Brand | None = None, language: str | None = None, scheme: Scheme | None = None
) -> Look:
    """`look_of` that asks no database: for a page about what went wrong."""
    service = service_of(request)
    spoken = _language_of(request, language)
    query = request.scope["query_string"].decode("latin-1")
    return Look(
        brand=brand or Brand(name=service.settings.brand),
        language=spoken,
        direction=languages.direction_of(spoken),
        scheme=scheme,
        nonce=ids.new_secret(),
        address=f"?{query}" if _may_be_asked_again(request) else None,
        is_https=service.settings.public_url.startswith("https://"),
        logo_url=None if brand is None else pictures.url(service, brand.logo_url),
    )


def _may_be_asked_again(request: Visit) -> bool:
    """Whether the page's address may stand in its links: it answered no form, and holds nothing that is good once."""
    return request.method in {"GET", "HEAD"} and _GOOD_ONCE.isdisjoint(request.query_params.keys())


def _language_of(request: Visit, fixed: str | None) -> str:
    for wanted in (request.cookies.get(CHOSEN_NOW_COOKIE), fixed, request.cookies.get(LANGUAGE_COOKIE)):
        language = languages.known(wanted)
        if language is not None:
            return language
    return languages.negotiate(request.headers.get("accept-language", ""))
