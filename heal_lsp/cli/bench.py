"""``heal-lsp bench``: heal every bug of a benchmark suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import click
from rich.console import Console

from heal_lsp.bench.healer import Healer, LspHealer
from heal_lsp.bench.printing import Printer
from heal_lsp.bench.run import BenchOptions, run_suite
from heal_lsp.bench.suite import SuiteError
from heal_lsp.cli import common
from heal_lsp.cli.editor import Editor
from heal_lsp.config import Settings
from heal_lsp.engine.messages import Doctor
from heal_lsp.engine.service import Service


@click.command("bench")
@click.option(
    "--suite", required=True, type=click.Path(path_type=Path), help="JSON lines, one project a line."
)
@click.option("--limit", type=click.IntRange(1), help="Only the first N records.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Records at the same time."
)
@click.option("--proposer", help="Count only fixes of this proposer.")
@click.option(
    "--seconds", type=common.Seconds(1, 3600), default=30.0, show_default=True, help="Search for a record."
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here."
)
@click.option(
    "--via-lsp", is_flag=True, help="Go through a real language server and an editor in front of it."
)
@click.option("--yes", is_flag=True, help="Run even where there is no sandbox.")
def command(
    suite: Path,
    limit: int | None,
    jobs: int,
    proposer: str | None,
    seconds: float,
    json_file: Path | None,
    via_lsp: bool,
    yes: bool,
) -> None:
    """Heal every bug of a benchmark SUITE and judge each fix by its held-out tests.

    Prints a line for each record and the totals.
    """
    settings = attrs.evolve(Settings(), sandbox_allow_unisolated=yes)
    service = Service(slots=jobs)
    standing = common.run(service.doctor(Doctor("doctor", str(Path.cwd()), settings)))
    if not common.consent(standing.isolation, yes):
        raise click.exceptions.Exit(2)
    options = BenchOptions(limit, jobs, proposer, seconds, json_file, settings)
    printer = Printer(Console(highlight=False))
    try:
        result = common.run(_bench(service, suite, options, printer.record, via_lsp))
    except SuiteError as error:
        raise common.Stopped(str(error)) from error
    printer.totals(result["totals"])


async def _bench(
    service: Service,
    suite: Path,
    options: BenchOptions,
    report: Callable[[dict[str, Any]], None],
    via_lsp: bool,
) -> dict[str, Any]:
    healer: Healer | None = LspHealer(Editor, options.seconds) if via_lsp else None
    return await run_suite(service, suite, options, report, healer)
