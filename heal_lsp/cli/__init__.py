"""The command line. Each command is a module of its own, imported only when it is called."""

from __future__ import annotations

import importlib
import os
import sys

import click

from heal_lsp import __version__

_COMMANDS = {
    "serve": "Run the language server, for an editor.",
    "demo": "Heal a small broken project, to see it work.",
    "run": "Run a script and show its failure in the editor.",
    "heal": "Heal a failing test from the command line.",
    "bench": "Heal every bug of a benchmark suite.",
    "env": "Print the environment that makes pytest in a terminal report to the editor.",
    "trust": "Let heal-lsp run the code of a folder.",
    "doctor": "Show interpreter, sandbox, trust, cache and settings.",
}


class _LazyGroup(click.Group):
    """Knows its commands by name and imports one only to run it or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"heal_lsp.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="heal-lsp")
def group() -> None:
    """Repairs failing Python code with verified, undoable edits."""


def main() -> None:
    """Run a command; errors are one sentence on stderr and exit status 2, an interruption is 130."""
    try:
        code = group.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
