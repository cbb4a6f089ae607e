"""Types of values: what the one door keeps, and what it refuses in which words."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from flags.models import Feature, Variant
from flags.operations.schemas import BadSchema, Misfit, check_fits, check_schema
from flags.operations.targeting import SetTargeting, StrategySpec, VariantSpec
from regions.governance.commands import Refused
from tests.unit.world import Do, a_feature

LAYOUT = {
    "type": "object",
    "properties": {
        "columns": {"type": "integer", "minimum": 1, "maximum": 3},
        "accent": {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
    },
    "required": ["columns"],
    "additionalProperties": False,
}


def give(payload: str, payload_type: str = "", *, environment: str = "production") -> SetTargeting:
    """Return a command that gives `pay.x` one variant, `a`, with this payload."""
    variant = VariantSpec(name="a", weight=1000, payload_type=payload_type, payload_value=payload)
    strategy = StrategySpec(name="flexibleRollout", variants=(variant,))
    return SetTargeting(
        app="shop", environment=environment, feature="pay.x", strategies=(strategy,)
    )


@pytest.mark.parametrize(
    ("kind", "off", "payload", "payload_type"),
    [
        ("string", "none", "14d", "string"),
        ("number", 0.5, "42", "number"),
        ("integer", 0, "42", "number"),
        ("json", {"columns": 1}, '{"columns": 2}', "json"),
        ("json", [], "[1]", "json"),
    ],
)
def test_the_type_of_a_payload_follows_from_the_features(
    world: Do, kind: str, off: object, payload: str, payload_type: str
) -> None:
    """Unleash has a payload type for each value type; nobody has to know them."""
    world(a_feature("pay.x", value_type=kind, off_value=off))
    world(give(payload))
    row = Variant.objects.get()
    assert (payload_type, payload) == (row.payload_type, row.payload_value)
    assert not world(give(payload, payload_type)).changed


def test_a_number_is_kept_as_a_float(world: Do) -> None:
    """Whoever types 1 means 1.0: Python's and Java's clients tell them apart."""
    world(a_feature("pay.x", value_type="number", off_value=1))
    assert "1.0" == repr(Feature.objects.get(key="pay.x").off_value)


@pytest.mark.parametrize(
    ("kind", "off", "payload", "payload_type", "told"),
    [
        ("integer", 0, "4.5", "", "payload of a is not a whole number from -2147483648"),
        ("integer", 0, "4.5", "", "it is “4.5”"),
        ("integer", 0, "2147483648", "", "to 2147483647"),
        ("integer", 0, "42", "string", "whose payloads are of type number"),
        ("integer", 0, "42", "json", "pay.x is of type integer"),
        ("number", 0, "NaN", "", "is not a number"),
        ("string", "", "{}", "json", "string or csv"),
        ("json", {}, "{", "", "object or array"),
        ("json", {}, "[]", "", "is an array; the off value of pay.x is an object"),
        ("json", [], "{}", "", "is an object; the off value of pay.x is an array"),
        ("json", {}, '"text"', "", "object or array"),
        ("boolean", False, "x", "number", "of type number, which “x” is not"),
        ("boolean", False, "{", "json", "of type json, which “{” is not"),
        ("boolean", False, "NaN", "number", "which “NaN” is not"),
    ],
)
def test_a_payload_of_another_type_is_refused(
    world: Do, kind: str, off: object, *, payload: str, payload_type: str, told: str
) -> None:
    """The refusal names the strategy, the variant, the type and the value seen."""
    world(a_feature("pay.x", value_type=kind, off_value=off))
    with pytest.raises(Refused, match=r"Strategy 1 of pay\.x") as caught:
        world(give(payload, payload_type))
    assert told in caught.value.message
    assert not Variant.objects.exists()


@pytest.mark.parametrize("payload", ["7", ""])
def test_an_on_or_off_feature_carries_what_it_likes(world: Do, payload: str) -> None:
    """Unleash's own clients read payloads of features that are just on or off."""
    world(a_feature("pay.x"))
    world(give(payload, "string"))
    assert payload == Variant.objects.get().payload_value


def test_a_type_changes_only_where_all_variants_fit(world: Do) -> None:
    """Variants of every environment are looked at; the refusal says which and where."""
    world(a_feature("pay.x", value_type="string", off_value="0"))
    world(give("42"))
    world(give("many", environment="staging"))
    with pytest.raises(Refused, match="the payload of a in production is of type string") as caught:
        world(a_feature("pay.x", value_type="integer", off_value=0))
    assert ("variants_differ", "value_type") == (caught.value.code, caught.value.field)
    for environment in ("production", "staging"):
        world(SetTargeting(app="shop", environment=environment, feature="pay.x", strategies=()))
    assert world(a_feature("pay.x", value_type="integer", off_value=0)).changed


def test_values_fit_their_schema(world: Do) -> None:
    """The off value, every payload, and every payload that is there when the schema changes."""
    layout: dict[str, Any] = {"value_type": "json", "off_value": {"columns": 1}}
    world(a_feature("pay.x", **layout, value_schema=LAYOUT))
    world(give('{"columns": 3, "accent": "#00ff7f"}'))
    with pytest.raises(Refused, match="payload of a does not fit the schema: 4 is greater than"):
        world(give('{"columns": 4}'))
    with pytest.raises(Refused, match=r"\(at \$\.accent\)"):
        world(give('{"columns": 1, "accent": "red"}'))
    with pytest.raises(Refused, match=r"when off .*; it is “false”\."):
        world(a_feature("pay.y", value_type="string", off_value=False))
    with pytest.raises(Refused, match=r"pay\.x when off does not fit") as caught:
        world(a_feature("pay.x", **{**layout, "off_value": {}}, value_schema=LAYOUT))
    assert ("bad_off_value", "off_value") == (caught.value.code, caught.value.field)
    stricter = {"properties": {"columns": {"maximum": 2}}}
    with pytest.raises(Refused, match="the payload of a in production does not fit") as caught:
        world(a_feature("pay.x", **layout, value_schema=stricter))
    assert ("variants_differ", "value_schema") == (caught.value.code, caught.value.field)
    assert world(a_feature("pay.x", **layout)).changed
    assert {} == Feature.objects.get(key="pay.x").value_schema


@pytest.mark.parametrize(
    ("kind", "off", "schema", "told"),
    [
        ("integer", 0, {"minimum": 0}, "is for values of type json, not of type integer"),
        ("json", {}, {"type": "objekt"}, "is not valid"),
        ("json", {}, ["type"], "must be a JSON object"),
        ("json", {}, {"pattern": "(a"}, "RE2 does not read"),
        ("json", {}, {"$ref": "https://example.org/schema"}, "may refer to itself only"),
    ],
)
def test_a_schema_that_cannot_be_is_refused(
    world: Do, kind: str, off: object, schema: Any, told: str
) -> None:
    """It is refused beside its field, before any value is held against it."""
    with pytest.raises(Refused, match=r"The schema of pay\.x") as caught:
        world(a_feature("pay.x", value_type=kind, off_value=off, value_schema=schema))
    assert told in caught.value.message
    assert ("bad_value_schema", "value_schema") == (caught.value.code, caught.value.field)


def nest(levels: int) -> dict[str, Any]:
    """Return a schema of so many schemas in each other."""
    return {"items": nest(levels - 1)} if levels > 1 else {}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "must be of https://json-schema"),
        ({"description": "x" * 20_000}, "at most 20000 bytes"),
        (nest(25), "deeper than 24"),
        ({"pattern": "(?=a)"}, "RE2 does not read"),
        ({"pattern": "(a)\\1"}, "RE2 does not read"),
        ({"pattern": "a" * 513}, "513 characters"),
        ({"properties": {"a": {"patternProperties": {}}}}, "may not use patternProperties"),
        ({"$id": "https://example.org/x"}, "may not use $id"),
        ({"items": {"$dynamicRef": "#a"}}, "may not use $dynamicRef"),
        ({"allOf": [{"$ref": "file:///etc/passwd"}]}, "may refer to itself only"),
        ({"then": {"$ref": "other.json"}}, "may refer to itself only"),
        ({"$ref": "#/$defs/none"}, "has nothing at #/$defs/none"),
        ({"properties": 5}, "is not valid"),
        ({"pattern": 5}, "is not valid"),
        ({"$ref": 5}, "is not valid"),
        ({"multipleOf": 0}, "is not valid"),
    ],
)
def test_schemas_that_look_elsewhere_or_run_long_are_refused(schema: Any, told: str) -> None:
    """Nothing is fetched, nothing searches back, nothing is without a bound."""
    with pytest.raises(BadSchema) as caught:
        check_schema(schema)
    assert told in str(caught.value)


def bomb(levels: int) -> dict[str, Any]:
    """Return a schema in which each level asks the next one twice."""
    names = [f"#/$defs/d{level}" for level in range(levels)]
    doubled = {f"d{level}": {"allOf": [{"$ref": name}] * 2} for level, name in enumerate(names[1:])}
    return {"$ref": names[0], "$defs": {**doubled, f"d{levels - 1}": {"type": "object"}}}


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        (bomb(40), {}, "50000 steps"),
        ({"$ref": "#"}, {}, "goes round in a circle"),
        ({"items": {"enum": list(range(3_000))}}, [2_999] * 6_000, "50000 steps"),
        ({"uniqueItems": True}, [[number] for number in range(5_000)], "5000 items to compare"),
        ({"items": {"pattern": "^(a+)+$"}}, ["a" * 18_000 + "b"], "does not match"),
        ({"items": {"pattern": "(x+x+)+y"}}, ["x" * 18_000], "does not match"),
        ({"$ref": "#/x", "x": {"patternProperties": {"(a+)+$": {}}}}, {}, "patternProperties"),
        ({"multipleOf": 1e-300}, 10**300, "multiple"),
    ],
)
def test_no_schema_holds_the_door_for_long(schema: Any, value: object, told: str) -> None:
    """What would take years is told within seconds, on a slow machine too."""
    check_schema(schema)
    began = time.process_time()
    with pytest.raises(Misfit) as caught:
        check_fits(value, schema)
    assert told in str(caught.value)
    assert time.process_time() - began < 5
    assert len(str(caught.value)) < 400


def test_a_schema_may_refer_to_its_own_parts() -> None:
    """Trees are allowed: each step goes down in the value."""
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["name"]}
    check_schema(tree)
    check_fits({"name": 1, "next": {"name": 2}}, tree)
    with pytest.raises(Misfit, match=r"at \$\.next"):
        check_fits({"name": 1, "next": {}}, tree)
    assert json.loads(json.dumps(tree)) == tree
