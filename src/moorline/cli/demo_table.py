"""The live table of the demo: redrawn in a terminal, one line per platform anywhere else."""

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table as RichTable

from moorline.cli.demo_flows import Outcome


class Table:
    """Shows outcomes as they come. Steps first, then account and milliseconds, or why it failed."""

    def __init__(self, out: TextIO, names: Sequence[str]) -> None:
        self._out = out
        self._outcomes: dict[str, Outcome | None] = dict.fromkeys(names)
        self._live: Live | None = None
        if out.isatty() and "NO_COLOR" not in os.environ:
            self._live = Live(self._drawn(), console=Console(file=out), refresh_per_second=12)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def tell(self, outcome: Outcome) -> None:
        """Show where a platform is now."""
        self._outcomes[outcome.platform] = outcome
        if self._live is not None:
            self._live.update(self._drawn())
        elif outcome.is_over:
            steps, account = " ".join(outcome.steps), outcome.account or "-"
            line = f"{outcome.platform:16}{steps:48}{account:28}{outcome.ms:>6.0f} ms  {_end_of(outcome)}"
            print(line, file=self._out, flush=True)

    def _drawn(self) -> RichTable:
        drawn = RichTable(box=None, pad_edge=False)
        for heading in ("platform", "steps", "account", "ms", ""):
            drawn.add_column(heading, justify="right" if heading == "ms" else "left")
        for name, outcome in self._outcomes.items():
            if outcome is None:
                drawn.add_row(name, "", "", "", "")
            else:
                ms = f"{outcome.ms:.0f}" if outcome.is_over else ""
                drawn.add_row(name, " ".join(outcome.steps), outcome.account or "", ms, _end_of(outcome))
        return drawn


def _end_of(outcome: Outcome) -> str:
    if not outcome.is_over:
        return "working"
    return "connected" if outcome.account else f"FAILED: {outcome.problem}"
