"""Each pitfall of pygls that the server works around, seen not to hurt."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from heal_lsp.engine import messages
from heal_lsp.lsp.pygls_compat import QuietWriter


def change(start: tuple[int, int], end: tuple[int, int], text: str) -> lsp.TextDocumentContentChangePartial:
    place = lsp.Range(lsp.Position(*start), lsp.Position(*end))
    return lsp.TextDocumentContentChangePartial(range=place, text=text)


@pytest.mark.parametrize(
    ("text", "start", "end", "new", "expected"),
    [
        ("a\x0cb\nc\n", (1, 0), (1, 1), "d", "a\x0cb\nd\n"),
        ("x = '\u2028'\ny\n", (1, 0), (1, 1), "z", "x = '\u2028'\nz\n"),
        ("a\r\nb\r\n", (1, 0), (1, 1), "🩹", "a\r\n🩹\r\n"),
        ("a\rb", (1, 0), (1, 99), "c", "a\rc"),
        ("abc", (0, 1), (0, 99), "", "a"),
        ("abc\n", (1, 0), (1, 0), "d\n", "abc\nd\n"),
        ("🩹b", (0, 2), (0, 3), "c", "🩹c"),
        ("", (0, 0), (0, 0), "a", "a"),
    ],
)
async def test_incremental_changes(
    connect: Any, project: Path, text: str, start: Any, end: Any, new: str, expected: str
) -> None:
    editor = await connect(project)
    uri = editor.open(project / "calc.py", text)
    editor.client.text_document_did_change(
        lsp.DidChangeTextDocumentParams(
            lsp.VersionedTextDocumentIdentifier(version=2, uri=uri), [change(start, end, new)]
        )
    )
    await editor.run("heal.cancel")
    assert editor.server.workspace.get_text_document(uri).source == expected


async def test_nothing_is_kept_of_what_was_handled(connect: Any, project: Path) -> None:
    editor = await connect(project)
    uri = editor.open(project / "calc.py")
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(uri))
    before = len(editor.server.protocol._request_futures)
    for number in range(50):
        editor.type(uri, f"# {number}\n")
    for _ in range(5):
        await editor.run("heal.runTests")
    await editor.until(lambda: len(editor.server.protocol._request_futures) <= before)
    assert editor.server.work_done_progress.tokens == {}


async def test_shutdown_with_several_commands_in_flight(
    connect: Any, project: Path, engine: Any, caplog: pytest.LogCaptureFixture
) -> None:
    editor = await connect(project)
    editor.open(project / "calc.py")
    engine.run_seconds = 60
    runs = [asyncio.ensure_future(editor.run("heal.runTests")) for _ in range(3)]
    await editor.until(lambda: len(engine.of(messages.RunTests)) == 3)
    with caplog.at_level(logging.WARNING):
        await asyncio.wait_for(editor.client.shutdown_async(None), 3)
    assert [(await each)["outcome"] for each in runs] == ["cancelled"] * 3
    assert not [each for each in caplog.records if each.name.startswith("pygls") and each.levelno > 30]


async def test_an_answer_that_comes_after_it_was_given_up(
    connect: Any, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    editor = await connect(project)
    request = editor.server.window_show_message_request_async(
        lsp.ShowMessageRequestParams(lsp.MessageType.Info, "?")
    )
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(request, 0.05)
    [waiting] = editor.server.protocol._request_futures
    editor.server.protocol._handle_response(waiting, None)
    assert waiting not in editor.server.protocol._request_futures
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def test_a_refusal_leaves_no_traceback(
    connect: Any, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    editor = await connect(project)
    with pytest.raises(JsonRpcException) as caught:
        await editor.run("heal.explain", {"uri": (project / "calc.py").as_uri(), "line": 1})
    assert caught.value.message == (
        "heal.explain: no failure is known there. Run the tests to see what fails now."
    )
    assert not [each for each in caplog.records if each.exc_info]


async def test_the_clients_own_token_is_used(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project)
    code = editor.open(project / "calc.py")
    await editor.run("heal.runTests")
    await editor.pick(code, 0, token="mine")
    begin, *reports, end = editor.client.progress_reports["mine"]
    assert (begin.title, begin.cancellable, begin.percentage) == ("Healing `add`", True, None)
    assert isinstance(end, lsp.WorkDoneProgressEnd)
    assert all(len(each.message) <= 80 for each in reports)


async def test_a_cancelled_progress_of_a_client_token(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project)
    code = editor.open(project / "calc.py")
    await editor.run("heal.runTests")
    engine.repair_seconds = 60
    heal = asyncio.ensure_future(editor.pick(code, 0, token="mine"))
    await editor.until(lambda: engine.of(messages.Repair))
    editor.client.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams("mine"))
    assert (await asyncio.wait_for(heal, 1))["outcome"] == "cancelled"


class Broken:
    """A pipe whose reader is gone."""

    def write(self, data: bytes) -> None:
        raise BrokenPipeError

    def close(self) -> None:
        raise ValueError("closed")


def test_an_editor_that_is_gone_is_no_error() -> None:
    writer = QuietWriter(Broken())
    writer.write(b"x")
    writer.write(b"y")
    writer.close()
    QuietWriter(Broken()).close()


async def test_an_editor_that_breaks_off_ends_the_conversation(connect: Any, project: Path) -> None:
    editor = await connect(project)
    editor.client.protocol.writer.write(b"Content-Length: 100\r\n\r\n{")
    editor.client.protocol.writer.close()
    assert await asyncio.wait_for(editor.conversation, 3) is False
