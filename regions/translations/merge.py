"""PURE: the three-way comparison of a text in a file and in the database.

Base is what both last agreed on. Who alone moved away from it wins; where both did, a
person decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from regions.translations.catalog import Forms

Outcome = Literal["agree", "import", "write", "conflict"]


@dataclass(frozen=True, slots=True)
class Text:
    """Forms and whether somebody should look at them again; no forms: there is no text."""

    forms: Forms = ()
    needs_review: bool = False


def decide(*, base: Text, mine: Text, theirs: Text) -> Outcome:
    """Say what is to be done with `mine` (database) and `theirs` (file).

    `agree`: they are the same, so base may follow. `import`: the file goes into the
    database. `write`: the database goes into the file. `conflict`: both moved.
    """
    if mine.forms != theirs.forms:
        if theirs.forms == base.forms:
            return "write"
        return "import" if mine.forms == base.forms else "conflict"
    if mine.needs_review == theirs.needs_review:
        return "agree"
    # The words are the same; of the two marks at most one can have moved.
    return "write" if theirs.needs_review == base.needs_review else "import"
