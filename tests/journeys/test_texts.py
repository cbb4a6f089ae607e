"""A translator's word reaches clients, from a file and from the admin."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.people import send_form, sign_in
from tests.product import FRONTEND_TOKEN, ROOT, Product, eventually

pytestmark = [pytest.mark.product, pytest.mark.xdist_group("product")]

CATALOG = Path("zh_Hant_HK") / "LC_MESSAGES" / "wallet.po"
KEY = "wallet.transfer"
OLD = 'msgstr "轉賬"'


def test_an_edited_file_reaches_clients(landfall: Product) -> None:
    """A changed line and `sync_locale`: the manifest names a new hash, and the text is there."""
    path = landfall.locale_dir / CATALOG
    original = path.read_bytes()
    address = _bundle_address(landfall)
    path.write_bytes(original.replace(OLD.encode(), 'msgstr "匯款"'.encode()))
    edited = path.read_bytes()
    assert edited != original

    done = landfall.manage("sync_locale")

    assert done.returncode == 0, done.stdout + done.stderr
    assert path.read_bytes() == edited
    eventually(lambda: _bundle_address(landfall) != address)
    answer = httpx.get(landfall.base + _bundle_address(landfall))
    assert answer.json()[KEY] == "匯款"
    assert "immutable" in answer.headers["cache-control"]
    assert httpx.get(landfall.base + address).json()[KEY] == "轉賬"

    path.write_bytes(original)
    assert landfall.manage("sync_locale").returncode == 0
    eventually(lambda: _bundle_address(landfall) == address)


def test_a_sync_with_nothing_to_do_changes_no_byte(landfall: Product) -> None:
    """`sync_locale` twice in a row leaves every catalog byte for byte as it was."""
    landfall.manage("sync_locale")
    before = {path: path.read_bytes() for path in landfall.locale_dir.rglob("*.po")}
    done = landfall.manage("sync_locale")
    assert done.stdout.strip().splitlines()[-1].startswith("0 imported, 0 written")
    assert {path: path.read_bytes() for path in before} == before


def test_a_change_in_the_admin_writes_one_line(landfall: Product) -> None:
    """A word changed in the admin replaces its line in the file and no other, and goes live."""
    address = _bundle_address(landfall)
    with sign_in(landfall.base, "translator") as client:
        _translate(client, "匯錢")
        landfall.manage("sync_locale")
        assert _changed_lines(landfall) == ["-" + OLD, '+msgstr "匯錢"']
        eventually(lambda: _bundle_address(landfall) != address)
        assert httpx.get(landfall.base + _bundle_address(landfall)).json()[KEY] == "匯錢"
        _translate(client, "轉賬")
    landfall.manage("sync_locale")
    assert _changed_lines(landfall) == []
    eventually(lambda: _bundle_address(landfall) == address)


def _translate(client: httpx.Client, text: str) -> None:
    """Save another text through the line of the message at the translator's desk."""
    desk = client.get(
        "/admin/translations/translation/", params={"locale": "zh-Hant-HK", "component": "wallet"}
    )
    answer = send_form(client, desk, having="forms", where={"key": KEY}, fields={"forms": text})
    assert answer.status_code == httpx.codes.OK, answer.text
    assert text in answer.text


def _manifest(landfall: Product) -> dict[str, Any]:
    answer = httpx.get(
        f"{landfall.base}/api/variant",
        params={"properties[locale]": "zh-Hant-HK", "properties[accountCountry]": "HK"},
        headers={"Authorization": FRONTEND_TOKEN},
    )
    assert answer.status_code == httpx.codes.OK, answer.text
    manifest: dict[str, Any] = answer.json()
    return manifest


def _bundle_address(landfall: Product) -> str:
    address: str = _manifest(landfall)["texts"]["wallet"]["url"]
    return address


def _changed_lines(landfall: Product) -> list[str]:
    """Return the lines in which the file differs from the project's, as git shows them."""
    shown = subprocess.run(
        [
            "git",
            "diff",
            "--no-index",
            "-U0",
            ROOT / "locale" / CATALOG,
            landfall.locale_dir / CATALOG,
        ],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return [
        line
        for line in shown.splitlines()
        if line[:1] in {"-", "+"} and not line.startswith(("---", "+++"))
    ]
