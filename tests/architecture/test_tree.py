"""What must not stand in the tree: other machines' paths, hosts, a package named locale."""

from __future__ import annotations

import re

import pytest

from tests.architecture.sources import BINARY, ROOT, name_of, tracked

# Written in two halves, so that this file does not hold what it forbids.
FOREIGN = re.compile(
    "|".join(
        (
            "index" + "-url",
            "extra" + "-index",
            "/ho" + r"me/\w+/",
            "/ro" + "ot/",
            "/wo" + "rk/",
            r'"resolved": "htt' + "p",
        )
    )
)
SAYS_SO = frozenset({"Makefile"})
"""Files that name the option which keeps hosts out."""


def test_no_file_names_a_machine_or_an_index() -> None:
    """Tracked files name no package index and no folder of somebody's machine."""
    found = [
        f"{name_of(path)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path.suffix not in BINARY and name_of(path) not in SAYS_SO
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        )
        if FOREIGN.search(line)
    ]
    assert found == []


def test_locale_is_no_package() -> None:
    """`locale/` holds data only: as a package it would hide the standard library's `locale`."""
    assert not (ROOT / "locale" / "__init__.py").exists()


@pytest.mark.parametrize("kind", ["install", "runtime", "develop"])
def test_requirements_are_pinned_with_hashes(kind: str) -> None:
    """Each requirement has one version and at least one hash, and everything asked for is there."""
    text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    entries = re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)(.*(?:\n    --hash.*)*)", text, re.MULTILINE
    )
    assert entries
    assert [name for name, _, hashes in entries if "--hash=sha256:" not in hashes] == []
    asked = (ROOT / "requirements" / f"{kind}.in").read_text(encoding="utf-8")
    wanted = set(re.findall(r"^([A-Za-z0-9][\w.-]*)", asked, re.MULTILINE))
    pinned = {re.sub(r"[-_.]+", "-", name).lower() for name, _, _ in entries}
    assert {re.sub(r"[-_.]+", "-", name).lower() for name in wanted} - pinned == set()
