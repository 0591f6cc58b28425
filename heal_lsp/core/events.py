"""What a repair tells while it runs. Listeners subscribe to these; the loop knows none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Union

import attrs

from heal_lsp.core.model import Attempt, Candidate, Outcome


@attrs.frozen
class Phase:
    """The repair entered a phase: ``locate``, ``baseline``, ``recall``, ``search``, ``confirm``."""

    name: str
    detail: str = ""


@attrs.frozen
class Proposed:
    """A candidate, or the first of several together, is about to run. ``count`` is that of those before, plus one."""

    count: int
    candidate: Candidate


@attrs.frozen
class Judged:
    """A candidate has its verdict."""

    attempt: Attempt


@attrs.frozen
class Ended:
    """The repair is over."""

    outcome: Outcome


Event = Union[Phase, Proposed, Judged, Ended]  # noqa: UP007 - cattrs and Python 3.10 read a runtime value here
Listener = Callable[[Event], None]
