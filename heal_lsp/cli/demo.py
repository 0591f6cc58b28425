"""``heal-lsp demo``: heal a small broken project, to see it work."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import click

from heal_lsp.cli import common
from heal_lsp.cli.editor import Editor, EditorError
from heal_lsp.config import load
from heal_lsp.core.model import FileChange
from heal_lsp.engine.messages import Doctor
from heal_lsp.engine.service import Service

_SHOP = '''\
"""Prices of a small shop, in cents."""


def total(prices, discount=0):
    """Sum of the prices, less a discount in per cent."""
    amount = 0
    for price in prices[1:]:
        amount += price
    return amount - amount * discount // 100


def cheapest(prices):
    """The lowest price, or None in an empty shop."""
    return min(prices) if prices else None
'''

_TESTS = """\
from shop import cheapest, total


def test_total_of_all_prices():
    assert total([250, 100, 50]) == 400


def test_total_with_discount():
    assert total([200, 200], discount=25) == 300


def test_total_of_nothing():
    assert total([]) == 0


def test_cheapest():
    assert cheapest([3, 1, 2]) == 1
"""


@click.command("demo")
@click.option("--yes", is_flag=True, help="Run even where there is no sandbox.")
@click.option("--keep", is_flag=True, help="Keep the folder of the project.")
def command(yes: bool, keep: bool) -> None:
    """Heal a small broken project, to see it work.

    Makes the project in a temporary folder, starts the real language server and acts as its editor. Offline.
    """
    started = time.monotonic()
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="heal-lsp-demo-")))
    try:
        (folder / "shop.py").write_text(_SHOP, "utf-8")
        (folder / "test_shop.py").write_text(_TESTS, "utf-8")
        standing = common.run(Service().doctor(Doctor("doctor", str(folder), load(()).settings)))
        if not common.consent(standing.isolation, yes):
            raise click.exceptions.Exit(2)
        click.echo(f"A small project with a bug is in {folder}\nSandbox: {common.isolation_of(standing)}\n")
        try:
            common.run(_play(folder, yes))
        except EditorError as error:
            raise click.ClickException(
                f"The demo did not work: {error}. `heal-lsp doctor` may say why."
            ) from error
        click.echo(f"\nDone in {time.monotonic() - started:.1f} s.")
    finally:
        if not keep:
            for name in ("shop.py", "test_shop.py"):
                (folder / name).unlink(missing_ok=True)
            folder.rmdir()


async def _play(folder: Path, yes: bool) -> None:
    seen: list[str] = []

    def on_progress(text: str) -> None:
        if not seen or seen[-1] != text:
            seen.append(text)
            click.secho(f"    {text}", dim=True)

    settings = {"sandbox": {"allowUnisolated": True}} if yes else {}
    editor = Editor(folder, settings, on_progress)
    await editor.start()
    try:
        shop, tests = editor.open("shop.py"), editor.open("test_shop.py")
        before = editor.texts[shop]
        click.secho("1. The tests run, and their failures show in the editor:", bold=True)
        await editor.run("heal.runTests")
        await editor.until(
            lambda: bool(editor.diagnostics.get(shop)), 30, "the diagnostic of the broken function"
        )
        for uri in (tests, shop):
            for found in editor.diagnostics.get(uri, []):
                name = uri.rpartition("/")[2]
                click.echo(
                    f"    {name}:{found.range.start.line + 1}: [{found.code}] {found.message.splitlines()[0]}"
                )
        click.secho('\n2. "Heal function" is picked at the function at fault:', bold=True)
        await editor.heal(shop, editor.diagnostics[shop][0].range.start.line)
        if editor.texts[shop] == before:
            raise EditorError(editor.messages[-1] if editor.messages else "no edit came")
        click.secho(f"\n3. A verified edit arrives, one undo step labelled {editor.labels[-1]!r}:", bold=True)
        common.show_diff(FileChange("shop.py", before, editor.texts[shop]))
        await editor.until(lambda: not editor.diagnostics.get(shop), 30, "the end of the diagnostic")
        click.secho("\n4. The evidence:", bold=True)
        click.echo(f"    {editor.messages[-1] if editor.messages else ''}")
    finally:
        await editor.stop()
