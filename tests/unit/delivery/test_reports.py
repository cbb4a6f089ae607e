"""Reports as the SDKs really send them; none of their oddities is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.delivery.world import BACKEND, FRONTEND, Client, build_client

PYTHON = {
    "appName": "shop",
    "instanceId": "pod-3",
    "connectionId": "6f9",
    "sdkVersion": "unleash-python-sdk:6.9.1",
    "platformName": "CPython",
    "platformVersion": "3.11.7",
    "yggdrasilVersion": "0.20.8",
    "specVersion": "6.1.0",
    "strategies": [],
    "started": "2026-11-20T12:21:39.655790+00:00",
    "interval": 60,
}
NODE = {**PYTHON, "yggdrasilVersion": None, "started": 1_795_177_467, "interval": "undefined"}
HISTOGRAM = {
    "name": "lat",
    "help": "Latency",
    "type": "histogram",
    "samples": [
        {
            "labels": {},
            "count": 1,
            "sum": 0.4,
            "buckets": [{"le": 0.1, "count": 0}, {"le": "+Inf", "count": 1}],
        }
    ],
}


def bucket(toggles: object) -> dict[str, Any]:
    """Build a report with these counts."""
    times = {"start": "2026-11-20T12:00:00.000Z", "stop": "2026-11-20T12:01:00.000Z"}
    return {"appName": "shop", "environment": "other", "bucket": {**times, "toggles": toggles}}


@pytest.fixture(scope="module")
def client() -> Client:
    """Return a client of a node that serves the world."""
    return build_client()


@pytest.mark.parametrize("body", [PYTHON, NODE, {"appName": "shop", "unknown": {}}])
def test_a_registration_needs_its_app_only(client: Client, body: dict[str, Any]) -> None:
    """Whatever else is odd, missing, or new."""
    assert client.post("/api/client/register", body, token=BACKEND).status == 202
    assert client.post("/api/frontend/client/register", body, token=FRONTEND).status == 200


@pytest.mark.parametrize(
    "body",
    [
        bucket({"pay": {"yes": 12, "no": 3, "variants": {"a": 7, "disabled": 5}}}),
        bucket({"pay": {"yes": 12, "no": 3, "variants": None}}),
        bucket({"home": {"variants": {"a": 1}}}),
        bucket({"a flag that is not here": {"yes": 1, "no": 0}}),
        bucket({}),
        bucket(None),
        {"appName": "shop", "bucket": None, "impactMetrics": [HISTOGRAM]},
        {**bucket({}), "impactMetrics": [{"name": 5}, "nonsense", None]},
        {**bucket({}), "impactMetrics": "nonsense", "specVersion": None},
    ],
)
def test_counts_are_taken_in_every_shape(client: Client, body: dict[str, Any]) -> None:
    """Impact metrics never spoil the counts; 202 exactly, and nothing in the answer."""
    answer = client.post("/api/client/metrics", body, token=BACKEND)
    assert (answer.status, answer.body) == (202, b"")
    assert client.post("/api/frontend/client/metrics", body, token=FRONTEND).status == 200


def test_what_unleash_edge_gathered_is_taken(client: Client) -> None:
    """Lines of other environments too, in a body that may be larger than others."""
    line = {"featureName": "pay", "appName": "shop", "environment": "other", "yes": 1, "no": 0}
    body = {"applications": [PYTHON], "metrics": [line] * 10_000, "seenTokens": []}
    assert client.post("/api/client/metrics/bulk", body, token=BACKEND).status == 202


@pytest.mark.parametrize(
    ("spec", "inline"),
    [
        (None, True),
        ("", True),
        ("4.1.9", True),
        ("4.2.0", False),
        ("5.2.0", False),
        ("6.1.0", False),
        ("10.0.0", False),
        ("6.1.0-beta.1", False),
        ("v6.1.0", True),
        ("6.1", True),
        ("undefined", True),
        ("6.1.0.0", True),
        ("99999999999999999999.0.0", False),
    ],
)
def test_segments_are_inlined_for_who_does_not_know_them(
    client: Client, spec: str | None, *, inline: bool
) -> None:
    """A version that cannot be read is none; refusing would stop an SDK."""
    headers = {} if spec is None else {"Unleash-Client-Spec": spec, "Content-Type": "text/plain"}
    body = client.get("/api/client/features", token=BACKEND, headers=headers).json
    assert body["query"]["inlineSegmentConstraints"] is inline
    assert ("segments" not in body) is inline
    assert "segments" in client.get("/api/client/delta", token=BACKEND).json["events"][0]
