"""The editor at the other end, and what it can do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

logger = logging.getLogger(__name__)


def _has(tree: Any, path: str) -> Any:
    """A capability by its dotted path; None where any part of the way is missing."""
    for name in path.split("."):
        tree = getattr(tree, name, None)
        if tree is None:
            return None
    return tree


class CannotAsk(Exception):
    """The client has no way to put a question to the person."""


class Client:
    """Sends to the editor what it can show, in the form that it understands."""

    def __init__(self, ls: LanguageServer) -> None:
        self.ls = ls
        self.name = ""
        """What the client calls itself; empty when it does not say."""

    def can(self, capability: str) -> bool:
        """Whether the client announced a capability, by its dotted path as lsprotocol spells it."""
        try:
            return bool(_has(self.ls.client_capabilities, capability))
        except AttributeError:  # before `initialize`
            return False

    @property
    def can_ask(self) -> bool:
        """Whether a question with buttons reaches the person.

        Clients announce that with any ``window.showMessage``.
        """
        try:
            return _has(self.ls.client_capabilities, "window.show_message") is not None
        except AttributeError:
            return False

    @property
    def takes_versions(self) -> bool:
        """Whether edits may name the version of the text that they are for.

        Neovim heeds it without saying so.
        """
        name = self.name.lower()
        return self.can("workspace.workspace_edit.document_changes") or name.startswith("neovim")

    def show(self, text: str, kind: lsp.MessageType = lsp.MessageType.Info) -> None:
        """Show a message to the person, and log it."""
        self.ls.window_show_message(lsp.ShowMessageParams(type=kind, message=text))
        self.log(text, kind)

    def warn(self, text: str) -> None:
        """Show a warning."""
        self.show(text, lsp.MessageType.Warning)

    def log(self, text: str, kind: lsp.MessageType = lsp.MessageType.Info) -> None:
        """Write a line into the client's log of this server."""
        self.ls.window_log_message(lsp.LogMessageParams(type=kind, message=text))

    async def ask(self, question: str, answers: tuple[str, ...]) -> str | None:
        """Ask the person; None when the question was dismissed.

        Raises:
            CannotAsk: the client did not put the question.
        """
        items = [lsp.MessageActionItem(title=each) for each in answers]
        try:
            chosen = await self.ls.window_show_message_request_async(
                lsp.ShowMessageRequestParams(type=lsp.MessageType.Info, message=question, actions=items)
            )
        except Exception as error:  # whatever the client answers, it is no choice
            raise CannotAsk(str(error)) from error
        return chosen.title if chosen is not None else None

    def publish(self, uri: str, version: int | None, diagnostics: list[lsp.Diagnostic]) -> None:
        """Replace the diagnostics of a document."""
        self.ls.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(uri=uri, version=version, diagnostics=diagnostics)
        )

    async def configuration(self, scopes: list[str], section: str, seconds: float) -> list[Any] | None:
        """The values of a section for each scope; None when the client cannot or does not answer."""
        if not self.can("workspace.configuration"):
            return None
        items = [lsp.ConfigurationItem(scope_uri=each, section=section) for each in scopes]
        try:
            request = self.ls.workspace_configuration_async(lsp.ConfigurationParams(items=items))
            return list(await asyncio.wait_for(request, seconds))
        except Exception as error:
            logger.info("the client did not tell its configuration: %s", error)
            return None

    async def register(self, method: str, options: Any = None) -> None:
        """Ask for notifications that need dynamic registration. A refusal is no harm."""
        wish = lsp.Registration(id=f"heal-{method}", method=method, register_options=options)
        with contextlib.suppress(Exception):
            request = self.ls.client_register_capability_async(lsp.RegistrationParams(registrations=[wish]))
            await asyncio.wait_for(request, 10)
