"""``python -m heal_lsp``: the same as the ``heal-lsp`` script."""

from heal_lsp.cli import main

if __name__ == "__main__":
    main()
