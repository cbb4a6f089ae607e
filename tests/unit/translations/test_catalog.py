"""Placeholders and what else keeps a text from being shown."""

from __future__ import annotations

import pytest

from regions.translations.catalog import MAX_FORM_CHARACTERS, find_form_faults, list_placeholders


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{n} of {user.name}", {"{n}", "{user.name}"}),
        ("%(name)s has %(count)d", {"%(name)s", "%(count)d"}),
        ("%s %1$s %2$d %@", {"%s", "%1$s", "%2$d", "%@"}),
        ("100 % sure, {} {0} 50%", set()),
    ],
)
def test_placeholders_of_the_usual_kinds_are_found(text: str, expected: set[str]) -> None:
    """What code fills in is told from prose."""
    assert expected == list_placeholders(text)


@pytest.mark.parametrize(
    ("forms", "what"),
    [
        (["no fee"], "lacks the placeholder {fee}"),
        (["{fee} {tax}"], "that the source has not: {tax}"),
        (["{Fee}"], "lacks the placeholder {fee}"),
        ([""], "is empty"),
        (["{fee}\0"], "NUL"),
        (["{fee}\ud800"], "surrogate"),
        (["{fee}" + "x" * MAX_FORM_CHARACTERS], str(MAX_FORM_CHARACTERS)),
    ],
)
def test_a_text_that_cannot_be_shown_is_named(forms: list[str], what: str) -> None:
    """Each fault is one sentence that says what it is about."""
    assert what in " ".join(find_form_faults(forms, source="A fee of {fee} applies."))


def test_each_plural_form_is_compared_for_itself() -> None:
    """A form for one single number may say it in words; the others need the number."""
    arabic = ["لا شيء", "واحد", "اثنان", "{n} a", "b", "{n} c"]
    faults = find_form_faults(arabic, source="{n} card", source_plural="{n} cards", exact=(0, 1, 2))
    assert faults == ["Form 5 lacks the placeholder {n}."]


def test_a_name_may_not_be_left_out_of_any_form() -> None:
    """Only the number is optional in a form for one number."""
    faults = find_form_faults(
        ["one", "{n} {name}"], source="{name}: {n}", source_plural="{name}: {n}", exact=(0,)
    )
    assert faults == ["Form 1 lacks the placeholder {name}."]
