"""Who may know whom: the contracts of pyproject.toml, and imports at the top of the file."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.architecture.sources import ROOMS, ROOT, functions_of, name_of, sources


@pytest.mark.timeout(120)
def test_import_contracts_are_kept() -> None:
    """Every contract of import-linter holds."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as m; m()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_first_party_imports_stand_at_the_top() -> None:
    """No function imports from the project, but for `ready` of an app."""
    hidden = [
        f"{name_of(path)}: {ast.unparse(node)}"
        for path in sources()
        for function in functions_of(path)
        if not (path.name == "apps.py" and function.name == "ready")
        for node in ast.walk(function)
        if _imports_first_party(node)
    ]
    assert hidden == []


def _imports_first_party(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in ROOMS
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] in ROOMS for alias in node.names)
    return False
