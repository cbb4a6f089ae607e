"""Load what is asked of people (ages, consents) and how features end, as the engine's values."""

from __future__ import annotations

from flags.engine import definitions as made
from flags.models import AgeRule, ConsentRule, LifeCycle
from flags.queries.rules import LIVE_FEATURE, build_place, build_rule, build_target

_NAMED = ("feature", "bundle", "market")


def load_ages(app_key: str, *, using: str) -> tuple[made.AgeRule, ...]:
    """Load the age rules of an app, ordered by their rule's key; one query."""
    rows = AgeRule.objects.using(using).filter(LIVE_FEATURE, app__key=app_key)
    found = [
        made.AgeRule(
            rule=build_rule(row),
            target=build_target(row),
            place=build_place(row),
            minimum=row.minimum,
            starts=row.starts_date,
            ends=row.ends_date,
        )
        for row in rows.select_related(*_NAMED)
    ]
    return tuple(sorted(found, key=lambda one: one.rule.key))


def load_consents(app_key: str, *, using: str) -> tuple[made.ConsentRule, ...]:
    """Load the consent rules of an app, ordered by their rule's key; one query."""
    rows = ConsentRule.objects.using(using).filter(LIVE_FEATURE, app__key=app_key)
    found = [
        made.ConsentRule(
            rule=build_rule(row, kind=row.consent),
            target=build_target(row),
            place=build_place(row),
            consent=row.consent,
            starts=row.starts_date,
            ends=row.ends_date,
        )
        for row in rows.select_related(*_NAMED)
    ]
    return tuple(sorted(found, key=lambda one: one.rule.key))


def load_life_cycles(
    app_key: str, environment_key: str, *, using: str
) -> tuple[made.LifeCycle, ...]:
    """Load the life cycles of one scope, ordered by their rule's key; one query."""
    rows = LifeCycle.objects.using(using).filter(
        LIVE_FEATURE, app__key=app_key, environment__key=environment_key
    )
    found = [
        made.LifeCycle(
            rule=build_rule(row),
            target=build_target(row),
            place=build_place(row),
            closed_to_new=row.closed_to_new_date,
            sunset=row.sunset_date,
        )
        for row in rows.select_related(*_NAMED)
    ]
    return tuple(sorted(found, key=lambda one: one.rule.key))
