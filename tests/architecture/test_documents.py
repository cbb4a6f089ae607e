"""What the documents say is so: settings are all there, links lead somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, name_of, sources, tracked, tree_of

# A document, and the section or number of it; words in capitals are documents of nowhere.
CITATION = re.compile(
    r"\b(?:(?!OFREP)[A-Z]{4,}(?:\.md)?(?= (?:section )?\d)|[\w/-]+\.md\b)(?: (?:section )?\d+)?"
)
READERS = frozenset(
    {"read_text", "read_bool", "read_int", "read_url", "read_networks", "read_secret"}
)


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


def test_what_code_cites_is_in_the_documents() -> None:
    """Each document that a Python file cites is there, and has the section or number."""
    texts = {name_of(path): path.read_text(encoding="utf-8") for path in tracked() if cited(path)}
    wrong = [
        f"{name_of(path)}: {told}"
        for path in tracked()
        if path.suffix == ".py" and path != Path(__file__)
        for told in CITATION.findall(path.read_text(encoding="utf-8"))
        if not is_there(told, texts)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "told",
    [
        *("DECISIONS 12", "WIRE.md section 8", "docs/gone.md"),
        *("docs/decisions.md 99", "docs/domain.md section 9"),
    ],
)
def test_a_citation_of_nothing_is_found(told: str) -> None:
    """What the law above refuses: other documents, and sections that there are not."""
    texts = {"docs/decisions.md": "1. **One.**", "docs/domain.md": "## 1. Words"}
    assert [told] == [one for one in CITATION.findall(f"({told}).") if not is_there(one, texts)]


def cited(path: Path) -> bool:
    """Tell whether a file is a document."""
    return path.suffix == ".md"


def is_there(told: str, texts: dict[str, str]) -> bool:
    """Tell whether a document is there, with its numbered section or paragraph."""
    name, *rest = told.split()
    text = texts.get(name, texts.get(f"docs/{name}", ""))
    return bool(text and re.search(rf"^(## )?{rest[-1] if rest else ''}", text, re.MULTILINE))


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
