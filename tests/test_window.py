"""A bounded number of things under way at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import pytest

from moorline import window
from moorline.window import Begun, Window
from tests.harness import settles


class Working:
    """What is begun in a window: it ends when its gate opens, and is counted while it is under way."""

    def __init__(self, given: Window, wanted: Iterable[tuple[str, str]]) -> None:
        self.window = given
        self.wanted = dict(wanted)
        self.gates: dict[str, asyncio.Event] = {}
        self.asked: list[tuple[str, ...]] = []
        self.begun: list[str] = []
        self.done: list[str] = []
        self.most = 0
        self.breaks: set[str] = set()

    async def begin(self, full: Sequence[str]) -> Begun:
        self.asked.append(tuple(full))
        count = 0
        for key, kind in list(self.wanted.items()):
            if kind not in full and self.window.takes(key, kind):
                del self.wanted[key]
                self.window.begin(key, kind, self._work(key))
                count += 1
        return Begun(count=count, may_be_more=count > 0)

    async def _work(self, key: str) -> None:
        gate = self.gates.setdefault(key, asyncio.Event())
        self.begun.append(key)
        self.most = max(self.most, len(self.begun) - len(self.done))
        try:
            await gate.wait()
        finally:
            self.done.append(key)
        if key in self.breaks:
            raise ValueError(key)

    def open(self, *keys: str) -> None:
        for key in keys:
            self.gates.setdefault(key, asyncio.Event()).set()

    async def until(self, told: Callable[[], bool]) -> None:
        async def answer() -> bool:
            return told()

        await settles(answer, within_s=5)


def numbered(kind: str, count: int) -> list[tuple[str, str]]:
    return [(f"{kind} {number}", kind) for number in range(count)]


async def ended(task: Awaitable[int]) -> int:
    return await asyncio.wait_for(task, timeout=5)


async def test_never_more_are_under_way_than_allowed_and_all_are_done() -> None:
    working = Working(Window(most=3, most_of_kind=3, refill=1), numbered("a", 10))
    task = asyncio.create_task(working.window.keep_full(working.begin))
    await working.until(lambda: len(working.begun) == 3)
    working.open(*(key for key, _ in numbered("a", 10)))
    assert await ended(task) == 10
    assert sorted(working.done) == sorted(key for key, _ in numbered("a", 10))
    assert working.most == 3
    assert working.window.room == 3


async def test_a_kind_that_hangs_leaves_room_for_the_others() -> None:
    working = Working(Window(most=4, most_of_kind=2, refill=1), [*numbered("hangs", 5), *numbered("works", 5)])
    working.open(*(key for key, _ in numbered("works", 5)))
    task = asyncio.create_task(working.window.keep_full(working.begin))
    await working.until(lambda: len(working.done) == 5)
    assert {key.split()[0] for key in working.done} == {"works"}
    assert ("hangs",) in working.asked
    await working.until(lambda: working.window.room == 2)
    assert not task.done()
    working.open(*(key for key, _ in numbered("hangs", 5)))
    assert await ended(task) == 10


async def test_where_one_kind_is_full_the_others_are_looked_for_now_and_then_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(window, "LOOK_AGAIN_S", 60.0)
    working = Working(Window(most=4, most_of_kind=2, refill=1), numbered("a", 20))
    working.open(*(key for key, _ in numbered("a", 20)))
    assert await ended(working.window.keep_full(working.begin)) == 20
    assert working.asked.count(("a",)) == 1


async def test_what_comes_while_nothing_ends_is_begun_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "LOOK_AGAIN_S", 0.001)
    working = Working(Window(most=4, most_of_kind=4, refill=4), numbered("a", 1))
    task = asyncio.create_task(working.window.keep_full(working.begin))
    await working.until(lambda: "a 0" in working.begun)
    working.wanted = dict(numbered("b", 1))
    await working.until(lambda: "b 0" in working.begun)
    working.open("a 0", "b 0")
    assert await ended(task) == 2


async def test_more_is_begun_only_when_enough_have_ended() -> None:
    working = Working(Window(most=4, most_of_kind=4, refill=2), numbered("a", 6))
    task = asyncio.create_task(working.window.keep_full(working.begin))
    await working.until(lambda: len(working.begun) == 4)
    working.open("a 0")
    await working.until(lambda: working.done == ["a 0"])
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(working.begun) == 4
    working.open("a 1")
    await working.until(lambda: len(working.begun) == 6)
    working.open(*(key for key, _ in numbered("a", 6)))
    assert await ended(task) == 6


async def test_a_failure_is_raised_once_nothing_is_under_way_and_the_next_run_begins_clean() -> None:
    working = Working(Window(most=2, most_of_kind=2, refill=1), numbered("a", 3))
    working.breaks = {"a 0"}
    task = asyncio.create_task(working.window.keep_full(working.begin))
    await working.until(lambda: len(working.begun) == 2)
    working.open("a 0")
    await working.until(lambda: working.done == ["a 0"])
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done(), "another is still under way"
    working.open("a 1")
    with pytest.raises(ValueError, match="a 0"):
        await ended(task)
    assert list(working.wanted) == ["a 2"]
    working.open("a 2")
    assert await ended(working.window.keep_full(working.begin)) == 1


async def test_a_look_that_fails_waits_for_what_is_under_way() -> None:
    working = Working(Window(most=2, most_of_kind=2, refill=1), numbered("a", 2))
    filled = 0

    async def begin(full: Sequence[str]) -> Begun:
        nonlocal filled
        filled += 1
        if filled == 2:
            raise ValueError("no database")
        return await working.begin(full)

    task = asyncio.create_task(working.window.keep_full(begin))
    await working.until(lambda: len(working.begun) == 2)
    working.open("a 0")
    await working.until(lambda: filled == 2)
    assert not task.done()
    working.open("a 1")
    with pytest.raises(ValueError, match="no database"):
        await ended(task)


async def test_who_is_cancelled_leaves_nothing_under_way() -> None:
    working = Working(Window(most=2, most_of_kind=2, refill=1), numbered("a", 2))
    task = asyncio.create_task(working.window.keep_full(working.begin))
    await working.until(lambda: len(working.begun) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ended(task)
    assert sorted(working.done) == ["a 0", "a 1"]
    assert working.window.room == 2
