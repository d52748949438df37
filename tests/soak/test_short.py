"""A week of the grant engine in seconds. The long form is `make soak`; what both assert is in scenario.py."""

from pathlib import Path

from tests.engines import PostgresqlServer, SqliteFiles
from tests.soak.scenario import live
from tests.soak.soak import Plan, Soak

STEP_S = (1500, 3900)
WALL_LIMIT_S = 180  # for a busy machine; half a minute is usual


async def test_s35_a_week_of_two_processes_on_postgresql_disconnects_nobody_against_their_will(
    postgresql_server: PostgresqlServer, tmp_path: Path
) -> None:
    plan = Plan(processes=2, callers=20, days=7, kills=1, asking=4, step_s=STEP_S, wall_limit_s=WALL_LIMIT_S)
    url = await postgresql_server.fresh()
    async with Soak(plan, url, tmp_path) as soak:
        assert await live(soak), soak.report()
        print(soak.report())
    await postgresql_server.drop(url)


async def test_s35_two_days_of_the_one_process_on_sqlite_disconnect_nobody_against_their_will(
    sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    plan = Plan(processes=1, callers=20, days=2, kills=1, step_s=STEP_S, wall_limit_s=WALL_LIMIT_S)
    async with Soak(plan, await sqlite_files.fresh(tmp_path), tmp_path) as soak:
        assert await live(soak), soak.report()
        print(soak.report())
