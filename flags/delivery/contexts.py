"""From requests to contexts."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from flags.delivery.burnt import check_tokens
from flags.delivery.http import Refusal, Request
from flags.delivery.inputs import parse_query, query_context, read_object
from flags.delivery.reach import check_person
from flags.delivery.state import Known, State
from flags.engine.context import Context
from flags.wire.context import UnreadableContext, read_context

# Chance decides rollouts of nameless people only; it guards nothing.
_dice = random.Random()  # noqa: S311


class Throws:
    """How often dice were thrown; an answer without any is the same the next time."""

    count = 0


def throw(sides: int) -> int:
    """Throw dice: a whole number from 1 to `sides`."""
    Throws.count += 1
    return _dice.randint(1, sides)


class Contexts:
    """Read contexts. None is remembered: reading one costs less than keeping many."""

    def __init__(self, state: State) -> None:
        self.state = state

    def of_query(self, request: Request, known: Known) -> Context:
        """Return the context that the query of a GET carries."""
        # Names of tokens are refused where the query is parsed.
        check_tokens(request, self.state.tokens)
        fields = query_context(parse_query(request.query))
        return complete(build_context(fields, known, request.peer))

    def of_body(self, request: Request, known: Known) -> Context:
        """Return the context under the key `context` of a JSON body."""
        if request.query:
            parse_query(request.query)
        context = read_object(request).get("context")
        if context is None:
            context = {}
        if not isinstance(context, dict):
            raise Refusal(400, "`context` must be a JSON object.", code="INVALID_CONTEXT")
        return complete(build_context(context, known, request.peer))

    def of(self, request: Request, known: Known) -> Context:
        """Return the context of a GET or a POST."""
        if request.method == "POST":
            return self.of_body(request, known)
        return self.of_query(request, known)


def build_context(fields: Mapping[str, Any], known: Known, peer: str = "") -> Context:
    """Build a context of a client's fields; only preview tokens set the clock.

    A person whom the token may not ask about is refused. `peer` is the address of who names
    none.
    """
    try:
        context = read_context(
            fields,
            now=datetime.now(UTC),
            dice=throw,
            environment=known.environment,
            trusted=known.token.kind == "preview",
            address=peer or None,
        )
    except UnreadableContext as error:
        raise Refusal(400, str(error), code="INVALID_CONTEXT") from error
    check_person(known.token, context)
    return context


def complete(context: Context) -> Context:
    """Give whoever has no session one that is made up.

    They are another one at each request, so that the default stickiness is random for the
    nameless, as Unleash has it.
    """
    return context if context.session_id else replace(context, session_id=draw_session())


def draw_session() -> str:
    """Make up a session."""
    Throws.count += 1
    return f"{_dice.getrandbits(64):x}"
