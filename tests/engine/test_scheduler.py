"""Who goes first, and who has to stop for whom."""

from __future__ import annotations

import asyncio

import pytest

from heal_lsp.engine.scheduler import Priority, Scheduler


class Work:
    """A job that runs until it is let go, and counts how often it was started."""

    def __init__(self) -> None:
        self.starts = 0
        self.cancels = 0
        self.go = asyncio.Event()
        self.started = asyncio.Event()

    async def __call__(self) -> str:
        self.starts += 1
        self.started.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancels += 1
            self.started.clear()
            raise
        return "done"


async def test_a_heal_pre_empts_tests_and_they_start_again():
    scheduler, tests, heal = Scheduler(slots=1), Work(), Work()
    first = asyncio.create_task(scheduler.run(Priority.TEST, tests))
    await tests.started.wait()
    second = asyncio.create_task(scheduler.run(Priority.HEAL, heal))
    await asyncio.wait_for(heal.started.wait(), 5)
    assert tests.cancels == 1
    heal.go.set()
    assert await second == "done"
    await asyncio.wait_for(tests.started.wait(), 5)
    tests.go.set()
    assert await first == "done"
    assert tests.starts == 2


async def test_tests_never_pre_empt_a_heal():
    scheduler, tests, heal = Scheduler(slots=1), Work(), Work()
    first = asyncio.create_task(scheduler.run(Priority.HEAL, heal))
    await heal.started.wait()
    second = asyncio.create_task(scheduler.run(Priority.TEST, tests))
    await asyncio.sleep(0.05)
    assert (heal.cancels, tests.starts) == (0, 0)
    heal.go.set()
    tests.go.set()
    assert [await first, await second] == ["done", "done"]


async def test_the_highest_waiter_goes_first():
    scheduler, order, gate = Scheduler(slots=1), [], Work()
    first = asyncio.create_task(scheduler.run(Priority.HEAL, gate))
    await gate.started.wait()

    def job(name: str):
        async def work() -> None:
            order.append(name)

        return work

    waiting = [
        asyncio.create_task(scheduler.run(Priority.PREPARE, job("prepare"))),
        asyncio.create_task(scheduler.run(Priority.TEST, job("test"))),
        asyncio.create_task(scheduler.run(Priority.HEAL, job("heal"))),
    ]
    await asyncio.sleep(0.05)
    gate.go.set()
    await asyncio.gather(first, *waiting)
    assert order == ["heal", "test", "prepare"]


async def test_a_cancelled_caller_leaves_only_when_its_work_is_over():
    scheduler, ended = Scheduler(slots=1), []

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.05)
            ended.append(True)

    task = asyncio.create_task(scheduler.run(Priority.HEAL, work))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


async def test_a_cancelled_waiter_gives_its_place_on():
    scheduler, gate, last = Scheduler(slots=1), Work(), Work()
    first = asyncio.create_task(scheduler.run(Priority.HEAL, gate))
    await gate.started.wait()
    given_up = asyncio.create_task(scheduler.run(Priority.HEAL, Work()))
    waiter = asyncio.create_task(scheduler.run(Priority.TEST, last))
    await asyncio.sleep(0.02)
    gate.go.set()
    given_up.cancel()
    await first
    await asyncio.wait_for(last.started.wait(), 5)
    last.go.set()
    assert await waiter == "done"


async def test_errors_come_through_and_free_the_slot():
    scheduler = Scheduler(slots=1)

    async def broken() -> None:
        raise ValueError("no")

    async def fine() -> int:
        return 1

    with pytest.raises(ValueError, match="no"):
        await scheduler.run(Priority.TEST, broken)
    assert await scheduler.run(Priority.PREPARE, fine) == 1
