"""Healing functions: who may ask for it, and what is said when there is nothing to heal."""

from __future__ import annotations

import asyncio
from typing import Any

from lsprotocol import types as lsp

from heal_lsp.lsp.applying import Applier
from heal_lsp.lsp.arguments import HealArgs, TestArgs
from heal_lsp.lsp.client import CannotAsk
from heal_lsp.lsp.folders import Folder
from heal_lsp.lsp.heal_job import HealJob
from heal_lsp.lsp.progress import Progress
from heal_lsp.lsp.running import Running
from heal_lsp.lsp.state import State
from heal_lsp.lsp.wishes import NoWish, Wish, Wishes

RUN_TESTS = "Run the tests"


class Healing:
    """Heals functions."""

    def __init__(self, state: State, running: Running, applier: Applier) -> None:
        self._state = state
        self._running = running
        self._applier = applier
        self._wishes = Wishes(state)
        self._at_work: set[str] = set()

    async def heal(self, args: HealArgs, token: lsp.ProgressToken | None) -> dict[str, Any]:
        """Heal what the arguments point at. The result tells the outcome and whether an edit was applied.

        Raises:
            Refusal: the arguments point at nothing in an open folder.
        """
        try:
            wish = self._wishes.find(args)
        except NoWish as why:
            return self._nothing(args, str(why))
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
        task, name = asyncio.current_task(), f"`{wish.target.name}`"
        progress = Progress(
            self._state.client, f"Healing {name}", task.cancel if task else lambda: None, token
        )
        job = HealJob(self._state, self._running, self._applier, wish, progress)
        try:
            await progress.begin()
            return await job.run()
        except asyncio.CancelledError:
            after = "An edit was on its way already; undo it if you do not want it."
            progress.end("cancelled")
            self._state.client.show(
                f"Healing {name} was cancelled. {after if job.sent else 'Nothing was changed.'}"
            )
            raise
        finally:
            progress.end("ended")

    def _nothing(self, args: HealArgs, why: str) -> dict[str, Any]:
        """Nothing is known to fail there: say so, and offer to look."""
        client = self._state.client
        place = self._state.folders.place(args.uri) if args.uri else None
        if place is None or not client.can_ask:
            client.show(f"{why} Run the tests first.")
        else:
            self._state.jobs.start(self._offer_tests(place.folder, why), "offer")
        return {"outcome": "no-failure", "applied": False, "message": why}

    async def _offer_tests(self, folder: Folder, why: str) -> None:
        try:
            answer = await self._state.client.ask(why, (RUN_TESTS,))
        except CannotAsk:
            self._state.client.show(f"{why} Run the tests first.")
            return
        if answer == RUN_TESTS:
            await self._running.tests(TestArgs(uri=folder.uri), None)
