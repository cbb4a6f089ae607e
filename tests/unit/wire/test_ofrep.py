"""OFREP answers as the strictest provider needs them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flags.engine.definitions import Rule
from flags.engine.result import ChosenVariant, Evaluation, Reason
from flags.wire.ofrep import render_bulk, render_error, render_flag

STANDARD = {"STATIC", "TARGETING_MATCH", "SPLIT", "UNKNOWN"}


def build(reason: Reason, **fields: Any) -> Evaluation:
    """Build an evaluation of the flag `pay`."""
    on = reason in {Reason.LIVE, Reason.VARIANT}
    return Evaluation(**{"feature": "pay", "on": on, "value": on, "reason": reason, **fields})


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_becomes_a_word_of_the_standard(reason: Reason) -> None:
    """Say only words that all providers know; ours stands in the metadata."""
    flag = json.loads(render_flag(build(reason)))
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
    flag = json.loads(render_flag(evaluation))
    assert (variant, reason) == (flag["variant"], flag["reason"])


@pytest.mark.parametrize(("value", "text"), [(42, "42"), (42.0, "42.0"), (True, "true")])
def test_a_value_keeps_its_json_type(value: object, text: str) -> None:
    """Keep integers integers and floats floats: providers look at the type."""
    assert f'"value":{text},' in render_flag(build(Reason.LIVE, value=value)).decode()


def test_a_flag_without_value_is_an_error_not_a_null() -> None:
    """Never send null: every provider calls that a wrong type."""
    flag = json.loads(render_flag(build(Reason.NOT_OFFERED, value=None)))
    assert "value" not in flag
    assert (flag["key"], flag["errorCode"], flag["metadata"]) == ("pay", "GENERAL", {})


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
