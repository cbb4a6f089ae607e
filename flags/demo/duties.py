"""Turn the demo's ages, consents and life cycles into commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flags.demo.facts import PUBLISHED, Facts, read_date
from flags.operations.ages import SetAgeRule
from flags.operations.consents import SetConsentRule
from flags.operations.lifecycles import SetLifeCycle
from regions.governance.commands import Command

# Where each consent is asked for, by the market's key; empty is everywhere.
CONSENT_MARKETS = {"location": "", "profiling": "CONSENT-OPT-IN"}


def list_ages(facts: Facts) -> Iterator[Command]:
    """Return the least ages: one everywhere, or each country's age of digital consent."""
    for row in facts["features"]:
        if "min_age" in row:
            yield SetAgeRule(
                **_begin(facts, row["key"]),
                minimum=row["min_age"],
                reason="the least age that the service is meant for",
            )
        if row.get("age_rule") == "digital_consent":
            for code, territory in facts["territories"].items():
                if "digital_consent_age" in territory:
                    yield SetAgeRule(
                        **_begin(facts, row["key"]),
                        territory=code,
                        minimum=territory["digital_consent_age"],
                        reason="age of digital consent",
                    )


def list_consents(facts: Facts) -> Iterator[Command]:
    """Return the consents that features need."""
    for row in facts["features"]:
        if "consent" in row:
            yield SetConsentRule(
                **_begin(facts, row["key"]),
                market=CONSENT_MARKETS[row["consent"]],
                consent=row["consent"],
                reason=f"needs the consent {row['consent']}",
            )


def list_life_cycles(facts: Facts) -> Iterator[Command]:
    """Return the life cycles; each stands beside the offer that it ends."""
    for row in facts["overrides"]:
        if "lifecycle" in row:
            yield SetLifeCycle(
                **{**_begin(facts, row["feature"]), "source": facts["sources"][row["source"]]},
                environment=PUBLISHED,
                territory=row["territory"],
                closed_to_new_date=read_date(row["lifecycle"], "closed_to_new"),
                sunset_date=read_date(row["lifecycle"], "off"),
                reason=row["reason"],
            )


def _begin(facts: Facts, key: str) -> dict[str, Any]:
    """Return what all rules for a feature say: the owner is the one of its bundle."""
    owners = {row["key"]: row["owner"] for row in facts["bundles"]}
    bundle = next(row["bundle"] for row in facts["features"] if row["key"] == key)
    return {
        "app": facts["app"]["key"],
        "feature": key,
        "owner": owners[bundle],
        "source": facts["sources"]["demo"],
        "review_date": read_date(facts, "review_date"),
    }
