"""The probe's client, as apps' backends have it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flags.operations.probes import FEATURE
from flags.probing.client import CanaryClient

VARIANT = {
    "name": "black",
    "weight": 1000,
    "weightType": "variable",
    "stickiness": "default",
    "payload": {"type": "string", "value": ""},
}
STRATEGY = {"name": "default", "parameters": {}, "constraints": [], "variants": [VARIANT]}
CANARY = {"name": FEATURE, "enabled": True, "strategies": [STRATEGY]}


class Streamless(BaseHTTPRequestHandler):
    """Answers as a node does that holds no streams, and learns of a token late."""

    asked = 0

    def do_HEAD(self) -> None:
        """Offer nothing, once the token is known."""
        Streamless.asked += 1
        self.send_error(404 if Streamless.asked > 1 else 401)

    def do_GET(self) -> None:
        """Send definitions, and no stream."""
        if self.path.endswith("/streaming"):
            self.send_error(404)
            return
        body = json.dumps({"version": 2, "features": [CANARY]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """Serve it for a while."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Streamless) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_where_no_streams_are_held_the_client_polls(address: str) -> None:
    """Measure what backends have there, instead of failing for ever."""
    client = CanaryClient(address, token="landfall_backend_1", environment="production")
    try:
        assert "black" == client.wait(("black",), seconds=5)
    finally:
        client.close()
