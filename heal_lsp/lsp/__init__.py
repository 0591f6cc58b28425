"""The language server: what an editor sees of heal-lsp.

It holds state and talks LSP; the engine does the work.
"""
