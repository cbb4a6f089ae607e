"""The shared expectations, all of them, value and reason; short names of fields are mapped."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenarios.conftest import Asked

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("LANDFALL_SHARED") or ROOT.parent / "shared")
REGIONS = SHARED / "scenarios" / "regions.yaml"
COUNT = 49
FIELDS = {
    "account": "accountCountry",
    "location": "locationCountry",
    "storefront": "storefrontCountry",
    "participants": "participantCountries",
    "os_version": "osVersion",
    "app_version": "appVersion",
    "wallet_currency": "walletCurrency",
    "time_zone": "timeZone",
    "account_time_zone": "accountTimeZone",
    "enrolled_count": "enrolledCount",
    "now": "currentTime",
    "network_mcc_country": "networkCountry",
    "gps_country": "gpsCountry",
    "ip_country": "ipCountry",
}


def read_expectations() -> list[dict[str, Any]]:
    """Return the expectations, none where their file is not at hand."""
    if not REGIONS.exists():
        return []
    found: list[dict[str, Any]] = yaml.safe_load(REGIONS.read_text("utf-8"))["expectations"]
    return found


def build_context(fields: dict[str, Any]) -> dict[str, Any]:
    """Return a context in the words of the wire; evidence of the place is given field by field."""
    flat = {**fields, **fields.get("signals", {})}
    flat.pop("signals", None)
    return {FIELDS.get(name, name): value for name, value in flat.items()}


@pytest.mark.skipif(
    not REGIONS.exists(),
    reason="needs regions.yaml, expectations which this repository does not hold: name in"
    " LANDFALL_SHARED the folder that has it in scenarios/; test_products.py needs nothing",
)
def test_every_shared_expectation_holds(asked: Asked) -> None:
    """Each gives its value and its reason at its own time."""
    expectations = read_expectations()
    assert COUNT == len(expectations)
    respondent = asked.respondent
    got = {
        row["id"]: respondent.evaluate(
            row["feature"], respondent.read(build_context(row["context"]))
        )
        for row in expectations
    }
    # As JSON, since to Python true is 1.
    broken = [
        row["id"]
        for row in expectations
        if json.dumps([row["expect"]["value"], row["expect"]["reason"]])
        != json.dumps([got[row["id"]].value, got[row["id"]].reason])
    ]
    assert [] == broken
