"""What a proposer may use in one repair."""

from __future__ import annotations

import attrs


@attrs.frozen
class Budget:
    """Limits of one proposer in one repair. None means no limit of that sort."""

    attempts: int | None = None
    seconds: float | None = None
    tokens: int | None = None
    cost: float | None = None
    """In US dollars."""
