"""Commands about schedules."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group, User

from flags.engine import definitions as made
from flags.models import Schedule, ScheduleWindow
from flags.operations.features import ArchiveFeature
from flags.operations.schedules import RemoveSchedule, SetSchedule, WindowSpec
from flags.queries.definitions import load_definitions
from regions.governance.commands import Command, Refused
from regions.governance.execute import PermissionRefused, execute
from regions.governance.models import AuditEntry
from regions.governance.policy import APPROVERS, PRODUCT_MANAGERS
from regions.operations import MemberSpec, SetMarket
from tests.unit.world import NOW, Do, a_feature


def window(territory: str = "", starts: str = "", ends: str = "") -> WindowSpec:
    """Write a window of wall times."""
    return WindowSpec(
        territory=territory,
        starts=datetime.fromisoformat(starts) if starts else None,
        ends=datetime.fromisoformat(ends) if ends else None,
    )


MONTH = window(starts="2027-06-01", ends="2027-07-01")


def a_schedule(**differences: object) -> SetSchedule:
    """Return a command for a schedule that differs from the plain one only as said."""
    values: dict[str, object] = {
        "app": "shop",
        "environment": "production",
        "key": "summer",
        "features": ("pay.card",),
        "anchor": "account",
        "windows": (MONTH,),
        "reason": "a season",
        "owner": "pay-team",
    }
    return SetSchedule(**{**values, **differences})  # type: ignore[arg-type]


def test_a_schedule_is_loaded_as_it_was_set(world: Do) -> None:
    """Windows keep their wall times; one without a time of day begins at midnight."""
    world(
        a_schedule(
            market="EEA",
            anchor="location",
            windows=(
                window("IT", "2027-06-02T08:30", "2027-06-03"),
                window("IT", "2027-06-01", "2027-06-02"),
                MONTH,
            ),
        )
    )
    (loaded,) = load_definitions("shop", "production").schedules
    assert (
        made.Schedule(
            rule=made.Rule(key="summer", reason="a season", owner="pay-team"),
            features=("pay.card",),
            anchor="location",
            market="EEA",
            windows=tuple(
                made.Window(territory=one.territory, starts=one.starts, ends=one.ends)
                for one in (
                    MONTH,
                    window("IT", "2027-06-01", "2027-06-02"),
                    window("IT", "2027-06-02T08:30", "2027-06-03"),
                )
            ),
        )
        == loaded
    )
    assert () == load_definitions("shop", "staging").schedules


def test_setting_a_schedule_again_replaces_its_windows(world: Do) -> None:
    """Both sides are in the audit, and what is the same is no change."""
    world(a_schedule())
    assert not world(a_schedule()).changed
    world(a_schedule(windows=(window("SG", "2027-06-01"),)))
    assert ["SG"] == list(ScheduleWindow.objects.values_list("territory", flat=True))
    entry = AuditEntry.objects.filter(object_type="schedule").latest("id")
    before, after = entry.before or {}, entry.after or {}
    assert [["", "2027-06-01T00:00:00", "2027-07-01T00:00:00"]] == before["windows"]
    assert [["SG", "2027-06-01T00:00:00", ""]] == after["windows"]


def test_a_removed_schedule_stays_in_the_audit(world: Do) -> None:
    """Its features run at any time from then on."""
    world(a_schedule())
    remove = RemoveSchedule(app="shop", environment="production", key="summer")
    world(remove)
    assert 0 == Schedule.objects.count() + ScheduleWindow.objects.count()
    entry = AuditEntry.objects.filter(object_type="schedule").latest("id")
    assert ("deleted", ["pay.card"]) == (entry.action, (entry.before or {})["features"])
    with pytest.raises(Refused) as caught:
        world(remove)
    assert "unknown_schedule" == caught.value.code


def test_a_feature_has_one_schedule_in_each_environment(world: Do) -> None:
    """Two could contradict each other; the refusal names the one that is there."""
    world(a_feature("pay.coin"))
    world(a_schedule(features=("pay.card", "pay.coin")))
    with pytest.raises(Refused, match=r"pay\.card runs by the schedule summer") as caught:
        world(a_schedule(key="winter"))
    assert ("two_schedules", "features") == (caught.value.code, caught.value.field)
    world(a_schedule(key="winter", environment="staging"))
    world(a_schedule(features=("pay.coin",)))
    world(a_schedule(key="winter"))
    assert 3 == Schedule.objects.count()


def test_archived_features_are_left_out(world: Do) -> None:
    """A schedule of nothing but archived features is none."""
    world(a_schedule(features=("pay.transfer",)))
    world(ArchiveFeature(app="shop", key="pay.transfer"))
    assert () == load_definitions("shop", "production").schedules


def test_an_archived_feature_keeps_its_schedule(world: Do) -> None:
    """No command can name it, so what a form sends does not take it away."""
    world(a_schedule(features=("pay.card", "pay.transfer")))
    world(ArchiveFeature(app="shop", key="pay.transfer"))
    assert not world(a_schedule()).changed
    world(a_feature("pay.transfer"))
    (loaded,) = load_definitions("shop", "production").schedules
    assert ("pay.card", "pay.transfer") == loaded.features


AWARE = WindowSpec(starts=datetime(2027, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("differences", "code", "field"),
    [
        ({"key": "Summer"}, "bad_key", "key"),
        ({"anchor": "storefront"}, "unknown_anchor", "anchor"),
        ({"features": ()}, "features_missing", "features"),
        ({"features": ("pay.card", "pay.card")}, "named_twice", "features"),
        ({"features": ("pay.none",)}, "unknown_feature", "features"),
        ({"features": ("pay.card",) * 101}, "too_many", "features"),
        ({"market": "NOWHERE"}, "unknown_market", "market"),
        ({"windows": ()}, "windows_missing", "windows"),
        ({"windows": (window("SG"),)}, "window_open", "windows"),
        ({"windows": (window("UK", "2027-06-01"),)}, "unknown_country", "windows"),
        ({"windows": (AWARE,)}, "not_local", "windows"),
        ({"windows": (window("", "2027-06-01T00:00:00.5"),)}, "not_local", "windows"),
        ({"windows": (window("", "2027-06-01", "2027-06-01"),)}, "dates_order", "windows"),
        (
            {"windows": (window("", "2027-06-01T12:00", "2027-06-01T11:00"),)},
            "dates_order",
            "windows",
        ),
        (
            {"market": "EEA", "windows": (window("SG", "2027-06-01"),)},
            "not_a_member",
            "windows",
        ),
        ({"windows": (MONTH, window("", "2027-06-30T23:59"))}, "overlapping_windows", "windows"),
        ({"windows": (MONTH, window("", "", "2027-06-02"))}, "overlapping_windows", "windows"),
        ({"windows": (MONTH,) * 1001}, "too_many", "windows"),
        ({"reason": " "}, "reason_missing", "reason"),
        ({"owner": ""}, "owner_missing", "owner"),
        ({"source": "x" * 301}, "too_long", "source"),
    ],
)
def test_what_cannot_be_is_refused(
    world: Do, differences: dict[str, object], code: str, field: str
) -> None:
    """The refusal names the part at fault, and nothing is stored."""
    with pytest.raises(Refused) as caught:
        world(a_schedule(**differences))
    assert (code, field) == (caught.value.code, caught.value.field)
    assert 0 == Schedule.objects.count()


def test_windows_that_follow_each_other_do_not_overlap(world: Do) -> None:
    """Ends are excluded, and each territory has a table of its own."""
    following = window("", "2027-07-01", "2027-07-02T12:00")
    world(a_schedule(windows=(MONTH, following, window("SG", "2027-06-15"))))
    assert 3 == ScheduleWindow.objects.count()


def test_who_leaves_a_market_keeps_a_window_that_opens_nothing(world: Do) -> None:
    """A market can change without asking its schedules."""
    members = (MemberSpec(territory="IT"), MemberSpec(territory="SG"))
    world(SetMarket(key="TWO", name="Two", priority=77, members=members))
    world(a_schedule(market="TWO", windows=(window("SG", "2027-06-01"),)))
    world(SetMarket(key="TWO", name="Two", priority=77, members=members[:1]))
    assert 1 == ScheduleWindow.objects.count()


@pytest.mark.parametrize(
    "command",
    [a_schedule(), RemoveSchedule(app="shop", environment="production", key="summer")],
)
def test_product_managers_decide_about_schedules(world: Do, command: Command) -> None:
    """An approver decides about other things."""
    world(a_schedule(reason="as it was"))
    people = {}
    for group in (PRODUCT_MANAGERS, APPROVERS):
        user = people[group] = User.objects.create_user(group)
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    with pytest.raises(PermissionRefused):
        execute(command, actor=people[APPROVERS], now=NOW)
    assert execute(command, actor=people[PRODUCT_MANAGERS], now=NOW).changed
