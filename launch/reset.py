"""Throw away the data of the demo: database, snapshots on disk, schedule; not the secret key."""

from __future__ import annotations

import shutil
import sys

from launch.places import UnableToStart, data_folder, hold

DATABASE = "landfall.sqlite3"
THROWN_AWAY = (
    DATABASE,
    f"{DATABASE}-wal",
    f"{DATABASE}-shm",
    "prepared",
    "beat-schedule",
    "last-known-good",
)


def main() -> int:
    """Remove the data unless the product runs; return the exit status."""
    folder = data_folder()
    try:
        lock = hold(folder, patience_seconds=0)
    except UnableToStart as error:
        sys.stderr.write(f"landfall: {error}\n")
        return 1
    with lock:
        for name in THROWN_AWAY:
            path = folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    sys.stdout.write(f"landfall: The demo in {folder} is gone; make run loads it anew.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
