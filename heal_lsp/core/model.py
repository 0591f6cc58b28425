"""The records that the rooms hand to each other. All are frozen and serialise to plain JSON.

Paths are POSIX paths relative to the workspace folder, unless a field says otherwise. Lines are 1-based. Offsets are
bytes (see :mod:`heal_lsp.core.text`). A test id is the test file's workspace-relative path, ``::`` and the rest of
pytest's node id, whatever pytest's own rootdir is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import attrs

from heal_lsp.core.text import Edit, apply_edits, digest


def _mapping(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(value)


class FailureKind(str, Enum):
    """The class of a failure."""

    EXCEPTION = "exception"
    ASSERTION = "assertion"
    VALIDATION = "validation"
    VERIFIER = "verifier"
    TEST = "test"


@attrs.frozen
class Frame:
    """One entry of a traceback, outermost first. ``path`` is absolute when the file lies outside the workspace."""

    path: str
    line: int
    function: str


@attrs.frozen
class Value:
    """A name at the place of a failure and the bounded ``repr`` of what it held."""

    name: str
    text: str


@attrs.frozen
class Failure:
    """A test or a run that failed."""

    kind: FailureKind
    exception: str
    """Name of the exception's type, as a traceback prints it (``AssertionError``, ``json.JSONDecodeError``)."""
    message: str
    path: str
    """File in which the failure shows: the test's file, or the deepest file of the workspace in the traceback."""
    line: int
    frames: tuple[Frame, ...] = ()
    test: str | None = None
    command: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    phase: str = "call"
    """``collect``, ``setup``, ``call``, ``teardown``, or ``run`` for a script."""


class TestOutcome(str, Enum):
    """How a test ended. ``DENIED`` means that the sandbox refused what the test needs: no failure of the code."""

    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    DENIED = "denied"


@attrs.frozen
class TestResult:
    """The outcome of one test."""

    __test__ = False

    id: str
    outcome: TestOutcome
    seconds: float = 0.0
    failure: Failure | None = None


class ObstacleKind(str, Enum):
    """Why a run or a repair cannot go on in a way that code could mend."""

    NO_INTERPRETER = "no-interpreter"
    NO_PYTEST = "no-pytest"
    BROKEN_ENVIRONMENT = "broken-environment"
    COLLECTION = "collection"
    NO_TESTS = "no-tests"
    DENIED = "denied"
    TIMEOUT = "timeout"
    NO_SANDBOX = "no-sandbox"
    UNTRUSTED = "untrusted"
    FLAKY = "flaky"
    ALREADY_PASSES = "already-passes"
    MISSING_PACKAGE = "missing-package"
    NO_TARGET = "no-target"
    CHANGED = "changed"
    INFRASTRUCTURE = "infrastructure"


@attrs.frozen
class Obstacle:
    """What stands in the way, in one sentence, and what a person should do next, in another."""

    kind: ObstacleKind
    message: str
    hint: str
    detail: str = ""
    """Longer text for a log: a traceback, pytest's own words. May be empty."""


@attrs.frozen
class Report:
    """What one run of tests or of a script showed. This is also the format of the report files."""

    root: str
    """Absolute path of the workspace folder."""
    source: str = "pytest"
    """``pytest`` (the plugin in a terminal), ``server``, ``run`` or ``traceback``."""
    python: str = ""
    """Version of the interpreter that ran, such as ``3.11.7``."""
    started: float = 0.0
    """Seconds since the epoch."""
    seconds: float = 0.0
    finished: bool = True
    """False when the run was cut short; what is missing then says nothing."""
    tests: tuple[TestResult, ...] = ()
    errors: tuple[Failure, ...] = ()
    """Failures that belong to no test: a file that could not be collected, a script's exception."""
    digests: Mapping[str, str] = attrs.field(factory=dict, converter=_mapping)
    """Digest of the text of each workspace file that a failure names."""
    obstacle: Obstacle | None = None
    isolation: str = ""
    """The sandbox tier that was in force, in words; empty for a run that the tool did not start."""
    coverage: Mapping[str, Mapping[str, tuple[int, ...]]] = attrs.field(factory=dict, converter=_mapping)
    """Executed lines by test id, then by path. Empty unless it was asked for."""
    output: str = ""
    """The end of what a script wrote to stdout and stderr; empty for tests."""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every failure of the run, tests first."""
        return tuple(each.failure for each in self.tests if each.failure is not None) + self.errors


class TargetKind(str, Enum):
    """What sort of thing a target is. Only ``MODULE`` cannot be healed by this version."""

    FUNCTION = "function"
    METHOD = "method"
    PROPERTY = "property"
    MODULE = "module"


@attrs.frozen
class Target:
    """The function to repair. It is a position: ``span`` in ``path``; the name is for people."""

    path: str
    name: str
    qualname: str
    kind: TargetKind
    start: int
    """Byte offset at which the function starts, its decorators included."""
    end: int
    line: int
    """Line of the ``def``."""
    end_line: int
    asynchronous: bool = False


@attrs.frozen
class Suspect:
    """A statement with a suspiciousness score between 0 and 1 (spectrum-based fault localisation)."""

    path: str
    line: int
    score: float


@attrs.frozen
class Located:
    """Where a failure leads: the target, the statements under suspicion, and how that was concluded."""

    failure: Failure
    target: Target | None
    suspects: tuple[Suspect, ...] = ()
    reason: str = ""
    """One sentence: how the target was found, or why there is none."""


@attrs.frozen
class Snapshot:
    """The texts of the workspace that differ from the disk: the editor's unsaved buffers."""

    root: str
    texts: Mapping[str, str] = attrs.field(factory=dict, converter=_mapping)


@attrs.frozen
class Task:
    """One repair: these tests fail because of this target, in the workspace as the snapshot shows it."""

    snapshot: Snapshot
    failure: Failure
    target: Target
    base: str
    """The whole text of the target's file, as it is now."""
    failing: tuple[str, ...]
    """Test ids that the repair must turn green; the first is the failure's own test."""
    guards: tuple[str, ...] = ()
    """Test ids or test files that reach the target and must stay as they are."""
    test_sources: Mapping[str, str] = attrs.field(factory=dict, converter=_mapping)
    """Source of each failing test's function."""
    suspects: tuple[Suspect, ...] = ()


@attrs.frozen
class Candidate:
    """Edits to base texts that a proposer suggests. What is verified is the whole text that follows from them."""

    base: str
    """Digest of the target file's text that the edits refer to."""
    edits: Mapping[str, tuple[Edit, ...]] = attrs.field(converter=_mapping)
    proposer: str = ""
    operator: str = ""
    cost: float = 0.0
    """How unlikely the change is, smaller first; comparable within one proposer."""
    note: str = ""
    """The change in a few words for people, such as ``a % b → b % a``."""

    def text(self, path: str, base: str) -> str:
        """The whole new text of ``path``, whose present text is ``base``.

        Raises:
            ValueError: the edits do not fit the text.
        """
        return apply_edits(base, self.edits.get(path, ()))


class VerdictKind(str, Enum):
    """How the verifier judged a candidate."""

    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    CRASHED = "crashed"
    REFUSED = "refused"
    """By a rail, before it ran."""
    DENIED = "denied"
    FLAKY = "flaky"
    """A test that was to be turned green passes with the original text as well: no pass of it means anything."""
    INFRASTRUCTURE = "infrastructure"


@attrs.frozen
class Verdict:
    """The judgement on one candidate."""

    kind: VerdictKind
    reason: str = ""
    """One sentence for people and for the memory; empty for a pass."""
    tests: tuple[TestResult, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.kind is VerdictKind.PASSED


@attrs.frozen
class LiveResult:
    """What came of a call with another text of a function, in a process forked from the running program."""

    verdict: Verdict
    value: str = ""
    """Bounded ``repr`` of what the call returned; empty when it did not return."""
    exception: str = ""
    """Name of the exception's type, as a traceback prints it; empty when none was raised."""
    message: str = ""
    isolation: str = ""
    """What the call was kept from, in words."""


@attrs.frozen
class Attempt:
    """A candidate with its verdict."""

    candidate: Candidate
    verdict: Verdict


@attrs.frozen
class Baseline:
    """How the tests of a task behave with the original text."""

    tests: tuple[TestResult, ...]
    python: str = ""
    isolation: str = ""
    coverage: Mapping[str, Mapping[str, tuple[int, ...]]] = attrs.field(factory=dict, converter=_mapping)
    flaky: tuple[str, ...] = ()
    """Ids of tests that failed and then passed with the same text."""
    obstacle: Obstacle | None = None
    seconds: float = 0.0

    def ids(self, outcome: TestOutcome) -> tuple[str, ...]:
        """The ids of the tests that ended so."""
        return tuple(each.id for each in self.tests if each.outcome is outcome)


@attrs.frozen
class Evidence:
    """What was seen to hold for a fix."""

    fixed: tuple[str, ...]
    """Ids of the tests that failed with the original text and pass with the fix."""
    kept: tuple[str, ...]
    """Ids of the tests that passed before and still do."""
    still_failing: tuple[str, ...] = ()
    """Ids of other tests that failed before and still do; the fix was not asked to mend them."""
    seconds: float = 0.0
    isolation: str = ""
    python: str = ""


@attrs.frozen
class FileChange:
    """The whole text of a file before and after. The digest of ``old`` names the version it was computed for."""

    path: str
    old: str
    new: str

    @property
    def digest(self) -> str:
        return digest(self.old)


@attrs.frozen
class Fix:
    """A confirmed candidate."""

    candidate: Candidate
    changes: tuple[FileChange, ...]
    evidence: Evidence
    sure: bool = False


class OutcomeKind(str, Enum):
    """How a repair ended."""

    HEALED = "healed"
    OBSTACLE = "obstacle"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"


@attrs.frozen
class Outcome:
    """The end of a repair."""

    kind: OutcomeKind
    message: str
    """What was wrong and what changed; or why there is no fix."""
    advice: str = ""
    """What a person should do next; empty when nothing is left to do."""
    fix: Fix | None = None
    alternatives: tuple[Candidate, ...] = ()
    obstacle: Obstacle | None = None
    candidates: int = 0
    """Candidates that were run; a fix from the cache counts as none."""
    recalled: bool = False
    """True when the fix came from the cache."""
    seconds: float = 0.0
    closest: str = ""
    """The reason that the last-refused candidates failed, for the explanation; may be empty."""


@attrs.frozen
class Interpreter:
    """A Python interpreter of a project, as a probe inside the sandbox saw it."""

    path: str
    origin: str
    """Where it was found: a setting's name, ``VIRTUAL_ENV``, ``.venv`` ..."""
    version: str = ""
    pytest: str = ""
    """Version of its pytest; empty when it has none."""
    obstacle: Obstacle | None = None


@attrs.frozen
class Isolation:
    """The sandbox that is in force. ``tier`` 1 is the strongest, 4 the weakest; 0 means none."""

    tier: int
    label: str
    """What it gives, in words that are always shown with a result."""
    reason: str = ""
    """Why a better one is not in force; empty for tier 1."""

    @property
    def isolates(self) -> bool:
        """Whether code in it can be trusted to do no harm. The other tiers need the person's leave."""
        return self.tier in (1, 2)
