"""What a run is asked for."""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import chooser, claims, details, drains, growth, memory, operations, pages, renewing, rivals, switched
from bench.seeding import Sizes
from tests.engines import ENGINES, Engine

ROUNDS, SECONDS, STARTS, DRAINS = 5, 1.0, 5, 3
QUICK_ROUNDS, QUICK_SECONDS, QUICK_STARTS, QUICK_DRAINS = 1, 0.15, 1, 1
SIZES = Sizes(grants=100_000, due=10_000, deliveries=20_000)
CROWDS, QUICK_CROWDS = (1_000, 1_000_000), (400, 800)
FLOWS, QUICK_FLOWS = 2_000, 60
QUICK_SIZES = Sizes(grants=600, due=60, deliveries=600)
NAMES = (
    *operations.NAMES, renewing.NAME, details.NAME, pages.NAME, chooser.NAME, claims.NAME, drains.RENEWALS,
    drains.DELIVERIES, memory.NAME, switched.NAME, rivals.NAME, growth.NAME,
)  # fmt: skip
USUAL = tuple(name for name in NAMES if name != growth.NAME)  # that takes a quarter of an hour and 5 GB of disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`seconds` of load per operation, number of connections and round; `starts` of the command and the server.

    `drains`: how often background work is let pile up and done. `flows` after which memory is measured.
    `engines` on which the operations are measured. `crowds`: accounts of the two databases of `growth`.
    `writes_docs`: into docs/performance.md.
    """

    rounds: int
    seconds: float
    starts: int
    drains: int
    sizes: Sizes
    crowds: tuple[int, int]
    flows: int
    engines: tuple[Engine, ...]
    only: tuple[str, ...]
    json_path: Path | None
    writes_docs: bool
    command: str


def parse(arguments: Sequence[str]) -> Options:
    """Options of a command line. Ends the program with a usage message when they are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="What Moorline costs, beside floors of the same run.",
        epilog="See docs/performance.md.",
    )
    parser.add_argument("--rounds", type=_at_least_one, help=f"rounds, median of which is told ({ROUNDS})")
    parser.add_argument("--seconds", type=_seconds, help=f"of load per operation, connections and round ({SECONDS})")
    parser.add_argument("--only", choices=NAMES, action="append", help="measure this; may be repeated")
    parser.add_argument("--without", choices=NAMES, action="append", default=[], help="leave this out")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="measure the operations on this (both)")
    parser.add_argument("--flows", type=_flows, help=f"after which memory is measured ({FLOWS})")
    parser.add_argument("--write-docs", action="store_true", help="write the figures into docs/performance.md")
    parser.add_argument("--json", metavar="PATH", type=Path, help="write the results there, every round of them")
    parser.add_argument("--quick", action="store_true", help="a smoke run of a few seconds; its figures mean nothing")
    given = parser.parse_args(arguments)
    if given.quick and given.write_docs:
        parser.error("the figures of --quick mean nothing: --write-docs does not go with it")
    return Options(
        rounds=given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS),
        seconds=given.seconds or (QUICK_SECONDS if given.quick else SECONDS),
        starts=QUICK_STARTS if given.quick else STARTS,
        drains=QUICK_DRAINS if given.quick else min(given.rounds or DRAINS, DRAINS),
        sizes=QUICK_SIZES if given.quick else SIZES,
        crowds=QUICK_CROWDS if given.quick else CROWDS,
        flows=given.flows or (QUICK_FLOWS if given.quick else FLOWS),
        engines=tuple(engine for engine in ENGINES if not given.engine or engine in given.engine),
        only=tuple(
            name
            for name in NAMES
            if name in (given.only or (NAMES if given.quick else USUAL)) and name not in given.without
        ),
        json_path=None if given.json is None else given.json.absolute(),
        writes_docs=given.write_docs,
        command=shlex.join(["python", "-m", "bench", *arguments]),
    )


def _at_least_one(text: str) -> int:
    if not 1 <= int(text) <= 1000:
        raise ValueError(text)
    return int(text)


def _flows(text: str) -> int:
    if not memory.SAMPLES <= int(text) <= 10_000_000:
        raise ValueError(text)
    return int(text)


def _seconds(text: str) -> float:
    if not 0.05 <= float(text) <= 600:
        raise ValueError(text)
    return float(text)
