"""``python -m heal_lsp``: the same as the ``heal-lsp`` script."""

import sys

if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    # -m looks for modules first in the current folder, which may be a stranger's; this package was found already
    del sys.path[0]

from heal_lsp.cli import main

if __name__ == "__main__":
    main()
