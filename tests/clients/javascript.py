"""Run JavaScript as the examples do: with the Node of the wheel and the pinned packages."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from launch.javascript import EXAMPLES, NODE, fetch_packages


def run_node(
    *arguments: str | Path, seconds: float = 60, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Node in examples/ until it ends."""
    return subprocess.run(
        [str(NODE), *map(str, arguments)],
        cwd=EXAMPLES,
        env=os.environ | (environ or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


def need_packages() -> None:
    """Fetch the packages; seconds the first time, nothing later."""
    trouble = fetch_packages()
    assert not trouble, f"The JavaScript packages could not be fetched: {trouble}"
