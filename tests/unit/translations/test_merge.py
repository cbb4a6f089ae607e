"""The three-way comparison of one text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regions.translations.merge import Outcome, Text, decide

A, B, C = Text(("a",)), Text(("b",)), Text(("c",))
A_FUZZY = Text(("a",), needs_review=True)
NONE = Text()


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected"),
    [
        (A, A, A, "agree"),
        (A, B, B, "agree"),
        (A, A, B, "import"),
        (A, B, A, "write"),
        (A, B, C, "conflict"),
        (NONE, NONE, A, "import"),
        (NONE, A, NONE, "write"),
        (NONE, A, B, "conflict"),
        (A, A, NONE, "import"),
        (A, NONE, A, "write"),
        (A, B, NONE, "conflict"),
        (A, NONE, B, "conflict"),
        (A, A_FUZZY, A, "write"),
        (A, A, A_FUZZY, "import"),
        (A_FUZZY, A, A_FUZZY, "write"),
        (B, A_FUZZY, A, "write"),
    ],
)
def test_who_alone_moved_wins_and_two_are_a_conflict(
    base: Text, mine: Text, theirs: Text, expected: Outcome
) -> None:
    """Base is what both last agreed on."""
    assert expected == decide(base=base, mine=mine, theirs=theirs)


TEXTS = st.sampled_from([A, B, C, A_FUZZY, NONE])


@given(TEXTS, TEXTS, TEXTS)
def test_no_edit_is_ever_overwritten(base: Text, mine: Text, theirs: Text) -> None:
    """What is thrown away by an outcome is always what base already says, in words."""
    outcome = decide(base=base, mine=mine, theirs=theirs)
    lost = {"import": mine, "write": theirs}.get(outcome)
    assert lost is None or lost.forms in {
        base.forms,
        mine.forms if lost is theirs else theirs.forms,
    }
