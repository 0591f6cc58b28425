"""heal-lsp: a language server that repairs failing Python code with verified, undoable edits.

Importing this package has no side effects; what it offers is loaded when first used.
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
