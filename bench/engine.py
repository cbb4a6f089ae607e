"""How fast the engine is beside engines that a Python service could pick instead.

One process on one core measures everything in one run and prints Markdown tables. Run it
with `make bench-engine`, which installs the peers into a virtual environment of their own.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bench.peers import Candidate, list_peers
from bench.population import Crowd, to_context
from bench.synthetic import build_definitions
from flags.engine.compile import compile_snapshot
from flags.engine.compiled import CompiledSnapshot
from flags.engine.context import Context
from flags.engine.evaluate import answer, evaluate
from flags.wire.frontend import FrontendRenderer, render_toggles

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RENDERER = FrontendRenderer()
CONTEXTS = 2_000
TURNS = 50
# Of so many features, people whom nobody is alike take tens of milliseconds each.
MANY_FEATURES = 1_000
FEW_CONTEXTS = 200
# So short that most are not interrupted on a machine that does other things too.
SINGLE_CALLS = 500
ALL_CALLS = 40
FRESH_CALLS = 100
TURN_SECONDS = 0.01


def main() -> None:
    """Run every measurement and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300_000, help="of the population")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {', '.join(f'{one:.1f}' for one in os.getloadavg())}\n")
    compare_with_peers()
    print_growth()
    print_population(options.people)
    print_compile()
    print(f"\nload at the end {', '.join(f'{one:.1f}' for one in os.getloadavg())}")


def compare_with_peers() -> None:
    """Print single flag and all flags of 100 features for every candidate, turn by turn."""
    world = build_definitions(features=100)
    crowd = Crowd()
    fields = [crowd.draw(number) for number in range(CONTEXTS)]
    candidates = [landfall(world, fields), *list_peers(world, fields)]
    keys = [feature.key for feature in world.features]
    pairs = [(keys[turn * 37 % len(keys)], turn) for turn in range(CONTEXTS)]

    singles = {one.name: one.single for one in candidates}
    everything = {one.name: one.everything for one in candidates}
    single = measure_in_turn(
        {name: _each(call, pairs) for name, call in singles.items()}, SINGLE_CALLS
    )
    people = list(range(CONTEXTS))
    whole = measure_in_turn(
        {name: _everybody(call, people) for name, call in everything.items()}, ALL_CALLS
    )
    print("## 100 features (30 rollouts, 3 with variants), 2,000 contexts in turn, warm\n")
    print("| candidate | single flag us | ratio | all flags us | ratio |")
    print("| --- | ---: | ---: | ---: | ---: |")
    first_single, first_whole = single[candidates[0].name], whole[candidates[0].name]
    for one in candidates:
        print(
            f"| {one.name} | {single[one.name]:.2f} | {single[one.name] / first_single:.1f} "
            f"| {whole[one.name]:.1f} | {whole[one.name] / first_whole:.0f} |"
        )
    print()


def landfall(world: Any, fields: Sequence[dict[str, Any]]) -> Candidate:
    """Set Landfall up: contexts are read beforehand, as all candidates' are."""
    snapshot = compile_snapshot(world)
    contexts = read_people(fields)

    def everything(number: int) -> bytes:
        return render_toggles(answer(snapshot, contexts[number], RENDERER).fragments)

    def single(key: str, number: int) -> object:
        return evaluate(snapshot, key, contexts[number])

    return Candidate("Landfall (single: value and reason; all: to bytes)", single, everything)


def read_people(fields: Sequence[dict[str, Any]]) -> list[Context]:
    """Read contexts; no two share a text."""
    return [to_context(one, NOW) for one in fields]


def _each(
    call: Callable[[str, int], object], pairs: list[tuple[str, int]]
) -> Callable[[int, int], None]:
    def run(first: int, last: int) -> None:
        for key, number in pairs[first:last]:
            call(key, number)

    return run


def _everybody(call: Callable[[int], object], people: list[int]) -> Callable[[int, int], None]:
    def run(first: int, last: int) -> None:
        for number in people[first:last]:
            call(number)

    return run


def measure_in_turn(
    candidates: dict[str, Callable[[int, int], None]], calls: int, people: int = CONTEXTS
) -> dict[str, float]:
    """Return the median microseconds of a call, candidates taking turns.

    A turn takes about as long for everyone, at least `calls`: the quick ones would else
    spend it fetching what the slow ones drove out of the processor's cache.
    """
    each: dict[str, int] = {}
    for number, run in enumerate(candidates.values()):
        # The first remembers people, so it is shown all of them; the others only warm up.
        run(0, people if number == 0 else 4 * calls)
    for name, run in candidates.items():
        begin = time.perf_counter()
        run(0, calls)
        spent = max(time.perf_counter() - begin, 1e-9)
        each[name] = min(max(calls, int(calls * TURN_SECONDS / spent)), people)
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(TURNS):
        for name, run in candidates.items():
            count = each[name]
            first = turn * count % max(people - count, 1)
            begin = time.perf_counter()
            run(first, first + count)
            times[name].append((time.perf_counter() - begin) / count * 1e6)
    return {name: statistics.median(found) for name, found in times.items()}


def print_growth() -> None:
    """Print warm and cold figures as features and territories grow."""
    print("## Growth, Landfall\n")
    print(
        "| features | territories | single us | fresh texts us | all to bytes us "
        "| new class ms | new territory ms | snapshot MB |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for features, territories in (
        (100, 36),
        (1_000, 36),
        (5_000, 36),
        (100, 200),
        (1_000, 200),
        (5_000, 200),
    ):
        tell_size(features, territories)
    print()


def tell_size(features: int, territories: int) -> None:
    """Print one row."""
    world = build_definitions(features=features, territories=territories)
    crowd = Crowd(territories)
    people = CONTEXTS if features <= MANY_FEATURES else FEW_CONTEXTS
    fields = [crowd.draw(number) for number in range(people)]
    contexts = read_people(fields)
    gc.collect()
    tracemalloc.start()
    snapshot = compile_snapshot(world)
    held, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    gc.collect()
    gc.freeze()  # As a node does once a snapshot is active.
    classes, places = map(statistics.median, time_new_classes(snapshot, contexts))
    keys = snapshot.feature_keys

    def single(first: int, last: int) -> None:
        for number in range(first, last):
            evaluate(snapshot, keys[number * 37 % len(keys)], contexts[number])

    def everything(first: int, last: int) -> None:
        for context in contexts[first:last]:
            render_toggles(answer(snapshot, context, RENDERER).fragments)

    everything(0, people)
    single(0, people)
    fresh = measure_fresh(snapshot, fields)
    warm = measure_in_turn({"single": single}, min(SINGLE_CALLS, people), people)["single"]
    whole = measure_in_turn({"all": everything}, ALL_CALLS, people)["all"]
    print(
        f"| {features:,} | {territories} | {warm:.2f} | {fresh:.2f} | {whole:.1f} "
        f"| {classes:.1f} | {places:.1f} | {held / 2**20:.0f} |"
    )


def measure_fresh(snapshot: CompiledSnapshot, fields: Sequence[dict[str, Any]]) -> float:
    """Return microseconds of a single flag whose context and texts nobody has used before."""
    keys = snapshot.feature_keys
    times = []
    for first in range(0, len(fields), FRESH_CALLS):
        contexts = read_people(fields[first : first + FRESH_CALLS])
        begin = time.perf_counter()
        for number, context in enumerate(contexts, first):
            evaluate(snapshot, keys[number * 37 % len(keys)], context)
        times.append((time.perf_counter() - begin) / FRESH_CALLS * 1e6)
    return statistics.median(times)


def time_new_classes(
    snapshot: CompiledSnapshot, contexts: Sequence[Context]
) -> tuple[list[float], list[float]]:
    """Return the milliseconds of all flags for people of new classes, and of new territories.

    A class is new where some group has no plan for it yet; of a territory that nobody was
    seen from, nothing at all is known.
    """
    seen: set[str] = set()
    classes, territories = [], []
    for context in contexts:
        place = context.properties["accountCountry"]
        before = count_plans(snapshot)
        begin = time.perf_counter()
        answer(snapshot, context, RENDERER)
        spent = (time.perf_counter() - begin) * 1e3
        if place not in seen:
            seen.add(place)
            territories.append(spent)
        elif count_plans(snapshot) > before:
            classes.append(spent)
    # The very first also meets a snapshot that nobody has asked yet.
    return classes, territories[1:]


def print_population(people: int) -> None:
    """Print how many requests of a population meet a group without a plan, and what is held."""
    print(f"## A population of {people:,}, 36 territories, all flags\n")
    print(
        "| features | groups | cold requests | us a request | plans | turns | counted MB "
        "| resident MB after a third | at the end |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for features in (100, 1_000):
        snapshot = compile_snapshot(build_definitions(features=features))
        crowd, cold, spent, third_mb = Crowd(), 0, 0.0, 0.0
        for number, context in enumerate(crowd.people(people, NOW)):
            if number == people // 3:
                third_mb = read_resident_mb()
            before = count_plans(snapshot)
            begin = time.perf_counter()
            answer(snapshot, context, RENDERER)
            spent += time.perf_counter() - begin
            cold += count_plans(snapshot) > before
        plans = sum(len(group.plans) for group in snapshot.groups)
        print(
            f"| {features:,} | {len(snapshot.groups)} | {cold / people:.2%} "
            f"| {spent / people * 1e6:.1f} | {plans:,} | {snapshot.purse.turns} "
            f"| {snapshot.purse.spent_bytes / 2**20:.0f} | {third_mb:.0f} "
            f"| {read_resident_mb():.0f} |"
        )
    print()


def read_resident_mb() -> float:
    """Return what the process holds in memory, 0 where the system does not tell."""
    status = Path("/proc/self/statm")
    pages = int(status.read_text(encoding="ascii").split()[1]) if status.exists() else 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def count_plans(snapshot: CompiledSnapshot) -> int:
    """Count the plans that were ever made."""
    return sum(group.plans_made for group in snapshot.groups)


def print_compile() -> None:
    """Print the time and memory of compiling, and of compiling again after one change."""
    print("## Compiling\n")
    print("| features | territories | compile s | again after one change ms | peak MB |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for features, territories in ((100, 36), (1_000, 36), (1_000, 200), (5_000, 200)):
        world = build_definitions(features=features, territories=territories)
        begin = time.perf_counter()
        snapshot = compile_snapshot(world)
        seconds = time.perf_counter() - begin
        middle = features // 2
        changed = replace(world.features[middle], description="changed")
        again = replace(
            world, features=(*world.features[:middle], changed, *world.features[middle + 1 :])
        )
        times = []
        for _turn in range(3):
            begin = time.perf_counter()
            compile_snapshot(again, (), snapshot)
            times.append((time.perf_counter() - begin) * 1e3)
        tracemalloc.start()
        compile_snapshot(world)
        _held, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(
            f"| {features:,} | {territories} | {seconds:.2f} | {statistics.median(times):.0f} "
            f"| {peak / 2**20:.0f} |"
        )


if __name__ == "__main__":
    main()
