"""Deadlines of a call for papers."""

from deadlines.calls import Call, Calls
from deadlines.moments import parse_moment

__all__ = ["Call", "Calls", "parse_moment"]
