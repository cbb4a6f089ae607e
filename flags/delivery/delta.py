"""`GET /api/client/delta`: what changed in the definitions since a client last asked.

Changes are found by comparing two states, not by replaying what happened, so a client that
missed some, or comes from another node, ends where everybody is. A state's id is
`<revision>-<digest>`; the digest alone decides, and an id that says nothing here is answered
with everything.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from flags.delivery.answers import answer_json, answer_unchanged, is_known
from flags.delivery.auth import BACKEND
from flags.delivery.http import Request, Response
from flags.delivery.live import Steps, run
from flags.delivery.narrowing import read_narrowing
from flags.delivery.service import Service
from flags.delivery.state import View
from flags.wire.states import WrittenState

STATE_ID = re.compile(rb'(?:^|[\s",])\d{1,10}-([0-9a-f]{12})(?=$|[\s",])')


class Standing(NamedTuple):
    """Where a view stands: its state, and the revision and id by which clients know it."""

    state: WrittenState
    revision: int

    @property
    def id(self) -> bytes:
        """Return the id of the state, without quotes."""
        return f"{self.revision}-{self.state.digest}".encode()


def list_changes(service: Service, request: Request) -> Response:
    """Answer with the events since the state that the client names, or with everything."""
    known = service.gatekeeper.identify(request, BACKEND)
    narrowing = read_narrowing(request.query, known.token.app)
    view = service.gatekeeper.view(known)
    standing = find_standing(view)
    etag, stamp = b'"%b"' % standing.id, service.stamp(view)
    if is_known(request, etag):
        return answer_unchanged(etag, stamp)
    for since in read_ids(request.headers.get(b"if-none-match", b"")):
        body = run(view.history.tell(since, standing.state, narrowing, standing.revision))
        if body is not None:
            return answer_json(etag, body, stamp) if body else answer_unchanged(etag, stamp)
    body = run(view.history.hydrate(standing.state, narrowing, standing.revision))
    return answer_json(etag, body, stamp)


def find_standing(view: View) -> Standing:
    """Return where a view stands; what it holds was written when the view was made."""
    return run(find_standing_steps(view))


def find_standing_steps(view: View) -> Steps[Standing]:
    """Return where a view stands; one that was not made ready is written in steps."""
    state = yield from view.history.note([live.lowered for live in view.lives])
    return Standing(state, view.revision)


def read_ids(header: bytes) -> list[str]:
    """Return the digests of the states that an If-None-Match or Last-Event-ID names.

    SDKs send back what they got, quoted or not, weak or not; anything else names none.
    """
    value = header.replace(b"W/", b"").replace(b"w/", b"")
    return [digest.decode() for digest in STATE_ID.findall(value)]
