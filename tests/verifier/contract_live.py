"""The contract of a live verifier, on the one that there is. Run by ``test_contract_live.py``, in a program of its own."""

from __future__ import annotations

import functools
import os
import threading
import time

import pytest

from heal_lsp.core.model import VerdictKind
from heal_lsp.core.ports import LiveVerifier
from heal_lsp.verifier.live import CONFINED, ForkVerifier
from heal_lsp.verifier.sandbox import SandboxPolicy

LIMIT = 3
SENTINEL = object()


class Trouble(Exception):
    """An exception of the program's own."""


class Shop:
    rate = 2

    def __init__(self, price=10):
        self.price = price
        self.__secret = 5
        self.log = []

    def total(self, count):
        return self.price - count

    def hidden(self):
        return self.__secret

    @classmethod
    def named(cls, name="shop"):
        return name

    @property
    def twice(self):
        return self.price


class Branch(Shop):
    def total(self, count):
        return super().total(count)

    def plain(self, count):
        return count


def factorial(n):
    return n


def add(a, b=LIMIT, *, seen=SENTINEL):
    return a - b


async def later(a):
    return a


def make_counter(step):
    total = 10

    def count(by):
        return total - step * by

    return count


@pytest.fixture
def live() -> LiveVerifier:
    return ForkVerifier(SandboxPolicy(memory_mb=256))


@pytest.fixture(autouse=True)
def nothing_stays():
    """No process and no descriptor is left, whatever a call did."""
    descriptors, processes = set(os.listdir("/proc/self/fd")), children()
    yield
    assert len(os.listdir("/proc/self/fd")) == len(descriptors)
    assert children() == processes


def children():
    with open("/proc/thread-self/children") as stream:
        return stream.read().split()


def call(live, function, source, *args, expect=None, seconds=5.0, **kwargs):
    return live.call(function, source, args, kwargs, expect=expect, seconds=seconds)


def returned(result):
    assert result.verdict.kind is VerdictKind.PASSED, result
    return result.value


def test_a_call_with_another_text(live):
    result = call(live, add, "def add(a, b=LIMIT, *, seen=SENTINEL):\n    return a + b\n", 1, 2)

    assert returned(result) == "3"
    assert result.isolation == CONFINED
    assert result.verdict.seconds > 0
    assert add(1, 2) == -1


def test_what_is_expected_decides(live):
    text = "def add(a, b=LIMIT, *, seen=SENTINEL):\n    return a + b\n"

    assert call(live, add, text, 1, 2, expect=lambda value: value == 3).verdict.passed
    refused = call(live, add, text, 1, 2, expect=lambda value: value == 4)
    assert refused.verdict.kind is VerdictKind.FAILED
    assert "3" in refused.verdict.reason
    broken = call(live, add, text, 1, 2, expect=lambda value: value.nothing)
    assert broken.verdict.kind is VerdictKind.FAILED
    assert broken.exception == "AttributeError"


def test_closures_see_their_live_cells(live):
    text = "def count(by):\n    return total + step * by\n"

    assert returned(call(live, make_counter(4), text, 2)) == "18"


def test_a_closure_that_calls_itself_calls_the_new_one(live):
    def down(n):
        return n if n < 0 else down(n)

    assert (
        returned(call(live, down, "def down(n):\n    return 'end' if n == 0 else down(n - 1)\n", 3))
        == "'end'"
    )


def test_functions_that_call_themselves_call_the_new_one(live):
    text = "def factorial(n):\n    return 1 if n < 2 else n * factorial(n - 1)\n"

    assert returned(call(live, factorial, text, 5)) == "120"
    assert factorial(5) == 5


def test_methods(live):
    shop, branch = Shop(), Branch()

    assert (
        returned(call(live, shop.total, "def total(self, count):\n    return self.price * count\n", 3))
        == "30"
    )
    private = "    def hidden(self):\n        return self.__secret + self.rate\n"
    assert returned(call(live, shop.hidden, private)) == "7"
    parent = "def total(self, count):\n    return super().total(count) + Shop.rate\n"
    assert returned(call(live, branch.total, parent, 3)) == "9"
    new_parent = "def plain(self, count):\n    return super().total(count)\n"
    assert returned(call(live, branch.plain, new_parent, 3)) == "7"
    assert (
        returned(
            call(live, Shop.named, "@classmethod\ndef named(cls, name='shop'):\n    return cls.__name__\n")
        )
        == "'Shop'"
    )
    assert (
        returned(call(live, Shop.twice.fget, "def twice(self):\n    return 2 * self.price\n", shop)) == "20"
    )


def test_defaults_are_the_live_ones_unless_the_text_changes_them(live, monkeypatch):
    monkeypatch.setattr(add, "__defaults__", (40,))
    kept = "def add(a, b=LIMIT, *, seen=SENTINEL):\n    return a + b, seen is SENTINEL\n"
    changed = "def add(a, b=LIMIT + 1, *, seen=None):\n    return a + b, seen\n"

    assert returned(call(live, add, kept, 2)) == "(42, True)"
    assert returned(call(live, add, changed, 2)) == "(6, None)"


def test_what_a_text_imports_and_defines_beside_the_function(live):
    text = (
        "import math\n\ndef half(value):\n    return value / 2\n\n"
        "def add(a, b=LIMIT, *, seen=SENTINEL):\n    return math.floor(half(a + b))\n"
    )

    assert returned(call(live, add, text, 2, 3)) == "2"


def test_coroutines_run_to_their_end(live):
    text = "async def later(a):\n    import asyncio\n    await asyncio.sleep(0)\n    return a + 1\n"

    assert returned(call(live, later, text, 1)) == "2"


def test_arguments_are_not_changed_here(live):
    values, shop = [3, 1], Shop()

    result = call(
        live,
        shop.total,
        "def total(self, count):\n    count.append(9)\n    self.log.append(count)\n    return count\n",
        values,
    )

    assert returned(result) == "[3, 1, 9]"
    assert values == [3, 1]
    assert shop.log == []


def test_exceptions_cross_as_words(live):
    own = call(live, add, "def add(a, b=LIMIT, *, seen=SENTINEL):\n    raise Trouble(f'no {a}')\n", 1)
    bad = call(
        live,
        add,
        "def add(a, b=LIMIT, *, seen=SENTINEL):\n    class Bad(Exception):\n        def __str__(self): raise KeyError\n    raise Bad\n",
        1,
    )

    assert own.verdict.kind is VerdictKind.FAILED
    assert own.exception.endswith(".Trouble")
    assert own.message == "no 1"
    assert bad.exception.endswith(".Bad")
    assert type(own.exception) is type(bad.message) is str


HOSTILE = {
    "os._exit": ("__import__('os')._exit(0)", VerdictKind.CRASHED),
    "kills itself": ("__import__('os').kill(__import__('os').getpid(), 9)", VerdictKind.CRASHED),
    "kills its group": ("__import__('os').killpg(0, 9)", VerdictKind.CRASHED),
    "aborts": ("__import__('os').abort()", VerdictKind.CRASHED),
    "exits": ("exit(3)", VerdictKind.FAILED),
    "garbage on every descriptor": (
        "[__import__('os').write(n, b'{\"how\": 3}\\n\\xff') for n in range(3, 50) if n in map(int, __import__('os').listdir('/proc/thread-self/fd')) and __import__('stat').S_ISFIFO(__import__('os').fstat(n).st_mode)] and __import__('os')._exit(0)",
        VerdictKind.CRASHED,
    ),
    "kills its parent": (
        "__import__('os').kill(__import__('os').getppid() or 99999999, 9)",
        VerdictKind.FAILED,
    ),
    "takes all memory": ("b'x' * (1 << 31)", VerdictKind.FAILED),
    "writes a file": ("open('/tmp/heal-live-escape', 'w')", VerdictKind.DENIED),
    "uses the network": (
        "__import__('socket').create_connection(('127.0.0.1', 22), 1)",
        (VerdictKind.DENIED, VerdictKind.FAILED),
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_a_call_may_do(live, what):
    expression, kind = HOSTILE[what]
    text = f"def add(a, b=LIMIT, *, seen=SENTINEL):\n    return {expression}\n"

    result = call(live, add, text, 1)

    assert result.verdict.kind in (kind if isinstance(kind, tuple) else (kind,)), result
    assert result.verdict.reason
    assert not os.path.exists("/tmp/heal-live-escape")
    assert returned(call(live, add, "def add(a, b=LIMIT, *, seen=SENTINEL):\n    return a\n", 7)) == "7"


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import signal\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        "import os, time\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0:\n            time.sleep(1000)\n        os._exit(0)\n    time.sleep(1000)",
    ],
    ids=["loop", "deaf loop", "orphans"],
)
def test_time_is_up(live, body):
    before = set(os.listdir("/proc"))
    began = time.monotonic()

    result = call(live, add, f"def add(a, b=LIMIT, *, seen=SENTINEL):\n    {body}\n", 1, seconds=0.5)

    assert result.verdict.kind is VerdictKind.TIMED_OUT
    assert time.monotonic() - began < 5
    ours = [
        each
        for each in set(os.listdir("/proc")) - before
        if each.isdigit() and command(each) == command("self")
    ]
    assert ours == []


def command(process):
    try:
        with open(f"/proc/{process}/cmdline", "rb") as stream:
            return stream.read()
    except OSError:
        return None


def test_much_output_and_much_result(live):
    text = "def add(a, b=LIMIT, *, seen=SENTINEL):\n    print('x' * 10**7)\n    return ['y' * 10**6] * 1000\n"

    assert len(returned(call(live, add, text, 1))) < 4001


def test_descriptors_of_the_program_lead_nowhere(live, tmp_path):
    with open(tmp_path / "log", "w+b", buffering=0) as log:
        log.write(b"mine")
        result = call(live, add, "def add(a, b=LIMIT, *, seen=SENTINEL):\n    a.write(b'theirs')\n", log)
        assert result.exception == "OSError"
    assert (tmp_path / "log").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def add(a:\n", "no valid Python, line 1"),
        ("def sub(a):\n    pass\n", "define add once"),
        ("x = 1\ndef add(a, b=1):\n    pass\n", "only hold imports and functions"),
        ("async def add(a, b=1):\n    pass\n", "not async"),
    ],
)
def test_texts_that_do_not_fit(live, text, words):
    result = call(live, add, text, 1)

    assert result.verdict.kind is VerdictKind.REFUSED
    assert words in result.verdict.reason


def test_what_is_no_function(live):
    assert call(live, len, "def len(x): return 1", []).verdict.kind is VerdictKind.REFUSED
    assert call(live, lambda: 1, "lambda: 2").verdict.kind is VerdictKind.REFUSED
    assert call(live, functools.partial(add, 1), "def add(a): return 1").verdict.kind is VerdictKind.REFUSED


def test_a_program_with_threads_is_not_forked(live):
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        result = call(live, add, "def add(a, b=LIMIT, *, seen=SENTINEL):\n    return 1\n", 1)
    finally:
        over.set()
        thread.join()

    assert result.verdict.kind is VerdictKind.INFRASTRUCTURE
    assert "threads" in result.verdict.reason
    end = time.monotonic() + 5
    while live.unfit() and time.monotonic() < end:  # the kernel may still be taking it away
        time.sleep(0.01)
    assert live.unfit() == ""


def test_without_name_spaces_nothing_runs_unless_it_is_allowed(monkeypatch):
    def refuse(flags):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr("heal_lsp.verifier.inside.confine.unshare", refuse)
    text = "def add(a, b=LIMIT, *, seen=SENTINEL):\n    return a + b\n"

    blocked = call(ForkVerifier(SandboxPolicy()), add, text, 1, 2)
    allowed = ForkVerifier(SandboxPolicy(memory_mb=256, allow_unisolated=True))

    assert blocked.verdict.kind is VerdictKind.INFRASTRUCTURE
    assert "heal.sandbox.allowUnisolated" in blocked.verdict.reason
    assert returned(call(allowed, add, text, 1, 2)) == "3"
    assert "within reach" in call(allowed, add, text, 1, 2).isolation
    write = "def add(a, b=LIMIT, *, seen=SENTINEL):\n    with open(a, 'w') as f:\n        f.write('x')\n"
    assert call(allowed, add, write, "/tmp/heal-live-file").verdict.kind is VerdictKind.DENIED
    os.unlink("/tmp/heal-live-file")
    orphans = (
        "def add(a, b=LIMIT, *, seen=SENTINEL):\n    import os, time\n    if os.fork() == 0:\n        os.setsid()\n"
        "        time.sleep(1000)\n    os._exit(1)\n"
    )
    before = set(os.listdir("/proc"))
    assert call(allowed, add, orphans, 1).verdict.kind is VerdictKind.CRASHED
    left = [
        each
        for each in set(os.listdir("/proc")) - before
        if each.isdigit() and command(each) == command("self")
    ]
    assert left == []
