"""``python -m benchmarks.realistic OUT.jsonl``: tests/projects/realistic as a suite for ``heal-lsp bench --suite``."""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

PROJECTS = Path(__file__).parents[1] / "tests" / "projects" / "realistic"


def records() -> Iterator[dict[str, Any]]:
    """One record for each folder, in alphabetical order."""
    for folder in sorted(path.parent for path in PROJECTS.glob("*/project")):
        files, fixed = texts(folder / "project"), texts(folder / "fixed")
        path = min(fixed)
        yield {
            "id": f"realistic/{folder.name}",
            "source": "heal-lsp",
            "license": "MIT",
            "target": f"{path}::{target(files[path], fixed[path])}",
            "files": files,
            "reference": fixed,
            "held_out": texts(folder / "held_out"),
        }


def texts(folder: Path) -> dict[str, str]:
    """The files below a folder by their paths in it, without what a run of tests leaves behind."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if path.is_file() and not any(each == "__pycache__" or each.startswith(".") for each in inner.parts):
            found[inner.as_posix()] = path.read_bytes().decode("utf-8")
    return found


def target(wrong: str, right: str) -> str:
    """The innermost function around the last line that differs, else the next one below, by its qualified name."""
    pairs = zip(reversed(wrong.splitlines()), reversed(right.splitlines()), strict=False)
    line = len(wrong.splitlines()) - sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    spans = functions(ast.parse(wrong))
    around = [(start, name) for start, end, name in spans if start <= line <= end]
    return max(around)[1] if around else min((start, name) for start, _, name in spans if start > line)[1]


def functions(node: ast.AST, prefix: str = "") -> list[tuple[int, int, str]]:
    """First line, last line and qualified name of every function below a node."""
    found: list[tuple[int, int, str]] = []
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found += functions(child, prefix)
            continue
        name = f"{prefix}{child.name}"
        if not isinstance(child, ast.ClassDef):
            found.append((child.lineno, child.end_lineno or child.lineno, name))
        found += functions(child, f"{name}.")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.jsonl")
    lines = [json.dumps(each, ensure_ascii=False) + "\n" for each in records()]
    parser.parse_args().out.write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main()
