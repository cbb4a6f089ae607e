"""Turn the demo's caps and clusters into commands."""

from __future__ import annotations

from collections.abc import Iterator

from flags.demo.facts import PUBLISHED, Facts, read_date
from flags.operations.caps import SetCap
from flags.operations.clusters import SetClusterRollout
from regions.governance.commands import Command

# Where a person's groups of each kind stand in the context.
FIELDS = {"school": "clusters", "city": "city"}


def list_caps(facts: Facts) -> Iterator[Command]:
    """Return the commands of the caps; each stands beside the offer that it limits."""
    owners = _owners(facts)
    for row in facts["overrides"]:
        if "cap" in row:
            yield SetCap(
                app=facts["app"]["key"],
                environment=PUBLISHED,
                feature=row["feature"],
                territory=row["territory"],
                limit=row["cap"]["max_enrolled"],
                starts_date=read_date(row, "starts"),
                ends_date=read_date(row, "ends"),
                reason=row["reason"],
                owner=owners[row["feature"]],
                source=facts["sources"][row["source"]],
                review_date=read_date(facts, "review_date"),
            )


def list_clusters(facts: Facts) -> Iterator[Command]:
    """Return the commands of the cluster rollouts."""
    owners = _owners(facts)
    for row in facts["clusters"]:
        yield SetClusterRollout(
            app=facts["app"]["key"],
            environment=PUBLISHED,
            key=row["key"],
            feature=row["feature"],
            territory=row["territory"],
            field=FIELDS[row["kind"]],
            order=tuple(row["order"]),
            enabled=len(row["enabled"]),
            reason=row["reason"],
            owner=owners[row["feature"]],
            source=facts["sources"][row.get("source", "demo")],
            review_date=read_date(facts, "review_date"),
        )


def _owners(facts: Facts) -> dict[str, str]:
    """Return who answers for each feature: the owner of its bundle."""
    bundles = {row["key"]: row["owner"] for row in facts["bundles"]}
    return {row["key"]: bundles[row["bundle"]] for row in facts["features"]}
