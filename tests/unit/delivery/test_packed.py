"""Compressed definitions: once a view, under an ETag of their own."""

from __future__ import annotations

import gzip
import json

import pytest
from msgspec.structs import replace

from flags.delivery.packed import accepts_gzip
from flags.engine.definitions import Feature
from tests.unit.delivery.world import (
    BACKEND,
    Client,
    build_access,
    build_client,
    build_content,
    build_definitions,
    build_part,
)

PATH = "/api/client/features"
SPEC = {"Unleash-Client-Spec": "5.2.0"}
PACKED = {**SPEC, "Accept-Encoding": "gzip, deflate"}


@pytest.fixture
def client() -> Client:
    """Return a backend SDK of a world that is worth compressing."""
    world = build_definitions()
    more = tuple(Feature(key=f"more.{number}") for number in range(20))
    content = build_content(1, definitions=replace(world, features=(*world.features, *more)))
    return build_client(content, build_part("access", build_access(), 1), token=BACKEND)


def test_who_takes_gzip_gets_the_same_in_fewer_bytes(client: Client) -> None:
    """With another strong ETag, and a word to caches."""
    plain, packed = client.get(PATH, headers=SPEC), client.get(PATH, headers=PACKED)
    assert gzip.decompress(packed.body) == plain.body
    assert 3 * len(packed.body) < len(plain.body)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] == plain.headers["etag"][:-1] + '-gzip"'
    assert packed.headers["content-length"] == str(len(packed.body))
    head = client.ask("HEAD", PATH, headers=PACKED)
    assert (head.body, head.headers["etag"]) == (b"", packed.headers["etag"])


@pytest.mark.parametrize("known", [SPEC, PACKED])
@pytest.mark.parametrize("asked", [SPEC, PACKED])
def test_either_etag_is_known_to_both(
    client: Client, known: dict[str, str], asked: dict[str, str]
) -> None:
    """The definitions are the same: 304, with the ETag of what would have been sent."""
    etag = client.get(PATH, headers=known).headers["etag"]
    for _ in range(3):
        answer = client.get(PATH, headers={**asked, "If-None-Match": etag})
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == client.get(PATH, headers=asked).headers["etag"]
        assert "content-encoding" not in answer.headers


def test_narrowed_and_inlined_answers_are_packed_too(client: Client) -> None:
    """Each from its own body."""
    for query, spec in (("?namePrefix=more.", SPEC), ("", {}), ("?namePrefix=more.", {})):
        headers = {**spec, "Accept-Encoding": "gzip"}
        plain = client.get(PATH + query, headers=spec)
        for _ in range(2):
            packed = client.get(PATH + query, headers=headers)
            assert json.loads(gzip.decompress(packed.body)) == plain.json


def test_a_small_answer_stays_as_it_is(client: Client) -> None:
    """A packet holds it anyway."""
    answer = client.get(PATH + "?namePrefix=no", headers=PACKED)
    assert "content-encoding" not in answer.headers
    assert answer.json["features"] == []


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (b"", False),
        (b"gzip", True),
        (b"deflate, GZIP;q=0.5", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.0, br", False),
        (b"identity", False),
        (b"x-gzip", False),
    ],
)
def test_what_a_client_accepts_is_read(
    accepted: bytes,
    expected: bool,  # noqa: FBT001
) -> None:
    """With weights, in any letters."""
    assert accepts_gzip(accepted) is expected
