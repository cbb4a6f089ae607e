"""What the JavaScript packages of the examples are: pinned, with hashes, from no named registry."""

from __future__ import annotations

import json
import re

from launch.javascript import EXAMPLES, fetch_packages


def test_packages_are_pinned_with_hashes() -> None:
    """Each package has one version and a hash, and says nothing of where it comes from."""
    asked = json.loads((EXAMPLES / "package.json").read_text(encoding="utf-8"))
    wanted = asked["dependencies"] | asked["devDependencies"]
    assert [] == [name for name, text in wanted.items() if not re.fullmatch(r"[0-9.]+", text)]
    lock = json.loads((EXAMPLES / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert wanted == {name: packages[f"node_modules/{name}"]["version"] for name in wanted}
    assert [] == [name for name, one in packages.items() if not one.get("integrity")]
    assert [] == [name for name, one in packages.items() if "resolved" in one]


def test_packages_are_fetched_once(packages: None) -> None:
    """A second call finds the stamp, and does not touch what is there."""
    before = (EXAMPLES / "node_modules").stat().st_mtime_ns
    assert "" == fetch_packages()
    assert before == (EXAMPLES / "node_modules").stat().st_mtime_ns
