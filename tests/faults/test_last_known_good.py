"""The last-known-good file is whole or not used, whatever happens to it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flags.publishing.directory_store import CURRENT, PREVIOUS, DirectoryStore
from flags.publishing.store import Head, PartKey, StoredPart
from regions import canonical
from tests.faults.lkg_writer import KEY
from tests.product import ROOT, eventually

CONTENT = PartKey(environment="production", app="superapp", part="content")
KILLS = 30


def make_part(revision: int) -> StoredPart:
    """Build a part that can be told from those of other revisions."""
    body = canonical.encode({"revision": revision, "filling": "x" * 500})
    head = Head(epoch=1, revision=revision, digest=canonical.digest(body))
    return StoredPart(key=CONTENT, head=head, body=body)


@pytest.fixture
def two_generations(tmp_path: Path) -> Path:
    """Give a directory whose current file holds revision 2 and the one before it 1."""
    store = DirectoryStore(tmp_path)
    store.put(make_part(1))
    store.put(make_part(2))
    return tmp_path


def test_no_flipped_byte_is_served(two_generations: Path) -> None:
    """Whichever byte is flipped, the generation before is served, never the damaged one."""
    file = two_generations / CURRENT
    whole = file.read_bytes()
    served = set()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << (position % 8)
        file.write_bytes(damaged)
        served.add(DirectoryStore(two_generations).get(CONTENT))
    assert served == {make_part(1)}


def test_no_truncated_file_is_served(two_generations: Path) -> None:
    """Cut off anywhere, also at nothing, the file gives way to the one before."""
    file = two_generations / CURRENT
    whole = file.read_bytes()
    served = set()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        served.add(DirectoryStore(two_generations).get(CONTENT))
    assert served == {make_part(1)}


@pytest.mark.parametrize(
    "hurt", [Path.unlink, lambda file: file.write_bytes(b""), lambda file: file.write_bytes(b"{}")]
)
def test_without_any_good_file_there_is_nothing(
    two_generations: Path, hurt: Callable[[Path], object]
) -> None:
    """When both files are lost or damaged the store is empty; nothing partial is served."""
    hurt(two_generations / CURRENT)
    hurt(two_generations / PREVIOUS)
    store = DirectoryStore(two_generations)
    assert store.heads() == {}
    assert store.get(CONTENT) is None


def test_a_damaged_file_does_not_push_out_the_good_one(two_generations: Path) -> None:
    """Writing over a damaged file keeps the last good generation behind it."""
    (two_generations / CURRENT).write_bytes(b"damaged")
    DirectoryStore(two_generations).put(make_part(3))
    (two_generations / CURRENT).write_bytes(b"damaged again")
    assert DirectoryStore(two_generations).get(CONTENT) == make_part(1)


def test_processes_of_a_node_share_the_file(tmp_path: Path) -> None:
    """What one process writes another reads and keeps when it writes itself."""
    one, other = DirectoryStore(tmp_path), DirectoryStore(tmp_path)
    one.put(make_part(1))
    assert other.get(CONTENT) == make_part(1)
    kills = StoredPart(key=KEY, head=make_part(1).head, body=make_part(1).body)
    other.put(kills)
    assert set(one.heads()) == {CONTENT, KEY}


def test_the_process_that_came_late_keeps_no_texts_in_memory(tmp_path: Path) -> None:
    """What another process has written does not pile up in this one."""
    words = b'{"wallet.title":"Wallet"}'
    name = canonical.digest(words)
    body = canonical.encode({"texts": {"locales": {"en": {"bundles": {"wallet": name}}}}})
    part = StoredPart(CONTENT, Head(1, 1, canonical.digest(body)), body)
    one, other = DirectoryStore(tmp_path), DirectoryStore(tmp_path)
    for store in (one, other):
        store.put_blob(name, words)
        store.put(part)
    assert {} == other._waiting
    assert words == other.get_blob(name)


def test_nobody_else_may_read_the_file(two_generations: Path) -> None:
    """Token hashes are inside: files and directory belong to the owner alone."""
    modes = {file.name: file.stat().st_mode & 0o077 for file in two_generations.iterdir()}
    assert set(modes.values()) == {0}


def test_killed_while_writing(tmp_path: Path) -> None:
    """After each of thirty kills at a random moment, the newest durable revision is there."""
    moments = random.Random(20)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = 0
    for _round in range(KILLS):
        log = tmp_path / "said"
        with log.open("w") as output:
            writer = subprocess.Popen(
                [sys.executable, str(ROOT / "tests/faults/lkg_writer.py"), str(tmp_path / "lkg")],
                stdout=output,
                env=environ,
            )
            eventually(log.read_text)
            time.sleep(moments.random() * 0.03)
            writer.kill()
            writer.wait()
        said = max([said, *(int(line) for line in log.read_text().split())])
        part = DirectoryStore(tmp_path / "lkg").get(KEY)
        assert part is not None
        assert part.head.revision in {said, said + 1}
        said = part.head.revision
