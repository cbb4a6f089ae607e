"""`manage.py` before anything is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_without_an_installation_one_sentence_says_what_to_do() -> None:
    """A Python without Django gets no traceback."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "manage.py"), "check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (1, 1) == (done.returncode, done.stderr.count("\n"))
    assert "make run" in done.stderr
