"""Commands about legal orders: a life of their own, and two people."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.contrib.auth.models import Group, User

from flags.models import LegalOrder
from flags.operations.orders import (
    NEXT_STATES,
    AdvanceLegalOrder,
    SetLegalOrder,
    order_digest,
)
from regions.governance.commands import Command, Refused
from regions.governance.execute import PermissionRefused, execute
from regions.governance.policy import APPROVERS, PRODUCT_MANAGERS
from tests.unit.world import NOW, Do


def an_order(**differences: object) -> SetLegalOrder:
    """Return a command for a draft that differs from the plain one only as said."""
    values: dict[str, object] = {
        "app": "shop",
        "key": "sg-2026-order",
        "bundles": ("pay",),
        "territory": "SG",
        "issued_date": date(2026, 11, 1),
        "effective_date": date(2026, 12, 1),
        "reason": "order of a court",
        "owner": "legal-team",
    }
    return SetLegalOrder(**{**values, **differences})  # type: ignore[arg-type]


def advance(state: str) -> AdvanceLegalOrder:
    """Return a command that brings the order to a state."""
    return AdvanceLegalOrder(app="shop", key="sg-2026-order", state=state)


def person(name: str, *groups: str) -> User:
    """Return a new person in these groups."""
    user = User.objects.create_user(name)
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return user


def test_an_order_is_drafted_then_decided(world: Do) -> None:
    """A draft goes through its states, each with the time since it holds."""
    world(an_order())
    for state in ("scheduled", "in-force", "lifted"):
        world(advance(state))
        row = LegalOrder.objects.get()
        assert (state, NOW) == (row.state, row.state_since_at)
    assert not world(advance("lifted")).changed


@pytest.mark.parametrize("wider", [{"bundles": ()}, {"territory": ""}, {"reason": "another one"}])
def test_nobody_decides_about_what_they_did_not_see(world: Do, wider: dict[str, object]) -> None:
    """A draft that was rewritten while the approver read it is not decided."""
    world(an_order())
    seen = order_digest(LegalOrder.objects.get())
    world(an_order(**wider))
    with pytest.raises(Refused) as caught:
        world(replace(advance("scheduled"), seen=seen))
    assert ("stale", "drafted") == (caught.value.code, LegalOrder.objects.get().state)
    world(replace(advance("scheduled"), seen=order_digest(LegalOrder.objects.get())))


@pytest.mark.parametrize("start", sorted(NEXT_STATES))
@pytest.mark.parametrize("wanted", sorted(NEXT_STATES))
def test_only_the_steps_of_the_state_machine_are_possible(
    world: Do, start: str, wanted: str
) -> None:
    """Every other step is refused, and the order stays as it was."""
    world(an_order())
    LegalOrder.objects.update(state=start)
    if wanted in NEXT_STATES[start] or wanted == start:
        world(advance(wanted))
        assert wanted == LegalOrder.objects.get().state
    else:
        with pytest.raises(Refused, match=f"is {start} and cannot become {wanted}"):
            world(advance(wanted))
        assert start == LegalOrder.objects.get().state


def test_who_drafted_an_order_may_not_decide_about_it(world: Do) -> None:
    """Everybody who ever wrote the draft is barred; somebody else may decide."""
    first = person("first", PRODUCT_MANAGERS, APPROVERS)
    second = person("second", PRODUCT_MANAGERS, APPROVERS)
    third = person("third", APPROVERS)
    execute(an_order(), actor=first, now=NOW)
    execute(an_order(reason="mended"), actor=second, now=NOW)
    for drafter in (first, second):
        with pytest.raises(Refused) as caught:
            execute(advance("scheduled"), actor=drafter, now=NOW)
        assert "own_order" == caught.value.code
    assert execute(advance("scheduled"), actor=third, now=NOW).changed


def test_drafting_and_deciding_are_permissions_apart(world: Do) -> None:
    """A product manager may not decide, an approver may not draft."""
    with pytest.raises(PermissionRefused):
        execute(an_order(), actor=person("approver", APPROVERS), now=NOW)
    with pytest.raises(PermissionRefused):
        execute(advance("scheduled"), actor=person("pm", PRODUCT_MANAGERS), now=NOW)


def test_a_decided_order_can_be_repeated_but_not_edited(world: Do) -> None:
    """The same command changes nothing; any other is refused once the order is decided."""
    world(an_order())
    world(advance("scheduled"))
    assert not world(an_order()).changed
    with pytest.raises(Refused, match="only a drafted one"):
        world(an_order(reason="another"))


def test_an_order_may_block_the_whole_app(world: Do) -> None:
    """An order that names neither feature nor bundle has no targets."""
    world(an_order(bundles=(), territory="", everything=True))
    row = LegalOrder.objects.get()
    assert ([], [], "*") == (list(row.features.all()), list(row.bundles.all()), row.place_key)


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (an_order(reason=""), "reason_missing", "reason"),
        (an_order(owner=" "), "owner_missing", "owner"),
        (an_order(key="SG 1"), "bad_key", "key"),
        (an_order(territory="XX"), "unknown_country", "territory"),
        (an_order(bundles=(), territory=""), "everything_unclear", "everything"),
        (an_order(everything=True), "everything_unclear", "everything"),
        (an_order(bundles=(), everything=True), "everything_unclear", "everything"),
        (an_order(market="EEA"), "one_place", "territory"),
        (an_order(features=("nope",)), "unknown_feature", "features"),
        (an_order(bundles=("nope",)), "unknown_bundle", "bundles"),
        (an_order(bundles=("pay", "pay")), "named_twice", "bundles"),
        (an_order(effective_date=date(2026, 10, 31)), "dates_order", "effective_date"),
        (advance("scheduled"), "unknown_order", "key"),
    ],
)
def test_orders_that_cannot_be_are_refused(
    world: Do, command: Command, code: str, field: str
) -> None:
    """Each refusal has a stable code and names the field at fault; nothing is stored."""
    with pytest.raises(Refused) as caught:
        world(command)
    assert (code, field) == (caught.value.code, caught.value.field)
    assert not LegalOrder.objects.exists()


def test_an_order_needs_a_day_before_it_is_scheduled(world: Do) -> None:
    """A draft may leave the day open; a scheduled order may not."""
    world(an_order(effective_date=None))
    with pytest.raises(Refused, match="day from which it blocks"):
        world(advance("scheduled"))
