"""A real UnleashClient, as an app's backend runs one: it streams from the public address.

Where no streams are held it polls, since this SDK does not fall back by itself.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from UnleashClient import UnleashClient
from UnleashClient.cache import BaseCache
from UnleashClient.utils import LOGGER, InstanceAllowType

from flags.operations.probes import FEATURE
from flags.probing.diagnosis import holds_streams
from regions.governance.policy import PROBE

# How exact the measurement is; looking costs the SDK some 20 µs.
LOOK_SECONDS = 0.003
CONNECT_SECONDS = 5
# Whole seconds only; on average half of it is measured too.
POLL_SECONDS = 1

# What goes wrong is told once, as the probe's result; the SDK would say it at each attempt.
LOGGER.setLevel(logging.CRITICAL)


class MemoryCache(BaseCache):
    """What the SDK would write to a file, kept here: a new client has to ask the node."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        self._kept[key] = value

    def mset(self, data: dict[str, Any]) -> None:
        """Keep several values."""
        self._kept.update(data)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        return self._kept.get(key, default)

    def exists(self, key: str) -> bool:
        """Tell whether there is a value."""
        return key in self._kept

    def destroy(self) -> None:
        """Forget everything."""
        self._kept.clear()


class CanaryClient:
    """The client of one worker; it stays connected between probes."""

    def __init__(self, url: str, *, token: str, environment: str) -> None:
        streams = holds_streams(url, token=token)
        self._client = UnleashClient(
            url=f"{url}/api",
            app_name=f"landfall-{PROBE}",
            environment=environment,
            custom_headers={"Authorization": token},
            refresh_interval=POLL_SECONDS,
            request_timeout=CONNECT_SECONDS,
            disable_metrics=True,
            disable_registration=True,
            verbose_log_level=logging.CRITICAL,
            cache=MemoryCache(),
            experimental_mode={"type": "streaming" if streams else "polling"},
            multiple_instance_mode=InstanceAllowType.SILENTLY_ALLOW,
        )
        self._client.initialize_client()

    def read(self) -> str:
        """Return the canary's value as this client decides it now; empty without any."""
        if not self._client.is_enabled(FEATURE, {"userId": PROBE}):
            return ""
        return str(self._client.get_variant(FEATURE, {"userId": PROBE})["name"])

    def wait(self, values: tuple[str, ...], *, seconds: float) -> str:
        """Return the first of the values that the client has, empty when it has none in time."""
        until = time.monotonic() + seconds
        while True:
            value = self.read()
            if value in values:
                return value
            if time.monotonic() >= until:
                return ""
            time.sleep(LOOK_SECONDS)

    def close(self) -> None:
        """End the client's threads and its stream."""
        self._client.destroy()
