"""``heal-lsp doctor``: how the tool stands in a workspace."""

from __future__ import annotations

import os
from pathlib import Path

import click

from heal_lsp import config, places
from heal_lsp.cli import common


@click.command("doctor")
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Show interpreter, pytest, sandbox tier, trust, cache and settings for FOLDER, and where each came from."""
    from rich.console import Console
    from rich.table import Table

    from heal_lsp.engine.messages import Doctor
    from heal_lsp.engine.service import Service
    from heal_lsp.store.trust import is_trusted

    root = Path(os.path.abspath(folder))
    loaded = common.load_settings(root)
    reply = common.run(Service().doctor(Doctor("doctor", str(root), loaded.settings)))
    found = reply.interpreter
    facts = {
        "workspace": str(root),
        "interpreter": f"{found.path or 'none'} ({found.origin})",
        "python": found.version or "unknown",
        "pytest": found.pytest or "not installed",
        "sandbox": common.isolation_of(reply),
        "trusted": "yes" if is_trusted(root, places.trust_file()) else f"no (heal-lsp trust {root})",
        "reports": str(places.reports_folder(root)),
        "cache": f"{reply.cache_path} ({reply.cache_entries} fixes)",
    }
    console = Console(soft_wrap=True, highlight=False)
    for name, value in facts.items():
        console.print(f"[bold]{name:12}[/bold] ", end="")
        console.print(value, markup=False)
    if found.obstacle is not None:
        console.print(f"\n{found.obstacle.message}\n{found.obstacle.hint}", markup=False)
    table = Table("setting", "value", "from", box=None, pad_edge=False)
    for field in config.fields():
        name = field.metadata["name"]
        table.add_row(name, config.shown(getattr(loaded.settings, field.name)), loaded.origins[name])
    console.print()
    console.print(table)
    if found.obstacle is not None or reply.isolation.tier == 0:
        raise click.exceptions.Exit(1)
