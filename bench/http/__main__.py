"""Measure the read path beside the Unleash server: `make bench-http`.

One run, in turns: every case is loaded for some seconds, then the next, and all over again;
the table has the medians. `--help` tells the options.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from urllib.parse import urlencode

from msgspec.structs import replace

from bench.http import ours, unleash
from bench.http.load import Ask, Case, Side, connect, read_memory_mb, run_turn, send
from bench.http.tables import compare, print_table
from bench.http_frontend import ROOT
from bench.synthetic import STANDARD, build_definitions, list_people
from flags.engine.definitions import Definitions, Feature, Payload, Variant

MANY = 30_000
PAYLOAD_BYTES = 450
Asks = list[Ask]


def main() -> None:
    """Run the benchmark and print tables and one line of JSON."""
    options = read_options()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    if not options.alone:
        unleash.install()
    load_before = os.getloadavg()
    folder = Path(tempfile.mkdtemp(prefix="lfbench"))
    cases: list[Case] = []
    try:
        with ExitStack() as stack:
            port = 0 if options.alone else stack.enter_context(unleash.running_postgres(folder))
            for name, world in list_worlds(options):
                cases += measure(name, world, folder / name, port, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    record = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "git": read_git(),
        "machine": f"{os.cpu_count()} cores, {read_model()}",
        "load": [round(load_before[0], 2), round(os.getloadavg()[0], 2)],
        "seconds": options.seconds,
        "rounds": options.rounds,
        "contexts": options.contexts,
        **compare(cases),
    }
    print_table(cases, record)
    line = json.dumps(record)
    print(line)
    kept = ROOT / "var" / "bench-http.jsonl"
    kept.parent.mkdir(exist_ok=True)
    with kept.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench.http", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="of a turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--contexts", type=int, default=2_000)
    parser.add_argument("--quick", action="store_true", help="about a minute, and noisy")
    parser.add_argument("--alone", action="store_true", help="without Unleash")
    parser.add_argument("--only", default="", help="cases whose key begins like this")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 2, 1
    return options


def list_worlds(options: argparse.Namespace) -> Iterator[tuple[str, Definitions]]:
    """List the worlds.

    100 features of which a person has a third, 100 offered everywhere, and 350 with bodies
    of about 70 kB.
    """
    wanted = options.only.partition(".")[0]
    if wanted in {"", "usual"}:
        yield "usual", build_definitions(features=100)
    if wanted in {"", "open"}:
        world = build_definitions(features=100)
        live = tuple(replace(offer, status="live") for offer in world.offers)
        yield "open", replace(world, offers=live)
    if wanted in {"", "large"}:
        world = build_definitions(features=350)
        yield "large", replace(world, features=tuple(map(enlarge, world.features)))


def enlarge(feature: Feature) -> Feature:
    """Give a feature without variants one for everybody, with a payload."""
    strategy = feature.strategies[0]
    if strategy.variants:
        return feature
    text = json.dumps({"text": "x" * PAYLOAD_BYTES})
    only = Variant("only", 1_000, Payload("json", text))
    return replace(feature, strategies=(replace(strategy, variants=(only,)),))


def measure(
    name: str, world: Definitions, folder: Path, port: int, options: argparse.Namespace
) -> list[Case]:
    """Start all sides over one world, load them in turns, and return the cases."""
    folder.mkdir()
    folder.chmod(0o755)
    with ExitStack() as stack:
        landfall = stack.enter_context(ours.serving(folder, world))
        cases = (
            list_usual(landfall, options) if name == "usual" else list_few(name, landfall, options)
        )
        if not options.alone:
            peer = stack.enter_context(unleash.serving(folder, port, name, world))
            cases += list_peer(name, peer, options)
            check_agreement(landfall, peer, options)
        size = measure_size(landfall, options)
        plain = stack.enter_context(ours.constant(folder, landfall, list_gets(options)[0], size))
        title = f"one answer of {size / 1000:.1f} kB"
        cases.append(Case(f"{name}.constant", title, plain, ours.FRONTEND, list_gets(options)))
        cases = [case for case in cases if case.key.startswith(options.only)]
        for case in cases:
            run_turn(case, folder, 1 if options.quick else 2)
        for round_number in range(options.rounds):
            print(f"{name}: round {round_number + 1} of {options.rounds}", file=sys.stderr)
            for case in cases:
                case.turns.append(run_turn(case, folder, options.seconds))
        for side in {case.side.name: case.side for case in cases}.values():
            side.memory_mb = read_memory_mb(side.pid)
    return cases


def list_usual(side: Side, options: argparse.Namespace) -> list[Case]:
    """List what Landfall is asked with 100 features."""
    gets, manifests = list_gets(options), list_gets(options, "/api/variant")
    bulks = list_bulks(options)
    features = [Ask("/api/client/features")]
    many = f"/api/frontend, {MANY:,} people"
    front, back = ours.FRONTEND, ours.BACKEND
    return [
        Case("usual.frontend", "/api/frontend", side, front, gets),
        Case("usual.frontend_304", "/api/frontend, ETags sent", side, front, gets, knows=True),
        Case("usual.many", many, side, front, list_gets(options, count=MANY)),
        Case("usual.features", "/api/client/features", side, back, features),
        Case("usual.features_304", "/api/client/features, ETag", side, back, features, knows=True),
        Case("usual.variant", "/api/variant", side, front, manifests),
        Case("usual.variant_304", "/api/variant, ETags sent", side, front, manifests, knows=True),
        Case("usual.ofrep", "OFREP bulk", side, front, bulks),
        Case("usual.ofrep_304", "OFREP bulk, ETags sent", side, front, bulks, knows=True),
    ]


def list_few(name: str, side: Side, options: argparse.Namespace, token: str = "") -> list[Case]:
    """List what a side is asked in the other worlds, `peer` by its own token."""
    gets, shown = list_gets(options), token or ours.FRONTEND
    first = "peer" if token else "frontend"
    what = "/api/frontend, " + ("350 features" if name == "large" else "offered everywhere")
    return [
        Case(f"{name}.{first}", what, side, shown, gets),
        Case(f"{name}.{first}_304", f"{what}, ETags sent", side, shown, gets, knows=True),
    ]


def list_peer(name: str, side: Side, options: argparse.Namespace) -> list[Case]:
    """List what the Unleash server is asked: the same, where it has it."""
    gets = list_gets(options)
    front, back = unleash.FRONTEND, unleash.BACKEND
    if name != "usual":
        return list_few(name, side, options, front)
    features = [Ask("/api/client/features")]
    defined = "/api/client/features, ETag"
    return [
        Case("usual.peer", "/api/frontend", side, front, gets),
        Case("usual.peer_304", "/api/frontend, ETags sent", side, front, gets, knows=True),
        Case("usual.peer_features", "/api/client/features", side, back, features),
        Case("usual.peer_features_304", defined, side, back, features, knows=True),
    ]


def list_gets(options: argparse.Namespace, path: str = "/api/frontend", *, count: int = 0) -> Asks:
    """List requests of distinct people as queries."""
    return [
        Ask(f"{path}?{urlencode({spell(name): text for name, text in person.items()})}")
        for person in list_people(count or options.contexts)
    ]


def spell(name: str) -> str:
    """Return a field's name in a query."""
    return name if name in STANDARD else f"properties[{name}]"


def list_bulks(options: argparse.Namespace) -> Asks:
    """List OFREP's bulk requests of distinct people."""
    return [
        Ask("/ofrep/v1/evaluate/flags", "POST", json.dumps({"context": fields}))
        for person in list_people(options.contexts)
        for fields in ({"targetingKey": person["userId"], **person},)
    ]


def measure_size(side: Side, options: argparse.Namespace) -> int:
    """Return how long the body of an answer is, on average of the first hundred people."""
    case = Case("size", "", side, ours.FRONTEND, list_gets(options)[:100])
    with connect(case) as client:
        return round(mean(len(send(client, ask).content) for ask in case.asks))


def check_agreement(ours_side: Side, peer: Side, options: argparse.Namespace) -> None:
    """Say in how many answers both sides agree; they are asked the same of the same people."""
    gets = list_gets(options)[:200]
    sides = ((ours_side, ours.FRONTEND), (peer, unleash.FRONTEND))
    said = []
    for side, token in sides:
        with connect(Case("agree", "", side, token, gets)) as client:
            said.append([read_names(send(client, ask).json()) for ask in gets])
    pairs = list(zip(*said, strict=True))
    alike = sum(len(one & other) for one, other in pairs)
    apart = sum(len(one ^ other) for one, other in pairs)
    print(f"Both said {alike} toggles alike, one alone {apart}.", file=sys.stderr)


def read_names(body: dict[str, list[dict[str, str]]]) -> set[str]:
    """Return which toggles are on."""
    return {toggle["name"] for toggle in body["toggles"]}


def read_git() -> str:
    """Return which revision is measured."""
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()


def read_model() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


if __name__ == "__main__":
    main()
