"""What the documents say is so: settings are all there, links lead somewhere."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import ROOT, name_of, sources, tracked, tree_of

READERS = frozenset({"read_text", "read_bool", "read_int", "read_url", "read_secret"})


def test_every_setting_is_documented() -> None:
    """Each variable that `config` or `launch` reads stands in docs/settings.md, and no other."""
    read = {
        node.args[0].value
        for path in sources()
        if name_of(path).startswith("config/")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in READERS
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    launching = {"PORT", "HOST", "LANDFALL_CHROMIUM", "HYPOTHESIS_PROFILE"}
    assert told - launching == read | {
        f"{name}_FILE" for name in ("SECRET_KEY", "LANDFALL_EDGE_TOKEN")
    }


def test_links_lead_somewhere() -> None:
    """Each relative link of a document names a file that is there."""
    broken = [
        f"{name_of(path)}: {target}"
        for path in tracked()
        if path.suffix == ".md"
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert broken == []


def test_every_dependency_has_a_reason() -> None:
    """Each package of requirements/*.in stands in docs/dependencies.md."""
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    asked = {
        name.lower()
        for kind in ("install", "runtime", "develop")
        for name in re.findall(
            r"^([A-Za-z0-9][\w.-]*)",
            (ROOT / "requirements" / f"{kind}.in").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    }
    assert {name for name in asked if name not in text} == set()
