"""``heal-lsp serve``: the language server."""

from __future__ import annotations

import click


@click.command("serve")
@click.option("--stdio", is_flag=True, help="Talk over stdin and stdout (the default).")
@click.option("--tcp", metavar="HOST:PORT", help="Listen on a loopback address instead.")
def command(stdio: bool, tcp: str | None) -> None:
    """Run the language server, for an editor."""
    from heal_lsp.engine.client import EngineClient
    from heal_lsp.lsp.serve import serve_stdio, serve_tcp

    if tcp is None:
        serve_stdio(EngineClient)
        return
    if stdio:
        raise click.UsageError("Give either --stdio or --tcp, not both.")
    host, _, port = tcp.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise click.UsageError(f"--tcp takes HOST:PORT, such as 127.0.0.1:2087, not {tcp!r}.")
    try:
        serve_tcp(host.strip("[]"), int(port), EngineClient)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
