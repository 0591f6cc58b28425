"""What the person wants healed, from the arguments of the command."""

from __future__ import annotations

import attrs

from heal_lsp.core.model import Target
from heal_lsp.lsp.arguments import HealArgs, shortened
from heal_lsp.lsp.failures import Known
from heal_lsp.lsp.folders import Folder
from heal_lsp.lsp.pygls_compat import Refusal
from heal_lsp.lsp.state import State


@attrs.frozen
class Wish:
    """A function to heal."""

    folder: Folder
    target: Target
    failures: tuple[Known, ...]
    """The failures that lead to the target; the one that was pointed at comes first."""

    @property
    def tests(self) -> tuple[str, ...]:
        """The failing tests."""
        named = (each.failure.test for each in self.failures)
        return tuple(dict.fromkeys(each for each in named if each is not None))

    @property
    def name(self) -> str:
        """Tells one wish from another: a function is healed once at a time."""
        return f"{self.folder.path} {self.target.path} {self.target.qualname} {self.target.line}"


class NoWish(Exception):
    """There is nothing to heal; the message says why."""


class Wishes:
    """Looks wishes up on the boards."""

    def __init__(self, state: State) -> None:
        self._state = state

    def find(self, args: HealArgs) -> Wish:
        """What the arguments point at: a failure by its key, else a function by its line.

        Raises:
            NoWish: nothing is known to fail there, or no function is behind it.
            Refusal: the arguments point at nothing in an open folder.
        """
        if args.failure and (found := self._by_key(args)) is not None:
            folder, known = found
            if known.target is None or not known.healable:
                raise NoWish(f"There is no function to heal behind this failure. {known.reason}".strip())
            return self._all_of(folder, known.target, known)
        if not args.uri or args.line is None:
            raise Refusal(
                "heal.healFunction needs the uri of a file and a line (counted from 0), or a known failure."
            )
        return self._at_line(args.uri, args.line)

    def _at_line(self, uri: str, line: int) -> Wish:
        place = self._state.folders.place(uri)
        if place is None:
            raise Refusal(
                f"{shortened(uri, 200)} lies in none of the open workspace folders; open its folder first."
            )
        board, painter = self._state.board(place.folder), self._state.painter(place.folder)
        for spot in board.spots():
            first, last = painter.target_lines(spot.failures[0], spot.target)
            if spot.failures[0].healable and spot.target.path == place.path and first <= line <= last:
                return self._all_of(place.folder, spot.target, spot.failures[0])
        for shown in painter.paint(place.path):
            here = shown.diagnostic.range
            named = shown.target is not None and shown.failures[0].healable
            if named and here.start.line <= line <= here.end.line:
                assert shown.target is not None
                return self._all_of(place.folder, shown.target, shown.failures[0])
        raise NoWish(
            f"No failing test is known for line {line + 1} of {shortened(place.path, 200)}, "
            "so there is nothing to verify a fix against."
        )

    def _all_of(self, folder: Folder, target: Target, first: Known) -> Wish:
        """The wish with every failure that leads to the same function."""
        place = (target.path, target.line)
        known = self._state.board(folder).all()
        same = [each for each in known if each.target and (each.target.path, each.target.line) == place]
        return Wish(folder, target, (first, *(each for each in same if each.key != first.key)))

    def _by_key(self, args: HealArgs) -> tuple[Folder, Known] | None:
        place = self._state.folders.place(args.uri) if args.uri else None
        folders = sorted(self._state.folders.all(), key=lambda each: place is None or each != place.folder)
        found = ((each, self._state.board(each).get(args.failure)) for each in folders)
        return next(((folder, known) for folder, known in found if known is not None), None)
