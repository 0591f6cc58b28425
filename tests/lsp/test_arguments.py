"""Whatever a client sends along with a command, the answer is a result or one sentence; nothing goes wrong inside."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from heal_lsp.lsp import pygls_compat
from heal_lsp.lsp.arguments import FileArgs, HealArgs, TestArgs, read
from heal_lsp.lsp.folders import Folders
from heal_lsp.lsp.server import create_server

COMMANDS = (
    "heal.healFunction",
    "heal.runTests",
    "heal.runFile",
    "heal.fromTraceback",
    "heal.explain",
    "heal.ignoreFailure",
    "heal.cancel",
)
LINES = [math.inf, -math.inf, math.nan, -1.0, 1e300, 2**31, 10**400, 0.5, -1, True, "4", [], {}]


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_is_none_is_refused_in_one_sentence(line):
    with pytest.raises(pygls_compat.Refusal) as refused:
        read("heal.healFunction", [{"uri": "file:///a.py", "line": line}], HealArgs)
    assert str(refused.value).startswith(
        "heal.healFunction: line must be a line number, counted from 0, not "
    )
    assert len(str(refused.value)) < 140


def test_a_whole_number_with_a_point_is_a_line():
    assert read("heal.healFunction", [{"line": 4.0}], HealArgs).line == 4


def test_more_than_a_command_takes_is_refused():
    with pytest.raises(pygls_compat.Refusal, match="takes 2 arguments at the most"):
        read("heal.runFile", ["a", ["b"], "c"], FileArgs)


def test_what_is_too_long_is_shortened():
    with pytest.raises(pygls_compat.Refusal) as refused:
        read("heal.runTests", [["x" * 5000]], TestArgs)
    assert len(str(refused.value)) < 140


@pytest.mark.parametrize(
    "uri", ["http://[x", "file:///a\0b", "file:///%00", "\ud800", "file://%ED%A0%80/x", "::", "x" * 9000]
)
def test_a_uri_that_is_no_path_names_no_folder_and_no_file(uri, tmp_path: Path):
    folders = Folders()
    folders.add(tmp_path.as_uri())
    assert folders.place(uri) is None
    assert folders.remove(uri) is None
    assert len(folders.all()) == 1


async def test_a_long_uri_is_not_repeated_whole(connect, project):
    editor = await connect(project)
    with pytest.raises(JsonRpcException) as refused:
        await editor.run("heal.healFunction", {"uri": "file:///" + "x" * 9000, "line": 1})
    assert len(str(refused.value)) < 400
    assert "open its folder first" in str(refused.value)


TEXTS = ["http://[x", "file:///%00", "-x", "file", "workspace", "test_calc.py::test_add", "x" * 9000]


def arguments_for(uri: str) -> st.SearchStrategy[list[Any]]:
    """What may come along with a command: now and then something that fits, mostly nonsense."""
    texts = st.sampled_from([*TEXTS, uri, uri.rpartition("/")[0], f"{uri}/{'y' * 900}"])
    lines = st.sampled_from(LINES)
    plain = texts | st.text(max_size=12) | lines | st.integers(-2, 12) | st.none() | st.floats()
    odd = plain | st.lists(plain, max_size=3) | st.dictionaries(st.text(max_size=4), plain, max_size=2)
    nearly = st.fixed_dictionaries({"uri": st.just(uri) | texts, "line": lines | st.integers(-2, 12)})
    named = st.dictionaries(
        st.sampled_from(["failure", "test", "scope", "text", "arguments"]), odd, max_size=3
    )
    fitting = st.builds(lambda one, other: [{**one, **other}], nearly, named)
    return fitting | st.lists(odd, max_size=4)


async def answer_of(editor: Any, command: str, arguments: list[Any]) -> Any:
    [answer] = await asyncio.wait_for(
        asyncio.gather(editor.run(command, *arguments), return_exceptions=True), 10
    )
    return answer


def test_no_arguments_lead_to_an_internal_error(engine, editor_of, project):
    loop, editor = editor_of(engine, project)
    uri = editor.open(project / "calc.py")
    loop.run_until_complete(editor.run("heal.runTests"))

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(COMMANDS), arguments_for(uri))
    def fuzzed(command: str, given_arguments: list[Any]) -> None:
        answer = loop.run_until_complete(answer_of(editor, command, given_arguments))
        if isinstance(answer, JsonRpcException):
            assert answer.code == lsp.ErrorCodes.InvalidParams, answer
            assert 10 < len(answer.message) < 500, answer.message
        else:
            assert "outcome" in answer, answer

    fuzzed()


@pytest.fixture
def editor_of(tmp_path: Path, monkeypatch):
    """Connects an editor on a loop that the test runs by itself, step by step."""
    from importlib import import_module

    editor_module = import_module("heal_tests_editor")
    loop = asyncio.new_event_loop()
    made: list[tuple[Any, Any]] = []

    def connected(engine: Any, project: Path) -> tuple[Any, Any]:
        async def begin() -> Any:
            editor = editor_module.Editor(without=("question handler",))
            ls = create_server(lambda: engine, trust_file=tmp_path / "trusted.json")
            await editor.join(lambda reader, writer: pygls_compat.converse(ls, reader, writer))
            await editor.start(project)
            made.append((editor, ls))
            return editor

        return loop, loop.run_until_complete(begin())

    yield connected

    async def finish() -> None:
        for editor, ls in made:
            await ls.on_close()
            editor.drop()
        await asyncio.sleep(0)

    loop.run_until_complete(finish())
    loop.close()
