"""The heal job: from the person's wish to an applied fix or an explanation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import attrs
from lsprotocol import types as lsp

from heal_lsp.core.model import Fix, ObstacleKind, Outcome, OutcomeKind, Snapshot, Target
from heal_lsp.core.text import digest
from heal_lsp.engine.messages import Progress as Step
from heal_lsp.engine.messages import Repair, Reverify
from heal_lsp.lsp.applying import Applied, Applier, Result, unchanged
from heal_lsp.lsp.arguments import HealArgs, TestArgs
from heal_lsp.lsp.engines import new_job
from heal_lsp.lsp.failures import Known
from heal_lsp.lsp.folders import Folder, Place
from heal_lsp.lsp.progress import Progress
from heal_lsp.lsp.pygls_compat import Refusal
from heal_lsp.lsp.running import Running
from heal_lsp.lsp.state import State

ROUNDS = 3
"""How often a fix is carried over to a text that changed meanwhile, before the person is asked to pause."""
RUN_TESTS = "Run the tests"


@attrs.frozen
class Wish:
    """What the person wants healed."""

    folder: Folder
    target: Target
    failures: tuple[Known, ...]
    """The failures that lead to the target; the one that was pointed at comes first."""

    @property
    def tests(self) -> tuple[str, ...]:
        """The failing tests."""
        return tuple(
            dict.fromkeys(each.failure.test for each in self.failures if each.failure.test is not None)
        )

    @property
    def name(self) -> str:
        """Names the job, so that one function is healed once at a time."""
        return f"heal {self.folder.path} {self.target.path} {self.target.qualname} {self.target.line}"


@attrs.frozen
class Seen:
    """The buffers as they were when a request went out."""

    snapshot: Snapshot
    digests: dict[str, str]


class Healing:
    """Heals functions."""

    def __init__(self, state: State, running: Running, applier: Applier) -> None:
        self._state = state
        self._running = running
        self._applier = applier
        self._at_work: set[str] = set()

    async def heal(self, args: HealArgs, token: lsp.ProgressToken | None) -> dict[str, Any]:
        """Heal what the arguments point at. The result tells the outcome and whether an edit was applied.

        Raises:
            Refusal: the arguments point at nothing in an open folder.
        """
        wish = self._wish(args)
        if isinstance(wish, str):
            return await self._no_failure(args, wish)
        if not await self._state.trust.obtain(wish.folder, insist=True):
            return {"outcome": "untrusted", "applied": False}
        if wish.name in self._at_work:
            self._state.client.show(f"`{wish.target.name}` is being healed already.")
            return {"outcome": "busy", "applied": False}
        self._at_work.add(wish.name)
        try:
            return await self._with_progress(wish, token)
        finally:
            self._at_work.discard(wish.name)

    async def _with_progress(self, wish: Wish, token: lsp.ProgressToken | None) -> dict[str, Any]:
        client, task = self._state.client, asyncio.current_task()
        progress = Progress(
            client, f"Healing `{wish.target.name}`", task.cancel if task else lambda: None, token
        )
        sent = [False]
        try:
            await progress.begin()
            return await self._repair(wish, progress, sent)
        except asyncio.CancelledError:
            after = (
                "An edit was already on its way; undo it if you do not want it."
                if sent[0]
                else "Nothing was changed."
            )
            progress.end("cancelled")
            client.show(f"Healing `{wish.target.name}` was cancelled. {after}")
            raise
        finally:
            progress.end("ended")

    async def _repair(self, wish: Wish, progress: Progress, sent: list[bool]) -> dict[str, Any]:
        engine, seen = self._state.engines.engine(), self._seen(wish.folder)
        first, text_of = wish.failures[0], self._state.painter(wish.folder).text_of
        request = Repair(
            new_job(),
            seen.snapshot,
            self._state.configuration.settings(wish.folder),
            first.failure,
            path=wish.target.path,
            line=first.line(wish.target.path, wish.target.line, text_of),
            failing=wish.tests,
        )
        outcome = await self._state.engines.ask(engine.repair(request, _steps(progress)))
        if outcome is None:
            return {"outcome": "engine-gone", "applied": False}
        if outcome.fix is None:
            return self._unhealed(wish, outcome, progress)
        return await self._apply(wish, outcome, outcome.fix, seen, progress, sent)

    async def _apply(
        self, wish: Wish, outcome: Outcome, fix: Fix, seen: Seen, progress: Progress, sent: list[bool]
    ) -> dict[str, Any]:
        """Hand the fix to the editor; carry it over and verify it again when the text changed meanwhile."""
        for turn in range(ROUNDS + 1):
            result = await self._offer(wish, fix, seen, progress, sent)
            if result is not None and result.applied in (Applied.DONE, Applied.CLAIMED):
                return self._taken(wish, outcome, fix, progress)
            if result is not None or turn == ROUNDS:
                return self._not_taken(wish, outcome, progress, result)
            seen = self._seen(wish.folder)
            again = await self._verify_again(wish, fix, seen, progress)
            if again is None:
                return {"outcome": "engine-gone", "applied": False}
            if again.fix is None:
                return self._unhealed(wish, again, progress)
            outcome = attrs.evolve(again, candidates=outcome.candidates, recalled=outcome.recalled)
            fix = again.fix
        raise AssertionError("the last turn returns")

    async def _offer(
        self, wish: Wish, fix: Fix, seen: Seen, progress: Progress, sent: list[bool]
    ) -> Result | None:
        """What the editor makes of the fix; None when a text changed before or while it was offered."""
        if not self._is_current(wish.folder, fix, seen):
            return None
        progress.report("apply", "applying the fix")
        sent[0] = True
        result = await self._applier.apply(wish.folder, fix.changes, f"Heal: fix `{wish.target.name}`")
        if result.applied is Applied.REFUSED and not self._is_current(wish.folder, fix, seen):
            sent[0] = False
            return None
        return result

    async def _verify_again(self, wish: Wish, fix: Fix, seen: Seen, progress: Progress) -> Outcome | None:
        progress.report("reverify", "the text changed meanwhile: verifying the fix again")
        settings = self._state.configuration.settings(wish.folder)
        request = Reverify(new_job(), seen.snapshot, settings, wish.failures[0].failure, fix)
        return await self._state.engines.ask(self._state.engines.engine().reverify(request, _steps(progress)))

    def _taken(self, wish: Wish, outcome: Outcome, fix: Fix, progress: Progress) -> dict[str, Any]:
        """The fix is in the editor's text: say what it was, and let the failing tests run again."""
        progress.end("healed")
        self._state.client.show(f"Healed. {outcome.message}")
        tests = tuple(dict.fromkeys(each.partition("::")[0] for each in (*wish.tests, *fix.evidence.fixed)))
        self._state.jobs.start(self._running.again(wish.folder, tests), "again")
        return {**_facts(outcome), "applied": True}

    def _is_current(self, folder: Folder, fix: Fix, seen: Seen) -> bool:
        """Whether the fix still is for the texts as they are, its own files' and those of every open
        buffer.
        """
        documents = self._state.documents
        if not all(unchanged(each, documents, folder) for each in fix.changes):
            return False
        return all(
            digest(documents.text(Place(folder, path)) or "") == was
            for path, was in seen.digests.items()
            if path.endswith(".py")
        )

    def _unhealed(self, wish: Wish, outcome: Outcome, progress: Progress) -> dict[str, Any]:
        """Explain why there is no fix, and what to do next."""
        progress.end("not healed")
        if outcome.kind is OutcomeKind.CANCELLED:
            self._state.client.show(f"Healing `{wish.target.name}` was cancelled. Nothing was changed.")
            return {**_facts(outcome), "applied": False}
        closest = f" Most candidates failed so: {outcome.closest}." if outcome.closest else ""
        self._state.client.warn(f"Not healed. {outcome.message}{closest} {outcome.advice}".strip())
        if outcome.obstacle is not None and outcome.obstacle.detail:
            self._state.client.log(outcome.obstacle.detail)
        if outcome.obstacle is not None and outcome.obstacle.kind is ObstacleKind.ALREADY_PASSES:
            files = tuple(dict.fromkeys(each.partition("::")[0] for each in wish.tests))
            self._state.jobs.start(self._running.again(wish.folder, files), "again")
        return {**_facts(outcome), "applied": False}

    def _not_taken(
        self, wish: Wish, outcome: Outcome, progress: Progress, result: Result | None
    ) -> dict[str, Any]:
        """A fix was found but is not in the editor's text."""
        progress.end("not applied")
        if result is None:
            why = "the text kept changing; heal again when you have finished typing"
        elif result.applied is Applied.SILENT:
            why = "the editor did not say whether it applied the edit; look at the file before you heal again"
        else:
            why = f"the editor refused the edit{f' ({result.reason})' if result.reason else ''}; heal again"
        self._state.client.warn(f"A verified fix of `{wish.target.name}` was found, but not applied: {why}.")
        return {**_facts(outcome), "outcome": "not-applied", "applied": False}

    def _seen(self, folder: Folder) -> Seen:
        documents, exclude = self._state.documents, self._state.configuration.settings(folder).exclude
        return Seen(documents.snapshot(folder, exclude), documents.digests(folder))

    def _wish(self, args: HealArgs) -> Wish | str:
        """What the arguments point at, or the sentence that says why it cannot be healed."""
        if args.failure and (found := self._by_key(args)) is not None:
            folder, known = found
            if known.target is None or not known.healable:
                return f"There is no function to heal behind this failure. {known.reason}".strip()
            return self._all_of(folder, known.target, known)
        if not args.uri or args.line is None:
            raise Refusal(
                "heal.healFunction needs the uri of a file and a line (counted from 0), or a known failure."
            )
        place = self._running.place(args.uri)
        board, painter = self._state.board(place.folder), self._state.painter(place.folder)
        for spot in board.spots():
            first, last = painter.target_lines(spot.failures[0], spot.target)
            if spot.failures[0].healable and spot.target.path == place.path and first <= args.line <= last:
                return self._all_of(place.folder, spot.target, spot.failures[0])
        for shown in painter.paint():
            here = shown.diagnostic.range
            if (
                shown.path == place.path
                and here.start.line <= args.line <= here.end.line
                and shown.failures[0].healable
            ):
                assert shown.target is not None
                return self._all_of(place.folder, shown.target, shown.failures[0])
        where = f"line {args.line + 1} of {place.path}"
        return f"No failing test is known for {where}, so there is nothing to verify a fix against."

    def _all_of(self, folder: Folder, target: Target, first: Known) -> Wish:
        same = [
            each
            for each in self._state.board(folder).all()
            if each.target is not None and (each.target.path, each.target.line) == (target.path, target.line)
        ]
        return Wish(folder, target, (first, *(each for each in same if each.key != first.key)))

    def _by_key(self, args: HealArgs) -> tuple[Folder, Known] | None:
        place = self._state.folders.place(args.uri) if args.uri else None
        # the test's file and the function's may lie in different folders of one workspace
        folders: Sequence[Folder] = self._state.folders.all()
        for folder in sorted(folders, key=lambda each: place is None or each != place.folder):
            if (known := self._state.board(folder).get(args.failure)) is not None:
                return folder, known
        return None

    async def _no_failure(self, args: HealArgs, why: str) -> dict[str, Any]:
        """Nothing is known to fail there: say so, and offer to look."""
        client = self._state.client
        place: Place | None = self._state.folders.place(args.uri) if args.uri else None
        if place is None or not client.can_ask:
            client.show(f"{why} Run the tests first.")
        else:
            self._state.jobs.start(self._offer_tests(place.folder, why), "offer")
        return {"outcome": "no-failure", "applied": False, "message": why}

    async def _offer_tests(self, folder: Folder, why: str) -> None:
        if await self._state.client.ask(why, (RUN_TESTS,)) == RUN_TESTS:
            await self._running.tests(TestArgs(uri=folder.uri), None)


def _steps(progress: Progress) -> Any:
    """Turns the engine's steps into reports: the phase, the candidates tried, and the one in hand."""

    def told(step: Step) -> None:
        count = f" {step.count}" if step.count else ""
        note = f": {step.note}" if step.note else ""
        progress.report(step.phase, f"{step.phase}{count}{note}")

    return told


def _facts(outcome: Outcome) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "outcome": outcome.kind.value,
        "message": outcome.message,
        "advice": outcome.advice,
        "candidates": outcome.candidates,
        "recalled": outcome.recalled,
        "seconds": outcome.seconds,
    }
    if outcome.obstacle is not None:
        facts["obstacle"] = outcome.obstacle.kind.value
    if outcome.fix is not None:
        evidence = outcome.fix.evidence
        facts["evidence"] = {
            "fixed": len(evidence.fixed),
            "kept": len(evidence.kept),
            "isolation": evidence.isolation,
        }
        facts["sure"] = outcome.fix.sure
    return facts
