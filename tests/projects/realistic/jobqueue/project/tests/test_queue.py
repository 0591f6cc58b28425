import asyncio

import pytest

from jobqueue import Queue, Retry


def job(*outcomes):
    """A job that has these outcomes, one after another; exceptions are raised."""
    left = list(outcomes)

    async def run():
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return run


def test_results_in_order():
    queue = Queue()
    queue.add("b", job(1))
    queue.add("a", job(2))
    assert asyncio.run(queue.run()) == 2
    assert list(queue.results.items()) == [("b", 1), ("a", 2)]


def test_failure_does_not_stop_the_others():
    queue = Queue()
    queue.add("a", job(KeyError("x")))
    queue.add("b", job(2))
    assert asyncio.run(queue.run()) == 1
    assert list(queue.failed) == ["a"]


def test_retried():
    queue = Queue(Retry(attempts=2))
    queue.add("a", job(OSError("busy"), "fine"))
    assert asyncio.run(queue.run()) == 1
    assert queue.results == {"a": "fine"}


def test_same_name():
    queue = Queue()
    queue.add("a", job(1))
    with pytest.raises(ValueError, match="waits already"):
        queue.add("a", job(1))


def test_retry_by_itself():
    retry = Retry(attempts=3)
    assert asyncio.run(retry.run(job(OSError("1"), OSError("2"), 7))) == 7
    assert retry.failures == 2
