"""The arguments of commands. Clients send one object, or positional values: both are read here, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import attrs

from heal_lsp.lsp.pygls_compat import Refusal

T = TypeVar("T")

MAX_LINE = (1 << 31) - 1
"""The largest number that the protocol has for a line."""
_SHOWN = 60


def _text(default: str = "") -> Any:
    return attrs.field(default=default, metadata={"kind": str, "words": "a string"})


def _line() -> Any:
    return attrs.field(default=None, metadata={"kind": int, "words": "a line number, counted from 0"})


@attrs.frozen
class HealArgs:
    """What to heal: a known failure by its key, or whatever fails because of the function at a line."""

    uri: str = _text()
    line: int | None = _line()
    failure: str = _text()


@attrs.frozen
class FailureArgs:
    """A failure by its key, or the one shown at a line."""

    uri: str = _text()
    line: int | None = _line()
    failure: str = _text()


@attrs.frozen
class TestArgs:
    """Tests to run: one by its id, those of a file, or (with neither) all of a workspace or of every
    workspace.
    """

    __test__ = False

    uri: str = _text()
    test: str = _text()
    scope: str = _text()
    """``file``, ``workspace``, or empty: as narrow as the other arguments say."""


@attrs.frozen
class FileArgs:
    """A script to run and what to hand to it."""

    uri: str = _text()
    arguments: tuple[str, ...] = attrs.field(
        default=(), metadata={"kind": tuple, "words": "a list of strings"}
    )


@attrs.frozen
class TracebackArgs:
    """A pasted traceback, and a file or folder of the workspace that it came from, if there are several."""

    text: str = _text()
    uri: str = _text()


def read(command: str, values: Sequence[Any], kind: type[T]) -> T:
    """The arguments of a command as its record.

    Raises:
        Refusal: they do not fit; the message names the command, the argument and what was expected.
    """
    fields = {each.name: each for each in attrs.fields(kind)}  # type: ignore[arg-type]
    if len(values) == 1 and isinstance(values[0], Mapping):
        given = dict(values[0])
    elif len(values) > len(fields):
        raise Refusal(
            f"{command} takes {len(fields)} arguments at the most ({', '.join(fields)}), not {len(values)}."
        )
    else:
        given = dict(zip(fields, values, strict=False))
    known = {name: value for name, value in given.items() if name in fields and value is not None}
    return kind(**{name: _checked(command, fields[name], value) for name, value in known.items()})


def _checked(command: str, field: Any, value: Any) -> Any:
    kind = field.metadata["kind"]
    if kind is tuple and isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
        return tuple(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)  # some clients have one sort of number only
    plain = kind is not tuple and isinstance(value, kind) and not isinstance(value, bool)
    if plain and (kind is not int or 0 <= value <= MAX_LINE):
        return value
    raise Refusal(f"{command}: {field.name} must be {field.metadata['words']}, not {shortened(repr(value))}.")


def shortened(text: str, most: int = _SHOWN) -> str:
    """A text that a client sent, as a sentence may repeat it."""
    clean = text.encode("utf-8", "backslashreplace").decode()
    return clean if len(clean) <= most else f"{clean[: most - 1]}…"
