"""Send what a node has counted, some times a minute, as parcels that arrive once.

While Redis is silent the lines stay and grow within their bound.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import deque
from collections.abc import Callable

import structlog

from flags.delivery.exposure import Exposure
from flags.delivery.live import Steps, drive
from flags.delivery.settling import Settling
from flags.publishing.exposure import Parcel, Seen

FLUSH_SECONDS = 10.0
# Nodes that were started together need not write together.
SPREAD = 0.2
PARCEL_LINES = 500

Write = Callable[[Parcel], object]

_log = structlog.get_logger(__name__)


class Flusher:
    """Brings an exposure's counts to where they are written; parcels wait in order."""

    def __init__(self, exposure: Exposure, write: Write) -> None:
        self.exposure = exposure
        self.write = write
        self.parcels: deque[Parcel] = deque()
        self.settling: Steps[None] | None = None
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self.task = asyncio.get_running_loop().create_task(self.go_on())

    async def stop(self) -> None:
        """Send what is there, if anybody takes it at once, and end.

        A flush that is under way is gone on with from where it stands.
        """
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait({self.task})
        self.exposure.read_all()
        try:
            await self.flush()
            await self.flush()
        except OSError as error:
            _log.info("exposure.lost", error=str(error))

    async def go_on(self) -> None:
        """Flush again and again; what breaks once is tried again."""
        while True:
            spread = random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311
            await asyncio.sleep(FLUSH_SECONDS * spread)
            try:
                await self.flush()
            except OSError as error:
                _log.info("exposure.not_sent", error=str(error))
            except Exception:  # noqa: BLE001 - counting must not end for good
                _log.exception("exposure.failed")

    async def flush(self) -> None:
        """Settle what was told and send all lines; raises OSError and keeps what is not sent."""
        if self.settling is None:
            self.settling = Settling(self.exposure, self.exposure.take()).run()
        await drive(self.settling)
        self.settling = None
        self.pack()
        while self.parcels:
            await asyncio.to_thread(self.write, self.parcels[0])
            self.parcels.popleft()

    def pack(self) -> None:
        """Make parcels of the lines, unless the last ones still wait.

        A parcel that may have arrived must come again as it was, so nothing is added to it.
        """
        if self.parcels:
            return
        by_environment: dict[str, dict[Seen, int]] = {}
        for (environment, seen), count in self.exposure.take_lines().items():
            by_environment.setdefault(environment, {})[seen] = count
        for environment, counts in by_environment.items():
            lines = list(counts.items())
            for start in range(0, len(lines), PARCEL_LINES):
                part = dict(lines[start : start + PARCEL_LINES])
                self.parcels.append(Parcel(uuid.uuid4().hex, environment, part))
