"""``heal-lsp doctor``: how the tool stands in a workspace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from heal_lsp import config, places
from heal_lsp.cli import common


def _unmet(settings: config.Settings) -> Iterator[str]:
    """What the settings open in the sandbox and there is none of."""
    for name in settings.sandbox_env:
        if name not in os.environ:
            yield f"heal.sandbox.env names {name}, which is not set here: tests will not see it."
    for path in settings.sandbox_read_only_paths:
        if not os.path.exists(path):
            yield f"heal.sandbox.readOnlyPaths names {path}, which does not exist: tests will not see it."
    if settings.sandbox_network:
        yield "heal.sandbox.network is on: everything that runs in the sandbox reaches the whole network."


@click.command("doctor")
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Show interpreter, pytest, sandbox tier, trust, cache and settings for FOLDER, and where each came from."""
    from rich.console import Console
    from rich.markup import escape
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
    for each in _unmet(loaded.settings):
        console.print(each, markup=False)
    table = Table("setting", "value", "from", box=None, pad_edge=False)
    for field in config.fields():
        name = field.metadata["name"]
        value = config.shown(getattr(loaded.settings, field.name))
        table.add_row(name, escape(value), loaded.origins[name])
    console.print()
    console.print(table)
    if found.obstacle is not None or not reply.isolation.isolates:
        raise click.exceptions.Exit(1)
