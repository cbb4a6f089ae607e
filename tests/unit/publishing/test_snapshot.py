"""The bytes of parts: equal values, equal bytes."""

from __future__ import annotations

from flags.engine.definitions import Definitions, Feature
from flags.publishing.prove import prove_bytes
from flags.publishing.snapshot import Content, decode_content, named_blobs, render_content
from flags.publishing.store import Head, PartKey, StoredPart
from regions.translations.bundles import LocaleTexts, Texts


def make_content(value_type: str) -> Content:
    """Build a content whose one feature has this value type."""
    feature = Feature(key="a", value_type=value_type)  # type: ignore[arg-type]  # a known word
    texts = Texts(
        locales={"en": LocaleTexts(chain=("en",), direction="ltr", bundles={"wallet": "ab" * 32})}
    )
    definitions = Definitions(app="superapp", environment="production", features=(feature,))
    return Content(definitions=definitions, texts=texts)


def test_equal_contents_have_equal_bytes() -> None:
    """A default that is read from a database is left out just like one that is not given."""
    read = b"boolean".decode()
    assert render_content(make_content(read)) == render_content(make_content("boolean"))


def test_bytes_survive_reading() -> None:
    """What was rendered is read and rendered the same again."""
    body = render_content(make_content("string"))
    assert prove_bytes("superapp/production", body) == decode_content(body)


def test_only_content_names_text_bundles() -> None:
    """The hashes of a content part are found without decoding the rest of it."""
    body = render_content(make_content("boolean"))
    head = Head(epoch=1, revision=1, digest="")
    key = PartKey(environment="production", app="superapp", part="content")
    kills = PartKey(environment="production", app="superapp", part="kills")
    assert named_blobs(StoredPart(key=key, head=head, body=body)) == {"ab" * 32}
    assert named_blobs(StoredPart(key=kills, head=head, body=b"{}")) == frozenset()
