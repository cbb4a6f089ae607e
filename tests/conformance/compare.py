"""Ask Landfall's engine and Unleash's own about the same payload and the same people."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from flags.engine.compile import compile_snapshot
from flags.engine.evaluate import evaluate
from flags.engine.result import Evaluation
from flags.wire.context import read_context
from flags.wire.unleash_import import parse_features
from tests.conformance.crowds import Person
from tests.conformance.sdk import Sdk, Verdict, write_context

FOUND = Path(__file__).with_name("found")


class Difference(NamedTuple):
    """One feature that the two engines decide differently for one person."""

    body: bytes
    person: Person
    feature: str
    ours: Verdict
    theirs: Verdict

    def save(self, folder: Path = FOUND) -> Path:
        """Write the case where the conformance tests find it; return its file."""
        case = {
            "payload": json.loads(self.body),
            "context": self.person.fields,
            "now": self.person.now.isoformat(),
            "feature": self.feature,
        }
        text = json.dumps(case, indent=1, sort_keys=True, ensure_ascii=True) + "\n"
        number = 1 + sum(1 for _file in folder.glob("*.json"))
        file = folder / f"difference-{number:03}.json"
        file.write_text(text)
        return file


def replay(file: Path) -> Difference | None:
    """Ask again what a saved case asked."""
    case: dict[str, Any] = json.loads(file.read_text())
    person = Person(case["context"], datetime.fromisoformat(case["now"]))
    return find_difference(json.dumps(case["payload"]).encode(), [person], [case["feature"]])


def find_difference(
    body: bytes, crowd: Iterable[Person], features: Iterable[str] = ()
) -> Difference | None:
    """Return the first difference, of these features or of all; None when there is none."""
    sdk = Sdk(body)
    assert sdk.warnings is None, f"Unleash's engine does not take the payload: {sdk.warnings}"
    snapshot = compile_snapshot(parse_features(body))
    keys = list(features) or snapshot.feature_keys
    for person in crowd:
        asked = write_context(person.fields, person.now)
        context = read_context(
            person.fields,
            now=person.now,
            dice=lambda _sides: 1,
            environment=person.fields.get("environment") or "default",
        )
        for key in keys:
            ours, theirs = _write(evaluate(snapshot, key, context)), sdk.judge(key, asked)
            if ours != theirs:
                return Difference(body, person, key, ours, theirs)
    return None


def shrink(difference: Difference) -> Difference:
    """Leave out what the person need not have for the engines to differ."""
    for name in list(difference.person.fields):
        fewer = {key: text for key, text in difference.person.fields.items() if key != name}
        person = Person(fewer, difference.person.now)
        difference = find_difference(difference.body, [person], [difference.feature]) or difference
    return difference


def _write(evaluation: Evaluation) -> Verdict:
    variant = evaluation.variant
    if variant is None:
        return Verdict(on=evaluation.on)
    payload = variant.payload
    return Verdict(
        on=evaluation.on,
        variant=variant.name,
        payload=(payload.type, payload.value) if payload else None,
    )
