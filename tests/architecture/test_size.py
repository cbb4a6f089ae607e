"""Files and functions stay small enough to read at once."""

from __future__ import annotations

import io
import tokenize

from tests.architecture.sources import at_p90, functions_of, name_of, sources

FILE_P90_LINES, FILE_MOST_LINES = 260, 400
FUNCTION_P90_LINES, FUNCTION_MOST_LINES = 25, 60
ENGINE_COMMENTS_PER_HUNDRED = 10


def test_files_are_short() -> None:
    """Nine tenths of the files have at most 260 lines, and none has more than 400."""
    lengths = {name_of(path): path.read_text("utf-8").count("\n") for path in sources()}
    assert {name: n for name, n in lengths.items() if n > FILE_MOST_LINES} == {}
    assert at_p90(list(lengths.values())) <= FILE_P90_LINES


def test_functions_are_short() -> None:
    """Nine tenths of the functions have at most 25 lines, and none has more than 60."""
    lengths = {
        f"{name_of(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in sources()
        for node in functions_of(path)
    }
    assert {name: n for name, n in lengths.items() if n > FUNCTION_MOST_LINES} == {}
    assert at_p90(list(lengths.values())) <= FUNCTION_P90_LINES


def test_engine_says_why() -> None:
    """The engine has at least ten lines of comment or docstring for a hundred lines."""
    explained = total = 0
    for path in sources():
        if name_of(path).startswith("flags/engine/"):
            text = path.read_text(encoding="utf-8")
            total += text.count("\n")
            explained += _explaining_lines(text)
    assert explained * 100 >= total * ENGINE_COMMENTS_PER_HUNDRED


def _explaining_lines(text: str) -> int:
    lines: set[int] = set()
    fresh = True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and fresh):
            lines.update(range(token.start[0], token.end[0] + 1))
        if token.type not in {tokenize.NL, tokenize.COMMENT}:
            fresh = token.type in {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    return len(lines)
