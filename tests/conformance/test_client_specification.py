"""The Unleash client-specification, run through compile and evaluate.

The specification is read where it lies beside this repository and never copied.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from flags.engine.compile import compile_snapshot
from flags.engine.compiled import CompiledSnapshot
from flags.engine.context import Context
from flags.engine.evaluate import evaluate, evaluate_directly
from flags.engine.result import Evaluation
from flags.wire.context import read_context
from flags.wire.unleash_import import parse_features

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LANDFALL_SHARED") or ROOT.parent / "shared")
SPECIFICATIONS = SHARED / "conformance" / "client-specification" / "specifications"
CASES_IN_6_1_0 = 279

pytestmark = pytest.mark.skipif(
    not SPECIFICATIONS.is_dir(),
    reason="needs a clone of github.com/Unleash/client-specification in conformance/ of a folder;"
    " name that in LANDFALL_SHARED",
)


def list_cases() -> Iterator[Any]:
    """List every case with an id that names its file and its promise."""
    if not SPECIFICATIONS.is_dir():
        return
    for name in json.loads((SPECIFICATIONS / "index.json").read_text()):
        specification = json.loads((SPECIFICATIONS / name).read_text())
        for kind in ("tests", "variantTests"):
            for case in specification.get(kind, ()):
                label = f"{specification['name']}: {case['description']}"
                yield pytest.param(name, case, id=label)


@lru_cache
def compile_file(name: str) -> CompiledSnapshot:
    """Compile the state of one file of the specification."""
    state = json.loads((SPECIFICATIONS / name).read_text())["state"]
    return compile_snapshot(parse_features(state))


def read(given: Mapping[str, Any]) -> Context:
    """Read a context of the specification, which may set its own time and environment."""
    return read_context(
        given,
        now=datetime(2026, 11, 20, 12, tzinfo=UTC),
        dice=lambda sides: sides,
        environment=given.get("environment", ""),
        trusted=True,
    )


def write_variant(evaluation: Evaluation) -> dict[str, Any]:
    """Write the variant of an evaluation as the specification expects it."""
    variant = evaluation.variant
    if variant is None:
        return {"name": "disabled", "enabled": False, "feature_enabled": evaluation.on}
    written: dict[str, Any] = {"name": variant.name, "enabled": True, "feature_enabled": True}
    if variant.payload is not None:
        written["payload"] = {"type": variant.payload.type, "value": variant.payload.value}
    return written


@pytest.mark.parametrize(("name", "case"), list(list_cases()))
def test_case_of_the_specification_holds(name: str, case: Mapping[str, Any]) -> None:
    """The engine answers a case as the specification says, by plan and directly."""
    snapshot = compile_file(name)
    context = read(case["context"])
    evaluation = evaluate(snapshot, case["toggleName"], context)
    expected = case["expectedResult"]
    if isinstance(expected, bool):
        assert evaluation.on is expected
    else:
        assert write_variant(evaluation) == {
            name: value for name, value in expected.items() if name != "featureEnabled"
        }
    assert evaluate_directly(snapshot, case["toggleName"], context) == evaluation


def test_every_case_is_run() -> None:
    """No file of the specification is forgotten."""
    assert sum(1 for _case in list_cases()) == CASES_IN_6_1_0
