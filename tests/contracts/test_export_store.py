"""One promise for every place that files are exported to: a folder, and S3 by its protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from flags.publishing.export_store import ExportStore

KEPT = "public, max-age=30"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run an S3 server with one bucket; return the address in it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    boto3.client("s3").create_bucket(Bucket="exports")
    yield "s3://exports/regions"
    fsspec.filesystem("s3").clear_instance_cache()
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ExportStore:
    """Open one of the places."""
    if request.param == "folder":
        return ExportStore(str(tmp_path / "exports"))
    return ExportStore(request.getfixturevalue("bucket"))


def test_files_are_read_back_replaced_and_deleted(store: ExportStore) -> None:
    """Read what was written last; a file that is not there is None, and deleting it is fine."""
    assert store.read("a/index.json") is None
    store.write({"a/index.json": b"{}", "a/b/c.json": b"[]"}, cache_control=KEPT)
    assert (b"{}", b"[]") == (store.read("a/index.json"), store.read("a/b/c.json"))
    store.write({"a/index.json": b'{"again":1}'}, cache_control=KEPT)
    assert store.read("a/index.json") == b'{"again":1}'
    store.remove(["a/b/c.json", "a/never.json"])
    assert store.read("a/b/c.json") is None
    store.write({}, cache_control=KEPT)


def test_objects_say_what_they_are_and_how_long_they_may_be_kept(bucket: str) -> None:
    """Give the CDN its headers with the object."""
    ExportStore(bucket).write({"index.json": b"{}"}, cache_control=KEPT)
    head = boto3.client("s3").head_object(Bucket="exports", Key="regions/index.json")
    assert (head["ContentType"], head["CacheControl"]) == ("application/json", KEPT)


def test_a_store_that_is_away_is_an_error(monkeypatch: pytest.MonkeyPatch, bucket: str) -> None:
    """Raise rather than call a file written that nobody has."""
    store = ExportStore(bucket.replace("exports", "nowhere"))
    with pytest.raises(OSError, match="bucket"):
        store.write({"index.json": b"{}"}, cache_control=KEPT)
