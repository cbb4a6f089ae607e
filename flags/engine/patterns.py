"""PURE: which regular expressions every engine reads alike.

SDKs match with RE2, with Rust's engine or with JavaScript's. What they share is small and is
listed here, rather than where they differ; RE2 itself decides whether the rest is sound.
"""

from __future__ import annotations

import re

_TOKENS = re.compile(
    r"""
    (?P<escaped>\\[.^$*+?()\[\]{}|/\\-]|\\[tnrfv])
    | (?P<repeat>(?:[*+?]|\{[0-9]{1,4}(?:,(?:[0-9]{1,4})?)?\})\??)
    | (?P<class>\[\^?-?(?:[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9]
        |\\[.^$*+?()\[\]{}|/\\-]|\\[tnrfv]|[^\[\]\\^-])+-?\])
    | (?P<edge>[|^$]|\((?:\?:)?(?!\?))
    | (?P<plain>[^\[\]{}\\(*+?|^$])
    """,
    re.VERBOSE,
)
# Rust takes these for operations on sets.
_SET_OPERATIONS = ("&&", "~~", "--")


def find_disputed(pattern: str) -> str | None:
    """Return the part of a pattern that engines read differently, None when there is none.

    >>> find_disputed("[0-9]+|a.b") is None, find_disputed("[[:alpha:]]")
    (True, '[[')
    """
    if not pattern.isascii():
        return next(sign for sign in pattern if not sign.isascii())
    place, repeatable = 0, False
    while place < len(pattern):
        token = _TOKENS.match(pattern, place)
        if token is None:
            return pattern[place : place + 2]
        kind, text = token.lastgroup, token[0]
        # A repeated repeat, or a repeated edge, means something else to each of them.
        if kind == "repeat" and not repeatable:
            return pattern[max(place - 1, 0) : token.end()]
        if kind == "class" and any(operation in text for operation in _SET_OPERATIONS):
            return text
        repeatable = kind not in ("repeat", "edge")
        place = token.end()
    return None
