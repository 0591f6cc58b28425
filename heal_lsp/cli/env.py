"""``heal-lsp env``: the environment that makes pytest in a terminal report to the editor."""

from __future__ import annotations

import os
from pathlib import Path

import click

from heal_lsp.watch.environment import SHELLS, install_plugin, shell_exports, terminal_environment


@click.command("env")
@click.option("--shell", type=click.Choice(SHELLS), default="sh", show_default=True)
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(shell: str, folder: Path) -> None:
    """Print the environment that makes pytest in a terminal report to the editor.

    Use it as `eval "$(heal-lsp env)"`, in the workspace FOLDER that the editor has open. Nothing is installed in the
    project.
    """
    from heal_lsp import places
    from heal_lsp.engine.wiring import report_plugin

    root = Path(os.path.abspath(folder))
    try:
        inject = places.private_folder(places.cache_home() / "plugin")
        install_plugin(report_plugin(), inject)
        reports = places.private_folder(places.reports_folder(root))
    except OSError as error:
        raise click.ClickException(f"The report folder cannot be made: {error}.") from error
    click.echo(shell_exports(terminal_environment(root, inject, reports, os.environ), shell))
