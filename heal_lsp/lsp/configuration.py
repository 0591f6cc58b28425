"""The settings in force, for each folder."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping
from typing import Any

from lsprotocol import types as lsp

from heal_lsp.config import Layer, Loaded, Settings, environment_layer, flatten, load, project_layer
from heal_lsp.lsp.client import Client
from heal_lsp.lsp.folders import Folder, Folders

PULL_SECONDS = 5.0


class Configuration:
    """Merges the layers of settings and tells each problem once."""

    def __init__(self, client: Client, folders: Folders) -> None:
        self._client = client
        self._folders = folders
        self._options: Layer | None = None
        self._pushed: Layer | None = None
        self._pulled: dict[str, Layer] = {}
        self._loaded: dict[str, Loaded] = {}
        self._told: set[str] = set()
        self._pending = 0
        self._ready = asyncio.Event()

    def initialize(self, options: Any) -> None:
        """Take over the initialization options."""
        values = _given(options)
        values.pop("heal.trusted", None)
        self._options = Layer("initializationOptions", values)

    def push(self, settings: Any) -> None:
        """Take over what a client sent by itself. Only its ``heal`` section is ours."""
        section = settings.get("heal") if isinstance(settings, Mapping) else None
        if isinstance(section, Mapping):
            self._pushed = Layer("the editor's configuration", _given(section))
            self._loaded.clear()

    def refresh(self) -> Coroutine[Any, Any, None]:
        """Ask the client for its settings and read the projects' files again."""
        self._pending += 1
        self._ready.clear()
        return self._refresh()

    async def ready(self) -> None:
        """Wait until the settings are those that the client told last, or until it takes too long to tell."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._ready.wait(), PULL_SECONDS)

    async def _refresh(self) -> None:
        folders = self._folders.all()
        answers = await self._client.configuration([each.uri for each in folders], "heal", PULL_SECONDS)
        for folder, answer in zip(folders, answers or (), strict=False):
            self._pulled[folder.path] = Layer("the editor's configuration", _given(answer))
        self._loaded.clear()
        for folder in folders:
            self._tell(self.loaded(folder))
        self._pending -= 1
        if self._pending == 0:
            self._ready.set()

    def loaded(self, folder: Folder) -> Loaded:
        """The settings of a folder, with their origins and problems."""
        if folder.path not in self._loaded:
            project, problems = project_layer(folder.root)
            layers = [project, environment_layer()]
            layers += [
                each
                for each in (self._options, self._pushed, self._pulled.get(folder.path))
                if each is not None
            ]
            found = load(layers)
            self._loaded[folder.path] = Loaded(found.settings, found.origins, (*problems, *found.problems))
        return self._loaded[folder.path]

    def settings(self, folder: Folder) -> Settings:
        """The settings of a folder."""
        return self.loaded(folder).settings

    async def register(self) -> None:
        """Ask to be told when the settings change."""
        if self._client.can("workspace.did_change_configuration.dynamic_registration"):
            await self._client.register(
                lsp.WORKSPACE_DID_CHANGE_CONFIGURATION,
                lsp.DidChangeConfigurationRegistrationOptions(section="heal"),
            )

    def _tell(self, loaded: Loaded) -> None:
        for problem in loaded.problems:
            if problem not in self._told:
                self._told.add(problem)
                self._client.warn(problem)


def _given(tree: Any) -> dict[str, Any]:
    """The values of a tree by public name. A null is a setting that was not set."""
    return {name: value for name, value in flatten(tree).items() if value is not None}
