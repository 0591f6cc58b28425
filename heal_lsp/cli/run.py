"""``heal-lsp run``: run a script and show its failure in the editor."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import click

from heal_lsp import places
from heal_lsp.cli import common


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--yes", is_flag=True, help="Run even where there is no sandbox.")
@click.argument("script", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(yes: bool, script: Path, arguments: tuple[str, ...]) -> None:
    """Run SCRIPT with ARGUMENTS in the sandbox; an uncaught exception shows here and in the editor.

    Ends with status 1 when the script fails, 2 when it could not be run.
    """
    from heal_lsp.engine.messages import Doctor, RunScript
    from heal_lsp.engine.service import Service
    from heal_lsp.watch.reports import write_report

    path = Path(os.path.abspath(script))
    root = common.workspace_of(path)
    settings = common.load_settings(root, sandbox_allow_unisolated=yes or None).settings
    service = Service()
    standing = common.run(service.doctor(Doctor("doctor", str(root), settings)))
    if not common.consent(standing.isolation, settings.sandbox_allow_unisolated):
        raise click.exceptions.Exit(2)
    request = RunScript("run", common.snapshot(root), settings, path.relative_to(root).as_posix(), arguments)
    reply = common.run(service.run_script(request))
    report = reply.report
    click.echo(report.output, nl=False)
    if report.obstacle is not None:
        raise common.stopped(report.obstacle)
    with contextlib.suppress(OSError):
        # the editor's view is a convenience: a run without it is still a run
        write_report(places.private_folder(places.reports_folder(root)), report)
    for located in reply.located:
        common.show_failure(located)
    raise click.exceptions.Exit(1 if report.failures else 0)
