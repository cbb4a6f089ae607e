"""The export process: anonymous manifests as files for a CDN.

`python -m config.export` writes them whenever something changes, `--once` writes them and
ends. It reads what an edge reads, and `LANDFALL_EXPORT_URL`, `LANDFALL_EXPORT_SCOPES`,
`LANDFALL_EXPORT_MAX_AGE`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from datetime import UTC, datetime

from config.env import WrongSetting, read_int, read_text
from config.logs import configure_logs
from config.sources import read_sources
from flags.delivery.export import Exporter
from flags.delivery.flips import FlipTimers
from flags.delivery.pollers import Feed
from flags.delivery.state import ScopeKey, State
from flags.publishing.export_store import ExportStore

EXAMPLE = "app:environment with commas between, such as superapp:production"
READY_SECONDS = 10.0


def main() -> int:
    """Run the process; return 1 when `--once` found nothing to export."""
    parser = argparse.ArgumentParser(prog="python -m config.export", description=__doc__)
    parser.add_argument("--once", action="store_true", help="write the files and end")
    options = parser.parse_args()
    configure_logs(read_text("LOG_LEVEL", "INFO").upper())
    try:
        return asyncio.run(export(once=options.once))
    except WrongSetting as error:
        print(f"landfall: {error}", file=sys.stderr)  # noqa: T201 there is no page to say it on
        return 2


async def export(*, once: bool) -> int:
    """Follow the sources as an edge does, and write files instead of answers."""
    scopes = read_scopes()
    url = read_text("LANDFALL_EXPORT_URL")
    if not url:
        raise WrongSetting("LANDFALL_EXPORT_URL", "a folder, or an address such as s3://…", url)
    state = State()
    sources = read_sources("exporter")
    max_age = read_int("LANDFALL_EXPORT_MAX_AGE", 30, low=0, high=86_400)
    exporter = Exporter(state, ExportStore(url), scopes, max_age)
    feed = Feed(state, sources.ordered, hints=sources.redis)
    FlipTimers(state)
    await feed.start()
    try:
        async with asyncio.timeout(READY_SECONDS if once else None):
            while not scopes <= state.live.keys():
                exporter.changed.clear()
                await exporter.changed.wait()
    except TimeoutError:
        missing = ", ".join(f"{app}:{environment}" for environment, app in scopes - set(state.live))
        print(f"landfall: nothing is published of {missing}.", file=sys.stderr)  # noqa: T201
        return 1
    if once:
        await asyncio.to_thread(exporter.export, datetime.now(UTC))
        return 0
    await run_until_told(exporter)
    feed.stop()
    return 0


async def run_until_told(exporter: Exporter) -> None:
    """Export until the process is told to end; what is being written is finished first."""
    running = asyncio.ensure_future(exporter.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    await asyncio.wait([running])


def read_scopes() -> frozenset[ScopeKey]:
    """Read which scopes anybody may see without a token."""
    text = read_text("LANDFALL_EXPORT_SCOPES")
    scopes: set[ScopeKey] = set()
    for entry in filter(None, (part.strip() for part in text.split(","))):
        app, colon, environment = entry.partition(":")
        if not (app and colon and environment):
            raise WrongSetting("LANDFALL_EXPORT_SCOPES", EXAMPLE, entry)
        scopes.add((environment, app))
    if not scopes:
        raise WrongSetting("LANDFALL_EXPORT_SCOPES", EXAMPLE, text)
    return frozenset(scopes)


if __name__ == "__main__":
    sys.exit(main())
