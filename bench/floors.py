"""The floors: the same web server answering a constant, and one bare row read and written on the same engine.

`python -m bench.floors web PORT` serves until it is told to stop; `python -m bench.floors rows FOLDER`, or the URL of a
PostgreSQL database in place of the folder, prints a JSON object of CPU milliseconds per row.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from moorline import ids
from moorline.store.sqlite import open_connection

READS, INSERTS, KNOWN_ROWS = 20_000, 3_000, 1_000
POSTGRESQL_READS, POSTGRESQL_INSERTS = 4_000, 500  # each is a way there and back
ROW_TEXT = "x" * 300  # about what an attempt's row holds
_BODY = b'{"status":"ok"}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))]
_INSERT = "INSERT INTO bare (id, text) VALUES (?1, ?2)"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def constant(scope: Message, receive: Receive, send: Send) -> None:
    """An ASGI app that answers 200 and a constant to everything."""
    if scope["type"] == "lifespan":
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})


def serve(port: int) -> None:
    """Serve the constant with the very server, and settings of it, that `moorline serve` runs on."""
    from moorline.cli.listening import listen
    from moorline.cli.running import run, uvicorn_server

    run(uvicorn_server(constant).serve(sockets=[listen("127.0.0.1", port)]))


def rows(folder: Path) -> dict[str, float]:
    """CPU milliseconds of a row read by its key, and of a row inserted and committed, in a loop without threads."""
    path = folder / "bare.sqlite3"
    connection = open_connection(str(path))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id TEXT PRIMARY KEY, text TEXT NOT NULL)")
    known = [ids.new_id() for _ in range(KNOWN_ROWS)]
    connection.execute("BEGIN")
    connection.executemany(_INSERT, [(row_id, ROW_TEXT) for row_id in known])
    connection.execute("COMMIT")
    begun_s = time.process_time()
    for count in range(READS):
        connection.execute("SELECT * FROM bare WHERE id = ?1", (known[count % KNOWN_ROWS],)).fetchone()
    read_s = time.process_time() - begun_s
    fresh = [ids.new_id() for _ in range(INSERTS)]
    begun_s = time.process_time()
    for row_id in fresh:
        connection.execute(_INSERT, (row_id, ROW_TEXT))
    insert_s = time.process_time() - begun_s
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return {"read": read_s * 1000 / READS, "insert": insert_s * 1000 / INSERTS}


async def rows_on_postgresql(url: str) -> dict[str, float]:
    """The same on PostgreSQL by bare asyncpg, one connection and one statement at a time; its own CPU is not in it."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE TABLE bare (id TEXT PRIMARY KEY, text TEXT NOT NULL)")
        known = [ids.new_id() for _ in range(KNOWN_ROWS)]
        await connection.copy_records_to_table("bare", records=[(row_id, ROW_TEXT) for row_id in known])
        begun_s = time.process_time()
        for count in range(POSTGRESQL_READS):
            await connection.fetchrow("SELECT * FROM bare WHERE id = $1", known[count % KNOWN_ROWS])
        read_s = time.process_time() - begun_s
        fresh = [ids.new_id() for _ in range(POSTGRESQL_INSERTS)]
        begun_s = time.process_time()
        for row_id in fresh:
            await connection.execute("INSERT INTO bare (id, text) VALUES ($1, $2)", row_id, ROW_TEXT)
        insert_s = time.process_time() - begun_s
        await connection.execute("DROP TABLE bare")
    finally:
        await connection.close()
    return {"read": read_s * 1000 / POSTGRESQL_READS, "insert": insert_s * 1000 / POSTGRESQL_INSERTS}


if __name__ == "__main__":
    what, argument = sys.argv[1:]
    if what == "web":
        serve(int(argument))
    elif argument.startswith("postgresql://"):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            print(json.dumps(runner.run(rows_on_postgresql(argument))))
    else:
        print(json.dumps(rows(Path(argument))))
