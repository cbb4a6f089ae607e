"""Counts of this node and their Prometheus text (exposition format 0.0.4).

Own counters, since a labelled counter of the usual client costs more than the rest of a
warm request. They are written by the loop only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)
Labels = tuple[tuple[str, str], ...]


class Counters:
    """Requests by route and status, latency by route, and named counts."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, int], int] = {}
        self.latencies: dict[str, list[int]] = {}
        self.latency_seconds: dict[str, float] = {}
        self.counts: dict[tuple[str, Labels], int] = {}
        self.gauges: dict[str, Callable[[], Mapping[Labels, float]]] = {}

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count one answer and how long it took."""
        key = (route, status)
        self.requests[key] = self.requests.get(key, 0) + 1
        buckets = self.latencies.get(route)
        if buckets is None:
            buckets = self.latencies[route] = [0] * (len(BUCKETS) + 1)
            self.latency_seconds[route] = 0.0
        buckets[bisect_left(BUCKETS, seconds)] += 1
        self.latency_seconds[route] += seconds

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Raise a named count."""
        key = (name, tuple(sorted(labels.items())))
        self.counts[key] = self.counts.get(key, 0) + by

    def gauge(self, name: str, read: Callable[[], Mapping[Labels, float]]) -> None:
        """Name a figure that is read when it is asked for."""
        self.gauges[name] = read

    def render(self) -> bytes:
        """Return everything as Prometheus text."""
        lines = ["# TYPE landfall_requests_total counter"]
        for (route, status), count in sorted(self.requests.items()):
            told: Labels = (("route", route), ("status", str(status)))
            lines.append(line("landfall_requests_total", told, count))
        lines.append("# TYPE landfall_request_seconds histogram")
        for route, buckets in sorted(self.latencies.items()):
            lines += self.render_latency(route, buckets)
        named = ""
        for (name, labels), count in sorted(self.counts.items()):
            if name != named:
                lines.append(f"# TYPE landfall_{name}_total counter")
                named = name
            lines.append(line(f"landfall_{name}_total", labels, count))
        for name, read in sorted(self.gauges.items()):
            lines.append(f"# TYPE landfall_{name} gauge")
            lines += [line(f"landfall_{name}", key, value) for key, value in read().items()]
        return ("\n".join(lines) + "\n").encode()

    def render_latency(self, route: str, buckets: list[int]) -> list[str]:
        """Return one route's histogram; its buckets add up as Prometheus wants them."""
        name, total, lines = "landfall_request_seconds", 0, []
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=True):
            total += count
            lines.append(line(f"{name}_bucket", (("route", route), ("le", bound)), total))
        labels = (("route", route),)
        lines.append(line(f"{name}_sum", labels, round(self.latency_seconds[route], 6)))
        lines.append(line(f"{name}_count", labels, total))
        return lines


def line(name: str, labels: Labels, value: float) -> str:
    """Return one sample; label texts are escaped."""
    if not labels:
        return f"{name} {value}"
    inner = ",".join(f'{key}="{escape(text)}"' for key, text in labels)
    return f"{name}{{{inner}}} {value}"


def escape(text: str) -> str:
    """Escape a label's text as the format wants it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
