"""Answers that were given before to the very same question.

Clients ask with the same words every few seconds. What they were told holds until the view
is another one, the token is, or a dated rule flips; and only where nothing was left to
chance (a session that was made up is chance too). It is kept whole, head and body, so that
it costs a look-up and the sends from then on.

Most people ask once and do not come back to this worker. So an answer is kept when its
question comes for the second time; of the first time only a number is noted. Keeping
everything made people that are new cost half as much again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from msgspec import Struct

from flags.delivery.auth import Gatekeeper
from flags.delivery.contexts import Throws
from flags.delivery.http import FRESHNESS, Header, Request, Response, etag_matches
from flags.delivery.settings import Settings
from flags.delivery.state import Known, State, View
from flags.delivery.told import Told
from flags.engine.tables import Purse, Table

# In each of two generations, for all views of a process together.
KEPT_BYTES = 32 * 2**20
# Longer questions are answered and not kept: thousands of them would fill the memory.
QUESTION_BYTES = 2_048
# Of longer bodies only the ETag is kept, which is what clients with an answer need.
BODY_BYTES = 32_768
# A question's key, two heads and their slots in the tables.
ENTRY_BYTES = 1_800
# What is counted when a body is sent again: a context, whose texts others share at times.
TOLD_BYTES = 900

# Questions that came once, in each of two generations: about as many as answers have room.
NOTED_QUESTIONS = 8_192

Question = tuple[object, ...]


class Kept(Struct, frozen=True, gc=False):
    """A whole answer; no body where only a 304 was asked for so far.

    It names its view by the view's mark alone, so that it keeps no old revision alive.
    """

    shown: bytes
    known: Known
    mark: object
    since: float
    until: float
    etags: tuple[bytes, ...]
    unchanged: tuple[Header, ...]
    head: tuple[Header, ...] = ()
    body: bytes | None = None
    told: Told | None = None


class Recall:
    """Keeps answers of a node in a table that is bounded in bytes; nothing is looked up."""

    def __init__(self, state: State, settings: Settings, gatekeeper: Gatekeeper) -> None:
        """Start with nothing kept."""
        self.state = state
        self.gatekeeper = gatekeeper
        self.kept: Table[Question, Kept] = Table()
        Purse(KEPT_BYTES).adopt(self.kept)
        # What an answer may depend on besides question and person.
        heeded = [b"authorization", b"x-api-key", settings.token_header]
        heeded += [b"accept-language", b"content-type", b"content-encoding"]
        self.heeded = tuple(name for name in heeded if name)
        self.noted: set[int] = set()
        self.noted_before: set[int] = set()
        self.bounds: tuple[object, float, float] = (None, 0.0, 0.0)
        if "*" not in settings.origins:
            self.heeded = (*self.heeded, b"origin")

    def ask(self, route: str, request: Request, heeds: tuple[bytes, ...] = ()) -> Question:
        """Return everything that the answer depends on, as a key; `heeds` are the route's own."""
        return (
            route,
            request.rest,
            request.method,
            request.query,
            request.body,
            request.peer,
            *map(request.headers.get, self.heeded),
            *map(request.headers.get, heeds),
        )

    def find(
        self, question: Question, request: Request, tell_fresh: Callable[[], list[Header]]
    ) -> Response | None:
        """Return what was answered before, with how fresh the node is now."""
        kept = self.kept.get(question)
        if (
            kept is None
            or not kept.since <= time.time() < kept.until
            or self.gatekeeper.found.get(kept.shown) is not kept.known
        ):
            return None
        view = self.state.view(kept.known.token.app, kept.known.environment)
        if view is None or view.mark is not kept.mark:
            return None
        known = request.headers.get(b"if-none-match")
        if known is not None and (known in kept.etags or matches(known, kept.etags)):
            return Response(304, [*kept.unchanged, *tell_fresh()], whole=True)
        if kept.body is None:
            return None
        return Response(200, [*kept.head, *tell_fresh()], kept.body, whole=True, told=kept.told)

    def keep(self, question: Question, request: Request, response: Response, throws: int) -> None:
        """Keep an answer with its whole head, unless the next one may be another.

        `throws` is how often dice had been thrown before it was made.
        """
        if (
            response.status not in ANSWERED
            or throws != Throws.count
            or self.note(hash(question))
            or (size_bytes := self.weigh(request)) > QUESTION_BYTES
        ):
            return
        shown = request.shown
        known = self.gatekeeper.found.get(shown)
        # A preview may ask as of another time.
        if known is None or known.token.kind == "preview":
            return
        view = self.state.view(known.token.app, known.environment)
        head = [pair for pair in response.headers if pair[0] not in FRESHNESS]
        etag = next((text for name, text in head if name == b"etag"), b"")
        if view is None or not view.lives or not etag:
            return
        since, until = self.bound(view, known)
        body = None
        if response.status == HTTPStatus.OK and len(response.body) <= BODY_BYTES:
            body = response.body
            size_bytes += len(body) + TOLD_BYTES
        kept = Kept(
            shown=shown,
            known=known,
            mark=view.mark,
            since=since,
            until=until,
            etags=(etag, response.other_etag) if response.other_etag else (etag,),
            unchanged=tuple([pair for pair in head if pair[0] not in BODY_HEADERS]),
            head=tuple(head) if body is not None else (),
            body=body,
            told=response.told if body is not None else None,
        )
        self.kept.put(question, kept, ENTRY_BYTES + size_bytes)

    def weigh(self, request: Request) -> int:
        """Return the bytes of a question."""
        size_bytes = len(request.query) + len(request.body)
        return size_bytes + sum(map(len, filter(None, map(request.headers.get, self.heeded))))

    def note(self, question: int) -> bool:
        """Tell whether a question is new, and note it."""
        if question in self.noted or question in self.noted_before:
            return False
        if len(self.noted) >= NOTED_QUESTIONS:
            self.noted_before, self.noted = self.noted, set()
        self.noted.add(question)
        return True

    def bound(self, view: View, known: Known) -> tuple[float, float]:
        """Return between which instants an answer holds; those of the last view are at hand."""
        mark, since, until = self.bounds
        if mark is not view.mark or not since <= time.time() < until:
            since, until = find_bounds(view)
            self.bounds = (view.mark, since, until)
        expires = known.token.expires
        return since, until if expires is None else min(until, expires.timestamp())


ANSWERED = frozenset({HTTPStatus.OK, HTTPStatus.NOT_MODIFIED})
BODY_HEADERS = frozenset({b"content-type", b"content-length", b"content-encoding"})


def matches(if_none_match: bytes, etags: tuple[bytes, ...]) -> bool:
    """Tell whether an If-None-Match names the answer by any of its ETags."""
    return any(etag_matches(if_none_match, etag) for etag in etags)


def find_bounds(view: View) -> tuple[float, float]:
    """Return between which instants nothing dated changes; a clock may be set back, too."""
    now = datetime.now(UTC)
    eras = [live.snapshot.find_era(now) for live in view.lives]
    return (
        max(era.starts for era in eras).timestamp(),
        min(era.ends for era in eras).timestamp(),
    )
