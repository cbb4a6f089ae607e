"""Toggles as the strictest frontend SDKs need them."""

from __future__ import annotations

import json

from flags.engine.definitions import Payload
from flags.engine.result import ChosenVariant, Evaluation, Reason
from flags.wire.frontend import EveryToggleRenderer, FrontendRenderer, render_toggles

ON = Evaluation(feature="pay", on=True, value=True, reason=Reason.LIVE)
OFF = Evaluation(feature="call", on=False, value=False, reason=Reason.KILLED)
CHOSEN = Evaluation(
    feature="home",
    on=True,
    value="grid",
    reason=Reason.VARIANT,
    variant=ChosenVariant("grid", Payload("string", "grid")),
)


def test_a_flag_that_is_off_is_left_out() -> None:
    """Leave flags out that are off: SDKs take a missing name for off."""
    renderer = FrontendRenderer()
    body = render_toggles(map(renderer.render, (OFF, ON)))
    assert [toggle["name"] for toggle in json.loads(body)["toggles"]] == ["pay"]


def test_a_toggle_without_variant_has_every_key_and_no_null() -> None:
    """Give Android and iOS every key they parse, never a null."""
    expected = {
        "name": "pay",
        "enabled": True,
        "impressionData": False,
        "variant": {
            "name": "disabled",
            "enabled": False,
            "feature_enabled": True,
            "featureEnabled": True,
        },
    }
    assert expected == json.loads(FrontendRenderer().render(ON))


def test_a_payload_is_text_with_its_type() -> None:
    """Send payloads as texts with their type, as the contract has it."""
    variant = json.loads(FrontendRenderer().render(CHOSEN))["variant"]
    assert variant["payload"] == {"type": "string", "value": "grid"}
    assert (variant["enabled"], variant["name"]) == (True, "grid")


def test_edges_all_lists_flags_that_are_off_too() -> None:
    """List an off flag as disabled where all flags are asked for."""
    toggle = json.loads(EveryToggleRenderer().render(OFF))
    assert (toggle["enabled"], toggle["variant"]["feature_enabled"]) == (False, False)


def test_no_flags_are_an_empty_list() -> None:
    """Answer an empty list, not nothing, when all flags are off."""
    assert render_toggles([b"", b""]) == b'{"toggles":[]}'
