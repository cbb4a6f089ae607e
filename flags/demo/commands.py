"""Turn the demo's facts into commands, in an order in which each finds what it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flags.demo.duties import list_ages, list_consents, list_life_cycles
from flags.demo.facts import PUBLISHED, Facts, read_date
from flags.demo.partners import list_partners
from flags.demo.rollouts import list_caps, list_clusters
from flags.demo.schedules import list_schedules
from flags.demo.targeting import list_segments, list_targeting
from flags.operations.expectations import SetExpectation
from flags.operations.features import SetBundle, SetFeature
from flags.operations.kills import PullKillSwitch
from flags.operations.offers import SetOffer
from flags.operations.orders import AdvanceLegalOrder, SetLegalOrder
from flags.operations.platforms import MinimumSpec, SetPlatformProfile, SetPlatformRetirement
from flags.operations.tokens import CreateToken
from regions.governance.commands import Command
from regions.operations import (
    AddSubdivision,
    AddTerritory,
    MemberSpec,
    SetApp,
    SetEnvironment,
    SetLocale,
    SetMarket,
    SetTerritoryLocales,
)

STATES = {"stopped": ("scheduled", "stopped"), "in-force": ("scheduled", "in-force")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A command of the demo; `at` None means now."""

    command: Command
    at: datetime | None = None


def list_commands(facts: Facts) -> Iterator[Planned]:
    """Return every command of the demo."""
    for part in (
        _list_places,
        _list_app,
        _list_platforms,
        _list_features,
        list_segments,
        list_targeting,
        _list_offers,
        _list_overrides,
        list_ages,
        list_consents,
        list_life_cycles,
        list_caps,
        list_schedules,
        list_clusters,
        _list_orders,
        list_partners,
        _list_expectations,
        _list_tokens,
    ):
        for command in part(facts):
            yield Planned(command=command)
    yield from _list_kills(facts)


def _list_places(facts: Facts) -> Iterator[Command]:
    for position, row in enumerate(facts["environments"]):
        yield SetEnvironment(key=row["key"], name=row["name"], position=position)
    tags = dict.fromkeys(facts["locales"])
    for code, row in facts["territories"].items():
        yield AddTerritory(code=code, default_zone=row.get("zone", ""))
        tags.update(dict.fromkeys(row["locales"]))
    for row in facts["subdivisions"]:
        yield AddSubdivision(code=row["code"], name=row["name"])
    for tag in tags:
        yield SetLocale(tag=tag)
    for code, row in facts["territories"].items():
        yield SetTerritoryLocales(territory=code, locales=tuple(row["locales"]))
    for number, row in enumerate(facts["markets"]):
        yield SetMarket(
            key=row["key"],
            name=row["name"],
            priority=10 * (len(facts["markets"]) - number),
            members=tuple(MemberSpec(territory=code) for code in row["members"]),
            note=row.get("note", ""),
        )


def _list_app(facts: Facts) -> Iterator[Command]:
    app = facts["app"]
    yield SetApp(
        key=app["key"],
        name=app["name"],
        home_territory=app["home"],
        platforms=tuple(app["platforms"]),
        territories=tuple(facts["territories"]),
    )


def _list_platforms(facts: Facts) -> Iterator[Command]:
    app = facts["app"]["key"]
    for key, minimums in facts["profiles"].items():
        yield SetPlatformProfile(
            app=app,
            key=key,
            minimums=tuple(
                MinimumSpec(
                    platform=platform,
                    os_version=least.get("os", ""),
                    app_version=least.get("app", ""),
                )
                for platform, least in minimums.items()
            ),
        )
    for row in facts["retirements"]:
        yield SetPlatformRetirement(
            app=app,
            platform=row["platform"],
            closed_to_new_date=date.fromisoformat(row["closed_to_new"]),
            off_date=read_date(row, "off_date"),
            reason=row["reason"],
        )


def _list_features(facts: Facts) -> Iterator[Command]:
    app = facts["app"]["key"]
    for position, row in enumerate(facts["bundles"]):
        yield SetBundle(
            app=app,
            key=row["key"],
            name=row["name"],
            description=row["description"],
            position=position,
        )
    owners = _owners(facts)
    waiting = list(facts["features"])
    done: set[str] = set()
    while waiting:
        row = next(row for row in waiting if done.issuperset(row.get("requires", ())))
        waiting.remove(row)
        done.add(row["key"])
        yield SetFeature(
            app=app,
            key=row["key"],
            bundle=row["bundle"],
            description=row["description"],
            owner=owners[row["bundle"]],
            value_type=row.get("value_type", "boolean"),
            off_value=row.get("off_value", False),
            value_schema=row.get("value_schema", {}),
            offer_basis=row["offer_basis"],
            law_basis=tuple(row["law_basis"]),
            fail_direction=row.get("fail_direction", "open"),
            partner_basis=row.get("needs_partner_at", ""),
            default_status=row.get("default_status", "not-offered"),
            profile=row["profile"],
            requires=tuple(row.get("requires", ())),
            text_key=row.get("text_key", ""),
            tags=tuple(row.get("tags", ())),
        )


def _list_offers(facts: Facts) -> Iterator[Command]:
    owners = _owners(facts)
    for row in facts["offers"]:
        for territory in row["territories"]:
            yield SetOffer(
                app=facts["app"]["key"],
                environment=PUBLISHED,
                bundle=row["bundle"],
                territory=territory,
                status=row["status"],
                starts_date=read_date(row, "starts"),
                ends_date=read_date(row, "ends"),
                reason=row["reason"],
                owner=owners[row["bundle"]],
                source=_source(facts, row),
                review_date=read_date(facts, "review_date"),
            )


def _list_overrides(facts: Facts) -> Iterator[Command]:
    bundles = {row["key"]: row["bundle"] for row in facts["features"]}
    owners = _owners(facts)
    for row in facts["overrides"]:
        yield SetOffer(
            app=facts["app"]["key"],
            environment=PUBLISHED,
            feature=row["feature"],
            territory=row.get("territory", ""),
            market=row.get("market", ""),
            basis=row.get("basis", ""),
            platform=row.get("platform", ""),
            status=row["status"],
            starts_date=read_date(row, "starts"),
            ends_date=read_date(row, "ends"),
            reason=row["reason"],
            owner=owners[bundles[row["feature"]]],
            source=_source(facts, row),
            review_date=read_date(facts, "review_date"),
        )


def _list_orders(facts: Facts) -> Iterator[Command]:
    app = facts["app"]["key"]
    for row in facts["orders"]:
        yield SetLegalOrder(
            app=app,
            key=row["key"],
            bundles=tuple(row.get("bundles", ())),
            territory=row["territory"],
            issued_date=read_date(row, "issued"),
            effective_date=read_date(row, "effective"),
            reason=row["reason"],
            owner="legal-team",
            source=_source(facts, row),
        )
        for state in STATES.get(row["state"], ()):
            yield AdvanceLegalOrder(app=app, key=row["key"], state=state)


def _list_kills(facts: Facts) -> Iterator[Planned]:
    for row in facts["kills"]:
        yield Planned(
            command=PullKillSwitch(
                app=facts["app"]["key"],
                environment=PUBLISHED,
                key=row["key"],
                feature=row["feature"],
                territory=row["territory"],
                platform=row["platform"],
                reason=row["reason"],
                owner=row["owner"],
                expires_at=datetime.fromisoformat(row["expires"]),
            ),
            at=datetime.fromisoformat(row["since"]),
        )


def _list_tokens(facts: Facts) -> Iterator[Command]:
    app = facts["app"]["key"]
    for row in facts["tokens"]:
        yield CreateToken(
            app=app,
            environment=PUBLISHED,
            kind=row["kind"],
            name=row["name"],
            token=f"{app}:{PUBLISHED}.{row['secret']}",
        )


def _list_expectations(facts: Facts) -> Iterator[Command]:
    """Promise what holds today and may only change on purpose, with the promise itself."""
    for row in facts["expectations"]:
        if "while" in row:
            continue
        yield SetExpectation(
            app=facts["app"]["key"],
            environment=PUBLISHED,
            key=row["key"],
            feature=row["feature"],
            context=row["context"],
            at=datetime.fromisoformat(row["at"]),
            value=row["value"],
            reason=row["reason"],
        )


def _owners(facts: Facts) -> dict[str, str]:
    return {row["key"]: row["owner"] for row in facts["bundles"]}


def _source(facts: Facts, row: dict[str, Any]) -> str:
    source: str = facts["sources"][row.get("source", "demo")]
    return source
