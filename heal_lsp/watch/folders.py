"""The folders of a workspace that hold no code of the project's own."""

from __future__ import annotations

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
        "build",
        "dist",
        "_darcs",
        "CVS",
    }
)


def is_skipped(name: str) -> bool:
    """Whether a folder of this name is passed over when the workspace is walked."""
    return name in SKIPPED_FOLDERS or fnmatchcase(name, "*.egg-info")
