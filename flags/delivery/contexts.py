"""From requests to contexts, cheaply: clients ask with the same context again and again."""

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
from flags.engine.tables import Purse, Table
from flags.wire.context import UnreadableContext, read_context

# In each of two generations; people are forgotten that did not ask in a while.
KEPT_BYTES = 16 * 2**20
CONTEXT_BYTES = 2_000
# Longer queries are answered and not remembered: thousands of them would fill the memory.
REMEMBERED_QUERY_BYTES = 2_048

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
    """Read contexts; those of queries are kept by their raw bytes in a bounded table."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.known: Table[tuple[bytes, str, bool, tuple[str, ...]], Context] = Table()
        Purse(KEPT_BYTES).adopt(self.known)

    def of_query(self, request: Request, known: Known) -> Context:
        """Return the context that the query of a GET carries."""
        trusted = known.token.kind == "preview"
        key = (request.query, known.environment, trusted, known.token.territories)
        template = self.known.get(key)
        if template is None:
            # Names of tokens are refused where the query is parsed.
            check_tokens(request, self.state.tokens)
            template = build_context(query_context(parse_query(request.query)), known)
            if is_memorable(request):
                # Its texts are there a second time, each with a head of its own.
                self.known.put(key, template, CONTEXT_BYTES + 2 * len(request.query))
        return complete(template, request)

    def of_body(self, request: Request, known: Known) -> Context:
        """Return the context under the key `context` of a JSON body."""
        if request.query:
            parse_query(request.query)
        context = read_object(request).get("context")
        if context is None:
            context = {}
        if not isinstance(context, Mapping):
            raise Refusal(400, "`context` must be a JSON object.", code="INVALID_CONTEXT")
        return complete(build_context(context, known), request)

    def of(self, request: Request, known: Known) -> Context:
        """Return the context of a GET or a POST."""
        if request.method == "POST":
            return self.of_body(request, known)
        return self.of_query(request, known)


def is_memorable(request: Request) -> bool:
    """Tell whether what was asked is small enough to be remembered."""
    return len(request.query) <= REMEMBERED_QUERY_BYTES


def build_context(fields: Mapping[str, Any], known: Known) -> Context:
    """Build a context of a client's fields; only preview tokens set the clock.

    A person whom the token may not ask about is refused.
    """
    try:
        context = read_context(
            fields,
            now=datetime.now(UTC),
            dice=throw,
            environment=known.environment,
            trusted=known.token.kind == "preview",
        )
    except UnreadableContext as error:
        raise Refusal(400, str(error), code="INVALID_CONTEXT") from error
    check_person(known.token, context)
    return context


def complete(template: Context, request: Request) -> Context:
    """Fill in what differs from request to request.

    Without a session a person is another one at each request, so that the default
    stickiness is random for the nameless, as Unleash has it.
    """
    return replace(
        template,
        now=template.now if template.as_of else datetime.now(UTC),
        session_id=template.session_id or draw_session(),
        remote_address=template.remote_address or request.peer or None,
    )


def draw_session() -> str:
    """Make up a session."""
    Throws.count += 1
    return f"{_dice.getrandbits(64):x}"
