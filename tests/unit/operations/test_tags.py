"""Tags of features: by which clients ask, and which decide nothing."""

from __future__ import annotations

import pytest

from flags.models import Feature
from flags.operations.tags import TAGS_PER_FEATURE
from flags.queries.definitions import load_definitions
from regions.governance.commands import Refused
from tests.unit.world import Do, a_feature


def test_tags_are_kept_in_order_and_published(world: Do) -> None:
    """Whoever types them in another order changes nothing."""
    world(a_feature("pay.card", tags=("team:growth", "surface:checkout")))
    assert Feature.objects.get(key="pay.card").tags == ["surface:checkout", "team:growth"]
    (card, _transfer) = load_definitions("shop", "production").features
    assert card.tags == ("surface:checkout", "team:growth")
    again = a_feature("pay.card", tags=("surface:checkout", "team:growth"))
    assert not world(again).changed


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        (("growth",), "bad_tag"),
        (("team:",), "bad_tag"),
        ((":growth",), "bad_tag"),
        (("Team:growth",), "bad_tag"),
        (("team:a,b",), "bad_tag"),
        (("team:growth ",), "bad_tag"),
        (("team:" + "x" * 71,), "bad_tag"),
        (("bundle:pay",), "derived_tag"),
        (("team:a", "team:a"), "named_twice"),
        (tuple(f"team:{n}" for n in range(TAGS_PER_FEATURE + 1)), "too_many"),
    ],
)
def test_a_tag_that_nobody_could_ask_for_is_refused(
    world: Do, tags: tuple[str, ...], code: str
) -> None:
    """With a sentence that says what a tag is."""
    with pytest.raises(Refused) as refused:
        world(a_feature("pay.card", tags=tags))
    assert (refused.value.code, refused.value.field) == (code, "tags")
