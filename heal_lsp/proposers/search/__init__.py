"""The offline search: declared operators, each a kind of change, tried in the order of their likelihood."""

from __future__ import annotations

from heal_lsp.proposers.search.proposer import SearchProposer

__all__ = ["SearchProposer"]
