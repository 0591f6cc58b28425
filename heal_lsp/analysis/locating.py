"""From a failure to the function at fault, by traceback, by what the failing line calls, and by coverage."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Mapping

import attrs

from heal_lsp.analysis import doctests, testcode
from heal_lsp.analysis.clues import Clue, clues
from heal_lsp.analysis.leads import Leads
from heal_lsp.analysis.sources import Module, Sources, is_doctest, is_test_code
from heal_lsp.analysis.spans import module_target
from heal_lsp.analysis.testcode import Scope
from heal_lsp.core.localise import Ranked, suspicious_functions
from heal_lsp.core.model import Failure, Frame, Located, Suspect, Target

MARGIN = 0.15
"""How much more suspicious than what the failing line calls another function must be to be preferred."""

_SYNTAX = ("SyntaxError", "IndentationError", "TabError")
_ENDS_PROCESS = re.compile(r"\b(?:_exit|abort|kill|killpg|raise_signal|execv\w*|ctypes|setrecursionlimit)\b")
_CONSTRUCTORS = ("__init__", "__new__", "__post_init__")


@attrs.frozen
class _Place:
    """A frame in a file of the workspace."""

    module: Module
    line: int
    function: str
    test_code: bool


class Locator:
    """Follows one failure."""

    def __init__(
        self,
        sources: Sources,
        failure: Failure,
        coverage: Mapping[str, Mapping[str, tuple[int, ...]]],
        failing: Collection[str],
        suspects: tuple[Suspect, ...],
    ) -> None:
        self._sources = sources
        self._failure = failure
        self._coverage = coverage
        self._red = {*failing, *((failure.test,) if failure.test else ())}
        self._suspects = suspects
        self._leads = Leads(sources, failure.test)

    def located(self) -> Located:
        """The target, or the reason that there is none."""
        if self._failure.exception in _SYNTAX:
            return self._none(self._syntax_reason())
        places = self._places()
        for found in (self._raised(places), self._called(places), self._examined(), self._covered()):
            if found is not None:
                return found
        return self._none(self._reason(places))

    def _found(self, target: Target, reason: str) -> Located:
        return Located(self._failure, target, self._suspects, reason)

    def _none(self, reason: str) -> Located:
        return Located(self._failure, None, self._suspects, reason)

    # Traceback

    def _places(self) -> list[_Place]:
        """The frames in readable files of the workspace, outermost first; those above the test left out."""
        frames = self._failure.frames
        if not frames and not is_doctest(self._failure.test or ""):
            frames = (Frame(self._failure.path, self._failure.line, ""),)
        found = []
        for frame in frames:
            path = self._sources.relative(frame.path)
            module = self._sources.module(path) if path is not None and path.endswith(".py") else None
            if module is not None and not self._sources.is_foreign(module.path):
                found.append(
                    _Place(module, frame.line, frame.function, self._leads.is_test_place(module, frame.line))
                )
        first_test = next((index for index, each in enumerate(found) if each.test_code), 0)
        return found[first_test:]

    def _raised(self, places: list[_Place]) -> Located | None:
        """The exception came up in the workspace's own code."""
        own = [each for each in places if not each.test_code]
        if not own:
            return None
        place = own[-1]
        if self._failure.exception.rpartition(".")[2] == "RecursionError":
            place = _most_frequent(own)
        module, line = place.module, place.line
        target = None if place.function == "<module>" else _named(module, line, place.function)
        what = self._failure.exception or "The exception"
        if target is not None:
            return self._found(target, f"{what} was raised in {target.qualname}, {module.path}, line {line}.")
        if place.function not in ("", "<module>"):
            return self._none(
                f"{module.path} has no function at line {line}; it may have changed since then."
            )
        reason = f"{what} was raised at line {line} of {module.path}, outside any function; "
        return self._found(
            module_target(module.text, module.path), reason + "only functions can be repaired."
        )

    # What the test calls

    def _called(self, places: list[_Place]) -> Located | None:
        """The failing line of the test calls it, or reads it, or checks what it did."""
        found: dict[Target, Clue] = {}
        for place in reversed([each for each in places if each.test_code]):
            scope = self._scope(place)
            for clue in clues(self._sources, scope, place.line):
                if clue.weak and any(not each.weak for each in found.values()):
                    break
                for target in self._leads.targets(clue):
                    found.setdefault(target, clue)
        return self._choose(found)

    def _scope(self, place: _Place) -> Scope:
        scope = testcode.scope_at(place.module, place.line)
        test = testcode.find(self._sources, self._failure.test) if self._failure.test else None
        if test is not None and test.function is scope.function:
            return test
        return scope

    def _choose(self, found: Mapping[Target, Clue]) -> Located | None:
        """The likeliest of what the failing line leads to; coverage may know better."""
        if not found:
            return None
        strong = [target for target, clue in found.items() if not clue.weak] or list(found)
        strong.sort(key=lambda each: each.name in _CONSTRUCTORS)  # they mostly just set the scene
        if not self._failure.frames:
            strong.sort(key=lambda each: not self._may_end_process(each))
        ranked = {each.target: each.score for each in self._ranked()}
        first = strong[0]
        if ranked and len(strong) > 1:
            best = max(ranked.get(each, 0.0) for each in strong)
            first = next(each for each in strong if ranked.get(each, 0.0) >= best - MARGIN)
        for other, score in ranked.items():
            if score > ranked.get(first, 0.0) + MARGIN:
                return self._found(other, f"{other.qualname} is what the failing tests have most in common.")
        line = found[first].node.lineno
        path = found[first].scope.module.path
        return self._found(first, f"{path}, line {line}, depends on {first.qualname}.")

    def _may_end_process(self, target: Target) -> bool:
        module = self._sources.module(target.path)
        lines = module.text.splitlines()[target.line - 1 : target.end_line] if module is not None else []
        return _ENDS_PROCESS.search("\n".join(lines)) is not None

    # Examples and coverage

    def _examined(self) -> Located | None:
        """A doctest: the function that the examples belong to, or else what they call."""
        test = self._failure.test
        examples = doctests.examples(self._sources, test) if test is not None and is_doctest(test) else None
        if examples is None:
            return None
        if examples.holder is not None:
            name = examples.holder.qualname
            return self._found(examples.holder, f"The failing example is in the docstring of {name}.")
        found: dict[Target, Clue] = {}
        for example in reversed(examples.parsed()):
            if self._failure.line and examples.line + example.lineno > self._failure.line:
                continue
            try:
                tree = ast.parse(example.source)
            except SyntaxError:
                continue
            for node in ast.walk(tree):
                if isinstance(node, (ast.Call, ast.Attribute)):
                    clue = Clue(node, Scope(examples.module))
                    for target in self._leads.targets(clue):
                        found.setdefault(target, clue)
        chosen = self._choose(found)
        if chosen is None or chosen.target is None:
            return None
        return self._found(chosen.target, f"The examples of {test} call {chosen.target.qualname}.")

    def _covered(self) -> Located | None:
        """Nothing but coverage leads anywhere."""
        ranked = self._ranked()
        if not ranked:
            return None
        target = ranked[0].target
        return self._found(target, f"{target.qualname} is what the failing tests have most in common.")

    def _ranked(self) -> tuple[Ranked, ...]:
        functions: list[Target] = []
        for path in {each.path for each in self._suspects}:
            if is_test_code(path) or self._sources.is_foreign(path):
                continue
            if (module := self._sources.module(path)) is not None:
                functions += [
                    each for each in module.functions if not self._leads.is_test_place(module, each.line)
                ]
        green = [each for each in self._coverage if each not in self._red]
        return suspicious_functions(
            self._suspects, functions, frames=self._failure.frames, coverage=self._coverage, passing=green
        )

    # Words

    def _syntax_reason(self) -> str:
        path = self._sources.relative(self._failure.path) or self._failure.path
        module = self._sources.module(path)
        if module is not None and module.error is not None:
            line = module.error.lineno or 0
            return f"{path} does not parse: {module.error.msg} (line {line}); mend that by hand first."
        return f"A file that does not parse has no function to repair: {self._failure.message}."

    def _reason(self, places: list[_Place]) -> str:
        if not places:
            return "The failure shows no line of this workspace's own code."
        place = places[-1]
        if self._failure.exception in ("ImportError", "ModuleNotFoundError"):
            where = f"{place.module.path}, line {place.line},"
            return f"{where} cannot import what it needs: {self._failure.message.strip()}."
        return f"{place.module.path}, line {place.line}, leads to no function of this workspace."


def _most_frequent(places: list[_Place]) -> _Place:
    counts = Counter((each.module.path, each.function) for each in places)
    (path, function), _ = counts.most_common(1)[0]
    return next(each for each in reversed(places) if (each.module.path, each.function) == (path, function))


def _named(module: Module, line: int, function: str) -> Target | None:
    """The function of a frame. Its name tells a function from a decorator's or default's own line."""
    inside = [each for each in module.functions if each.line <= line <= each.end_line]
    fitting = [each for each in inside if each.name == function] or inside
    if function and not any(each.name == function for each in inside):
        moved = [each for each in module.functions if each.name == function]
        if not inside and len(moved) == 1:
            return moved[0]
    return min(fitting, key=lambda each: each.end - each.start, default=None)
