"""A database file, a Redis and Landfall's processes around them, all of which can be hurt."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flags.publishing.redis_store import RedisStore
from flags.publishing.snapshot import decode_content
from flags.publishing.store import Head, PartKey
from launch.commands import worker_command
from tests.product import ROOT
from tests.redis_server import RedisServer

CONTENT = PartKey(environment="production", app="superapp", part="content")
KILLS = PartKey(environment="production", app="superapp", part="kills")
ACCESS = PartKey(environment="production", app="*", part="access")
DATABASE = "landfall.sqlite3"


class Actor:
    """One child process that obeys."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._read()

    def ask(self, *words: object) -> dict[str, Any]:
        """Have something done; fails when it failed."""
        self.tell(*words)
        answer = self._read()
        assert "error" not in answer, answer
        return answer

    def tell(self, *words: object) -> None:
        """Have something done without waiting for it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


class Site:
    """One installation in a folder of its own."""

    def __init__(self, home: Path, redis: RedisServer) -> None:
        self.home = home
        self.redis = redis
        self.store = RedisStore(redis.url)
        self.log = home / "worker.log"
        self._processes: list[subprocess.Popen[str]] = []

    @property
    def environ(self) -> dict[str, str]:
        """Return the settings of this site's processes."""
        return {
            **os.environ,
            "DEBUG": "1",
            "LOG_LEVEL": "INFO",
            "LANDFALL_DATA_DIR": str(self.home),
            "REDIS_URL": self.redis.url,
            "DATABASE_URL": f"sqlite:///{self.home / DATABASE}",
            "DJANGO_SETTINGS_MODULE": os.environ.get("SITE_SETTINGS", "config.settings"),
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }

    def copy_database(self, template: Path) -> None:
        """Start from a prepared database."""
        shutil.copy(template / DATABASE, self.home / DATABASE)

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a management command to its end."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            env=self.environ,
            cwd=ROOT,
            text=True,
            capture_output=True,
            check=False,
        )

    def start_actor(self) -> Actor:
        """Start a child that obeys."""
        return Actor(
            self._start(
                [sys.executable, str(ROOT / "tests/faults/actor.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )

    def start_worker(self) -> subprocess.Popen[str]:
        """Start a Celery worker exactly as the launcher does; it logs to `log`."""
        with self.log.open("a") as log:
            return self._start(worker_command(), stdout=log, stderr=log)

    def count_compiles(self) -> int:
        """Return how often workers have compiled so far."""
        return self.log.read_text().count("event=snapshot.compiled")

    def find_head(self, key: PartKey = CONTENT) -> Head | None:
        """Return how new a part is in Redis; None also while Redis does not answer."""
        try:
            return self.store.heads().get(key)
        except OSError:
            return None

    def read_status(self) -> str:
        """Return the status of the one offer as nodes see it in Redis, or nothing."""
        part = self.store.get(CONTENT)
        offers = decode_content(part.body).definitions.offers if part else ()
        return offers[0].status if offers else ""

    def ask_database(self, question: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the database file."""
        connection = sqlite3.connect(self.home / DATABASE, timeout=20)
        try:
            return connection.execute(question).fetchall()
        finally:
            connection.close()

    def list_revisions(self, part: str = "content") -> list[tuple[int, int]]:
        """Return (revision, change) of every snapshot of a part, in the order of saving."""
        return self.ask_database(
            f"SELECT revision, change_seq FROM flags_snapshot WHERE part = '{part}' ORDER BY id"  # noqa: S608 - a word of this file
        )

    def is_outbox_empty(self) -> bool:
        """Tell whether nothing waits any more."""
        return self.ask_database("SELECT COUNT(*) FROM governance_outbox") == [(0,)]

    def read_published_seq(self) -> int:
        """Return the number of the newest change that is published."""
        [(seq,)] = self.ask_database("SELECT published_seq FROM governance_environment")
        return int(seq)

    def close(self) -> None:
        """End every process that was started here."""
        for process in self._processes:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGCONT)
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    def _start(self, command: Sequence[str], **streams: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(command, env=self.environ, cwd=ROOT, text=True, **streams)
        self._processes.append(process)
        return process
