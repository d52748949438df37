"""Every value under the first key: beside running servers, broken off and begun again at will, twice at once (S34).

A value is exchanged only for itself sealed anew: where a server has written another meanwhile, that one stays. So the
last pass has to find nothing left to do; only then does the mark, which every start is checked against, follow.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from moorline.accounts import grants, revocation
from moorline.app import MARK_ABOUT
from moorline.connect import selection, state
from moorline.http import idempotency
from moorline.owners import apps
from moorline.store import sealed_values
from moorline.store.db import Database, Statements
from moorline.store.sealed_values import SealedColumn, SealedValue
from moorline.vault import CannotOpen, Vault
from moorline.webhooks import sealed as webhook_fields

PAGE = 500
AT_ONCE = 8  # each exchange is a transaction of its own: it may wait for a server's, but never two for each other
MOST_PASSES = 5
MOST_NAMED = 100
HANDLES_LIVE_S = 3600  # handles and cookies are sealed too, but stand in no row: the longest life one may have

Watch = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A column, and what its room says a value is sealed for, given the value's owner."""

    column: SealedColumn
    about: Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of a column's values. `unreadable` opened with no key and stay; `rows` are the first 100 of them.

    `changed` were written by somebody else between reading and exchanging, so they were looked at once more.
    """

    name: str
    looked_at: int = 0
    resealed: int = 0
    current: int = 0
    changed: int = 0
    unreadable: int = 0
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`is_settled`: the last pass found no value under another key that could be opened."""

    tallies: tuple[Tally, ...]
    is_settled: bool

    @property
    def total(self) -> Tally:
        """All columns together, without the rows."""
        return Tally(
            name="total",
            looked_at=sum(tally.looked_at for tally in self.tallies),
            resealed=sum(tally.resealed for tally in self.tallies),
            current=sum(tally.current for tally in self.tallies),
            changed=sum(tally.changed for tally in self.tallies),
            unreadable=sum(tally.unreadable for tally in self.tallies),
        )

    @property
    def is_complete(self) -> bool:
        """Every value is under the first key, so that no other is needed for them."""
        return self.is_settled and not self.total.unreadable


SEALED = (
    Sealed(column=sealed_values.GRANT_ACCESS, about=partial(grants.token_about, token="access")),
    Sealed(column=sealed_values.GRANT_REFRESH, about=partial(grants.token_about, token="refresh")),
    Sealed(column=sealed_values.ACCOUNT_ACCESS, about=grants.own_about),
    Sealed(column=sealed_values.APP_SECRET, about=apps.about_secret),
    Sealed(column=sealed_values.WEBHOOK_SECRET, about=partial(webhook_fields.about_field, field="secret")),
    Sealed(
        column=sealed_values.WEBHOOK_FORMER_SECRET, about=partial(webhook_fields.about_field, field="former secret")
    ),
    Sealed(column=sealed_values.WEBHOOK_HEADERS, about=partial(webhook_fields.about_field, field="headers")),
    Sealed(column=sealed_values.REVOCATION_GRANT, about=revocation.about_grant),
    Sealed(column=sealed_values.SELECTION_TOKENS, about=selection.about_tokens),
    Sealed(column=sealed_values.ATTEMPT_VERIFIER, about=state.about_verifier),
    Sealed(column=sealed_values.KEPT_ANSWER, about=idempotency.about_answer),
)
MARK = Sealed(column=sealed_values.VAULT_MARK, about=lambda: MARK_ABOUT)


async def reseal(db: Database, vault: Vault, watch: Watch) -> Outcome:
    """Seal everything under the vault's first key; `watch` is told a column, how many were looked at, of how many.

    Raises: StoreUnavailable; what was done until then stays done.
    """
    first = last = await _pass(db, vault, watch)
    resealed = [tally.resealed for tally in first]
    for _ in range(MOST_PASSES - 1):
        if _is_settled(last):
            break
        last = await _pass(db, vault, watch)
        resealed = [before + tally.resealed for before, tally in zip(resealed, last, strict=True)]
    if _is_settled(last):
        await _reseal_mark(db, vault, anything=any(resealed))
    tallies = (
        replace(begun, resealed=count, unreadable=ended.unreadable, rows=ended.rows)
        for begun, ended, count in zip(first, last, resealed, strict=True)
    )
    return Outcome(tallies=tuple(tallies), is_settled=_is_settled(last))


def _is_settled(tallies: Sequence[Tally]) -> bool:
    return not any(tally.resealed or tally.changed for tally in tallies)


async def _pass(db: Database, vault: Vault, watch: Watch) -> list[Tally]:
    return [await _pass_over(db, vault, of, watch) for of in SEALED]


async def _pass_over(db: Database, vault: Vault, of: Sealed, watch: Watch) -> Tally:
    tally, after = Tally(name=of.column.name), of.column.before_all
    expected = await sealed_values.count(db, of.column)
    while values := await sealed_values.page(db, of.column, after=after, limit=PAGE):
        after = values[-1].key
        tally = await _page(db, vault, of, values, tally)
        watch(tally.name, tally.looked_at, expected)
    return tally


async def _page(db: Database, vault: Vault, of: Sealed, values: Sequence[SealedValue], tally: Tally) -> Tally:
    fresh: list[tuple[SealedValue, bytes]] = []
    unreadable: list[str] = []
    outdated = [value for value in values if not vault.is_current(value.sealed)]
    for value in outdated:
        try:
            fresh.append((value, _sealed_anew(vault, of, value)))
        except CannotOpen:
            unreadable.append(value.key.hex() if isinstance(value.key, bytes) else str(value.key))
    exchanged = 0
    for start in range(0, len(fresh), AT_ONCE):
        some = fresh[start : start + AT_ONCE]
        exchanged += sum(
            await asyncio.gather(*(sealed_values.exchange(db, of.column, value, anew) for value, anew in some))
        )
    return replace(
        tally,
        looked_at=tally.looked_at + len(values),
        resealed=tally.resealed + exchanged,
        current=tally.current + len(values) - len(outdated),
        changed=tally.changed + len(fresh) - exchanged,
        unreadable=tally.unreadable + len(unreadable),
        rows=(*tally.rows, *unreadable)[:MOST_NAMED],
    )


async def _reseal_mark(db: Database, vault: Vault, *, anything: bool) -> None:
    """Also when it is current and `anything` was done: its commit is the one that takes all before it to the disk."""
    for value in await sealed_values.page(db, MARK.column, after=MARK.column.before_all, limit=1):
        if not anything and vault.is_current(value.sealed):
            return
        anew = _sealed_anew(vault, MARK, value)
        await db.transaction(partial(_exchange_mark, value, anew), durable=True)


async def _exchange_mark(value: SealedValue, anew: bytes, tx: Statements) -> bool:
    return await sealed_values.exchange(tx, MARK.column, value, anew)


def _sealed_anew(vault: Vault, of: Sealed, value: SealedValue) -> bytes:
    about = of.about(**value.owner)
    return vault.seal(vault.open(value.sealed, about=about), about=about)
