"""The engines that a Python service could pick instead, set up with the same features.

Each gets what it can say: an app version, a language or an age at least, a percentage and
variants. None of them knows offers, laws, kill switches, platforms or requirements, so they
are asked less than Landfall is; that is in their favour.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flags.engine.definitions import Constraint, Definitions, Feature

Fields = dict[str, Any]


class Candidate(NamedTuple):
    """An engine: one flag of a person, and all of a person's flags, by the person's number."""

    name: str
    single: Callable[[str, int], object]
    everything: Callable[[int], object]


def list_peers(world: Definitions, people: Sequence[Fields]) -> list[Candidate]:
    """Set the peers up; contexts are in each peer's own form before anything is measured."""
    return [
        build_unleash(world, people),
        build_flagsmith(world, people),
        build_growthbook(world, people),
    ]


def build_unleash(world: Definitions, people: Sequence[Fields]) -> Candidate:
    """Set UnleashClient up without a server: features from its bootstrap, no threads."""
    module = importlib.import_module("UnleashClient")
    caches = importlib.import_module("UnleashClient.cache")
    cache = caches.FileCache("landfall-bench")
    features = [_unleash_feature(feature) for feature in world.features]
    cache.bootstrap_from_dict({"version": 2, "features": features})
    client = module.UnleashClient(
        "http://127.0.0.1:9/api", "bench", cache=cache, disable_metrics=True,
        disable_registration=True,
    )  # fmt: skip
    client.initialize_client(fetch_toggles=False)
    keys = [feature.key for feature in world.features]
    standard = ("userId", "sessionId")
    contexts = [
        {
            **{name: one[name] for name in standard},
            "properties": {name: text for name, text in one.items() if name not in standard},
        }
        for one in people
    ]

    def everything(number: int) -> object:
        context = contexts[number]
        return [client.is_enabled(key, context) for key in keys]

    def single(key: str, number: int) -> object:
        return client.is_enabled(key, contexts[number])

    return Candidate("UnleashClient 6 (Rust engine), a loop for all", single, everything)


def _unleash_feature(feature: Feature) -> Fields:
    strategies = [
        {
            "name": one.name,
            "parameters": one.parameters,
            "constraints": [
                {
                    "contextName": test.context_name,
                    "operator": test.operator,
                    "values": list(test.values),
                    "value": test.value,
                }
                for test in one.constraints
            ],
            "variants": [
                {"name": variant.name, "weight": variant.weight, "stickiness": "default"}
                for variant in one.variants
            ],
        }
        for one in feature.strategies
    ]
    return {"name": feature.key, "enabled": True, "strategies": strategies, "type": "release"}


def build_flagsmith(world: Definitions, people: Sequence[Fields]) -> Candidate:
    """Set flagsmith-flag-engine up: a segment per feature whose override turns it on."""
    engine = importlib.import_module("flag_engine.engine")
    parts = {feature.key: _flagsmith_parts(feature) for feature in world.features}
    features = {key: part[0] for key, part in parts.items()}
    segments = {key: part[1] for key, part in parts.items() if part[1]}
    environment = {"key": "production", "name": "production"}
    identities = [
        {
            "identifier": one["userId"],
            "key": one["userId"],
            "traits": {**one, "age": int(one["age"])},
        }
        for one in people
    ]

    def everything(number: int) -> object:
        return engine.get_evaluation_result(
            {
                "environment": environment,
                "identity": identities[number],
                "features": features,
                "segments": segments,
            }
        )

    # It has no question for one flag: it is given one feature and its segment alone.
    alone = {
        key: ({key: features[key]}, {key: segments[key]} if key in segments else {})
        for key in features
    }

    def single(key: str, number: int) -> object:
        some_features, some_segments = alone[key]
        return engine.get_evaluation_result(
            {
                "environment": environment,
                "identity": identities[number],
                "features": some_features,
                "segments": some_segments,
            }
        )

    return Candidate("flagsmith-flag-engine 11", single, everything)


def _flagsmith_parts(feature: Feature) -> tuple[Fields, Fields]:
    strategy = feature.strategies[0]
    rollout = strategy.parameters["rollout"]
    conditions = [_flagsmith_condition(test) for test in strategy.constraints]
    if rollout != "100":
        conditions.append({"property": "", "operator": "PERCENTAGE_SPLIT", "value": rollout})
    own: Fields = {
        "key": feature.key, "name": feature.key, "enabled": not conditions, "value": None,
    }  # fmt: skip
    if strategy.variants:
        own["variants"] = [
            {"key": one.name, "value": one.name, "weight": one.weight / 10, "priority": place}
            for place, one in enumerate(strategy.variants)
        ]
    if not conditions:
        return own, {}
    return own, {
        "key": feature.key,
        "name": feature.key,
        "rules": [{"type": "ALL", "conditions": conditions}],
        "overrides": [{**own, "enabled": True}],
    }


def _flagsmith_condition(test: Constraint) -> Fields:
    if test.operator == "IN":
        return {"property": test.context_name, "operator": "IN", "value": list(test.values)}
    value = f"{test.value}:semver" if test.operator.startswith("SEMVER") else test.value
    return {"property": test.context_name, "operator": "GREATER_THAN_INCLUSIVE", "value": value}


def build_growthbook(world: Definitions, people: Sequence[Fields]) -> Candidate:
    """Set growthbook up: one rule per feature; people take turns on one instance."""
    module = importlib.import_module("growthbook")
    features = {feature.key: _growthbook_feature(feature) for feature in world.features}
    book = module.GrowthBook(features=features)
    attributes = [{**one, "id": one["userId"], "age": int(one["age"])} for one in people]
    keys = list(features)

    def everything(number: int) -> object:
        book.set_attributes(attributes[number])
        return [book.is_on(key) for key in keys]

    def single(key: str, number: int) -> object:
        book.set_attributes(attributes[number])
        return book.is_on(key)

    return Candidate("growthbook 4, a loop for all", single, everything)


def _growthbook_feature(feature: Feature) -> Fields:
    strategy = feature.strategies[0]
    rule: Fields = {"condition": {}}
    for test in strategy.constraints:
        rule["condition"][test.context_name] = _growthbook_condition(test)
    if strategy.variants:
        rule["variations"] = [one.name for one in strategy.variants]
        rule["weights"] = [one.weight / 1_000 for one in strategy.variants]
        rule["hashAttribute"] = "id"
    else:
        rule["force"] = True
        rollout = strategy.parameters["rollout"]
        if rollout != "100":
            rule |= {"coverage": int(rollout) / 100, "hashAttribute": "id"}
    return {"defaultValue": False, "rules": [rule]}


def _growthbook_condition(test: Constraint) -> Fields:
    if test.operator == "IN":
        return {"$in": list(test.values)}
    if test.operator.startswith("SEMVER"):
        return {"$vgte": test.value}
    return {"$gte": int(test.value)}
