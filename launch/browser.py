"""Look for Chromium before the tests; install it where that needs no question to anybody.

Without one the browser tests are skipped and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """Return the path of a Chromium: what LANDFALL_CHROMIUM names, else the first on the path."""
    named = os.environ.get("LANDFALL_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def main() -> int:
    """Install Chromium through apt when this user may; never fail."""
    if find_browser() or not shutil.which("apt-get") or os.geteuid() != 0:
        return 0
    sys.stdout.write("landfall: Installing Chromium for the browser tests; this happens once.\n")
    sys.stdout.flush()
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "chromium"]):
        subprocess.run(command, capture_output=True, check=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
