"""The official Python SDKs, watched as the JavaScript ones are: `last` is what they say now."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from UnleashClient import UnleashClient
from UnleashClient.utils import InstanceAllowType


class PythonClient(ABC):
    """A client in this process; use it as a context manager."""

    complaints = ""

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    @property
    @abstractmethod
    def last(self) -> dict[str, Any]:
        """Return what it says of each flag, and how often it was answered with which status."""


class WatchedUnleash(PythonClient):
    """UnleashClient, polling every second or streaming."""

    def __init__(
        self,
        base: str,
        token: str,
        context: dict[str, Any],
        *,
        mode: Literal["polling", "streaming"],
        folder: Path,
    ) -> None:
        self.context = context
        self.statuses: Counter[str] = Counter()
        self.client = UnleashClient(
            url=f"{base}/api",
            app_name=mode,
            environment="production",
            refresh_interval=1,
            metrics_interval=1,
            custom_headers={"Authorization": token},
            custom_options={"hooks": {"response": self.note}} if mode == "polling" else {},
            cache_directory=str(folder / mode),
            experimental_mode={"type": mode},
            multiple_instance_mode=InstanceAllowType.SILENTLY_ALLOW,
        )
        self.client.initialize_client()

    def note(self, response: Any, *_: Any, **__: Any) -> None:
        """Count an answer."""
        self.statuses[str(response.status_code)] += 1

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.client.destroy()

    @property
    def last(self) -> dict[str, Any]:
        """Evaluate here, on what was fetched or pushed."""
        payload = self.client.get_variant("home", self.context).get("payload", {})
        flags = {flag: self.client.is_enabled(flag, self.context) for flag in ("chat", "pay")}
        home = {"home": payload.get("value")}
        return {"flags": flags | home, "statuses": dict(self.statuses)}


class WatchedOfrep(PythonClient):
    """OpenFeature with the OFREP provider, which asks each time."""

    def __init__(self, base: str, token: str, context: dict[str, Any]) -> None:
        rest = dict(context)
        self.context = EvaluationContext(rest.pop("targetingKey"), rest)
        headers = {"Authorization": f"Bearer {token}"}
        api.set_provider(OFREPProvider(base, headers_factory=lambda: headers), "watched")
        self.client = api.get_client("watched")

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        api.clear_providers()

    @property
    def last(self) -> dict[str, Any]:
        """Ask the node."""
        flags = {
            flag: self.client.get_boolean_value(flag, False, self.context)
            for flag in ("chat", "pay")
        }
        home = {"home": self.client.get_string_value("home", "none", self.context)}
        return {"flags": flags | home, "statuses": {}}
