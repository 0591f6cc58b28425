"""Settings in layers: defaults, a file, and what is said for one run."""

from layered.settings import Settings

__all__ = ["Settings"]
