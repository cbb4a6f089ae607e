"""The web process: delivery in front, Django behind it, threads between start and stop.

Paths of delivery never reach Django's middleware: they are answered some thirty times as
fast, and they are answered while the database is away.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()

# Rooms with tables can be imported only once Django is set up.
from django.conf import settings  # noqa: E402

from config.node import Node, build_node, read_delivery_settings  # noqa: E402
from flags.publishing import reconcile  # noqa: E402
from flags.publishing.directory_store import DirectoryStore  # noqa: E402
from flags.publishing.redis_store import RedisStore  # noqa: E402
from flags.queries.snapshots import DatabaseSource  # noqa: E402

# Pages of the admin are drawn in threads beside the serving loop. With Python's usual 5 ms the
# loop and the relay wait that long for their turn after every single system call.
SWITCH_SECONDS = 0.0005

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def build() -> Node:
    """Build the web node: Redis first, then the database, and the file at last."""
    sys.setswitchinterval(SWITCH_SECONDS)
    redis = RedisStore(settings.REDIS_URL)
    node = build_node(
        sources=[redis, DatabaseSource()],
        redis=redis,
        last_known_good=DirectoryStore(settings.LKG_DIR),
        settings=read_delivery_settings(),
        behind=django_application,
    )
    stopping = threading.Event()
    node.on_start.append(
        lambda: threading.Thread(
            target=reconcile.run, args=(stopping,), name="reconcile", daemon=True
        ).start()
    )
    node.on_stop.append(stopping.set)
    return node


application = build()
