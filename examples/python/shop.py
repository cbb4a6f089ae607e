"""A small shop that asks Landfall about each request, through the official UnleashClient.

Run it beside `make run`:    .venv/bin/python examples/python/shop.py
and ask:                     curl 'http://127.0.0.1:8410/?user=li' -H 'X-Country: HK'
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from landfall_context import RegionalContext, regional_context
from UnleashClient import UnleashClient

LANDFALL = os.environ.get("LANDFALL_URL", "http://127.0.0.1:8000")
TOKEN = os.environ.get("LANDFALL_TOKEN", "superapp:production.demo-backend")
PORT = int(os.environ.get("SHOP_PORT", "8410"))
STALE_SECONDS = float(os.environ.get("SHOP_STALE_SECONDS", "60"))
# What the shop knows of its customers; the rest comes with each request.
CUSTOMERS = {
    "ana": {"account_country": "SG", "age": 34, "wallet_currency": "SGD"},
    "li": {"account_country": "HKG", "age": 29, "wallet_currency": "HKD"},
}
# Better off than wrongly on, when nobody knows what holds now.
STRICT = frozenset({"commerce.checkout", "wallet.p2p-transfer"})
ASKED = ("commerce.collections", *sorted(STRICT))


class Freshness:
    """When Landfall last said what holds; the SDK itself keeps definitions of any age."""

    def __init__(self) -> None:
        self.heard_at = float("-inf")

    def note(self, response: Any, *_: Any, **__: Any) -> None:
        """Take an answer to the SDK: new definitions, or that the old ones still hold."""
        if response.url.split("?")[0].endswith("/client/features") and response.ok:
            self.heard_at = time.monotonic()

    @property
    def is_fresh(self) -> bool:
        """Tell whether what the SDK has is young enough for money."""
        return time.monotonic() - self.heard_at <= STALE_SECONDS


freshness = Freshness()
client = UnleashClient(
    url=f"{LANDFALL}/api",
    app_name="shop",
    custom_headers={"Authorization": TOKEN},
    custom_options={"hooks": {"response": freshness.note}},
    refresh_interval=int(os.environ.get("SHOP_REFRESH_SECONDS", "15")),
    # Definitions survive a restart here; STRICT features wait for fresh ones all the same.
    cache_directory=f"{tempfile.gettempdir()}/landfall-shop-{PORT}",
)


def is_on(feature: str, person: RegionalContext) -> bool:
    """Ask about one feature: unknown ones are off, strict ones also when nobody knows."""
    if feature in STRICT and not freshness.is_fresh:
        return False
    return client.is_enabled(feature, person.unleash())


class Shop(BaseHTTPRequestHandler):
    """One request: who asks, from where, with what; then which features they get."""

    def do_GET(self) -> None:
        """Answer what this customer can do here and now."""
        query = parse_qs(urlsplit(self.path).query)
        user = query.get("user", [""])[0]
        person = regional_context(
            user_id=user,
            **CUSTOMERS.get(user, {}),  # type: ignore[arg-type]
            # Your load balancer or gateway knows the country of an address.
            ip_country=self.headers.get("X-Country"),
            platform=self.headers.get("X-Platform", "ios"),
            os_version=self.headers.get("X-Os-Version", "18"),
            app_version=self.headers.get("X-App-Version", "8.0.70"),
        )
        answer = {feature: is_on(feature, person) for feature in ASKED}
        body = json.dumps({"fresh": freshness.is_fresh, "features": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing of single requests."""


def main() -> None:
    """Serve until Ctrl-C."""
    client.initialize_client()
    print(f"The shop is open on http://127.0.0.1:{PORT}/?user=li", flush=True)  # noqa: T201
    try:
        ThreadingHTTPServer(("127.0.0.1", PORT), Shop).serve_forever()
    except KeyboardInterrupt:
        client.destroy()


if __name__ == "__main__":
    main()
