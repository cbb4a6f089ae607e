"""JSON Schemas of values (draft 2020-12), in bounds: whoever writes one cannot stop the door.

A schema is a small program that runs while an environment is locked. So whatever could make
one run long is counted or refused: steps, patterns that search back, size, depth, and
references to elsewhere. Nothing is ever fetched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import re2  # type: ignore[import-untyped]  # ships no types
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from regions.operations.checks import shown

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_BYTES: Final = 20_000
SCHEMA_DEPTH: Final = 24
PATTERN_CHARACTERS: Final = 512
COMPARED_ITEMS: Final = 1_000
# A schema of a page takes some hundreds for a value of a page; this many take a second.
STEPS_MAX: Final = 50_000
# They change what a reference means, or ask Python's engine, whose patterns search back.
REFUSED: Final = frozenset(
    {"$id", "$vocabulary", "$dynamicRef", "$dynamicAnchor", "patternProperties"}
    | {"unevaluatedProperties", "unevaluatedItems"}
)
_ONE: Final = ("items", "additionalProperties", "contains", "propertyNames", "not")
_IF: Final = ("if", "then", "else")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS: Final = ("properties", "$defs", "dependentSchemas")
TOLD_CHARACTERS: Final = 200
# The only format that matters here is a pattern's, and that is RE2's to judge.
_NO_FORMATS: Final = FormatChecker(())


class BadSchema(ValueError):
    """A schema that cannot be kept; says what is wrong with it, as the rest of a sentence."""


class Misfit(ValueError):
    """A value that a schema does not allow; says why, as the rest of a sentence."""


class _Stopped(Exception):
    """A validation that goes where it may not."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """Refuse what is no JSON Schema, and what could look elsewhere or run for long."""
    size = len(json.dumps(schema, ensure_ascii=False).encode())
    if size > SCHEMA_BYTES:
        raise BadSchema(f"may have at most {SCHEMA_BYTES} bytes; this one has {size}")
    if schema.get("$schema", DIALECT) != DIALECT:
        raise BadSchema(f"must be of {DIALECT}, not of {shown(str(schema['$schema']))}")
    nodes = list(_walk(schema))
    for node in nodes:
        _check_words(node)
    try:
        Draft202012Validator.check_schema(schema, format_checker=_NO_FORMATS)
    except SchemaError as error:
        raise BadSchema(f"is not valid: {_tell(error)}") from error
    for node in nodes:
        _check_pattern(node)
        _check_reference(node, schema)


def check_fits(value: object, schema: Mapping[str, Any]) -> None:
    """Refuse a value that a checked schema does not allow."""
    registry: Registry[Any] = Registry()
    try:
        validator = _build_validator()(schema, registry=registry)
        error = next(validator.iter_errors(value), None)
    except _Stopped as stopped:
        raise Misfit(str(stopped)) from None
    except Unresolvable as missing:
        raise Misfit(f"meets a reference to nothing: {shown(str(missing))}") from None
    except (RecursionError, OverflowError):
        raise Misfit("cannot be checked: the schema goes round in a circle") from None
    if error is not None:
        raise Misfit(f"does not fit the schema: {_tell(error)}")


def _walk(schema: object, depth: int = 1) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and every schema within it, where draft 2020-12 has schemas."""
    if not isinstance(schema, Mapping):
        return
    if depth > SCHEMA_DEPTH:
        raise BadSchema(f"is nested deeper than {SCHEMA_DEPTH} levels")
    yield schema
    inner: list[object] = [schema[word] for word in (*_ONE, *_IF) if word in schema]
    for word in _LISTS:
        listed = schema.get(word)
        inner += listed if isinstance(listed, list) else []
    for word in _MAPS:
        named = schema.get(word)
        inner += named.values() if isinstance(named, Mapping) else []
    for each in inner:
        yield from _walk(each, depth + 1)


def _check_words(node: Mapping[str, Any]) -> None:
    for word in sorted(REFUSED.intersection(node)):
        raise BadSchema(f"may not use {word}")
    reference = node.get("$ref")
    if isinstance(reference, str) and reference != "#" and not reference.startswith("#/"):
        raise BadSchema(f"may refer to itself only, as in #/$defs/x, not to {shown(reference)}")


def _check_pattern(node: Mapping[str, Any]) -> None:
    pattern = node.get("pattern")
    if pattern is None:
        return
    if len(pattern) > PATTERN_CHARACTERS:
        raise BadSchema(
            f"has a pattern of {len(pattern)} characters; {PATTERN_CHARACTERS} are possible"
        )
    try:
        re2.compile(pattern, _quiet())
    except re2.error as error:
        raise BadSchema(f"has a pattern that RE2 does not read: {shown(pattern)}") from error


def _check_reference(node: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Look a reference up now: a value might not get there for a year."""
    reference = node.get("$ref")
    if reference is None:
        return
    root: Resource[Any] = DRAFT202012.create_resource(schema)
    registry: Registry[Any] = Registry().with_resource("", root)
    try:
        registry.resolver().lookup(reference)
    except Unresolvable as error:
        raise BadSchema(f"has nothing at {shown(reference)}") from error


class _Steps:
    """The steps that one check may take, over all keywords of the schema."""

    def __init__(self) -> None:
        self.left = STEPS_MAX

    def count(self, check: Any) -> Any:
        """Return the check of a keyword with its steps counted."""

        def counted(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
            self.left -= 1 + (len(wanted) if isinstance(wanted, list | dict) else 0)
            if self.left < 0:
                message = f"takes more than {STEPS_MAX} steps to check against the schema"
                raise _Stopped(message)
            if not REFUSED.isdisjoint(schema):
                message = f"leads to a part of the schema that uses {min(REFUSED & schema.keys())}"
                raise _Stopped(message)
            yield from check(validator, wanted, instance, schema) or ()

        return counted


def _build_validator() -> Callable[..., Any]:
    """Build a validator whose steps are counted; each check has its own count."""
    steps = _Steps()
    words = {**Draft202012Validator.VALIDATORS, "pattern": _match, "uniqueItems": _compare}
    built: Callable[..., Any] = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, {word: steps.count(check) for word, check in words.items()}
    )
    return built


def _match(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """Search with RE2, whose time is bounded by the length of the text."""
    if isinstance(instance, str) and not re2.search(pattern, instance, _quiet()):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _compare(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Compare items with each other, few at most: the work grows with their square."""
    if wanted and isinstance(instance, list) and len(instance) > COMPARED_ITEMS:
        message = f"has {len(instance)} items to compare; {COMPARED_ITEMS} are possible"
        raise _Stopped(message)
    found: Any = Draft202012Validator.VALIDATORS["uniqueItems"]
    yield from found(validator, wanted, instance, schema) or ()


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


def _tell(error: ValidationError | SchemaError) -> str:
    """Return where something is wrong and what, in one short line."""
    what = error.message
    if len(what) > TOLD_CHARACTERS:
        # The value comes first and what it lacks comes last.
        half = TOLD_CHARACTERS // 2
        what = f"{what[:half]} … {what[-half:]}"
    return f"{what} (at {error.json_path})"
