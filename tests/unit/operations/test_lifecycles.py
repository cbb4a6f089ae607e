"""Commands about how features end."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from flags.models import LifeCycle
from flags.operations.lifecycles import RemoveLifeCycle, SetLifeCycle
from regions.governance.commands import Command, Refused
from regions.governance.models import AuditEntry
from tests.unit.world import Do

CLOSED, SUNSET = date(2027, 8, 1), date(2027, 9, 1)


def an_end(**differences: Any) -> SetLifeCycle:
    """Return a command for a life cycle that differs from the plain one only as said."""
    plain: dict[str, Any] = {
        "app": "shop",
        "environment": "production",
        "bundle": "pay",
        "territory": "SG",
        "closed_to_new_date": CLOSED,
        "sunset_date": SUNSET,
        "reason": "few use it",
        "owner": "pay-team",
    }
    return SetLifeCycle(**{**plain, **differences})


def test_a_target_has_one_life_cycle_at_a_place(world: Do) -> None:
    """Setting it again moves its steps, with both sides in the audit."""
    world(an_end())
    world(an_end(sunset_date=date(2028, 1, 1)))
    entry = AuditEntry.objects.filter(object_type="life-cycle").latest("id")
    before, after = entry.before or {}, entry.after or {}
    assert ("pay@SG", "2027-09-01", "2028-01-01", 1) == (
        entry.object_key,
        before["sunset_date"],
        after["sunset_date"],
        LifeCycle.objects.count(),
    )
    world(an_end(environment="staging"))
    world(an_end(territory="IT"))
    assert 3 == LifeCycle.objects.count()


@pytest.mark.parametrize(
    "steps",
    [
        {"closed_to_new_date": None},
        {"sunset_date": None},
        {"sunset_date": CLOSED},
    ],
)
def test_each_step_may_stand_alone_or_on_one_day(world: Do, steps: dict[str, Any]) -> None:
    """Closed to new people for good, off without a warning, or both at once."""
    assert world(an_end(**steps)).changed


def test_a_life_cycle_is_taken_back_by_its_number(world: Do) -> None:
    """A removed life cycle is gone, and the audit keeps what it was."""
    world(an_end())
    number = LifeCycle.objects.get().pk
    here: dict[str, Any] = {"app": "shop", "rule_id": number}
    with pytest.raises(Refused, match="in staging"):
        world(RemoveLifeCycle(**here, environment="staging"))
    (change,) = world(RemoveLifeCycle(**here, environment="production")).changes
    assert ("deleted", "2027-08-01") == (
        change.action,
        (change.before or {})["closed_to_new_date"],
    )
    assert not LifeCycle.objects.exists()


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (an_end(sunset_date=date(2027, 7, 31)), "dates_order", "sunset_date"),
        (
            an_end(closed_to_new_date=None, sunset_date=None),
            "steps_missing",
            "closed_to_new_date",
        ),
        (an_end(reason=""), "reason_missing", "reason"),
        (an_end(feature="pay.card"), "one_target", "feature"),
        (an_end(market="EEA"), "one_place", "territory"),
        (
            RemoveLifeCycle(app="shop", environment="production", rule_id=99),
            "unknown_rule",
            "rule_id",
        ),
    ],
)
def test_life_cycles_that_cannot_be_are_refused(
    world: Do, command: Command, code: str, field: str
) -> None:
    """Each refusal has a stable code and names the field at fault; nothing is stored."""
    with pytest.raises(Refused) as caught:
        world(command)
    assert (code, field) == (caught.value.code, caught.value.field)
    assert not LifeCycle.objects.exists()
