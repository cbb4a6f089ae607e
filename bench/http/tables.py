"""Figures of a run as tables and as one record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.http.load import Case

# Title, whose figure, beside whose, and the goal; a goal below 1 is a share.
GOALS = (
    ("/api/frontend beside Unleash", "usual.frontend", "usual.peer", 20.0),
    ("/api/frontend of a constant answer", "usual.frontend", "usual.constant", 0.45),
    ("304 of /api/frontend beside Unleash", "usual.frontend_304", "usual.peer_304", 10.0),
    (
        "304 of /api/client/features beside Unleash",
        "usual.features_304", "usual.peer_features_304", 10.0,
    ),
    ("/api/client/features beside Unleash", "usual.features", "usual.peer_features", None),
    ("offered everywhere beside Unleash", "open.frontend", "open.peer", None),
    ("offered everywhere of a constant answer", "open.frontend", "open.constant", None),
    ("350 features beside Unleash", "large.frontend", "large.peer", None),
    ("304 with 350 features beside Unleash", "large.frontend_304", "large.peer_304", None),
    ("350 features of a constant answer", "large.frontend", "large.constant", None),
)  # fmt: skip


def compare(cases: Sequence[Case]) -> dict[str, Any]:
    """Return the medians of all cases and how they compare; fit for JSON."""
    found = {case.key: case for case in cases}
    ratios = {
        title: round(
            found[one].typical("requests_per_second") / found[other].typical("requests_per_second"),
            3,
        )
        for title, one, other, _goal in GOALS
        if one in found and other in found
    }
    return {
        "memory_mb": {
            f"{case.key.partition('.')[0]} {case.side.name}": case.side.memory_mb for case in cases
        },
        "cases": {
            case.key: {
                "rps": round(case.typical("requests_per_second")),
                "rps_per_core": round(1e6 / max(case.typical("cpu_microseconds"), 1)),
                "cpu_us": round(case.typical("cpu_microseconds"), 1),
                "p50_ms": round(case.typical("p50_ms"), 2),
                "p99_ms": round(case.typical("p99_ms"), 2),
                "bytes": round(case.typical("bytes_each")),
                "share_304": round(case.typical("share_304"), 3),
                "errors": case.errors,
            }
            for case in cases
        },
        "ratios": ratios,
    }


def print_table(cases: Sequence[Case], record: dict[str, Any]) -> None:
    """Print the figures and how they compare as Markdown."""
    before, after = record["load"]
    print(f"{record['git']}, {record['machine']}, load {before} before, {after} after;", end=" ")
    print(f"{record['rounds']} rounds of {record['seconds']:g} s, {record['contexts']:,} people\n")
    print("| who | what | requests/s | a core's | p50 ms | p99 ms | bytes | 304 | errors |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for case in cases:
        row = record["cases"][case.key]
        print(
            f"| {case.side.name} | {case.title} | {row['rps']:,} | {row['rps_per_core']:,} "
            f"| {row['p50_ms']:.1f} | {row['p99_ms']:.1f} | {row['bytes']:,} "
            f"| {row['share_304']:.0%} | {row['errors']} |"
        )
    memory = ", ".join(f"{name} {size} MB" for name, size in record["memory_mb"].items())
    print(f"\nMemory at the end: {memory}.")
    print("\n| compared | measured | goal |\n| --- | ---: | ---: |")
    for title, _one, _other, goal in GOALS:
        if title in record["ratios"]:
            print(f"| {title} | {show(record['ratios'][title], goal)} | {show_goal(goal)} |")
    print()


def show(ratio: float, goal: float | None) -> str:
    """Return a ratio as a share or as a multiple."""
    return f"{ratio:.0%}" if ratio < 1 or (goal is not None and goal < 1) else f"{ratio:.1f} x"


def show_goal(goal: float | None) -> str:
    """Return a goal as its ratio is shown."""
    return "" if goal is None else f"{goal:.0%}" if goal < 1 else f"{goal:g} x"
