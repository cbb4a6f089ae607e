"""`python -m launch`: check, install, then run the product inside the virtual environment."""

from __future__ import annotations

import os
import sys

from launch.children import tie_to_parent
from launch.install import UnableToInstall, install
from launch.places import UnableToStart, check_start, data_folder, read_port


def main() -> int:
    """Become the product; return the exit status when it could not be started."""
    if "MAKELEVEL" in os.environ:
        # Under make, `kill -9` of make ends the product too.
        tie_to_parent()
    try:
        port = read_port(os.environ.get("PORT") or "8000")
        check_start(os.environ.get("HOST") or "127.0.0.1", port, data_folder())
        python = str(install("runtime"))
    except (UnableToStart, UnableToInstall) as error:
        sys.stderr.write(f"landfall: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return os.execv(python, [python, "-m", "launch.product"])


if __name__ == "__main__":
    raise SystemExit(main())
