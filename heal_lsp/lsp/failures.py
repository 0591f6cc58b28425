"""The failures of a workspace folder that are known now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs

from heal_lsp.core.model import Failure, Located, Report, Suspect, Target, TargetKind, TestOutcome
from heal_lsp.core.text import digest
from heal_lsp.lsp.positions import moved

TextOf = Callable[[str], "str | None"]
"""The present text of a file of the folder, by path; None when there is none."""


@attrs.frozen
class Known:
    """A failure on the board."""

    key: str
    failure: Failure
    target: Target | None
    suspects: tuple[Suspect, ...]
    reason: str
    source: str
    """The source of the report that showed it."""
    began: float
    """When the run that showed it began, in seconds since the epoch."""
    digests: Mapping[str, str]
    """Digest of each file's text for which the failure was seen."""
    texts: Mapping[str, str]
    """Those texts, as far as they were still at hand; lines are carried over from them to the present ones.
    """

    @property
    def healable(self) -> bool:
        """Whether there is a function that could be repaired."""
        return self.target is not None and self.target.kind is not TargetKind.MODULE

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that show something of this failure."""
        target = (self.target.path,) if self.target is not None else ()
        return tuple(dict.fromkeys((self.failure.path, *target)))

    def stale(self, digest_of: Callable[[str], str]) -> bool:
        """Whether a file changed since the failure was seen. ``digest_of`` gives "" for one that is gone."""
        return any(digest_of(path) != seen for path, seen in self.digests.items())

    def line(self, path: str, line: int, text_of: TextOf) -> int:
        """Where a line of a file is now."""
        seen, now = self.texts.get(path), text_of(path)
        return line if seen is None or now is None else moved(seen, now, line)


@attrs.frozen
class Spot:
    """One target with the failures that lead to it."""

    target: Target
    failures: tuple[Known, ...]


class Board:
    """The failures of one folder: what a report shows is merged in, what passes or is gone is taken off."""

    def __init__(self, text_of: TextOf) -> None:
        self._text_of = text_of
        self._known: dict[str, Known] = {}
        self._ignored: set[str] = set()
        self._seen: dict[str, float] = {}

    def all(self) -> tuple[Known, ...]:
        """Every failure that the person did not ask to ignore, in the order in which they were seen."""
        return tuple(each for key, each in self._known.items() if key not in self._ignored)

    def get(self, key: str) -> Known | None:
        """A failure by its key."""
        return self._known.get(key)

    def files(self) -> set[str]:
        """Every file that shows something."""
        return {path for each in self.all() for path in each.paths}

    def ignore(self, key: str) -> bool:
        """Hide a failure until its test passes again. False when there is no such failure."""
        if key not in self._known:
            return False
        self._ignored.add(key)
        return True

    def drop(self, key: str) -> None:
        """Take a failure off."""
        self._known.pop(key, None)
        self._ignored.discard(key)

    def spots(self) -> list[Spot]:
        """The targets, each with all its failures."""
        grouped: dict[tuple[str, int, str], list[Known]] = {}
        for each in self.all():
            if each.target is not None:
                grouped.setdefault((each.target.path, each.target.line, each.target.name), []).append(each)
        return [
            Spot(group[0].target, tuple(group)) for group in grouped.values() if group[0].target is not None
        ]

    def merge(
        self,
        report: Report,
        located: Sequence[Located] = (),
        selected: Sequence[str] | None = None,
        *,
        digests: Mapping[str, str] | None = None,
        began: float | None = None,
        fresh_only: bool = False,
    ) -> None:
        """Take over what a report shows, except of tests that a run which began later has told of: runs may
        end in another order than they began.

        ``selected`` are the tests or files that were asked for (empty: all of them), None when that is not
        known. ``digests`` name the buffers' texts when the run began, and ``began`` is when that was, in
        seconds since the epoch; by default the report's own start. With ``fresh_only``, failures whose text
        changed since the report are left out: an old report says nothing about them.
        """
        began = report.started if began is None else began
        report = self._newest(report, began)
        failed = [each.failure for each in report.tests if each.outcome == TestOutcome.FAILED]
        found = {_key(each): each for each in (*failed, *report.errors) if each is not None}
        where = {_key(each.failure): each for each in located}
        for test in report.tests:
            key = f"test:{test.id}"
            if test.outcome in (TestOutcome.PASSED, TestOutcome.SKIPPED) or (
                test.outcome == TestOutcome.DENIED and self._source(key) == report.source
            ):
                self.drop(key)
        older = [each for each in self._known.values() if each.began <= began]
        self._drop_collected(older, report, found)
        if report.source == "run":
            self._drop_each(
                each for each in older if each.source == "run" and each.failure.path in report.digests
            )
        if selected is not None:
            self._drop_missing(older, report, found, selected)
        for key, failure in found.items():
            if not failure.path:
                continue  # no line of the workspace had a part in it
            if (newer := self._known.get(key)) is not None and newer.began > began:
                continue
            known = self._build(key, failure, where.get(key), report, digests or {}, began)
            if not (fresh_only and known.stale(self._digest_of)):
                self._known[key] = known
        self.drop_gone()

    def drop_gone(self, path: str | None = None) -> None:
        """Take off the failures of tests that are no longer defined, in one file or in all."""
        for each in list(self._known.values()):
            test = each.failure.test
            if test is None or (path is not None and not test.startswith(f"{path}::")):
                continue
            file, _, name = test.partition("::")
            text = self._text_of(file)
            if text is None or not _defines(text, name):
                self.drop(each.key)

    def _newest(self, report: Report, began: float) -> Report:
        """The report without the tests of which a later run has told already."""
        fresh = tuple(each for each in report.tests if self._seen.get(each.id, began) <= began)
        self._seen |= dict.fromkeys((each.id for each in fresh), began)
        return report if len(fresh) == len(report.tests) else attrs.evolve(report, tests=fresh)

    def _build(
        self,
        key: str,
        failure: Failure,
        located: Located | None,
        report: Report,
        buffers: Mapping[str, str],
        began: float,
    ) -> Known:
        target = located.target if located is not None else None
        digests, texts = {}, {}
        for path in {failure.path, *((target.path,) if target is not None else ())}:
            now, current = self._text_of(path), self._digest_of(path)
            digests[path] = report.digests.get(path) or buffers.get(path) or current
            if now is not None and current == digests[path]:
                texts[path] = now
        suspects = located.suspects if located is not None else ()
        reason = located.reason if located is not None else ""
        return Known(key, failure, target, suspects, reason, report.source, began, digests, texts)

    def _digest_of(self, path: str) -> str:
        text = self._text_of(path)
        return digest(text) if text is not None else ""

    def _source(self, key: str) -> str | None:
        known = self._known.get(key)
        return known.source if known is not None else None

    def _drop_each(self, them: Iterable[Known]) -> None:
        for each in list(them):
            self.drop(each.key)

    def _drop_collected(self, older: Sequence[Known], report: Report, found: Mapping[str, Failure]) -> None:
        """A file of which a test ran could be collected."""
        ran = {test.id.partition("::")[0] for test in report.tests}
        self._drop_each(
            each
            for each in older
            if each.failure.test is None and each.failure.phase == "collect" and each.failure.path in ran
            if each.key not in found
        )

    def _drop_missing(
        self, older: Sequence[Known], report: Report, found: Mapping[str, Failure], selected: Sequence[str]
    ) -> None:
        """What was asked for and did not show up is gone, unless the run was cut short or its file did not
        load.
        """
        if not report.finished or (report.obstacle is not None and not report.tests):
            return
        ran = {test.id for test in report.tests}
        broken = {each.path for each in report.errors}
        for each in older:
            test, path = each.failure.test, each.failure.path
            if test is not None:
                file = test.partition("::")[0]
                if test not in ran and file not in broken and _asked(test, selected):
                    self.drop(each.key)
            elif each.failure.phase == "collect" and each.key not in found and _asked(path, selected):
                self.drop(each.key)


def _key(failure: Failure) -> str:
    if failure.test is not None:
        return f"test:{failure.test}"
    if failure.phase == "collect":
        return f"collect:{failure.path}"
    return f"{failure.phase}:{failure.path}:{failure.line}:{failure.exception}:{' '.join(failure.command)}"


def _asked(name: str, selected: Sequence[str]) -> bool:
    """Whether a test id or a file was among what was asked for."""
    return not selected or any(
        name == each or name.startswith((f"{each}::", f"{each}[", f"{each.rstrip('/')}/"))
        for each in selected
    )


def _defines(text: str, name: str) -> bool:
    """Whether a text defines the test of a node id's rest; a name that is not written so counts as
    defined.
    """
    last = name.partition("[")[0].rpartition("::")[2]
    if not last.isidentifier() or "import *" in text:
        return True
    return re.search(rf"\b{re.escape(last)}\b", text) is not None
