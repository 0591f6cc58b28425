"""The folders of a workspace that hold no code of the project's own."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase

SKIPPED_FOLDERS = frozenset(
    {
        ".venv",
        "venv",
        ".git",
        ".hg",
        ".svn",
        ".tox",
        ".nox",
        ".eggs",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
        ".idea",
        ".vscode",
        "__pycache__",
        "__pypackages__",
        "node_modules",
        "site-packages",
        "_darcs",
        "CVS",
    }
)
_OUTPUT_FOLDERS = frozenset({"build", "dist"})


def is_skipped(name: str) -> bool:
    """Whether a folder of this name is passed over when the workspace is walked."""
    return name.startswith(".") or name in SKIPPED_FOLDERS or fnmatchcase(name, "*.egg-info")


def holds_no_source(name: str, content: Collection[str]) -> bool:
    """Whether a folder that has files of these names is a virtual environment or the output of a build."""
    return "pyvenv.cfg" in content or (name in _OUTPUT_FOLDERS and "__init__.py" not in content)
