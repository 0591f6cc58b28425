"""Odd code and odd failures get an answer without anything going wrong on the way."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heal_lsp.analysis import SourceAnalysis
from heal_lsp.core.model import Failure, FailureKind, Frame, Snapshot

PIECES = [
    "import app",
    "from app import *",
    "from . import x as y",
    "from .. import app",
    "import pytest",
    "x = y = app.f(x)",
    "a, (b, *c) = f(), (1, 2)",
    "class T(T): x = T",
    "class A(B):\n    def __init__(self): self.x = self.x\n    def f(self): return self.x.f()",
    "class B(A): pass",
    "def f(x=lambda: f()): return f(x)",
    "@pytest.fixture\ndef x(x): return x",
    "@pytest.mark.parametrize('x', [f, A().f, (1,)])\ndef test_it(x):\n    y = x()\n    assert y.f() == x",
    "def test_it(x):\n    with pytest.raises(f()):\n        A().f()\n    assert (z := f(x)) in [z.y for z in x]",
    "def test_it():\n    x = x\n    x = x.f()\n    assert x.y[0]() + f(**x) < -x",
    "async def test_it():\n    assert await f() and not [w async for w in f()]",
    "def test_it():\n    match x:\n        case [f()]:\n            assert f",
    "def test_it(",
    "    return (",
    "'''",
    "assert f('😀')",
    "if f(): raise A().f",
    "f = f\ng = g.f",
    "\x0c",
    "try:\n    pass\nexcept E as e:\n    assert e.f()",
]
FILES = ["app.py", "test_app.py", "conftest.py", "pkg/__init__.py", "pkg/app.py", "tests/test_app.py", "a.md"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("\n".join)
IDS = st.sampled_from(
    [
        None,
        "test_app.py::test_it",
        "test_app.py::A::f[1]",
        "tests/test_app.py::test_it",
        "app.py::app.f",
        "a.md::a.md",
        "::",
    ]
)
NAMES = st.sampled_from(["test_it", "f", "<module>", "<lambda>", "", "gone"])
FRAMES = st.lists(st.builds(Frame, st.sampled_from(FILES), st.integers(-1, 40), NAMES), max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.dictionaries(st.sampled_from(FILES), TEXTS),
    path=st.sampled_from(FILES),
    line=st.integers(-1, 40),
    test=IDS,
    frames=FRAMES,
    exception=st.sampled_from(["AssertionError", "RecursionError", "SyntaxError", "ImportError", ""]),
)
def test_locating(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    texts: dict[str, str],
    path: str,
    line: int,
    test: str | None,
    frames: list[Frame],
    exception: str,
) -> None:
    analysis, snapshot = SourceAnalysis(), Snapshot(str(tmp_path), texts)
    failure = Failure(FailureKind.EXCEPTION, exception, "", path, line, tuple(frames), test)
    coverage = {test: {path: (line, line + 1)}} if test else {}
    located = analysis.locate(failure, snapshot, coverage)
    assert located.reason
    if located.target is not None:
        text = texts[located.target.path].encode()
        assert 0 <= located.target.start <= located.target.end <= len(text)
        assert isinstance(analysis.normalised(texts[located.target.path], located.target), str)
    assert isinstance(analysis.test_source(snapshot, test or ""), str)
    analysis.target_at(snapshot, path, line)
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
