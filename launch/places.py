"""Where the product keeps its things on this machine, and whether it may start there."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import socket
import tempfile
import time
from pathlib import Path
from typing import TextIO

HIGHEST_PORT = 65_535
LONGEST_SOCKET_PATH_BYTES = 100
"""Linux takes 107 bytes, macOS 103; a longer path fails to bind."""


class UnableToStart(Exception):
    """The product cannot start; the message is one sentence for the person who tried."""


def read_port(text: str) -> int:
    """Return the port from 1 to 65535, or say what is wrong with it."""
    if not text.isdecimal() or not 1 <= int(text) <= HIGHEST_PORT:
        raise UnableToStart(
            f"PORT must be a whole number from 1 to {HIGHEST_PORT}, but is {text!r}."
        )
    return int(text)


def check_port(host: str, port: int) -> None:
    """Raise when nobody can listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise UnableToStart(
                    f"Port {port} is taken by another program; "
                    f"choose another one, for example: make run PORT={_free_port(host)}."
                ) from error
            raise UnableToStart(
                f"Cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}."
            ) from error


def check_start(host: str, port: int, data_dir: Path) -> None:
    """Raise when the port is taken, also when it is by a Landfall of the same folder."""
    try:
        check_port(host, port)
    except UnableToStart:
        # An ended launcher may have left what needs a moment to go: its keeper has the lock.
        hold(data_dir).close()
        check_port(host, port)


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def data_folder() -> Path:
    """Return the folder of one product: what LANDFALL_DATA_DIR names, else `var/`."""
    here = Path(__file__).resolve().parent.parent / "var"
    return Path(os.environ.get("LANDFALL_DATA_DIR") or here).absolute()


def hold(data_dir: Path, *, patience_seconds: float = 3.0) -> TextIO:
    """Return the open lock file of the folder; two products in one folder would corrupt it.

    Waits a moment, because what an ended launcher left behind needs up to two seconds to go.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = (data_dir / "launch.lock").open("w", encoding="utf-8")
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() > deadline:
                lock.close()
                raise UnableToStart(
                    f"Landfall is already running with the folder {data_dir}; stop it first, or "
                    "set LANDFALL_DATA_DIR to another folder and PORT to another port."
                ) from error
            time.sleep(0.1)
        else:
            return lock


def secret_key_file(data_dir: Path) -> Path:
    """Return the file of this machine's own secret key, made on the first call."""
    path = data_dir / "secret-key"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path


def redis_socket(data_dir: Path) -> Path:
    """Return where the embedded Redis listens: in the folder, or elsewhere when that is long."""
    path = data_dir.absolute() / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"landfall-{os.getuid()}-{name}" / "redis.sock"


def make_private(folder: Path) -> None:
    """Make a folder that only this user can enter; refuse one that somebody else made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise UnableToStart(f"The folder {folder} belongs to another user.")
