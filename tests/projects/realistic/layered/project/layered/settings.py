"""The settings."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from layered.merge import merge

DEFAULTS: dict[str, Any] = {
    "server": {"host": "localhost", "port": 8080},
    "log": {"level": "info", "file": None},
    "colour": True,
}


class Settings:
    """Settings by dotted names such as ``server.port``."""

    def __init__(self, *layers: Mapping[str, Any]) -> None:
        self._values: dict[str, Any] = DEFAULTS
        for layer in layers:
            self._values = merge(self._values, layer)

    @classmethod
    def load(cls, path: Path, *layers: Mapping[str, Any]) -> Settings:
        """Settings from an INI file, with layers over it. A missing file says nothing."""
        parser = configparser.ConfigParser()
        parser.read(path, encoding="utf-8")
        return cls({name: _typed(parser[name]) for name in parser.sections()}, *layers)

    def get(self, name: str) -> Any:
        """A setting.

        Raises:
            KeyError: there is no such setting.
        """
        value: Any = self._values
        for part in name.split("."):
            if not isinstance(value, Mapping) or part not in value:
                raise KeyError(name)
            value = value[part]
        return value


def _typed(section: Mapping[str, str]) -> dict[str, Any]:
    words = {"true": True, "false": False, "none": None}
    return {
        key: int(text) if text.isdigit() else words.get(text.lower(), text)
        for key, text in section.items()
    }
