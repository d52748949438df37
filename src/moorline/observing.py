"""Metrics and traces, switched on by settings; what is off is not even imported, and nothing is wrapped."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moorline import logs
from moorline.outbound import Outbound
from moorline.settings import PREFIX, Settings, WrongSettings
from moorline.store.db import Database

if TYPE_CHECKING:
    from moorline.metrics import Metrics
    from moorline.tracing import Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is on. Closed once, by whoever began it."""

    metrics: "Metrics | None"
    tracing: "Tracing | None"

    def database(self, db: Database) -> Database:
        """The database, its statements traced if they are to be."""
        if self.tracing is None:
            return db
        from moorline.tracing import TracedDatabase

        return TracedDatabase(db, self.tracing)

    def outbound(self, **given: Any) -> Outbound:
        """The way out, its calls traced if they are to be. `given` is as for `Outbound`."""
        if self.tracing is None:
            return Outbound(**given)
        from moorline.tracing import TracedOutbound

        return TracedOutbound(self.tracing, **given)

    async def close(self) -> None:
        """Count no more, and send the spans that are left."""
        if self.metrics is not None:
            logs.watchers.remove(self.metrics.count)
        if self.tracing is not None:
            logs.around_jobs.remove(self.tracing.job)
            await asyncio.to_thread(self.tracing.close)


def begin(settings: Settings) -> Observed:
    """Count and trace from now on what happens in this process, as the settings say.

    Raises: WrongSettings when traces are wanted and what they need is not installed.
    """
    observed = Observed(metrics=_metrics(settings), tracing=_tracing(settings))
    if observed.metrics is not None:
        logs.watchers.append(observed.metrics.count)
    if observed.tracing is not None:
        logs.around_jobs.append(observed.tracing.job)
    return observed


def _metrics(settings: Settings) -> "Metrics | None":
    if not settings.metrics_token and not settings.metrics_port:
        return None
    from moorline.metrics import Metrics

    return Metrics(platforms=settings.platforms)


def _tracing(settings: Settings) -> "Tracing | None":
    if not settings.traces_url:
        return None
    try:
        from moorline.tracing import Tracing
    except ModuleNotFoundError as error:
        sentence = f"{PREFIX}TRACES_URL is set, but OpenTelemetry is not installed: pip install 'moorline[otel]'."
        raise WrongSettings([sentence]) from error
    return Tracing(url=settings.traces_url, percent=settings.traces_percent, joins_callers=settings.traces_join_callers)
