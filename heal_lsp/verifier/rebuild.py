"""A function of the running program, made anew from another text: its live cells, globals and defaults stay."""

from __future__ import annotations
import __future__

import ast
import contextlib
import inspect
import itertools
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any

Function = Callable[..., Any]
_Definition = ast.FunctionDef | ast.AsyncFunctionDef
_BESIDE = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef)
_FLAGS = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
_SKELETON, _HIDING = "_heal_skeleton", "________"


class Unfit(Exception):
    """A text from which the function cannot be made; the message says why."""


def plain(function: Function) -> types.FunctionType:
    """The function behind a bound method.

    Raises:
        Unfit: it is no function that was written in Python with ``def``.
    """
    found = getattr(function, "__func__", function)
    if not isinstance(found, types.FunctionType):
        raise Unfit(f"{function!r} is no function that is written in Python.")
    if found.__name__ == "<lambda>":
        raise Unfit("A lambda cannot be made anew by itself: heal the function that encloses it.")
    return found


def check(function: types.FunctionType, source: str) -> None:
    """See whether a text can stand for a function. Runs nothing of it.

    Raises:
        Unfit: it cannot.
    """
    _definition(function, source)


def rebuilt(function: types.FunctionType, source: str) -> types.FunctionType:
    """The function that a text defines, in the place of a live one. Runs the text's imports and new defaults.

    Decorators and annotations are those of the live function. Other statements of the text may only be imports
    and functions, which the new function sees. A default that the text leaves as it is keeps its live value.

    Raises:
        Unfit: the text cannot stand for the function.
    """
    before, definition = _definition(function, source)
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    kept = _keep_defaults(function, definition)
    names = [each for each in cells if each != "__class__"]
    values = [_content(cells[each]) for each in names]
    namespace: dict[str, Any] = {}
    tree = _skeleton(function, before, definition, names)
    flags = function.__code__.co_flags & _FLAGS
    code = compile(tree, function.__code__.co_filename, "exec", flags=flags, dont_inherit=True)
    exec(code, function.__globals__, namespace)
    home = vars(namespace[_SKELETON](*values))
    made = next(each for each in map(_function_in, home.values()) if each is not None)

    if "__class__" in made.__code__.co_freevars and "__class__" not in cells:
        owner = owner_of(function)
        if owner is None:
            raise Unfit("It uses super() or __class__, and the class of the function is not known.")
        cells["__class__"] = types.CellType(owner)
    own = dict(zip(made.__code__.co_freevars, made.__closure__ or (), strict=True))
    closure = tuple(cells.get(name, cell) for name, cell in own.items())
    new = types.FunctionType(made.__code__, function.__globals__, function.__name__, None, closure)
    new.__defaults__, new.__kwdefaults__ = _defaults(function, made, kept)
    new.__qualname__, new.__module__ = function.__qualname__, function.__module__
    new.__annotations__, new.__doc__ = function.__annotations__, function.__doc__
    new.__dict__.update(function.__dict__)
    return new


def put_in_place(function: types.FunctionType, new: types.FunctionType) -> None:
    """Let the names by which a function calls itself mean the new one: in its cells, its class, its module."""
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):
            if _is_made_of(cell.cell_contents, function):
                cell.cell_contents = new
    owner = owner_of(function)
    if owner is not None:
        held = vars(owner).get(function.__name__)
        if held is function:
            setattr(owner, function.__name__, new)
        elif isinstance(held, (staticmethod, classmethod)) and held.__func__ is function:
            setattr(owner, function.__name__, type(held)(new))
    elif _is_made_of(function.__globals__.get(function.__name__), function):
        function.__globals__[function.__name__] = new


def owner_of(function: types.FunctionType) -> type | None:
    """The class in whose body a function stands, if it is known."""
    with contextlib.suppress(ValueError):
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            if name == "__class__" and isinstance(cell.cell_contents, type):
                return cell.cell_contents
    found: Any = types.SimpleNamespace(**function.__globals__)
    for name in function.__qualname__.split(".")[:-1]:
        found = getattr(found, name, None)
    return found if isinstance(found, type) and "." in function.__qualname__ else None


def _is_made_of(value: Any, function: types.FunctionType) -> bool:
    """Whether a value is a function or a wrapper of it, as functools.wraps marks one."""
    for _ in range(10):
        if value is function:
            return True
        value = getattr(value, "__wrapped__", None)
    return False


def _function_in(value: Any) -> types.FunctionType | None:
    """A function, also one that a class made a method of itself, as it does with ``__new__``."""
    found = getattr(value, "__func__", value)
    return found if isinstance(found, types.FunctionType) else None


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet bound
        return None


# -- the text ------------------------------------------------------------------------------------------------


def _definition(function: types.FunctionType, source: str) -> tuple[list[ast.stmt], _Definition]:
    """The statements before the definition, and the definition itself."""
    try:
        body = ast.parse(textwrap.dedent(source)).body
    except (SyntaxError, ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise Unfit(f"It is no valid Python{line}: {getattr(error, 'msg', None) or error}.") from error
    found = [each for each in body if isinstance(each, _Definition) and each.name == function.__name__]
    if len(found) != 1:
        raise Unfit(f"It has to define {function.__name__} once, and does so {len(found)} times.")
    others = [each for each in body if each is not found[0]]
    if not all(isinstance(each, _BESIDE) for each in others):
        raise Unfit(f"Beside {function.__name__} it may only hold imports and functions.")
    asynchronous = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    if isinstance(found[0], ast.AsyncFunctionDef) is not asynchronous:
        raise Unfit(
            f"{function.__name__} has to stay {'async' if asynchronous else 'what it is: not async'}."
        )
    return others, found[0]


def _skeleton(
    function: types.FunctionType, before: list[ast.stmt], definition: _Definition, names: list[str]
) -> ast.Module:
    """A function whose parameters are the free variables, which makes a class with the definition in it."""
    first = min(each.lineno for each in (definition, *definition.decorator_list))
    ast.increment_lineno(definition, function.__code__.co_firstlineno - first)
    definition.decorator_list = []
    definition.returns = None
    for each in _parameters(definition.args):
        each.annotation = None
    # In a class, so that its name means to itself what it meant before; and a name that begins with two
    # underscores is another one there. The underscores before the class's name do not count for that.
    home = _HIDING + _class_name(function.__qualname__).lstrip("_")
    tree = ast.parse(f"def {_SKELETON}({', '.join(names)}):\n class {home}: pass\n return {home}")
    outer = tree.body[0]
    assert isinstance(outer, ast.FunctionDef)
    assert isinstance(outer.body[0], ast.ClassDef)
    outer.body[0].body = [definition]
    outer.body[:0] = before
    return ast.fix_missing_locations(tree)


def _class_name(qualname: str) -> str:
    """The innermost class around a function, by which its private names are mangled."""
    parts = qualname.split(".")
    classes = [name for name, inner in itertools.pairwise(parts) if "<locals>" not in (name, inner)]
    return classes[-1] if classes else ""


def _parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (each for each in (arguments.vararg, arguments.kwarg) if each is not None)


# -- defaults ------------------------------------------------------------------------------------------------


def _default_texts(arguments: ast.arguments) -> dict[str, ast.expr]:
    positional = [*arguments.posonlyargs, *arguments.args]
    late = positional[len(positional) - len(arguments.defaults) :]
    found = {each.arg: value for each, value in zip(late, arguments.defaults, strict=True)}
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return found | {each.arg: value for each, value in keywords if value is not None}


def _keep_defaults(function: types.FunctionType, definition: _Definition) -> set[str]:
    """Names whose default is the live one, since the text has not changed it; the text's own is taken out."""
    live = _live_defaults(function)
    try:
        original = _definition(function, inspect.getsource(function))[1]
    except (OSError, TypeError, Unfit):
        before = {}  # of what cannot be compared, the live one counts
    else:
        before = {name: ast.dump(value) for name, value in _default_texts(original.args).items()}
    now = _default_texts(definition.args)
    kept = {
        name
        for name, value in now.items()
        if name in live and before.get(name, ast.dump(value)) == ast.dump(value)
    }
    taken_out = {id(now[name]) for name in kept}

    def left(value: ast.expr) -> ast.expr:
        return ast.copy_location(ast.Constant(None), value) if id(value) in taken_out else value

    arguments = definition.args
    arguments.defaults = [left(each) for each in arguments.defaults]
    arguments.kw_defaults = [each and left(each) for each in arguments.kw_defaults]
    return kept


def _live_defaults(function: types.FunctionType) -> dict[str, Any]:
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    values = function.__defaults__ or ()
    found = dict(zip(positional[len(positional) - len(values) :], values, strict=True))
    return found | (function.__kwdefaults__ or {})


def _defaults(
    function: types.FunctionType, made: types.FunctionType, kept: set[str]
) -> tuple[tuple[Any, ...] | None, dict[str, Any] | None]:
    live = _live_defaults(function)
    found = {name: live[name] if name in kept else value for name, value in _live_defaults(made).items()}
    words = made.__kwdefaults__ or {}
    positional = tuple(value for name, value in found.items() if name not in words)
    return positional or None, {name: found[name] for name in words} or None
