"""Who writes what: rows by operations, audit by governance, nothing by signals."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.architecture.sources import name_of, sources, tree_of

QUERYSET_WRITES = frozenset(
    {
        *("create", "bulk_create", "get_or_create", "update_or_create"),
        *("update", "bulk_update", "delete", "aupdate", "acreate", "adelete"),
    }
)
WRITING_ROOMS = (
    "flags/operations/",
    "flags/publishing/",  # the environment's row, snapshots
    "regions/governance/",  # audit, outbox, the environment's row
    "regions/operations",
    "regions/translations/operations",
)
SEEDS = frozenset({"flags/demo/people.py"})
"""Users and groups of the demo are Django's rows, not the domain's."""


def _writes(path: Path) -> list[str]:
    """Return the calls that write rows through a manager, and every `.save()`."""
    return [
        f"{name_of(path)}:{node.lineno} {node.func.attr}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if (node.func.attr in QUERYSET_WRITES and _through_manager(node.func.value))
        or (node.func.attr == "save" and not isinstance(node.func.value, ast.Call))
    ]


def _through_manager(node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Attribute) and part.attr in {"objects", "_default_manager"}
        for part in ast.walk(node)
    )


def test_only_operations_write_rows() -> None:
    """No room but operations, governance and publishing writes a row."""
    found = [
        write
        for path in sources()
        if not name_of(path).startswith(WRITING_ROOMS) and name_of(path) not in SEEDS
        for write in _writes(path)
    ]
    assert found == []


def test_only_governance_writes_audit() -> None:
    """No room but governance makes, changes or deletes an audit entry."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources()
        if not name_of(path).startswith("regions/governance/")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        if "AuditEntry" in ast.unparse(node.func)
        and (
            ast.unparse(node.func).endswith("AuditEntry")
            or ast.unparse(node.func).rsplit(".", 1)[-1] in QUERYSET_WRITES
        )
    ]
    assert found == []


def test_nothing_acts_behind_a_row() -> None:
    """No signal receivers, and no model overrides `save` or `delete`."""
    receivers = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("django")
        and any(alias.name in {"receiver", "post_save", "pre_save"} for alias in node.names)
    ]
    overrides = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources()
        if "/models" in name_of(path)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and node.name in {"save", "delete"}
    ]
    assert receivers + overrides == []
