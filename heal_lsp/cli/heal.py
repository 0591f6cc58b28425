"""``heal-lsp heal``: heal a failing test from the command line."""

from __future__ import annotations

import os
from pathlib import Path

import click

from heal_lsp.cli import common
from heal_lsp.config import Settings
from heal_lsp.core.model import Located, Outcome, OutcomeKind
from heal_lsp.engine.messages import Doctor, Progress, Repair, RunTests
from heal_lsp.engine.service import Service


@click.command("heal")
@click.option("--apply", is_flag=True, help="Write the fix to the file.")
@click.option("--force", is_flag=True, help="Write it also to a file with uncommitted changes.")
@click.option("--seconds", type=common.Seconds(1, 3600), help="How long the search may take.")
@click.option("--yes", is_flag=True, help="Run even where there is no sandbox.")
@click.option("-C", "folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("tests", nargs=-1)
def command(
    apply: bool, force: bool, seconds: float | None, yes: bool, folder: Path, tests: tuple[str, ...]
) -> None:
    """Run TESTS (files or test ids; default all) and heal the first failure.

    Prints the change and the evidence. Ends with status 0 when a fix was found or nothing fails, 1 when there is none,
    2 when nothing could be run.
    """
    root = Path(os.path.abspath(folder))
    settings = common.load_settings(
        root, search_seconds=seconds, sandbox_allow_unisolated=yes or None
    ).settings
    service = Service()
    standing = common.run(service.doctor(Doctor("doctor", str(root), settings)))
    if not common.consent(standing.isolation, settings.sandbox_allow_unisolated):
        raise click.exceptions.Exit(2)
    wanted = tuple(common.test_argument(root, each) for each in tests)
    reply = common.run(service.run_tests(RunTests("tests", common.snapshot(root), settings, wanted)))
    if reply.report.obstacle is not None:
        raise common.stopped(reply.report.obstacle)
    if not reply.located:
        click.echo(f"{len(reply.report.tests)} tests ran and none failed: there is nothing to heal.")
        return
    outcome = _heal(service, root, settings, reply.located)
    _show(outcome)
    if outcome.fix is None:
        raise click.exceptions.Exit(1)
    if apply:
        for change in outcome.fix.changes:
            common.write_change(root, change, force)
    else:
        click.echo("Nothing was written; --apply does that.")


def _heal(service: Service, root: Path, settings: Settings, located: tuple[Located, ...]) -> Outcome:
    """Heal the first failure that leads to a function, with every other test that fails because of it."""
    first = next((each for each in located if each.target is not None), located[0])
    common.show_failure(first)
    same = tuple(
        each.failure.test
        for each in located
        if each.failure.test and each.target == first.target and each is not first
    )
    path, line = (first.target.path, first.target.line) if first.target is not None else ("", 0)
    request = Repair("heal", common.snapshot(root), settings, first.failure, path, line, same)
    with common.status() as tell:

        def on_progress(progress: Progress) -> None:
            tell(f"{progress.phase} {progress.count or ''} {progress.note}")

        return common.run(service.repair(request, on_progress))


def _show(outcome: Outcome) -> None:
    click.echo(outcome.message)
    if outcome.fix is not None:
        for change in outcome.fix.changes:
            common.show_diff(change)
    if outcome.kind is not OutcomeKind.HEALED and outcome.closest:
        click.echo(f"What was tried failed so: {outcome.closest}")
    if outcome.advice:
        click.echo(outcome.advice)
