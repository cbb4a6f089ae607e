"""Make the virtual environment and fill it from the hash-pinned requirements.

A stamp names what was installed, so that a later start only compares two digests.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"


class UnableToInstall(Exception):
    """The virtual environment could not be made or filled."""


def install(kind: str) -> Path:
    """Install `runtime` or `develop` requirements when they changed; return the interpreter."""
    with (ROOT / ".venv.lock").open("w") as lock:
        # `make run` and `make test` may be started side by side.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not PYTHON.exists():
            _make_environment()
        wanted = _digest(kind)
        # What is needed to develop includes what is needed to run.
        if wanted != _stamp(kind) and (
            kind == "develop" or _digest("develop") != _stamp("develop")
        ):
            _fill(kind)
            (VENV / f"installed-{kind}").write_text(wanted, encoding="utf-8")
    return PYTHON


def _make_environment() -> None:
    _say("Making the virtual environment in .venv.")
    done = _run(sys.executable, "-m", "venv", "--clear", str(VENV))
    if done.returncode:
        raise UnableToInstall(
            f"{sys.executable} cannot make a virtual environment: {_last_line(done)} "
            "On Debian and Ubuntu, the package python3-venv is missing."
        )


def _fill(kind: str) -> None:
    started = time.monotonic()
    _say(f"Installing the {kind} requirements; this happens once.")
    wanted = ["--require-hashes", "-r", str(REQUIREMENTS / f"{kind}.txt")]
    installer = ["--require-hashes", "-r", str(REQUIREMENTS / "install.txt")]
    fast = [str(PYTHON), "-m", "uv", "pip", "install", "--quiet", "--python", str(PYTHON)]
    fast.append("--compile-bytecode")  # Else every start reads the sources anew, for seconds.
    slow = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not _run(*slow, *installer).returncode and not _run(*fast, *wanted).returncode:
        _say(f"Installed in {time.monotonic() - started:.0f} s.")
        return
    _say("The fast installer did not work here; pip does the same more slowly.")
    done = _run(*slow, *wanted)
    if done.returncode:
        raise UnableToInstall(f"pip could not install requirements/{kind}.txt: {_last_line(done)}")
    _say(f"Installed in {time.monotonic() - started:.0f} s.")


def _digest(kind: str) -> str:
    digest = hashlib.sha256(f"{VENV} {sys.platform}\n".encode())
    digest.update((REQUIREMENTS / f"{kind}.txt").read_bytes())
    return digest.hexdigest()


def _stamp(kind: str) -> str:
    try:
        return (VENV / f"installed-{kind}").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else f"it ended with {done.returncode} and said nothing."


def _say(text: str) -> None:
    sys.stdout.write(f"landfall: {text}\n")
    sys.stdout.flush()


def main() -> int:
    """Install the requirements that the command line names; return the exit status."""
    try:
        install(sys.argv[1])
    except UnableToInstall as error:
        sys.stderr.write(f"landfall: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
