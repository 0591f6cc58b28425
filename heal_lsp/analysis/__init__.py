"""Reading source: spans of functions, and the way from a failure to its target."""

from heal_lsp.analysis.source_analysis import SourceAnalysis

__all__ = ["SourceAnalysis"]
