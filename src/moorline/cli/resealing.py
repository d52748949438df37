"""`keys rotate-encryption`: every sealed value under the first key, with what became of them."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from moorline.app import open_service
from moorline.cli.environment import load_settings, sentences
from moorline.errors import StoreUnavailable
from moorline.resealing import HANDLES_LIVE_S, Outcome, Tally, Watch, reseal
from moorline.settings import PREFIX, Settings
from moorline.store import migrate


def rotate(*, json_answer: bool) -> None:
    """Seal everything under the first key. Exit code 1 unless everything is."""
    settings = load_settings()
    with sentences():
        outcome = asyncio.run(_resealed(settings))
    if json_answer:
        print(json.dumps(_to_json(outcome)))
    else:
        _tell(outcome, keys=len(settings.encryption_keys))
    if not outcome.is_complete:
        raise SystemExit(1)


async def _resealed(settings: Settings) -> Outcome:
    async with open_service(settings) as service:
        if not await migrate.is_current(
            service.db
        ):  # only beside a newer version, which may seal what this one ignores
            raise StoreUnavailable("The database belongs to a newer version of Moorline: run this with that one.")
        try:
            with _progress() as watch:
                return await reseal(service.db, service.vault, watch)
        except StoreUnavailable as error:
            raise StoreUnavailable(
                f"{error} What is sealed anew stays so: run this again, it goes on where it was."
            ) from error


@contextmanager
def _progress() -> Iterator[Watch]:
    """A bar on standard error, gone at the end; nothing where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=None)

        def watch(name: str, looked_at: int, expected: int) -> None:
            progress.update(task, description=name, completed=looked_at, total=max(expected, looked_at))

        yield watch


def _tell(outcome: Outcome, *, keys: int) -> None:
    total = outcome.total
    for tally in outcome.tallies:
        if tally.looked_at:
            print(
                f"{tally.name:30}{tally.looked_at:>9} looked at{tally.resealed:>9} re-sealed"
                f"{tally.current:>9} already current{tally.unreadable:>9} unreadable"
            )
    if not outcome.is_settled:
        _complain(
            "Values keep coming under another key than the first: a server runs that has not the new key in front. "
            "Restart every server and worker with it, run this again, and keep all keys until then."
        )
    if total.unreadable:
        _complain(f"{total.unreadable} value(s) can be opened with none of the keys given, and stay as they are:")
        _complain(*_named(outcome.tallies))
    if not outcome.is_complete:
        return
    begun = "" if total.resealed else "Nothing to do: "
    print(f"{begun}{'all' if begun else 'All'} {total.looked_at} values are under the first key.")
    if keys > 1:
        print(
            f"The others may now be removed from {PREFIX}ENCRYPTION_KEYS, {HANDLES_LIVE_S // 60} minutes after the "
            "last server was restarted with the new key in front. Backups made before still need them."
        )


def _named(tallies: tuple[Tally, ...]) -> Iterator[str]:
    for tally in tallies:
        yield from (f"  {tally.name} of row {row}" for row in tally.rows)
        if tally.unreadable > len(tally.rows):
            yield f"  {tally.name} of {tally.unreadable - len(tally.rows)} more rows"


def _complain(*lines: str) -> None:
    print(*lines, sep="\n", file=sys.stderr)


def _to_json(outcome: Outcome) -> dict[str, object]:
    counts = {tally.name: _counts(tally) | {"unreadable_rows": tally.rows} for tally in outcome.tallies}
    return {"complete": outcome.is_complete, "total": _counts(outcome.total), "values": counts}


def _counts(tally: Tally) -> dict[str, object]:
    return {
        "looked_at": tally.looked_at,
        "resealed": tally.resealed,
        "already_current": tally.current,
        "unreadable": tally.unreadable,
    }
