"""The least that a granian worker can do: one answer, always the same.

Its bytes and headers are those of an answer of Landfall's, so that what is left to compare
is the way from the request to them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

Message = MutableMapping[str, Any]

BODY = Path(os.environ["BENCH_BODY"]).read_bytes()
HEADERS = [
    (name.encode("latin-1"), text.encode("latin-1"))
    for name, text in json.loads(os.environ["BENCH_HEADERS"])
]


async def application(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer every request alike."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
