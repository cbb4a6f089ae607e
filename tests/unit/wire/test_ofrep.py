"""OFREP answers as the strictest provider needs them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flags.engine.definitions import Feature, Rule, Strategy
from flags.engine.result import ChosenVariant, Evaluation, Reason
from flags.wire.ofrep import OfrepRenderer, is_keyed, render_bulk, render_error

RENDERER = OfrepRenderer("superapp", (Feature(key="pay", value_type="integer"),))
STANDARD = {"STATIC", "TARGETING_MATCH", "SPLIT", "UNKNOWN"}


def build(reason: Reason, **fields: Any) -> Evaluation:
    """Build an evaluation of the flag `pay`."""
    on = reason in {Reason.LIVE, Reason.VARIANT}
    return Evaluation(**{"feature": "pay", "on": on, "value": on, "reason": reason, **fields})


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_becomes_a_word_of_the_standard(reason: Reason) -> None:
    """Say only words that all providers know; ours stands in the metadata."""
    flag = json.loads(RENDERER.render(build(reason)))
    assert flag["reason"] in STANDARD
    assert reason.value == flag["metadata"]["landfallReason"]
    assert {"key", "value", "reason", "variant", "metadata"} == flag.keys()


@pytest.mark.parametrize(
    ("evaluation", "variant", "reason"),
    [
        (build(Reason.LIVE), "on", "STATIC"),
        (build(Reason.LIVE, rule=Rule(key="offer-1")), "on", "TARGETING_MATCH"),
        (build(Reason.KILLED, rule=Rule(key="kill-1")), "off", "TARGETING_MATCH"),
        (build(Reason.NOT_IN_ROLLOUT), "off", "SPLIT"),
        (build(Reason.VARIANT, variant=ChosenVariant("grid")), "grid", "SPLIT"),
        (build(Reason.ERROR), "off", "UNKNOWN"),
    ],
)
def test_variant_and_reason_tell_what_decided(
    evaluation: Evaluation, variant: str, reason: str
) -> None:
    """Name a variant always: Python's provider fails without one."""
    flag = json.loads(RENDERER.render(evaluation))
    assert (variant, reason) == (flag["variant"], flag["reason"])


@pytest.mark.parametrize(("value", "text"), [(42, "42"), (42.0, "42.0"), (True, "true")])
def test_a_value_keeps_its_json_type(value: object, text: str) -> None:
    """Keep integers integers and floats floats: providers look at the type."""
    assert f'"value":{text},' in RENDERER.render(build(Reason.LIVE, value=value)).decode()


def test_a_flag_without_value_leaves_it_to_the_code() -> None:
    """Never send null: every provider calls that a wrong type."""
    flag = json.loads(RENDERER.render(build(Reason.NOT_OFFERED, value=None)))
    assert {"key", "reason", "variant", "metadata"} == flag.keys()


def test_metadata_is_flat_and_tells_app_and_type() -> None:
    """Only texts: Java breaks on nulls, Kotlin on nesting and on floats."""
    rule = Rule(key="offer-1")
    told = build(Reason.REQUIRES_OFF, rule=rule, signal="account", detail="chat")
    expected = {
        "landfallReason": "REQUIRES_OFF",
        "project": "superapp",
        "type": "integer",
        "rule": "offer-1",
        "signal": "account",
        "detail": "chat",
    }
    assert expected == json.loads(RENDERER.render(told))["metadata"]


@pytest.mark.parametrize(
    ("stickiness", "keyed"),
    [(["userId"], True), (["userId", "default"], False), (["default"], False), ([], False)],
)
def test_a_flag_is_keyed_where_only_users_are_recognised(
    stickiness: list[str],
    keyed: bool,  # noqa: FBT001
) -> None:
    """A session, or dice, will do for every other flag."""
    strategies = [
        Strategy("flexibleRollout", {"rollout": "5", "stickiness": word}) for word in stickiness
    ]
    assert keyed is is_keyed(Feature(key="f", strategies=tuple(strategies)))


def test_a_bulk_answer_has_only_flags_unless_more_is_switched_on() -> None:
    """Send no top-level key that Kotlin's provider does not know."""
    assert list(json.loads(render_bulk([b'{"key":"a"}']))) == ["flags"]


def test_a_bulk_answer_points_to_the_stream_when_switched_on() -> None:
    """Point to the stream by a path of the same origin."""
    answer = json.loads(render_bulk([], stream_uri="/ofrep/v1/events?ch=1", metadata={"v": "1"}))
    assert answer["eventStreams"][0]["endpoint"]["requestUri"] == "/ofrep/v1/events?ch=1"
    assert answer["metadata"] == {"v": "1"}


def test_errors_have_every_key_that_providers_read() -> None:
    """Give Java its metadata and Python its details, also in errors."""
    expected = {
        "key": "pay",
        "errorCode": "FLAG_NOT_FOUND",
        "errorDetails": "No such flag.",
        "metadata": {},
    }
    assert expected == json.loads(render_error("FLAG_NOT_FOUND", "No such flag.", key="pay"))
