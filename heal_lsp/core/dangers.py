"""What a tree names that is no function's business: processes, descriptors, interpreter and test internals.

This is a net, not a wall: the sandbox contains a candidate, and the confirming twin notices a runner that was
tampered with. The net keeps such a candidate from being run and offered at all, and it says why.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from heal_lsp.core.syntax import body_without_docstring, folded, walk


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODULES = _words(
    """
    _ctypes _posixsubprocess _pytest _signal _socket atexit bdb builtins cffi code codeop coverage
    ctypes doctest faulthandler gc hypothesis imp importlib marshal mmap multiprocessing nt pdb
    pickle pkgutil pluggy posix pty pytest resource runpy signal socket subprocess unittest
    """
)
"""Modules that a repair has no reason to start using."""

NAMES = _words(
    """
    BaseException GeneratorExit KeyboardInterrupt SystemExit __builtins__ __debug__ __import__
    __loader__ __spec__ breakpoint compile eval exec exit globals quit
    """
)
"""Built-in names that run text, end the process or open the interpreter."""

ATTRIBUTES = _words(
    """
    __base__ __bases__ __builtins__ __closure__ __code__ __defaults__ __getattribute__ __globals__
    __import__ __kwdefaults__ __loader__ __mro__ __reduce__ __reduce_ex__ __self__ __spec__
    __subclasses__ __subclasshook__ __instancecheck__ __traceback__ _current_frames _exit _getframe
    addaudithook ag_frame co_code cr_frame create_subprocess_exec create_subprocess_shell
    currentframe dup2 execl execle execlp execv execve execvp f_back f_builtins f_globals f_locals
    forkpty func_globals gi_frame killpg meta_path path_hooks popen posix_spawn posix_spawnp
    set_trace setprofile settrace spawnl spawnv tb_frame
    """
)
"""Attribute names that mean the interpreter's or the system's insides whatever they are read from."""

MEMBERS = {
    "os": _words(
        """
        abort chmod chown close closerange dup environb fdopen fork kill open pipe putenv pwrite
        read sendfile setpgid setsid system umask unlink write writev
        """
    ),
    "sys": _words("__stderr__ __stdout__ breakpointhook excepthook exit modules monitoring unraisablehook"),
    "inspect": _words("currentframe getouterframes stack trace"),
    "threading": frozenset(["excepthook", "setprofile", "settrace"]),
    "types": frozenset(["CodeType", "FunctionType"]),
}
"""Members of modules whose other members are harmless."""

TRUTHS = _words("__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __bool__ __contains__ __hash__")
"""Methods by which an object could agree with every assertion."""

_REFLECTION = _words("attrgetter delattr getattr hasattr methodcaller setattr")
_SUSPECT_TEXTS = (
    ATTRIBUTES | {"__class__"} | (TRUTHS - {"__hash__"}) | {each for each in NAMES if each[0] == "_"}
)
_MEMBER_TEXTS = frozenset().union(*MEMBERS.values()) | NAMES | ATTRIBUTES


class Scan:
    """Knows under which local names a file's imports and plain aliases are reached.

    ``around`` is the scan of the file that the tree is a part of.
    """

    def __init__(self, tree: ast.Module, around: Scan | None = None) -> None:
        self._names: dict[str, str] = dict(around._names) if around else {}
        self._modules: set[str] = set(around._modules) if around else set()
        self._tree = tree
        for node in walk(tree):
            self._bind(node)

    def dangers(self) -> frozenset[str]:
        """What the tree uses of the above, in words that fit after "uses"."""
        return frozenset(found for node in walk(self._tree) for found in self._node(node))

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for each in node.names:
                local = each.asname or each.name.partition(".")[0]
                self._names[local] = each.name if each.asname else local
                self._modules.add(local)
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                self._names[each.asname or each.name] = f"{node.module or ''}.{each.name}"
        elif isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute)):
            dotted = self._dotted(node.value) or ""
            if dotted in NAMES or dotted.partition(".")[0] in {*self._modules, *MEMBERS}:
                names = [each.id for each in node.targets if isinstance(each, ast.Name)]
                self._names.update((each, dotted) for each in names if each != dotted)

    def _dotted(self, node: ast.AST) -> str | None:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ".".join(["", *reversed(parts)]) if parts else None
        return ".".join([self._names.get(node.id, node.id), *reversed(parts)])

    def _node(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.partition(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom):
            yield from self._import_from(node)
        elif isinstance(node, (ast.Name, ast.Attribute)):
            yield from self._reference(node)
        elif isinstance(node, ast.Call):
            yield from self._call(node)
        elif isinstance(node, ast.Subscript):
            yield from _hidden(node.slice)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _truth(node)
        elif (text := folded(node)) is not None:
            yield from _text(text)

    def _import_from(self, node: ast.ImportFrom) -> Iterator[str]:
        module = node.module or ""
        for each in node.names:
            tampering = module.partition(".")[0] in MODULES and not node.level
            if tampering or each.name in MEMBERS.get(module, ()) or each.name in ATTRIBUTES:
                yield f"{module}.{each.name}"
            elif each.name == "*" and module in MEMBERS:
                yield f"{module}.*"

    def _reference(self, node: ast.Name | ast.Attribute) -> Iterator[str]:
        dotted = self._dotted(node)
        if dotted is None:
            return
        owner, dot, last = dotted.rpartition(".")
        if not dot:
            if last in NAMES:
                yield last
            return
        if last in ATTRIBUTES or last in MEMBERS.get(owner.rpartition(".")[2], ()):
            yield dotted.lstrip(".")
        elif owner == "builtins" or dotted.partition(".")[0] in MODULES:
            yield dotted
        if isinstance(node.ctx, ast.Store) and isinstance(node, ast.Attribute):
            yield from self._assignment(node, dotted)

    def _assignment(self, node: ast.Attribute, dotted: str) -> Iterator[str]:
        if node.attr == "__class__" or node.attr in TRUTHS:
            yield f"an assignment to {node.attr}"
        if isinstance(node.value, ast.Name) and node.value.id in self._modules:
            yield f"an assignment to {dotted}"

    def _call(self, node: ast.Call) -> Iterator[str]:
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in _REFLECTION:
            for each in node.args:
                yield from _hidden(each)
            if len(node.args) > 1 and folded(node.args[1]) is None and not _plain(node.args[1]):
                yield f"{name} with a computed name"
        first = node.args[0] if node.args else None
        if name == "open" and isinstance(first, ast.Constant) and isinstance(first.value, int):
            yield "open on a descriptor"


def _plain(node: ast.expr) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute, ast.Constant))


def _hidden(node: ast.AST) -> Iterator[str]:
    """A dangerous member that a string names where strings name members."""
    text = folded(node)
    if text is not None and text in _MEMBER_TEXTS:
        yield f'"{text}"'


def _text(text: str) -> Iterator[str]:
    if text in _SUSPECT_TEXTS or "PYTEST_" in text or text.startswith(("/proc/", "/dev/fd")):
        yield f'"{text}"'


def _truth(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """A comparison method that answers the same whatever it is asked."""
    body = body_without_docstring(node)
    last = body[0] if len(body) == 1 else None
    if node.name in TRUTHS and isinstance(last, ast.Return) and isinstance(last.value, ast.Constant):
        yield f"a {node.name} that always answers {ast.unparse(last.value)}"
