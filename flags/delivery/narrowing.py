"""Which features a query of the Unleash API asks for."""

from __future__ import annotations

from typing import Any

from flags.delivery.http import Refusal
from flags.delivery.inputs import parse_query
from flags.delivery.state import EVERY_APP
from flags.wire.states import Narrowing, list_tags


def read_narrowing(query: bytes, app: str) -> Narrowing:
    """Read `namePrefix`, `project` and `tag` for a token of this app (`*` for all).

    Only a token for every app may choose projects; `*` among them asks for all. Other names
    mean nothing here, the environment included, which is the token's.
    """
    if not query:
        return Narrowing()
    pairs = parse_query(query)
    projects = {text for name, text in pairs if name == "project" and text}
    tags = {text for name, text in pairs if name == "tag"}
    for tag in tags:
        if ":" not in tag:
            raise Refusal(400, f"The tag {tag[:100]!r} is not of the form type:value.")
    if app != EVERY_APP or EVERY_APP in projects:
        projects = set()
    prefix = next((text for name, text in pairs if name == "namePrefix"), "")
    return Narrowing(tuple(sorted(projects)), prefix, tuple(sorted(tags)))


def repeat_query(narrowing: Narrowing) -> dict[str, Any]:
    """Return the query as the answer repeats it."""
    query: dict[str, Any] = {}
    if narrowing.apps:
        query["project"] = list(narrowing.apps)
    if narrowing.tags:
        query["tag"] = list_tags(narrowing.tags)
    if narrowing.prefix:
        query["namePrefix"] = narrowing.prefix
    return query
