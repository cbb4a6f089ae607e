"""Who writes what: rows by operations, audit by governance, nothing by signals."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import ForeignObjectRel

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
ROW_WRITES = frozenset({"save", "asave", "delete", "adelete", "save_base"})
"""Nothing but rows and querysets has methods of these names here, whatever they are called on."""

RELATED_WRITES = frozenset({"set", "add", "remove", "clear", "aset", "aadd", "aremove", "aclear"})
"""Sets and events have these too; on an attribute that is a relation they write rows."""

EXCEPTIONS = {
    "flags/delivery/variant.py": "its `locales` is a dictionary; delivery cannot reach rows",
    "flags/demo/people.py": "users and groups of the demo are Django's rows, not the domain's",
}
"""Files that write rows, or seem to, by name, each with its reason.

Users and groups of real installations are written by Django's own admin, in no file of ours;
`write_back` keeps its books inside `regions/translations/operations/`.
"""


def _writes(tree: ast.Module, relations: frozenset[str]) -> list[tuple[int, str]]:
    """Return line and name of the calls that write rows: of a manager, a row, a relation."""
    return [
        (node.lineno, node.func.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if _is_write(node.func, relations)
    ]


def _is_write(call: ast.Attribute, relations: frozenset[str]) -> bool:
    if _is_super(call.value):
        return False
    if call.attr in ROW_WRITES:
        return True
    if call.attr in QUERYSET_WRITES:
        return _through_manager(call.value, relations)
    return (
        call.attr in RELATED_WRITES
        and isinstance(call.value, ast.Attribute)
        and call.value.attr in relations
    )


def _is_super(node: ast.expr) -> bool:
    """Tell whether a class only passes on to its base, which is judged where it stands."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "super"


def _through_manager(node: ast.expr, relations: frozenset[str]) -> bool:
    managers = {"objects", "_default_manager", "_base_manager"} | relations
    return any(isinstance(part, ast.Attribute) and part.attr in managers for part in ast.walk(node))


def _relations() -> frozenset[str]:
    """Return the names under which any model, Django's own too, reaches many others."""
    fields = (field for model in apps.get_models() for field in model._meta.get_fields())
    return frozenset(
        str(field.get_accessor_name() if isinstance(field, ForeignObjectRel) else field.name)
        for field in fields
        if field.one_to_many or field.many_to_many
    )


def test_only_operations_write_rows() -> None:
    """No room but operations, governance and publishing writes a row."""
    assert [] == [write for path, write in _stray_writes() if name_of(path) not in EXCEPTIONS]


def test_every_exception_is_needed() -> None:
    """A file that the law has nothing against any more leaves the list."""
    assert set(EXCEPTIONS) <= {name_of(path) for path, _write in _stray_writes()}


def _stray_writes() -> list[tuple[Path, str]]:
    relations = _relations()
    return [
        (path, f"{name_of(path)}:{line} {name}")
        for path in sources()
        if not name_of(path).startswith(WRITING_ROOMS)
        for line, name in _writes(tree_of(path), relations)
    ]


@pytest.mark.parametrize(
    "code",
    [
        "Offer.objects.filter(pk=1).update(status='live')",
        "row.save()",
        "row.delete()",
        "form.save()",
        "Offer.objects.get(pk=1).delete()",
        "get_row().save(update_fields=['name'])",
        "app.territories.set(rows)",
        "user.groups.add(group)",
        "entry.translations.all().delete()",
        "entry.translations.update(state='approved')",
        "entry.translations.create(forms=[])",
    ],
)
def test_the_law_sees_every_way_to_write(code: str) -> None:
    """Managers, rows and relations are all seen, whatever the variable is called."""
    assert 1 == len(_writes(ast.parse(code), _relations()))


@pytest.mark.parametrize(
    "code",
    [
        "seen.add(key)",
        "self.wake.set()",
        "found.setdefault(at, set()).add(code)",
        "merged.update(texts)",
        "entry.translations.filter(state='approved')",
        "super().save(commit=False)",
    ],
)
def test_the_law_leaves_the_rest_alone(code: str) -> None:
    """Sets, events, dictionaries and reading are no writes."""
    assert [] == _writes(ast.parse(code), _relations())


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
