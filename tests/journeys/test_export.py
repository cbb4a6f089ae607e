"""The export process as an operator starts it, on a real Redis."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.node import put
from tests.product import ROOT, eventually
from tests.redis_server import RedisServer
from tests.unit.delivery.world import build_content, build_definitions, build_kill, build_part

MANIFEST = "superapp/production/SG/unknown/en.json"


def start(
    redis: RedisServer, folder: Path, *arguments: str, scopes: str = "superapp:production"
) -> subprocess.Popen[str]:
    """Start the exporter as docs/operators.md says."""
    dropped = {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    environ = {name: text for name, text in os.environ.items() if name not in dropped}
    environ |= {
        "REDIS_URL": redis.url,
        "LANDFALL_DATA_DIR": str(folder / "data"),
        "LANDFALL_EXPORT_URL": str(folder / "files"),
        "LANDFALL_EXPORT_SCOPES": scopes,
    }
    command = [sys.executable, "-m", "config.export", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environ, text=True, stderr=subprocess.PIPE)


def is_on(folder: Path, feature: str) -> bool:
    """Tell whether a feature is on in the file for Singapore."""
    manifest = json.loads((folder / "files" / MANIFEST).read_bytes())
    return feature in {found["key"] for found in manifest["features"] if found["on"]}


def test_files_follow_what_is_published(redis: RedisServer, tmp_path: Path) -> None:
    """Write a changed offer and a kill switch within seconds, and end when told to."""
    exporter = start(redis, tmp_path)
    try:
        eventually(lambda: is_on(tmp_path, "pay"))
        put(redis, build_content(2, definitions=build_definitions(pay_in="withdrawn")))
        eventually(lambda: not is_on(tmp_path, "pay"), within_seconds=5)
        put(redis, build_part("kills", {"switches": [build_kill("chat")]}, 3))
        eventually(lambda: not is_on(tmp_path, "chat"), within_seconds=5)
    finally:
        exporter.send_signal(signal.SIGTERM)
        assert exporter.wait(timeout=20) == 0


def test_once_writes_the_files_and_ends(redis: RedisServer, tmp_path: Path) -> None:
    """Be usable from a scheduled job."""
    assert start(redis, tmp_path, "--once").wait(timeout=30) == 0
    assert is_on(tmp_path, "pay")


def test_a_scope_that_is_wrong_is_named(redis: RedisServer, tmp_path: Path) -> None:
    """Refuse to start without knowing what everybody may see."""
    refused = start(redis, tmp_path, scopes="superapp")
    assert "LANDFALL_EXPORT_SCOPES must be app:environment" in refused.communicate(timeout=30)[1]
    assert refused.returncode == 2
