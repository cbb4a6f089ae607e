"""Exported manifests: for whom there is one, what is in it, and what is written again."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from flags.delivery.export import Exporter, list_builds
from flags.delivery.state import State
from flags.engine.definitions import Minimum, PlatformProfile
from flags.publishing.export_store import ExportStore
from flags.publishing.snapshot import Kills
from flags.publishing.store import StoredPart
from tests.unit.delivery.world import (
    APP,
    ENVIRONMENT,
    build_access,
    build_content,
    build_definitions,
    build_kill,
    build_part,
    fill,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SCOPE = f"{APP}/{ENVIRONMENT}"


class Files:
    """An exporter that writes into a folder."""

    def __init__(self, folder: Path, *parts: StoredPart) -> None:
        self.folder = folder
        self.state = State()
        scopes = frozenset({(ENVIRONMENT, APP)})
        self.exporter = Exporter(self.state, ExportStore(str(folder)), scopes, 30)
        self.publish(*parts)

    def publish(self, *parts: StoredPart) -> None:
        """Serve parts, and export."""
        asyncio.run(fill(self.state, *parts))
        self.exporter.export(NOW)

    def read(self, path: str) -> Any:
        """Return a JSON file."""
        return json.loads((self.folder / path).read_bytes())

    def times(self) -> dict[str, int]:
        """Return when each manifest was written."""
        return {
            str(file.relative_to(self.folder)): file.stat().st_mtime_ns
            for file in self.folder.rglob("*.json")
            if file.name != "index.json"
        }


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Export the world's first revision."""
    access = build_part("access", build_access(), 1)
    return Files(tmp_path, access, build_part("kills", Kills(), 1), build_content(1))


def features(manifest: dict[str, Any]) -> dict[str, bool]:
    """Return which features are on in a manifest."""
    return {feature["key"]: feature["on"] for feature in manifest["features"]}


def test_there_is_a_manifest_for_every_territory_and_for_nowhere(files: Files) -> None:
    """Name every file in the index; each is there, and says what is offered in its place."""
    index = files.read(f"{SCOPE}/index.json")
    codes = {territory.code for territory in build_definitions().territories}
    assert codes | {"unknown"} == index["manifests"].keys()
    for platforms in index["manifests"].values():
        for locales in platforms.values():
            for file in locales.values():
                assert file["bytes"] == len((files.folder / file["path"]).read_bytes())
    assert features(files.read(f"{SCOPE}/SG/unknown/en.json"))["pay"]
    assert not features(files.read(f"{SCOPE}/unknown/unknown/en.json"))["pay"]


def test_files_name_no_stream_and_their_texts_lie_beside(files: Files) -> None:
    """Find every text bundle where the manifest says, below the same root."""
    manifest = files.read(f"{SCOPE}/SG/unknown/en.json")
    assert "stream" not in manifest
    assert manifest["texts"]
    for text in manifest["texts"].values():
        assert files.read(text["url"].lstrip("/"))


def test_only_manifests_that_differ_are_written_again(files: Files) -> None:
    """Leave the files of other places alone, so that a CDN keeps them."""
    before = files.times()
    files.publish(build_content(2, definitions=build_definitions(pay_in="withdrawn")))
    after = files.times()
    changed = {path for path in after if after[path] != before[path]}
    assert changed
    assert all(path.startswith(f"{SCOPE}/SG/") for path in changed)
    assert not features(files.read(f"{SCOPE}/SG/unknown/en.json"))["pay"]
    assert files.read(f"{SCOPE}/index.json")["revision"] == 2


def test_a_kill_switch_reaches_the_files(files: Files) -> None:
    """Write everywhere that the feature is off."""
    files.publish(build_part("kills", {"switches": [build_kill("chat")]}, 2))
    assert not features(files.read(f"{SCOPE}/SG/unknown/en.json"))["chat"]


def test_files_of_a_territory_that_is_gone_are_deleted(files: Files) -> None:
    """Keep nothing that the index does not name."""
    world = build_definitions()
    left = tuple(place for place in world.territories if place.code != "SG")
    files.publish(build_content(2, definitions=replace(world, territories=left)))
    assert not [path for path in files.times() if path.startswith(f"{SCOPE}/SG/")]


def test_a_new_process_trusts_no_file_of_the_one_before(files: Files, tmp_path: Path) -> None:
    """Write every file again: the one before may have died between files and index."""
    (tmp_path / SCOPE / "index.json").write_bytes(b'{"schema":"landfall.export.v1"')
    (tmp_path / SCOPE / "SG/unknown/en.json").write_bytes(b"{")
    access = build_part("access", build_access(), 1)
    Files(tmp_path, access, build_part("kills", Kills(), 1), build_content(1))
    assert features(files.read(f"{SCOPE}/SG/unknown/en.json"))["pay"]
    assert files.read(f"{SCOPE}/index.json")["schema"] == "landfall.export.v1"


def test_texts_stay_for_whoever_still_names_them(files: Files) -> None:
    """Remove no text bundle: caches and other scopes may name it."""
    texts = files.read(f"{SCOPE}/SG/unknown/en.json")["texts"]
    bare = build_part("content", {"definitions": build_definitions(), "texts": {}}, 2)
    files.publish(bare)
    files.publish(build_part("content", {"definitions": build_definitions(), "texts": {}}, 3))
    assert files.read(f"{SCOPE}/SG/unknown/en.json")["texts"] != texts
    assert all((files.folder / text["url"].lstrip("/")).exists() for text in texts.values())


def test_builds_are_the_least_that_satisfy_every_profile() -> None:
    """Take the newest versions that any profile asks for; numbers compare as numbers."""
    profiles = (
        PlatformProfile("old", (Minimum("ios", "9.0.0", "8.0.9"),)),
        PlatformProfile("new", (Minimum("ios", "16.0.0", "8.0.70"), Minimum("web"))),
    )
    found = list_builds(replace(build_definitions(), profiles=profiles))
    assert [(b.platform, b.os_version, b.app_version) for b in found] == [
        ("unknown", "", ""),
        ("ios", "16.0.0", "8.0.70"),
        ("web", "", ""),
    ]
