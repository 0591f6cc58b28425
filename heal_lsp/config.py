"""Every setting of heal-lsp: one typed class, one rule of precedence.

Defaults < ``[tool.heal-lsp]`` of the project's pyproject.toml < environment < initializationOptions <
workspace/configuration. A project's own files may set only what cannot steer secrets, code or money; what they may not
set is named in one message and ignored. A bad value never stops anything: it is named, and the value below it is kept.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SANDBOX_VARIABLES = frozenset(
    {
        "HOME",
        "LD_AUDIT",
        "LD_PRELOAD",
        "LOGNAME",
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONUSERBASE",
        "TMPDIR",
        "USER",
        "VIRTUAL_ENV",
    }
)
"""Environment variables that no setting passes into the sandbox: what they say there is the sandbox's own."""
DEFAULT_EXCLUDE = (
    ".env*",
    "*.pem",
    "*.key",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".ssh",
    ".aws",
    ".gnupg",
    ".netrc",
    ".pypirc",
    ".git/config",
)


class BadValue(ValueError):
    """A setting's value is of the wrong type or out of range; the message says what was expected."""


def _choice(*allowed: str) -> Any:
    def check(value: Any) -> str:
        if value not in allowed:
            raise BadValue("one of " + ", ".join(f'"{each}"' for each in allowed))
        return str(value)

    return check


def _number(low: float, high: float) -> Any:
    def check(value: Any) -> float:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise BadValue(f"a number from {low:g} to {high:g}")
        return float(value)

    return check


def _whole(low: int, high: int) -> Any:
    number = _number(low, high)

    def check(value: Any) -> int:
        try:
            found: float = number(value)
        except BadValue:
            found = low - 0.5
        if found != int(found):
            raise BadValue(f"a whole number from {low} to {high}")
        return int(found)

    return check


def _flag(value: Any) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if not isinstance(value, bool):
        raise BadValue("true or false")
    return value


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [each for each in re.split(r"[,\n]", value) if each.strip()]
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) for each in value):
        raise BadValue("a list of strings")
    return tuple(each.strip() for each in value)


def _listed(one: Any, what: str) -> Any:
    """A list whose every element passes ``one``, which raises BadValue with what is wrong with it."""

    def check(value: Any) -> tuple[Any, ...]:
        if isinstance(value, str):
            value = [each.strip() for each in re.split(r"[,\n]", value) if each.strip()]
        if not isinstance(value, (list, tuple)):
            raise BadValue(f"a list of {what}")
        try:
            return tuple(dict.fromkeys(one(each) for each in value))
        except BadValue as error:
            raise BadValue(f"a list of {what}, each {error}") from error

    return check


def _absolute(value: Any) -> str:
    path = os.path.expanduser(value.strip()) if isinstance(value, str) else ""
    if not os.path.isabs(path) or os.path.normpath(path) == os.path.sep:
        raise BadValue("an absolute path below the root folder")
    return os.path.normpath(path)


def _variable(value: Any) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise BadValue("a name of letters, digits and underscores")
    if name in SANDBOX_VARIABLES:
        raise BadValue(f"a name that the sandbox does not set itself, as it does {name}")
    return name


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue("a string")
    return value


def _setting(name: str, default: Any, check: Any, doc: str, project: str = "no") -> Any:
    """Declare a setting. ``project`` says what the project's own files may do: no, yes, lower, extend, or off."""
    return attrs.field(
        default=default, metadata={"name": name, "check": check, "doc": doc, "project": project}
    )


@attrs.frozen
class Settings:
    """All settings with their values. The field's metadata holds its public name, its check and its description."""

    on_save: str = _setting(
        "heal.onSave",
        "test",
        _choice("off", "test"),
        "What saving a file does: `off`, or `test` (run the tests that reach it).",
        project="off",
    )
    test_max_seconds: float = _setting(
        "heal.test.maxSeconds",
        30.0,
        _number(1, 3600),
        "Wall time in seconds that one run of tests may take.",
        project="lower",
    )
    test_debounce_ms: int = _setting(
        "heal.test.debounceMs",
        300,
        _whole(0, 60_000),
        "Milliseconds to wait after a save, for further saves, before tests run.",
    )
    test_paths: tuple[str, ...] = _setting(
        "heal.test.paths",
        (),
        _strings,
        "Files and folders that hold tests, relative to the workspace folder. "
        "Empty: what pytest is configured to collect.",
        project="yes",
    )
    test_args: tuple[str, ...] = _setting(
        "heal.test.args",
        (),
        _strings,
        "Further arguments for pytest.",
        project="yes",
    )
    search_seconds: float = _setting(
        "heal.search.seconds",
        20.0,
        _number(1, 3600),
        "Wall time in seconds that the offline search may take in one repair.",
        project="lower",
    )
    search_candidates: int = _setting(
        "heal.search.maxCandidates",
        5000,
        _whole(1, 1_000_000),
        "How many candidates the offline search may run in one repair.",
    )
    exclude: tuple[str, ...] = _setting(
        "heal.exclude",
        DEFAULT_EXCLUDE,
        _strings,
        "Globs of files and folders that are hidden from what runs in the sandbox. Yours are added to the default.",
        project="extend",
    )
    interpreter: str = _setting(
        "heal.interpreter",
        "",
        _string,
        "Path of the project's Python interpreter. Empty: the virtual environment that is found.",
    )
    sandbox_memory_mb: int = _setting(
        "heal.sandbox.memoryMb",
        2048,
        _whole(64, 1_048_576),
        "Memory in MiB that one sandboxed process may use.",
    )
    sandbox_seconds: float = _setting(
        "heal.sandbox.seconds",
        10.0,
        _number(0.5, 3600),
        "Wall time in seconds that one candidate may take.",
        project="lower",
    )
    sandbox_allow_ports: tuple[int, ...] = _setting(
        "heal.sandbox.allowPorts",
        (),
        _listed(_whole(1024, 65535), "port numbers"),
        "TCP ports of 127.0.0.1 (1024 and up), such as a database's, that sandboxed code may reach, and no others.",
    )
    sandbox_network: bool = _setting(
        "heal.sandbox.network",
        False,
        _flag,
        "Open the whole network, this machine's own services included, to everything that runs in the sandbox.",
    )
    sandbox_read_only_paths: tuple[str, ...] = _setting(
        "heal.sandbox.readOnlyPaths",
        (),
        _listed(_absolute, "paths"),
        "Files and folders outside the workspace that sandboxed code may read. What `heal.exclude` hides stays hidden.",
    )
    sandbox_env: tuple[str, ...] = _setting(
        "heal.sandbox.env",
        (),
        _listed(_variable, "names of environment variables"),
        "Names of environment variables whose values are passed into the sandbox.",
    )
    sandbox_allow_unisolated: bool = _setting(
        "heal.sandbox.allowUnisolated",
        False,
        _flag,
        "Run candidates even where no sandbox is available on this platform. They can then do harm.",
    )
    allow_test_edits: bool = _setting(
        "heal.allowTestEdits",
        False,
        _flag,
        "Let a fix change test files.",
    )
    cache_mb: int = _setting(
        "heal.cache.maxMb",
        256,
        _whole(0, 1_048_576),
        "Size in MiB of the cache of fixes, for each workspace. 0 turns it off.",
    )


@attrs.frozen
class Layer:
    """One source of settings: where it is, whether it belongs to the project, and its values by public name."""

    origin: str
    values: Mapping[str, Any]
    from_project: bool = False


@attrs.frozen
class Loaded:
    """The settings in force, where each came from (by public name), and what was wrong, one sentence each."""

    settings: Settings
    origins: Mapping[str, str]
    problems: tuple[str, ...]


def fields() -> tuple[attrs.Attribute[Any], ...]:
    """The declared settings, in the order in which they are documented."""
    return attrs.fields(Settings)


def flatten(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Nested objects and dotted keys alike as ``{"heal.test.maxSeconds": 5}``. Anything but an object gives nothing."""
    if not isinstance(tree, Mapping):
        return {}
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            flat |= flatten(value, name)
        else:
            flat[name] = value
    if prefix:
        return flat
    return {name if name.startswith("heal.") else f"heal.{name}": each for name, each in flat.items()}


def env_name(name: str) -> str:
    """The environment variable of a setting: ``heal.test.maxSeconds`` is ``HEAL_TEST_MAX_SECONDS``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).replace(".", "_").upper()


def environment_layer(environment: Mapping[str, str] | None = None) -> Layer:
    """The settings given by environment variables."""
    source = os.environ if environment is None else environment
    names = {env_name(each.metadata["name"]): each.metadata["name"] for each in fields()}
    return Layer("environment", {names[key]: value for key, value in source.items() if key in names})


def project_layer(root: Path) -> tuple[Layer, tuple[str, ...]]:
    """``[tool.heal-lsp]`` of the workspace's pyproject.toml, and what was wrong with the file."""
    path = root / "pyproject.toml"
    empty = Layer("pyproject.toml", {}, from_project=True)
    if not path.is_file():
        return empty, ()
    ignored = "its [tool.heal-lsp] is ignored"
    try:
        data = path.read_bytes()
        tree = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return empty, (f"pyproject.toml is not UTF-8 (line {line}); {ignored}. Save it in UTF-8.",)
    except (OSError, ValueError, RecursionError) as error:
        return empty, (f"pyproject.toml cannot be read ({error}); {ignored}.",)
    table: Any = tree
    for name in ("tool", "heal-lsp"):
        table = table.get(name, {})
        if not isinstance(table, dict):
            return empty, (
                f"pyproject.toml: {name} must be a table, not {table!r:.60}; {ignored}. "
                "Write its settings as name = value below the line [tool.heal-lsp].",
            )
    return Layer("pyproject.toml", flatten(table), from_project=True), ()


def load(layers: Sequence[Layer]) -> Loaded:
    """Merge layers, the weakest first."""
    by_name = {each.metadata["name"]: each for each in fields()}
    values: dict[str, Any] = {}
    origins = dict.fromkeys(by_name, "default")
    problems: list[str] = []
    for layer in layers:
        refused = []
        for name, raw in layer.values.items():
            field = by_name.get(name)
            if field is None:
                problems.append(f"{layer.origin}: there is no setting {name}; it is ignored.")
                continue
            current: Any = values.get(field.name, field.default)
            try:
                value = field.metadata["check"](raw)
            except BadValue as error:
                problems.append(
                    f"{layer.origin}: {name} must be {error}, not {raw!r:.60}; {shown(current)} is used instead."
                )
                continue
            if layer.from_project and not _may_set(field.metadata["project"], value, current):
                refused.append(name)
                continue
            if name == "heal.exclude":
                value = tuple(dict.fromkeys((*current, *value)))
            values[field.name] = value
            origins[name] = layer.origin
        if refused:
            problems.append(
                f"{layer.origin}: a project may not set {', '.join(refused)} (or not to that value); "
                "set it in your editor's or your own settings if you mean it."
            )
    return Loaded(Settings(**values), origins, tuple(problems))


def _may_set(rule: str, value: Any, current: Any) -> bool:
    if rule == "lower":
        return bool(value <= current)
    if rule == "off":
        return bool(value == "off")
    return rule in ("yes", "extend")


def shown(value: Any) -> str:
    """A value as messages show it."""
    if isinstance(value, tuple):
        return "[" + ", ".join(str(each) for each in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return (
        f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    )
