"""One heal: from the engine's repair to an applied fix or an explanation."""

from __future__ import annotations

from typing import Any

import attrs

from heal_lsp.core.model import Fix, ObstacleKind, Outcome, OutcomeKind
from heal_lsp.core.text import digest
from heal_lsp.engine.messages import Progress as Step
from heal_lsp.engine.messages import Repair, Reverify
from heal_lsp.lsp.applying import Applied, Applier, Result, unchanged
from heal_lsp.lsp.documents import Look
from heal_lsp.lsp.engines import new_job
from heal_lsp.lsp.folders import Place
from heal_lsp.lsp.progress import Progress
from heal_lsp.lsp.running import Running
from heal_lsp.lsp.state import State
from heal_lsp.lsp.wishes import Wish

ROUNDS = 3
"""How often a fix is carried over to a text that changed meanwhile, before the person is asked to pause."""


class HealJob:
    """Heals one function, once."""

    def __init__(
        self, state: State, running: Running, applier: Applier, wish: Wish, progress: Progress
    ) -> None:
        self._state = state
        self._running = running
        self._applier = applier
        self._wish = wish
        self._progress = progress
        self.sent = False
        """Whether an edit is with the editor that was not refused."""

    async def run(self) -> dict[str, Any]:
        """Do it. The result tells the outcome and whether an edit was applied."""
        wish, seen = self._wish, self._look()
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
        outcome = await self._state.engines.ask(self._state.engines.engine().repair(request, self._step))
        return await self._conclude(outcome, seen)

    async def _conclude(self, outcome: Outcome | None, seen: Look) -> dict[str, Any]:
        """Hand the fix to the editor. When a text changed meanwhile, carry it over and verify it again."""
        first = outcome
        for turn in range(ROUNDS + 1):
            if outcome is None:
                break
            if outcome.fix is None:
                return self._unhealed(outcome)
            result = await self._offer(outcome.fix, seen)
            if result is not None and result.applied in (Applied.DONE, Applied.CLAIMED):
                return self._taken(outcome, outcome.fix)
            if result is not None and result.applied is Applied.PROMISED:
                self._progress.end("with the editor")
                self._state.jobs.start(self._arrived(outcome, outcome.fix), "arriving")
                return {**_facts(outcome), "applied": True}
            if result is not None or turn == ROUNDS:
                return self._not_taken(outcome, result)
            seen = self._look()
            outcome = await self._verify_again(outcome.fix, seen)
            if outcome is not None and first is not None:
                outcome = attrs.evolve(outcome, candidates=first.candidates, recalled=first.recalled)
        return {"outcome": "engine-gone", "applied": False}

    async def _offer(self, fix: Fix, seen: Look) -> Result | None:
        """What the editor makes of a fix; None when a text changed before or while it was offered."""
        if not self._is_current(fix, seen):
            return None
        self._progress.report("apply", "applying the fix")
        self.sent = True
        label = f"Heal: fix `{self._wish.target.name}`"
        result = await self._applier.apply(self._wish.folder, fix.changes, label)
        if result.applied is Applied.REFUSED:
            self.sent = False
            return result if self._is_current(fix, seen) else None
        return result

    async def _verify_again(self, fix: Fix, seen: Look) -> Outcome | None:
        self._progress.report("reverify", "the text changed meanwhile: verifying the fix again")
        settings = self._state.configuration.settings(self._wish.folder)
        request = Reverify(new_job(), seen.snapshot, settings, self._wish.failures[0].failure, fix)
        return await self._state.engines.ask(self._state.engines.engine().reverify(request, self._step))

    def _look(self) -> Look:
        folder = self._wish.folder
        return self._state.documents.look(folder, self._state.configuration.settings(folder).exclude)

    def _is_current(self, fix: Fix, seen: Look) -> bool:
        """Whether a fix still is for the texts as they are: its own files' and every open Python buffer's."""
        folder, documents = self._wish.folder, self._state.documents
        if not all(unchanged(each, documents, folder) for each in fix.changes):
            return False
        code = ((path, was) for path, was in seen.digests.items() if path.endswith(".py"))
        return all(digest(documents.text(Place(folder, path)) or "") == was for path, was in code)

    def _step(self, step: Step) -> None:
        """Show where the engine is: the phase, the candidates tried, and the one in hand."""
        count = f" {step.count}" if step.count else ""
        note = f": {step.note}" if step.note else ""
        self._progress.report(step.phase, f"{step.phase}{count}{note}")

    async def _arrived(self, outcome: Outcome, fix: Fix) -> None:
        """See to it that a fix which the editor says it took really comes, now that its own request is answered."""
        if await self._applier.arrives(self._wish.folder, fix.changes):
            self._taken(outcome, fix)
        else:
            self._not_taken(outcome, Result(Applied.PROMISED))

    def _taken(self, outcome: Outcome, fix: Fix) -> dict[str, Any]:
        """The fix is in the editor's text: say what it was, and let the failing tests run again."""
        self._progress.end("healed")
        self._state.client.show(f"Healed. {outcome.message}")
        for each in self._wish.failures:
            if each.failure.test is None:  # no run will show that it is gone
                self._state.board(self._wish.folder).drop(each.key)
        self._state.publish(self._wish.folder)
        self._run_again((*self._wish.tests, *fix.evidence.fixed))
        return {**_facts(outcome), "applied": True}

    def _not_taken(self, outcome: Outcome, result: Result | None) -> dict[str, Any]:
        """A fix was found but is not in the editor's text."""
        self._progress.end("not applied")
        if result is None:
            why = "the text kept changing; heal again when you have finished typing"
        elif result.applied is Applied.PROMISED:
            why = "the editor says that it took the edit, but its text is not the fixed one; heal again"
        elif result.applied is Applied.SILENT:
            why = "the editor did not say whether it applied the edit; look at the file before you heal again"
        else:
            why = f"the editor refused the edit{f' ({result.reason})' if result.reason else ''}; heal again"
        name = self._wish.target.name
        self._state.client.warn(f"A verified fix of `{name}` was found, but not applied: {why}.")
        return {**_facts(outcome), "outcome": "not-applied", "applied": False}

    def _unhealed(self, outcome: Outcome) -> dict[str, Any]:
        """Explain why there is no fix, and what to do next."""
        self._progress.end("not healed")
        if outcome.kind is OutcomeKind.CANCELLED:
            self._state.client.show(f"Healing `{self._wish.target.name}` was cancelled. Nothing was changed.")
            return {**_facts(outcome), "applied": False}
        closest = f" Most candidates failed so: {outcome.closest}." if outcome.closest else ""
        self._state.client.warn(f"Not healed. {outcome.message}{closest} {outcome.advice}".strip())
        if (obstacle := outcome.obstacle) is not None:
            if obstacle.detail:
                self._state.client.log(obstacle.detail)
            if obstacle.kind is ObstacleKind.ALREADY_PASSES:
                self._run_again(self._wish.tests)
        return {**_facts(outcome), "applied": False}

    def _run_again(self, tests: tuple[str, ...]) -> None:
        files = tuple(dict.fromkeys(each.partition("::")[0] for each in tests))
        if files:
            self._state.jobs.start(self._running.again(self._wish.folder, files), "again")


def _facts(outcome: Outcome) -> dict[str, Any]:
    """An outcome for whoever called the command."""
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
        found = outcome.fix.evidence
        facts["sure"] = outcome.fix.sure
        facts["evidence"] = {"fixed": len(found.fixed), "kept": len(found.kept), "isolation": found.isolation}
    return facts
