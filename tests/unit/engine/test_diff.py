"""What differs between two people and between two snapshots is named, and why."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from msgspec.structs import replace

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import (
    Definitions,
    Feature,
    KillSwitch,
    LegalOrder,
    Place,
    Rule,
    Strategy,
    Target,
    Variant,
)
from flags.engine.diff import (
    FieldChange,
    RuleChange,
    diff_answers,
    diff_contexts,
    diff_definitions,
    list_pairs,
)
from flags.engine.evaluate import evaluate, evaluate_all
from flags.engine.result import Reason
from flags.wire.context import read_context
from tests.unit.engine.scopes import COLLECTIONS, NOW, VOICE, context, offer, scope, territory
from tests.unit.engine.worlds import contexts, definitions, kills

LIVE = offer("live", territory("SG"))
PLANNED = offer("planned", territory("KR"), key="korea")
WORLD = scope(COLLECTIONS, offers=(PLANNED, LIVE))
KILL = KillSwitch(
    rule=Rule(key="kill-1", owner="on-call", reason="crash"),
    target=Target(feature=COLLECTIONS.key),
    since=NOW,
    expires=NOW,
)


def test_two_people_are_told_apart_by_the_gate_that_did() -> None:
    """The difference names both answers, the gate, its rules and the field that was read."""
    told = diff_contexts(compile_snapshot(WORLD), context(), context(accountCountry="KR"))
    (found,) = told.differences
    assert (COLLECTIONS.key, Reason.LIVE, Reason.PLANNED) == (
        found.feature,
        found.before.reason,
        found.after.reason,
    )
    gate = found.gates[0]
    assert ("offer", {"account": ("SG", "KR")}) == (gate.gate, gate.read)
    assert gate.after.rule == PLANNED.rule


def test_people_who_get_the_same_do_not_differ() -> None:
    """A field that no rule reads makes no difference."""
    told = diff_contexts(compile_snapshot(WORLD), context(), context(city="reno"))
    assert ([], 0) == (told.differences, told.by_rule_alone)


def test_the_same_answer_by_another_rule_is_counted() -> None:
    """Two offers say the same of two places: nothing to tell, unless rules are asked for."""
    both = scope(COLLECTIONS, offers=(offer("live", territory("KR")), LIVE))
    snapshot = compile_snapshot(both)
    pair = (context(), context(accountCountry="KR"))
    told = [diff_contexts(snapshot, *pair, rules=rules) for rules in (False, True)]
    assert [([], 1), ([COLLECTIONS.key], 1)] == [
        ([named.feature for named in one.differences], one.by_rule_alone) for one in told
    ]


def test_a_rule_that_is_replaced_by_its_like_shifts_nobody() -> None:
    """Another key with the same answer is a changed rule, and no changed answer."""
    renamed = replace(WORLD, offers=(offer("live", territory("SG"), key="new"), PLANNED))
    snapshots = (compile_snapshot(WORLD), compile_snapshot(renamed))
    assert [] == diff_answers(*snapshots, [("SG", context())])


def test_one_feature_alone_can_be_compared() -> None:
    """Others are not told; one that is not there differs for nobody."""
    snapshot = compile_snapshot(replace(WORLD, features=(VOICE, COLLECTIONS)))
    pair = (context(), context(accountCountry="KR", locationCountry=None))
    everything = [one.feature for one in diff_contexts(snapshot, *pair).differences]
    told = diff_contexts(snapshot, *pair, feature_key=VOICE.key)
    alone = [one.feature for one in told.differences]
    unknown = diff_contexts(snapshot, *pair, feature_key="no.such").differences
    assert ([VOICE.key, COLLECTIONS.key], [VOICE.key], []) == (everything, alone, unknown)


def test_people_whom_only_a_variant_tells_apart_differ_by_targeting() -> None:
    """Both are on by the same strategy; the gate that chose is named with both variants."""
    even = (Variant("left", 500), Variant("right", 500))
    parameters = {"rollout": "100", "stickiness": "userId", "groupId": "g"}
    way = Strategy("flexibleRollout", parameters, variants=even)
    snapshot = compile_snapshot(scope(Feature(key="f", strategies=(way,))))
    chosen = {
        told.variant.name: context(userId=str(number))
        for number in range(20)
        if (told := evaluate(snapshot, "f", context(userId=str(number)))).variant
    }
    (difference,) = diff_contexts(snapshot, chosen["left"], chosen["right"]).differences
    (gate,) = difference.gates
    assert ("targeting", "left", "right") == (gate.gate, gate.before.detail, gate.after.detail)


@given(world=definitions(), switches=kills(), one=contexts(), other=contexts())
def test_every_feature_that_differs_is_named_with_a_gate(
    world: Definitions,
    switches: tuple[KillSwitch, ...],
    one: dict[str, object],
    other: dict[str, object],
) -> None:
    """Exactly the features whose answers differ are told, each with at least one gate."""
    snapshot = compile_snapshot(world, switches)
    first, second = (
        read_context(fields, now=NOW, dice=lambda _sides: 1, environment="", trusted=True)
        for fields in (one, other)
    )
    pairs = zip(evaluate_all(snapshot, first), evaluate_all(snapshot, second), strict=True)
    differing = [before.feature for before, after in pairs if before != after]
    found = diff_contexts(snapshot, first, second, rules=True).differences
    assert differing == [difference.feature for difference in found]
    assert all(difference.gates for difference in found)


@pytest.mark.parametrize(
    ("after", "change"),
    [
        (
            replace(WORLD, offers=(LIVE, replace(PLANNED, status="live", ends=date(2027, 1, 1)))),
            RuleChange(
                kind="offers",
                key="korea",
                change="changed",
                fields=(
                    FieldChange("status", "planned", "live"),
                    FieldChange("ends", "–", "2027-01-01"),
                ),
            ),
        ),
        (
            replace(WORLD, offers=(LIVE,)),
            RuleChange(kind="offers", key="korea", change="removed"),
        ),
        (
            replace(
                WORLD,
                orders=(
                    LegalOrder(
                        rule=Rule(key="o-1", owner="legal", reason="court"),
                        targets=(),
                        place=Place("everywhere"),
                        effective=date(2026, 1, 1),
                    ),
                ),
            ),
            RuleChange(kind="orders", key="o-1", change="added", owner="legal", reason="court"),
        ),
        (
            replace(WORLD, offers=(LIVE, replace(PLANNED, rule=Rule(key="korea", owner="pm")))),
            RuleChange(
                kind="offers",
                key="korea",
                change="changed",
                fields=(FieldChange("owner", "–", "pm"),),
                owner="pm",
            ),
        ),
        (
            replace(WORLD, features=(replace(COLLECTIONS, law_basis=("account",)),)),
            RuleChange(
                kind="features",
                key=COLLECTIONS.key,
                change="changed",
                fields=(FieldChange("lawBasis", '["location"]', "–"),),
            ),
        ),
    ],
)
def test_a_changed_definition_is_named_by_kind_and_key(
    after: Definitions, change: RuleChange
) -> None:
    """What was added, removed or changed is told, and which of its parts."""
    assert [change] == diff_definitions(list_pairs(WORLD, after))


def test_kill_switches_are_told_beside_the_definitions() -> None:
    """They are published apart and compared all the same."""
    (found,) = diff_definitions(list_pairs(WORLD, WORLD, (), (KILL,)))
    assert ("kills", "kill-1", "added", "crash") == (
        found.kind,
        found.key,
        found.change,
        found.reason,
    )


def test_people_to_whom_the_same_happens_are_told_together() -> None:
    """Each shift names the feature, both answers and everybody concerned."""
    before = compile_snapshot(WORLD)
    after = compile_snapshot(replace(WORLD, offers=(LIVE, replace(PLANNED, status="live"))))
    crowd = [
        ("SG", context()),
        ("KR", context(accountCountry="KR")),
        ("KR abroad", context(accountCountry="KR", locationCountry="SG")),
    ]
    (found,) = diff_answers(before, after, crowd)
    assert (Reason.PLANNED, Reason.LIVE, ("KR", "KR abroad")) == (
        found.before.reason,
        found.after.reason,
        found.people,
    )


def test_a_feature_that_came_or_went_is_told() -> None:
    """Before it came and after it went a feature is unknown."""
    few, many = (
        compile_snapshot(WORLD),
        compile_snapshot(replace(WORLD, features=(COLLECTIONS, VOICE))),
    )
    crowd = [("SG", context())]
    came, went = diff_answers(few, many, crowd), diff_answers(many, few, crowd)
    assert (Reason.UNKNOWN_FEATURE, Reason.NOT_OFFERED) == (
        came[0].before.reason,
        came[0].after.reason,
    )
    assert (came[0].before, came[0].after) == (went[0].after, went[0].before)


@given(world=definitions(), fields=contexts())
def test_a_snapshot_does_not_differ_from_itself(
    world: Definitions, fields: dict[str, object]
) -> None:
    """Nothing changed: no definition, no answer, for anybody."""
    person = read_context(
        fields,
        now=datetime.fromisoformat("2026-11-20T12:00:00Z"),
        dice=lambda _sides: 1,
        environment="",
    )
    twice = (compile_snapshot(world), compile_snapshot(world))
    assert ([], []) == (
        diff_definitions(list_pairs(world, world)),
        diff_answers(*twice, [("somebody", person)]),
    )
