"""What no sensible client sends, and what must hold all the same.

A context is drawn as clients send it; then it is mangled: fields are added, garbled, filled
with what JSON and Python can hold at their worst. Two things are promised: nothing raises,
and a feature that law blocks stays off. The evidence that a legal block rests on is left
alone, for a different place is a different question; so are a known platform and a known
subdivision, which rules may name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec
from hypothesis import strategies as st

from flags.engine.compile import compile_snapshot
from flags.engine.compiled import CompiledSnapshot
from flags.engine.context import Context
from flags.engine.definitions import Definitions, LegalOrder, Rule
from flags.engine.evaluate import answer, evaluate, evaluate_all, evaluate_directly
from flags.engine.explain import explain
from flags.engine.result import Evaluation, Reason
from flags.engine.signals import EVIDENCE, PARTICIPANTS_FIELD
from flags.wire.context import UnreadableContext, read_context
from tests.unit.engine.worlds import DAYS, NOON, definitions, places


class Hostile:
    """A value that raises whatever is done with it."""

    def _raise(self, *_given: object) -> Any:
        raise RuntimeError("do not touch")

    __hash__ = __eq__ = __str__ = __repr__ = __bool__ = __len__ = __iter__ = _raise


def nest(depth: int) -> Any:
    """Return lists within lists."""
    found: Any = "SG"
    for _level in range(depth):
        found = [found]
    return found


# Nothing here can be read as a text, so to be given it is the same as to be garbled.
UNREADABLE: tuple[Any, ...] = (
    float("nan"),
    float("-inf"),
    10**5_000,
    nest(5_000),
    {"SG": {"SG": nest(50)}},
    [],
    {},
    ["SG", float("nan"), None, ["AU"]],
    b"SG",
    {1, 2},
    object(),
    Hostile(),
    NOON,
    1j,
)
TEXTS = (
    *("", " ", "\ud800", "\udfff\ud800", "a\x00b", "x" * 1_999, "é" * 1_000, "1" * 1_999),
    *("NaN", "Infinity", "null", "{}", "[[[[", "\u202e", "XX", "ZZ", "true", "-0", "9" * 400),
    *("1e999", "0." + "1" * 500, "1.0.0-" + "0a." * 500, "٣", "SG", "pro", "7", "2026-11-20"),
)
SCALARS: tuple[Any, ...] = (True, False, 0, -1, 2**63, 1e308, 5e-324, None, *TEXTS)
FIELDS = (
    *("userId", "sessionId", "targetingKey", "remoteAddress", "appName", "environment"),
    *("platform", "osVersion", "appVersion", "enrolled", "enrolledCount", "plan", "age"),
    *("consents", "clusters", "city", "walletCurrency", "timeZone", "accountTimeZone"),
    *("locale", "profile", "schoolId", "daysInCountry", "__proto__", "", "\ud800", "x" * 3_000),
    *[name for names in EVIDENCE.values() for name in names],
)
ENDS_OF_TIME = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
LISTS = (PARTICIPANTS_FIELD, "consents", "clusters")
# Rules may name them: another known one is another question.
NAMED_BY_RULES = frozenset({"platform", "subdivision"})


class Plain:
    """Renders what was decided, in a few bytes."""

    name = "plain"

    def render(self, evaluation: Evaluation) -> bytes:
        """Return the key and what became of it."""
        return f"{evaluation.feature}:{evaluation.on}".encode()


@st.composite
def lawful_definitions(draw: st.DrawFn) -> Definitions:
    """Draw worlds in which law has a say about every feature."""
    world = draw(definitions())
    order = LegalOrder(rule=Rule(key="z-order"), targets=(), place=draw(places), effective=DAYS[0])
    return msgspec.structs.replace(
        world,
        orders=(*world.orders, order),
        features=tuple(
            msgspec.structs.replace(
                feature, law_basis=feature.law_basis or ("account", "location", "participants")
            )
            for feature in world.features
        ),
    )


def check_bad_contexts(
    world: Definitions, crowd: Iterable[dict[str, Any]], seed: int, *, times: int
) -> int:
    """Mangle each person some times and hold both promises; return how many were asked."""
    snapshot = compile_snapshot(world)
    dice = Random(seed)
    asked = 0
    for fields in crowd:
        blocked = find_blocked(snapshot, fields)
        for _time in range(times):
            mangled = mangle(fields, blocked, dice)
            context = read_or_none(mangled)
            if context is not None:
                check_answers(snapshot, context, blocked)
            garbled = garble(read(fields), blocked, dice)
            check_answers(snapshot, garbled, blocked)
            # At the ends of time other rules hold; that an answer comes back is all.
            edge = dice.choice(ENDS_OF_TIME)
            check_answers(snapshot, msgspec.structs.replace(garbled, now=edge), {})
            asked += 3
    return asked


def read(fields: dict[str, Any]) -> Context:
    """Read a context as a client's."""
    return read_context(fields, now=NOON, dice=lambda _sides: 1, environment="production")


def read_or_none(fields: Any) -> Context | None:
    """Read a context; being refused, with a name and a reason, is an answer as well."""
    try:
        return read(fields)
    except UnreadableContext as refused:
        str(refused).encode()
        return None


def find_blocked(snapshot: CompiledSnapshot, fields: dict[str, Any]) -> dict[str, str]:
    """Return the features that law blocks for a person, each with the signal that did."""
    context = read(fields)
    found = [evaluate(snapshot, key, context) for key in snapshot.feature_keys]
    return {one.feature: one.signal for one in found if one.reason is Reason.BLOCKED_BY_LAW}


def check_answers(snapshot: CompiledSnapshot, context: Context, blocked: dict[str, str]) -> None:
    """Ask in every way there is; what law blocks is off in each of them."""
    everything = {one.feature: one for one in evaluate_all(snapshot, context)}
    assert list(everything) == list(snapshot.feature_keys)
    rendered = b",".join(answer(snapshot, context, Plain()).fragments).split(b",")
    by_key = {one.partition(b":")[0].decode(): one for one in rendered}
    for key in snapshot.feature_keys:
        alone = evaluate(snapshot, key, context)
        direct = evaluate_directly(snapshot, key, context)
        steps = explain(snapshot, key, context)
        if key in blocked:
            states = [alone.on, direct.on, everything[key].on, b":True" in by_key[key]]
            assert states == [False] * 4, key
            assert "closed" in [step.state for step in steps], key


def mangle(fields: dict[str, Any], blocked: dict[str, str], dice: Random) -> dict[str, Any]:
    """Return a person's fields with some added and some garbled, but no evidence of a block."""
    found = dict(fields)
    kept = list_evidence(fields, blocked)
    for _field in range(dice.randint(1, 6)):
        name = dice.choice(FIELDS)
        if name not in kept:
            found[name] = draw_value(name, dice)
    participants = found.get(PARTICIPANTS_FIELD)
    if dice.random() < 0.3 and isinstance(participants, list):
        # Everybody who was there stays; others may join.
        found[PARTICIPANTS_FIELD] = [*participants, dice.choice(SCALARS), nest(3)]
    if dice.random() < 0.1:
        found["properties"] = dice.choice((None, 7, [], "x", {"plan": nest(9)}, {"age": None}))
    if dice.random() < 0.02:
        found.update((f"more{number}", number) for number in range(120))
    if dice.random() < 0.02:
        found[7] = "a name that is no text"  # type: ignore[index]
    return found


def draw_value(name: str, dice: Random) -> Any:
    """Draw something for a field that a client can fill."""
    if name in NAMED_BY_RULES or dice.random() < 0.6:
        return dice.choice(UNREADABLE)
    return dice.choice(SCALARS)


def list_evidence(fields: dict[str, Any], blocked: dict[str, str]) -> frozenset[str]:
    """Return the fields that blocks rest on: the whole signal's, up to the last."""
    found: set[str] = set()
    for signal in blocked.values():
        found.update(EVIDENCE.get(signal, (PARTICIPANTS_FIELD,)))
    return frozenset(found)


def garble(context: Context, blocked: dict[str, str], dice: Random) -> Context:
    """Return a context whose own parts hold what no reader would have put there."""
    kept = list_evidence(context.properties, blocked)
    properties: dict[Any, Any] = dict(context.properties)
    for _field in range(dice.randint(1, 4)):
        name = dice.choice(FIELDS)
        if name not in kept:
            properties[name] = draw_value(name, dice)
    changes: dict[str, Any] = {"properties": properties}
    for part in ("user_id", "session_id", "remote_address", "app_name", "environment"):
        if dice.random() < 0.2:
            changes[part] = draw_value(part, dice)
    if dice.random() < 0.2:
        lists: dict[str, Any] = dict(context.lists)
        name = dice.choice([one for one in LISTS if one not in kept])
        lists[name] = dice.choice(UNREADABLE)
        changes["lists"] = lists
    if dice.random() < 0.1:
        changes["dice"] = lambda _sides: dice.choice((0, -1, 10**9, 1))
    return msgspec.structs.replace(context, **changes)
