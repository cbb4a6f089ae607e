"""Every block of code in the clients' documents runs as it stands, against a real node."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.javascript import EXAMPLES, NODE
from tests.clients.shop import STRICT, build_shop
from tests.node import Node, put
from tests.product import ROOT
from tests.redis_server import RedisServer
from tests.unit.delivery.world import build_access, build_content, build_part

pytestmark = pytest.mark.xdist_group("examples")

FOLDER = ROOT / "docs" / "clients"
# What the last line of each block is, in the order of the document.
SAID = {
    "python": ["True", str(sorted(("commerce.collections", *STRICT))), "True LIVE", "True"],
    "node": ["true", "true LIVE", "true"],
    "browser": ["true", "true LIVE", "1"],
    "mini-program": ["true"],
}
BLOCKS = [(page, number, said) for page, lines in SAID.items() for number, said in enumerate(lines)]
SHIMS = Path(__file__).with_name("shims.mjs")


@pytest.fixture(scope="module")
def node(packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Run a node in which collections are live in Hong Kong."""
    with RedisServer() as redis:
        content = build_content(1, definitions=build_shop(territory="HK"))
        put(redis, build_part("access", build_access(), 1), content)
        with Node(tmp_path_factory.mktemp("node"), {"REDIS_URL": redis.url}) as edge:
            yield edge


def read_blocks(document: str) -> list[tuple[str, str]]:
    """Return language and code of a document's blocks that can run."""
    text = (FOLDER / f"{document}.md").read_text(encoding="utf-8")
    return re.findall(r"^```(python|js)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_no_block_is_forgotten() -> None:
    """Each document has as many blocks as are run here."""
    expected = {name: len(lines) for name, lines in SAID.items()}
    assert expected == {name: len(read_blocks(name)) for name in SAID}


@pytest.mark.parametrize(("document", "number", "said"), BLOCKS)
def test_a_block_runs_as_it_stands(
    node: Node, tmp_path: Path, document: str, number: int, said: str
) -> None:
    """With the demo's tokens, and nothing changed but the address."""
    language, code = read_blocks(document)[number]
    code = code.replace("http://127.0.0.1:8000", node.base)
    if language == "python":
        shutil.copy(EXAMPLES / "python" / "landfall_context.py", tmp_path)
        script = tmp_path / "block.py"
        command = [sys.executable, str(script)]
    else:
        for name in ("javascript/landfall-context.js", "mini-program/poller.js", "package.json"):
            shutil.copy(EXAMPLES / name, tmp_path)
        (tmp_path / "node_modules").symlink_to(EXAMPLES / "node_modules")
        script = tmp_path / "block.js"
        command = [str(NODE), "--import", str(SHIMS), str(script)]
    script.write_text(code, encoding="utf-8")
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (0, said) == (done.returncode, done.stdout.strip().splitlines()[-1:][0]), done.stderr
