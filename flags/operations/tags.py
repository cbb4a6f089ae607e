"""Tags of features: words by which clients ask for some features only; they decide nothing."""

from __future__ import annotations

import re
from collections.abc import Collection

from regions.governance.commands import Refused
from regions.operations.checks import check_count, check_once, shown

TAGS_PER_FEATURE = 20
TAG = re.compile(r"[a-z][a-z0-9-]{0,29}:[A-Za-z0-9](?:[A-Za-z0-9._ -]{0,68}[A-Za-z0-9._-])?")
# Every feature has this one of its bundle, without anybody writing it.
DERIVED = "bundle:"


def check_tags(tags: Collection[str], *, of: str) -> list[str]:
    """Return the tags in order, or refuse what clients could not ask for."""
    check_once(tags, things="tags", field="tags")
    check_count(len(tags), TAGS_PER_FEATURE, things="tags", field="tags")
    for tag in tags:
        if not TAG.fullmatch(tag):
            raise Refused(
                f"{of} cannot have the tag “{shown(tag)}”: a tag is of the form type:value, the"
                " type of up to 30 small letters, digits and dashes, the value of up to 70"
                " letters, digits, dots, dashes and spaces.",
                code="bad_tag",
                field="tags",
            )
        if tag.startswith(DERIVED):
            raise Refused(
                f"{of} has the tag of its bundle already; {DERIVED}… cannot be given.",
                code="derived_tag",
                field="tags",
            )
    return sorted(tags)
