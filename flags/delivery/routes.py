"""Which path leads to which function, and in whose words its errors are said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from flags.delivery import (
    delta,
    description,
    explain,
    frontend,
    health,
    ofrep,
    parts,
    streaming,
    texts,
    unleash,
    variant,
)
from flags.delivery.http import Request, Response
from flags.delivery.inputs import BULK_BYTES, CONTEXT_BYTES, METRICS_BYTES
from flags.delivery.listener import Listener
from flags.delivery.service import Service
from flags.delivery.stream import answer_head, open_hints

Answer = Callable[[Service, Request], Response]
LateAnswer = Callable[[Service, Request], Awaitable[Response]]
OpenStream = Callable[[Service, Request], Listener]
Family = Literal["unleash", "browser", "ofrep", "plain"]


@dataclass(frozen=True, slots=True)
class Route:
    """One path or prefix; `late` may answer off the loop what `answers` does not find.

    `open` admits a listener where GET is answered with an event stream. Where a route
    `reads_query`, a GET's query is looked through for burnt tokens as it is read. Where it
    `recalls`, the same question may get the answer that it got before; `heeds` names headers
    that are part of the question there.
    """

    name: str
    family: Family
    answers: Mapping[str, Answer]
    body_bytes: int = CONTEXT_BYTES
    open: OpenStream | None = None
    late: LateAnswer | None = None
    reads_query: bool = False
    recalls: bool = False
    heeds: tuple[bytes, ...] = ()


def read(name: str, family: Family, answer: Answer, late: LateAnswer | None = None) -> Route:
    """Build a route for GET."""
    return Route(name, family, {"GET": answer}, late=late)


def post(name: str, family: Family, answer: Answer, body_bytes: int = CONTEXT_BYTES) -> Route:
    """Build a route for POST."""
    return Route(name, family, {"POST": answer}, body_bytes=body_bytes)


def both(name: str, family: Family, answer: Answer) -> Route:
    """Build a route for a context in the query of a GET or the body of a POST."""
    methods = {"GET": answer, "POST": answer}
    return Route(name, family, methods, reads_query=True, recalls=True)


def stream(name: str, family: Family, head: Answer, admit: OpenStream) -> Route:
    """Build a route that is answered with an event stream, HEAD with its head."""
    return Route(name, family, {"GET": head}, open=admit)


EXACT: dict[str, Route] = {
    "/api/client/features": Route(
        "client_features",
        "unleash",
        {"GET": unleash.list_features},
        recalls=True,
        heeds=(b"accept-encoding", b"unleash-client-spec"),
    ),
    "/api/client/delta": read("client_delta", "unleash", delta.list_changes),
    "/api/client/streaming": stream(
        "client_streaming", "unleash", streaming.answer_head, streaming.open_states
    ),
    "/api/client/register": post("client_register", "unleash", unleash.accept_registration),
    "/api/client/metrics": post("client_metrics", "unleash", unleash.accept_metrics, METRICS_BYTES),
    "/api/client/metrics/bulk": post(
        "client_metrics_bulk", "unleash", unleash.accept_bulk, BULK_BYTES
    ),
    "/api/frontend": both("frontend", "browser", frontend.list_enabled),
    "/api/frontend/all": both("frontend_all", "browser", frontend.list_every),
    "/api/frontend/client/metrics": post(
        "frontend_metrics", "browser", frontend.accept_metrics, METRICS_BYTES
    ),
    "/api/frontend/client/register": post(
        "frontend_register", "browser", frontend.accept_registration
    ),
    "/ofrep/v1/evaluate/flags": Route(
        "ofrep_bulk", "ofrep", {"POST": ofrep.evaluate_bulk}, recalls=True
    ),
    ofrep.EVENTS_PATH: stream("ofrep_events", "ofrep", answer_head, open_hints),
    variant.STREAM_PATH: stream("stream", "browser", answer_head, open_hints),
    "/api/variant": both("variant", "browser", variant.get_manifest),
    "/api/variant/schema": read("variant_schema", "browser", description.get_schema),
    "/api/explain": post("explain", "browser", explain.explain_feature),
    "/api/diff": post("diff", "browser", explain.diff_people),
    "/api/delivery.yaml": read("description", "browser", description.get_description),
    "/healthz": read("healthz", "plain", health.get_liveness),
    "/readyz": read("readyz", "plain", health.get_readiness),
    "/metrics": read("metrics", "plain", health.get_metrics),
    "/internal/parts": read("parts", "plain", parts.list_parts),
}
PREFIXES: dict[str, Route] = {
    "/api/client/features/": read("client_feature", "unleash", unleash.get_feature),
    "/api/frontend/features/": both("frontend_feature", "browser", frontend.get_toggle),
    "/ofrep/v1/evaluate/flags/": post("ofrep_flag", "ofrep", ofrep.evaluate_one),
    variant.TEXTS_PATH: read("texts", "browser", texts.get_text, texts.find_text),
    "/internal/parts/": read("part", "plain", parts.get_part),
    "/internal/blobs/": read("blob", "plain", parts.get_blob),
}
# Told at a glance; all other paths take longer to be told apart from pages.
FRONT = tuple(PREFIXES)
# Prefixes of which every path is answered here, known or not: errors must be JSON. The first
# that fits counts.
OWNED: dict[str, Family] = {
    "/api/client": "unleash",
    "/ofrep": "ofrep",
    "/api": "browser",
    "/internal": "plain",
    "/healthz": "plain",
    "/readyz": "plain",
    "/metrics": "plain",
}


def tidy(path: str) -> str:
    """Collapse repeated slashes, drop the last one, and resolve the old name `proxy`."""
    while "//" in path:
        path = path.replace("//", "/")
    path = path.rstrip("/") or "/"
    if path == "/api/proxy" or path.startswith("/api/proxy/"):
        path = "/api/frontend" + path.removeprefix("/api/proxy")
    return path


def find_route(path: str) -> tuple[Route, str] | None:
    """Return the route of a path and what follows its prefix, or None."""
    route = EXACT.get(path)
    if route is not None:
        return route, ""
    path = tidy(path)
    route = EXACT.get(path)
    if route is not None:
        return route, ""
    for prefix, candidate in PREFIXES.items():
        if path.startswith(prefix) and len(path) > len(prefix):
            return candidate, path[len(prefix) :]
    return None


def find_family(path: str) -> Family | None:
    """Return in whose words an unknown path is refused; None when it is not ours.

    Paths that a careless proxy could take for ours are, so that they are refused here in
    JSON: other case, dots, parameters after `;`, and what was quoted twice.
    """
    path = tidy(unquote(path).lower().strip())
    if "." in path or ";" in path or "\\" in path:
        path = resolve_dots(path)
    for prefix, family in OWNED.items():
        if path == prefix or path.startswith(prefix + "/"):
            return family
    return None


def resolve_dots(path: str) -> str:
    """Return what a path comes to when dots are followed and parameters dropped."""
    steps: list[str] = []
    for step in path.replace("\\", "/").split("/"):
        name = step.partition(";")[0].strip()
        if name == "..":
            steps[-1:] = []
        elif name not in {"", "."}:
            steps.append(name)
    return tidy("/" + "/".join(steps))


def owns(path: str) -> bool:
    """Tell whether delivery answers a path, known or not; the rest is Django's."""
    return path in EXACT or path.startswith(FRONT) or find_family(path) is not None
