"""From a run of `make bench-http` to the tables of docs/scaling.md.

`python -m bench.http.scaling` reads the last run in `var/bench-http.jsonl`; every price and
every habit of people is an option.
"""

from __future__ import annotations

import argparse
import json
import math
from typing import Any

from bench.http_frontend import ROOT

DAY_SECONDS = 86_400
MONTH_DAYS = 30.4
MONTH_HOURS = 730
ROWS = (
    ("usual.frontend", "`/api/frontend`, asked before"),
    ("usual.frontend_304", "the same, 304"),
    ("usual.many", "`/api/frontend`, new to the worker"),
    ("usual.variant", "`/api/variant`, asked before"),
    ("usual.variant_304", "the same, 304"),
    ("usual.ofrep", "OFREP bulk, asked before"),
    ("usual.ofrep_304", "the same, 304"),
    ("usual.features", "`/api/client/features`"),
    ("usual.features_304", "the same, 304"),
    ("large.frontend", "`/api/frontend`, 350 features"),
    ("large.frontend_304", "the same, 304"),
    ("usual.constant", "a constant answer, for comparison"),
    ("usual.peer", "Unleash server, `/api/frontend`"),
    ("usual.peer_304", "the same, 304"),
    ("usual.peer_features", "Unleash server, `/api/client/features`"),
    ("usual.peer_features_304", "the same, 304"),
    ("large.peer", "Unleash server, 350 features"),
)
ANSWERED_BY = (
    ("usual.many", "Landfall, everybody new to the worker"),
    ("usual.frontend", "Landfall, everybody asked before"),
    ("usual.peer", "Unleash server"),
)


def main() -> None:
    """Print the tables of the document."""
    options = read_options()
    lines = (ROOT / "var" / "bench-http.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[-1])
    print_rates(record)
    print_needs(record["cases"], options)


def read_options() -> argparse.Namespace:
    """Read the assumptions."""
    parser = argparse.ArgumentParser(prog="bench.http.scaling", description=__doc__)
    parser.add_argument("--people", type=float, default=900e6)
    parser.add_argument("--opens", type=float, default=10, help="a person's a day")
    parser.add_argument("--peak", type=float, default=2.5, help="of the average")
    parser.add_argument("--utilisation", type=float, default=0.6, help="of a core at the peak")
    parser.add_argument("--changed", type=float, default=0.1, help="share that needs a body")
    parser.add_argument("--core-hour", type=float, default=0.04, help="dollars")
    parser.add_argument("--gigabyte", type=float, default=0.05, help="dollars, out of the house")
    parser.add_argument("--cdn-requests", type=float, default=0.0075, help="dollars for 10,000")
    parser.add_argument("--cdn-gigabyte", type=float, default=0.02, help="dollars")
    parser.add_argument(
        "--manifest", type=float, default=2_230, help="bytes, by gzip, without headers"
    )
    parser.add_argument(
        "--files", type=float, default=36 * 3, help="manifests: territories x languages"
    )
    parser.add_argument(
        "--places", type=float, default=100, help="of the CDN, with caches of their own"
    )
    parser.add_argument(
        "--max-age", type=float, default=30, help="seconds that a CDN keeps a manifest"
    )
    return parser.parse_args()


def print_rates(record: dict[str, Any]) -> None:
    """Print what a core answers."""
    print(f"{record['git']}, {record['machine']}, load {record['load']}, {record['at'][:10]}\n")
    print("| case | what | a worker's requests/s | a core's | p99 ms | bytes |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for key, title in ROWS:
        if row := record["cases"].get(key):
            print(
                f"| `{key}` | {title} | {row['rps']:,} | {row['rps_per_core']:,} "
                f"| {row['p99_ms']:.1f} | {row['bytes']:,} |"
            )


def print_needs(cases: dict[str, Any], options: argparse.Namespace) -> None:
    """Print cores and money for the people assumed."""
    daily = options.people * options.opens
    average = daily / DAY_SECONDS
    print(f"\n{average:,.0f} requests/s on average, {average * options.peak:,.0f} at the peak\n")
    print("| answered by | a core's requests/s | cores | cores, $ a month |")
    print("| --- | ---: | ---: | ---: |")
    for key, title in ANSWERED_BY:
        if row := cases.get(key):
            rate = row["rps_per_core"]
            cores = math.ceil(average * options.peak / (rate * options.utilisation))
            price = cores * MONTH_HOURS * options.core_hour
            print(f"| {title} | {rate:,} | {cores:,} | {price:,.0f} |")
    whole, unchanged = cases["usual.frontend"]["bytes"], cases["usual.frontend_304"]["bytes"]
    each = options.changed * whole + (1 - options.changed) * unchanged
    gigabytes = daily * MONTH_DAYS * each / 1e9
    own = gigabytes * options.gigabyte
    print(f"\nTraffic: {each:,.0f} bytes each, {gigabytes:,.0f} GB a month, ${own:,.0f}")
    print_cdn(daily * MONTH_DAYS, cases["usual.variant_304"]["bytes"], options)


def print_cdn(requests: float, unchanged: float, options: argparse.Namespace) -> None:
    """Print what a CDN costs that serves exported manifests; a 304 is all headers."""
    each = unchanged + options.changed * options.manifest
    gigabytes = requests * each / 1e9
    through = requests / 10_000 * options.cdn_requests
    cdn = gigabytes * options.cdn_gigabyte
    fetches = options.files * options.places / options.max_age
    print(
        f"By a CDN: {each:,.0f} bytes each, {gigabytes:,.0f} GB; requests ${through:,.0f},"
        f" traffic ${cdn:,.0f} a month; {fetches:,.0f} fetches a second from the store"
    )


if __name__ == "__main__":
    main()
