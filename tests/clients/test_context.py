"""The context helpers of the examples: one spelling, in two languages, read alike everywhere."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from landfall_context import regional_context

from flags.engine.compile import compile_snapshot
from flags.engine.context import Context
from flags.engine.definitions import Definitions, KillSwitch
from flags.engine.evaluate import evaluate
from flags.engine.lower import lower
from flags.engine.signals import resolve
from flags.engine.versions import parse_padded, parse_strict
from flags.wire.context import read_context
from flags.wire.unleash import render_features
from launch.javascript import EXAMPLES
from regions.locales.territory import list_countries, list_spellings, normalise_country
from tests.clients.javascript import run_node
from tests.conformance.sdk import Sdk
from tests.unit.engine.worlds import (
    CODES,
    CONSENTS,
    GROUPS,
    NOON,
    WALLETS,
    ZONES,
    definitions,
    kills,
)

VECTORS = json.loads((EXAMPLES / "context-vectors.json").read_text(encoding="utf-8"))
SPELLINGS = tuple(text for code in (*CODES, "ZW") for text in list_spellings(code))

PLACES = (
    *("account_country", "phone_country", "location_country", "gps_country"),
    *("network_country", "ip_country", "storefront_country"),
)

known_codes = st.sampled_from(SPELLINGS).flatmap(
    lambda text: st.sampled_from((text, text.lower(), f" {text} "))
)
any_codes = known_codes | st.sampled_from(("", "XX", "zz", "Atlantis", "12", "USD"))
versions = st.sampled_from(("18", "18.0", "18.0.0", "15", "15.0", "14.8.1", "014.8", "18.0.0.7"))
complete = st.fixed_dictionaries(
    {
        "user_id": st.sampled_from(("7", "8", "42")),
        "session_id": st.just("s1"),
        "account_country": known_codes,
        "location_country": known_codes,
        "storefront_country": known_codes,
        "platform": st.sampled_from(("ios", "iOS", "web ")),
        "os_version": versions,
        "app_version": st.sampled_from(("8.0.70", "8.0.9", "8", "8.1")),
        "enrolled": st.booleans(),
        "age": st.sampled_from((12, 17.9, 18)),
        "account_time_zone": st.sampled_from(ZONES[:2]),
        "time_zone": st.sampled_from(ZONES[:2]),
    },
    optional={
        "participant_countries": st.lists(known_codes, min_size=1, max_size=4),
        "consents": st.lists(st.sampled_from((*CONSENTS, "profiling2")), min_size=1),
        "clusters": st.lists(st.sampled_from((*GROUPS, "other")), min_size=1),
        "city": st.sampled_from((*GROUPS, "other")),
        "wallet_currency": st.sampled_from((*WALLETS, "usd")),
        "more": st.fixed_dictionaries({"plan": st.sampled_from(("pro", "free"))}),
    },
)
evidence = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(PLACES, any_codes),
        "participant_countries": st.lists(any_codes, max_size=4),
    },
)
moments = st.integers(-80, 80).map(lambda hours: NOON + timedelta(hours=hours, minutes=7))


def read(fields: dict[str, Any], now: Any = NOON) -> Context:
    """Read a context as the server does, with dice that let everybody in."""
    return read_context(
        fields, now=now, dice=lambda _sides: 1, environment="production", trusted=True
    )


def to_arguments(fields: dict[str, Any]) -> dict[str, Any]:
    """Name fields as Python does: `account_country` for `accountCountry`."""
    return {
        re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name): value
        for name, value in fields.items()
    }


def to_fields(arguments: dict[str, Any]) -> dict[str, Any]:
    """Name arguments as they are named on the wire."""
    return {
        re.sub("_([a-z])", lambda found: found[1].upper(), name): value
        for name, value in arguments.items()
    }


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["why"])
def test_python_keeps_to_the_vectors(vector: dict[str, Any]) -> None:
    """Build the contexts that stand in context-vectors.json."""
    person = regional_context(**to_arguments(vector["evidence"]))
    assert vector["unleash"] == person.unleash()
    assert vector["ofrep"] == person.ofrep()


def test_javascript_keeps_to_the_vectors() -> None:
    """The same file, with Node's own test runner."""
    done = run_node("--test", "javascript/landfall-context.test.js")
    assert done.returncode == 0, done.stdout
    assert f"pass {len(VECTORS) + 1}\n" in done.stdout


def test_a_field_with_an_argument_of_its_own_is_refused() -> None:
    """`more` cannot overrule a place."""
    with pytest.raises(ValueError, match="accountCountry"):
        regional_context(more={"accountCountry": "SG"})


def test_both_languages_know_every_spelling_of_every_country() -> None:
    """The tables are the engine's own, withdrawn codes included."""
    spellings = [text for code in list_countries() for text in list_spellings(code)]
    expected = [normalise_country(text) for text in spellings]
    read_here = [
        regional_context(account_country=text).attributes["accountCountry"] for text in spellings
    ]
    assert expected == read_here
    script = (
        "import { regionalContext } from './javascript/landfall-context.js';"
        f"const texts = {json.dumps(spellings)};"
        "console.log(JSON.stringify(texts.map((text) =>"
        " regionalContext({ accountCountry: text }).attributes.accountCountry)));"
    )
    done = run_node("--input-type=module", "--eval", script)
    assert expected == json.loads(done.stdout), done.stderr


@given(given_evidence=evidence)
def test_the_server_finds_the_same_places(given_evidence: dict[str, Any]) -> None:
    """Whatever is given, readable or not, the helper changes no signal and no doubt about it."""
    expected = resolve(read(to_fields(given_evidence)))
    person = regional_context(**given_evidence)
    assert expected == resolve(read(person.unleash()))
    assert expected == resolve(read(person.ofrep()))


@given(text=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}", fullmatch=True))
def test_versions_say_what_they_said(text: str) -> None:
    """An SDK reads the padded version as the server reads the one that was given."""
    version = regional_context(os_version=text).attributes["osVersion"]
    assert parse_strict(str(version)) is not None
    assert parse_padded(text) == parse_padded(str(version))


@given(
    world=definitions(),
    switches=kills(),
    crowd=st.lists(st.tuples(complete, moments), min_size=1, max_size=5),
)
def test_sdks_and_engine_decide_alike_on_what_the_helper_sends(
    world: Definitions,
    switches: tuple[KillSwitch, ...],
    crowd: list[tuple[dict[str, Any], Any]],
) -> None:
    """On a complete person an SDK gives the engine's variant of every exact feature."""
    snapshot = compile_snapshot(world, switches)
    lowered = lower(world, switches)
    sdk = Sdk(render_features([lowered], environment="production"))
    exact = [one.key for one in lowered.features if one.exact and not one.hidden]
    for arguments, now in crowd:
        person = regional_context(**arguments)
        sent = person.unleash()
        fields = {**sent, **sent.pop("properties")}
        for key in exact:
            evaluation = evaluate(snapshot, key, read(person.ofrep(), now))
            assert evaluation.on == sdk.is_on(key, fields, now)
            expected = evaluation.variant.name if evaluation.variant else "disabled"
            assert expected == sdk.variant(key, fields, now)


@given(
    world=definitions(),
    switches=kills(),
    crowd=st.lists(st.tuples(evidence, moments), min_size=1, max_size=5),
)
def test_an_sdk_is_never_looser_on_what_the_helper_sends(
    world: Definitions,
    switches: tuple[KillSwitch, ...],
    crowd: list[tuple[dict[str, Any], Any]],
) -> None:
    """However little is known of a person, and however badly it is written."""
    snapshot = compile_snapshot(world, switches)
    sdk = Sdk(render_features([lower(world, switches)], environment="production"))
    for arguments, now in crowd:
        sent = regional_context(**arguments).unleash()
        fields = {**sent, **sent.pop("properties")}
        for key in snapshot.feature_keys:
            if sdk.is_on(key, fields, now):
                assert evaluate(snapshot, key, read(fields, now)).on
