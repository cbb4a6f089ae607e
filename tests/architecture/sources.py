"""The project's files as the laws read them: what git tracks, parsed once."""

from __future__ import annotations

import ast
import functools
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("config", "flags", "regions", "launch")
GENERATED = frozenset({"regions/locales/cldr.py"})
"""Tables that a program writes; the size laws leave them out by name."""

BINARY = frozenset({".png", ".ico", ".woff2", ".mo", ".jpg", ".gif", ".webp"})


@functools.cache
def tracked() -> tuple[Path, ...]:
    """Return every file that git tracks or would track, in order."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return tuple(sorted(ROOT / name for name in set(listed) if (ROOT / name).is_file()))


def name_of(path: Path) -> str:
    """Return the path as the laws name it."""
    return path.relative_to(ROOT).as_posix()


@functools.cache
def sources() -> tuple[Path, ...]:
    """Return the product's Python files, without migrations and generated tables."""
    return tuple(
        path
        for path in tracked()
        if path.suffix == ".py"
        and name_of(path).startswith(tuple(f"{room}/" for room in ROOMS))
        and "/migrations/" not in name_of(path)
        and name_of(path) not in GENERATED
    )


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions_of(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function and method of a file."""
    return [
        node
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def at_p90(values: list[int]) -> int:
    """Return the value that nine tenths do not exceed."""
    return sorted(values)[max(0, -(-len(values) * 9 // 10) - 1)]
