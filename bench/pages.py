"""Ten thousand Facebook Pages in one call of the adapter, over the real HTTP client.

`python -m bench.pages URL` lists what `bench.played` serves there and prints what it cost as a JSON object.
"""

import asyncio
import json
import sys
import time
import tracemalloc
from dataclasses import asdict, dataclass

import msgspec
import uvloop

from bench.played import PAGES_IN_RESULT, RESULT_PAGES, result_page
from moorline.adapter.values import App, Choices, Identity, Tokens
from moorline.outbound import Outbound, OutboundMap
from moorline.platforms.facebook import Facebook

NAME = "pages"
TITLE = "list of 10,000 Pages"
_APP = App(client_id="bench", client_secret="bench-secret")
_TOKENS = Tokens(access="EAABbench")
_PERSON = Identity(platform_user_id="1", username="bench", display_name="Bench")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """`result_page_bytes` is one result page as it was sent, `answer_bytes` what the finished list takes, and
    `beside_bytes` how much more than that was in use at the worst moment.
    """

    cpu_ms_per_page: float
    result_page_bytes: int
    answer_bytes: int
    beside_bytes: int


async def measure(url: str) -> Listing:
    """CPU is measured without the memory's bookkeeping, which costs more than the work."""
    http = Outbound(outbound_map=OutboundMap.parse({"https://graph.facebook.com": url}))
    try:
        await _listed(http)  # warms up
        begun_s = time.process_time()
        await _listed(http)
        cpu_s = time.process_time() - begun_s
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        choices = await _listed(http)
        after, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    finally:
        await http.close()
    return Listing(
        cpu_ms_per_page=cpu_s * 1000 / len(choices.items),
        result_page_bytes=len(msgspec.json.encode(result_page(0))),
        answer_bytes=after - before,
        beside_bytes=peak - after,
    )


async def _listed(http: Outbound) -> Choices:
    choices = await Facebook().list_choices(http, _APP, _TOKENS, _PERSON)
    if len(choices.items) != PAGES_IN_RESULT * RESULT_PAGES:
        raise ValueError(f"{len(choices.items)} Pages were listed.")
    return choices


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(measure(sys.argv[1])))))
