"""From a clue to the functions under repair: through helpers of the tests, and with jedi where syntax is silent."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator

from heal_lsp.analysis import inference, testcode
from heal_lsp.analysis.calls import functions_of, name_of, name_place
from heal_lsp.analysis.clues import Clue
from heal_lsp.analysis.sources import Module, Sources, is_doctest, is_test_code
from heal_lsp.analysis.testcode import Scope
from heal_lsp.analysis.values import Evaluator, Function
from heal_lsp.core.model import Target

_DEPTH = 4
_QUESTIONS = 6
_SECONDS = 2.0
"""How often, and for how long, jedi may be asked for one failure. The answers of the first questions matter most."""


class Leads:
    """Follows the clues of one failure of a test; nothing is followed twice."""

    def __init__(self, sources: Sources, test: str | None) -> None:
        self._sources = sources
        self._test = test
        self._evaluator = Evaluator(sources)
        self._questions = _QUESTIONS
        self._deadline = time.monotonic() + _SECONDS
        self._helpers: set[ast.AST] = set()
        self._names: dict[str, set[str]] = {}

    def is_test_place(self, module: Module, line: int) -> bool:
        """Whether a line is code of the tests: by its file, or as a test in a file that holds other code too."""
        if is_test_code(module.path):
            return True
        test = self._test
        if test is None or is_doctest(test) or test.partition("::")[0] != module.path:
            return False
        scope = testcode.scope_at(module, line)
        return scope.function is None or _is_test_function(scope)

    def targets(self, clue: Clue) -> Iterator[Target]:
        """The functions under repair that a clue leads to."""
        functions = list(functions_of(clue.node, clue.scope, self._evaluator))
        for function in functions:
            yield from self._own(function, 0)
        if not functions and not clue.weak:
            yield from self._inferred(clue)

    def _own(self, function: Function, depth: int) -> Iterator[Target]:
        """The function itself, or what it calls when it is a helper of the tests."""
        if self._sources.is_foreign(function.module.path):
            return
        if not self.is_test_place(function.module, function.node.lineno):
            target = function.module.target_of(function.node)
            if target is not None:
                yield target
        elif depth < _DEPTH and function.node not in self._helpers:
            self._helpers.add(function.node)
            for node in _calls(function):
                for inner in functions_of(node, function.scope, self._evaluator):
                    yield from self._own(inner, depth + 1)

    def _inferred(self, clue: Clue) -> Iterator[Target]:
        node, module = clue.node, clue.scope.module
        place, name = name_place(node), name_of(node)
        if place is None or self._questions <= 0 or time.monotonic() > self._deadline:
            return
        if self._evaluator.leads_outside(node, clue.scope) or name not in self._known_names(module):
            return
        self._questions -= 1
        for found in inference.functions_at(self._sources, module, *place):
            holder = self._sources.module(found.path)
            if holder is None or self._sources.is_foreign(found.path):
                continue
            if not self.is_test_place(holder, found.line):
                yield found

    def _known_names(self, module: Module) -> set[str]:
        """Names of the functions that a file may reach: jedi need not be asked for any other."""
        if module.path not in self._names:
            reached = (module, *self._evaluator.modules.reached(module))
            self._names[module.path] = {each.name for found in reached for each in found.functions}
        return self._names[module.path]


def _calls(function: Function) -> Iterator[ast.expr]:
    """What a helper calls or reads: in what it returns first, then from its end upwards."""
    for result in testcode.results(function.node):
        yield from (each for each in ast.walk(result) if isinstance(each, (ast.Call, ast.Attribute)))
    inside = [each for each in ast.walk(function.node) if isinstance(each, ast.Call)]
    yield from sorted(inside, key=lambda each: (-each.lineno, each.col_offset))


def _is_test_function(scope: Scope) -> bool:
    function, owner = scope.function, scope.owner
    if function is None:
        return False
    if function.name.startswith("test") or testcode.is_fixture(function):
        return True
    bases = [ast.unparse(each) for each in owner.bases] if owner is not None else []
    return owner is not None and (owner.name.startswith("Test") or any("TestCase" in each for each in bases))
