import asyncio

from jobqueue import Queue, Retry


def job(*outcomes):
    left = list(outcomes)

    async def run():
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return run


def test_first_attempt_succeeds():
    retry = Retry()
    queue = Queue(retry)
    queue.add("a", job([1, 2]))
    assert asyncio.run(queue.run()) == 1
    assert queue.results == {"a": [1, 2]}
    assert retry.failures == 0


def test_gives_up():
    retry = Retry(attempts=2)
    queue = Queue(retry)
    queue.add("a", job(OSError("1"), OSError("2"), "late"))
    queue.add("b", job("fine"))
    assert asyncio.run(queue.run()) == 1
    assert str(queue.failed["a"]) == "2"
    assert queue.results == {"b": "fine"}
    assert retry.failures == 2


def test_other_errors_are_not_retried():
    queue = Queue(Retry(attempts=5))
    queue.add("a", job(ValueError("bad"), "late"))
    assert asyncio.run(queue.run()) == 0
    assert isinstance(queue.failed["a"], ValueError)


def test_result_of_none():
    queue = Queue(Retry())
    queue.add("a", job(None))
    assert asyncio.run(queue.run()) == 1
    assert queue.results == {"a": None}
