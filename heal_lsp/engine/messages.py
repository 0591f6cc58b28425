"""What crosses the boundary between a face and the engine process, and how it is written as JSON.

Each request names a ``job``, an id that the face chooses; ``heal/cancel`` ends that job and everything it started.
"""

from __future__ import annotations

from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.preconf.json import make_converter as make_json_converter

from heal_lsp.config import Settings
from heal_lsp.core.model import Failure, Fix, Interpreter, Isolation, Located, Report, Snapshot

RUN_TESTS = "heal/runTests"
RUN_SCRIPT = "heal/runScript"
LOCATE = "heal/locate"
REPAIR = "heal/repair"
REVERIFY = "heal/reverify"
DOCTOR = "heal/doctor"
PREPARE = "heal/prepare"
CANCEL = "heal/cancel"
PROGRESS = "heal/progress"

T = TypeVar("T")


@attrs.frozen
class RunTests:
    """Run tests: those named by ``tests`` (ids or files), else those that reach the ``saved`` files, else all.

    Answered by a :class:`RunReply`.
    """

    job: str
    snapshot: Snapshot
    settings: Settings
    tests: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()


@attrs.frozen
class RunScript:
    """Run a script of the workspace. Answered by a :class:`RunReply`."""

    job: str
    snapshot: Snapshot
    settings: Settings
    path: str
    arguments: tuple[str, ...] = ()


@attrs.frozen
class RunReply:
    """What the run showed, and where each of its failures leads (in the order of ``report.failures``).

    ``selected`` are the test ids or files that were asked for; an empty tuple means the whole workspace.
    """

    report: Report
    located: tuple[Located, ...] = ()
    selected: tuple[str, ...] = ()


@attrs.frozen
class Locate:
    """Find the targets of failures that came from elsewhere; runs nothing. Answered by :class:`LocateReply`."""

    job: str
    snapshot: Snapshot
    failures: tuple[Failure, ...]


@attrs.frozen
class LocateReply:
    """One entry for each failure, in their order."""

    located: tuple[Located, ...]


@attrs.frozen
class Repair:
    """Repair the function at fault for a failure, or the function at ``path`` and ``line`` with that failure.

    Answered by an :class:`heal_lsp.core.model.Outcome`; sends :class:`Progress` notifications meanwhile.
    """

    job: str
    snapshot: Snapshot
    settings: Settings
    failure: Failure
    path: str = ""
    line: int = 0
    failing: tuple[str, ...] = ()
    """Further failing test ids that are known to have the same target."""


@attrs.frozen
class Reverify:
    """Carry a fix over to a text that changed meanwhile, and verify it again from the start.

    Answered by an :class:`heal_lsp.core.model.Outcome`, whose obstacle is ``changed`` when it cannot be carried over.
    """

    job: str
    snapshot: Snapshot
    settings: Settings
    failure: Failure
    fix: Fix


@attrs.frozen
class Progress:
    """Where a job is: its phase, the number of candidates tried and the one in hand."""

    job: str
    phase: str
    count: int = 0
    note: str = ""


@attrs.frozen
class Cancel:
    """End a job. Its request is answered with an outcome or report that says so."""

    job: str


@attrs.frozen
class Doctor:
    """Ask how the tool stands in a workspace. Answered by a :class:`DoctorReply`."""

    job: str
    root: str
    settings: Settings


@attrs.frozen
class Prepare:
    """Ask to look at the files of a workspace, as tests that a saved file reaches may be wanted soon.

    Answered by a :class:`Prepared`.
    """

    job: str
    root: str
    settings: Settings


@attrs.frozen
class Prepared:
    """How many Python files are known now."""

    files: int


@attrs.frozen
class DoctorReply:
    """Interpreter, sandbox tier and cache of a workspace."""

    interpreter: Interpreter
    isolation: Isolation
    cache_path: str
    cache_entries: int


def make_converter() -> cattrs.Converter:
    """The converter for every record that crosses a boundary or goes into a file; JSON types only."""
    return make_json_converter(detailed_validation=False)


_CONVERTER = make_converter()


def unstructure(record: Any) -> Any:
    """A record as JSON types."""
    return _CONVERTER.unstructure(record)


def structure(data: Any, kind: type[T]) -> T:
    """JSON types as a record.

    Raises:
        ValueError: the data does not fit the record.
    """
    try:
        return _CONVERTER.structure(data, kind)
    except Exception as error:
        raise ValueError(f"not a valid {kind.__name__}: {error}") from error
