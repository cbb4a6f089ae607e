"""The documents of the interface: served with an ETag, and missed by nobody who starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from flags.delivery import description
from flags.delivery.description import read_document
from tests.unit.delivery.world import build_client

PATHS = {"DESCRIPTION": "/api/delivery.yaml", "SCHEMA": "/api/variant/schema"}


@pytest.mark.parametrize("path", PATHS.values())
def test_who_has_a_document_is_not_sent_it_again(path: str) -> None:
    """Answer 304 to its ETag."""
    client = build_client(token="")
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (200, 304, b"") == (first.status, again.status, again.body)


@pytest.mark.parametrize(("name", "path"), PATHS.items())
def test_a_node_may_be_installed_without_documents(
    name: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answer 404 for what is not there; all else goes on."""
    monkeypatch.setattr(description, name, read_document(tmp_path / "none", b"text/plain"))
    assert build_client(token="").get(path).status == 404
