"""``heal-lsp trust``: let heal-lsp run the code of a folder."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("trust")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Let heal-lsp run the tests of FOLDER, as an editor does after its question.

    The code still runs in the sandbox only.
    """
    from heal_lsp import places
    from heal_lsp.store.trust import trust

    try:
        trust(folder, places.trust_file())
    except OSError as error:
        raise click.ClickException(f"{places.trust_file()} cannot be written: {error}.") from error
    click.echo(f"{folder.resolve()} is trusted from now on (kept in {places.trust_file()}).")
