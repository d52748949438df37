"""Three months of the grant engine, as `make soak`: a quarter of an hour at most. The result is printed.

MOORLINE_SOAK_MINUTES, _DAYS, _PROCESSES, _CALLERS and _KILLS ask for less, or more.
"""

import os
from pathlib import Path

from tests.engines import PostgresqlServer
from tests.soak.scenario import live
from tests.soak.soak import Plan, Soak

ALMOST_NINETY = 89.9  # after ninety Facebook wants the person to consent anew (docs/platforms/facebook.md)


def _asked(name: str, usual: float) -> float:
    return float(os.environ.get(f"MOORLINE_SOAK_{name}", usual))


async def test_s35_ninety_days_of_eight_processes_disconnect_nobody_against_their_will(
    postgresql_server: PostgresqlServer, tmp_path: Path
) -> None:
    plan = Plan(
        processes=int(_asked("PROCESSES", 8)),
        callers=int(_asked("CALLERS", 200)),
        days=_asked("DAYS", ALMOST_NINETY),
        kills=int(_asked("KILLS", 30)),
        step_s=(1800, 6600),
        wall_limit_s=60 * _asked("MINUTES", 14),  # the rest is for the end, where everything settles
        storm_every=100,
        trouble_odds=0.1,
        time_outs=3,
    )
    url = await postgresql_server.fresh()
    async with Soak(plan, url, tmp_path) as soak:
        is_whole = await live(soak)
        print(f"\n{soak.report()}")
        assert is_whole, f"cut by the limit of {plan.wall_limit_s / 60:.0f} minutes"
    await postgresql_server.drop(url)
