"""Turn the demo's partners into commands."""

from __future__ import annotations

from collections.abc import Iterator

from flags.demo.facts import Facts, read_date
from flags.operations.partners import SetPartner
from regions.governance.commands import Command


def list_partners(facts: Facts) -> Iterator[Command]:
    """Return the commands of the partners; the bundle of the first feature owns them."""
    owners = {row["key"]: row["owner"] for row in facts["bundles"]}
    bundles = {row["key"]: row["bundle"] for row in facts["features"]}
    for row in facts["partners"]:
        yield SetPartner(
            app=facts["app"]["key"],
            key=row["key"],
            name=row["name"],
            features=tuple(row["features"]),
            territory=row["territory"],
            city=row["city"],
            wallets=tuple(row.get("wallets", ())),
            starts_date=read_date(row, "starts"),
            ends_date=read_date(row, "ends"),
            reason=f"{row['name']} has a contract",
            owner=owners[bundles[row["features"][0]]],
            source=facts["sources"][row.get("source", "demo")],
            review_date=read_date(facts, "review_date"),
        )
