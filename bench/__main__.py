"""`python -m bench`: measure, print, write."""

import asyncio
import signal
import sys
from collections.abc import Sequence

import uvloop

from bench import crowd, documents, options, report
from bench.options import Options
from bench.processes import Broken
from bench.rounds import Results, measure


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 when everything was measured (targets met or not), 1 when something broke, 130 when stopped."""
    if arguments[:1] == ["seed"]:
        return crowd.main(arguments[1:])
    chosen = options.parse(arguments)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            results = runner.run(_until_told_to_stop(chosen))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("\nStopped; every process of the run is ended, its files are gone.", file=sys.stderr)
        return 130
    except Broken as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(report.to_text(results))
    if chosen.json_path is not None:
        chosen.json_path.parent.mkdir(parents=True, exist_ok=True)
        chosen.json_path.write_bytes(report.to_json(results))
    if chosen.writes_docs:
        return _write_docs(results)
    return 0


def _write_docs(results: Results) -> int:
    try:
        written = documents.write(results)
    except (Broken, OSError, ValueError) as error:
        print(f"\n{documents.PAGE} was not written: {error}", file=sys.stderr)
        return 1
    left = [part for part in documents.PARTS if part not in written]
    print(f"\n{documents.PAGE}: written {', '.join(written) or 'nothing'}; left alone {', '.join(left) or 'nothing'}.")
    return 0


async def _until_told_to_stop(chosen: Options) -> Results:
    task = asyncio.create_task(measure(chosen))
    # Ctrl+C is the runner's; this is what `timeout` and process managers send.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
