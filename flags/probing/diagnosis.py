"""How far a change came that no client has seen, in sentences for people."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from datetime import datetime

from flags.models import PublishRefusal, Snapshot
from flags.publishing.deliver import live_store
from flags.publishing.nodes import STALE_SECONDS, list_receipts
from flags.publishing.store import PartKey
from regions.governance.models import Environment
from regions.governance.policy import CANARY

ASK_SECONDS = 2.0
KNOWN_SECONDS, ASK_AGAIN_SECONDS = 5.0, 0.1


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect as the answer: the token is for this address only."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


_open = urllib.request.build_opener(_NoRedirects).open


def diagnose(
    environment_key: str, *, change_seq: int, committed_at: datetime | None, url: str, token: str
) -> str:
    """Say how far a change came and what the public address answers.

    `change_seq` 0 asks about no change in particular: only whether nodes and address are there.
    """
    environment = Environment.objects.get(key=environment_key)
    if environment.published_seq < change_seq:
        return _tell_unpublished(environment, change_seq)
    return f"{_tell_nodes(environment, committed_at)} {ask_address(url, token=token)}"


def _tell_unpublished(environment: Environment, change_seq: int) -> str:
    refused = PublishRefusal.objects.filter(
        environment=environment, change_seq__gte=change_seq
    ).first()
    if refused is not None:
        return f"The change was saved, but its publish was refused: {refused.reason}"
    return "The change was saved, but not published: no worker took it, or publishing stalls."


def _tell_nodes(environment: Environment, committed_at: datetime | None) -> str:
    row = Snapshot.objects.filter(environment=environment, app__key=CANARY, part="content").first()
    if row is None:
        return "Nothing of the canary has been published yet."
    after = ""
    if committed_at is not None:
        after = f" after {(row.created_at - committed_at).total_seconds():.1f} s"
    told = f"It was published{after} as revision {row.revision}"
    key = PartKey(environment=environment.key, app=CANARY, part="content")
    try:
        receipts = list_receipts(live_store(), environment.key)
    except OSError:
        return f"{told}. Redis does not answer, so the nodes that serve it are unknown."
    behind = [
        receipt.node
        for receipt in receipts
        if not receipt.has(key, epoch=row.epoch, revision=row.revision)
    ]
    if not receipts:
        return f"{told}, but no node has reported within {STALE_SECONDS:.0f} s."
    if behind:
        return f"{told}, but not every node serves it: {', '.join(behind)} does not."
    return f"{told}, and every node serves it."


def holds_streams(url: str, *, token: str) -> bool:
    """Tell whether the address offers streams to backends; whatever goes wrong counts as yes.

    A token that was made a moment ago may not be known there yet.
    """
    until = time.monotonic() + KNOWN_SECONDS
    while (status := _ask_streams(url, token)) == http.HTTPStatus.UNAUTHORIZED:
        if time.monotonic() >= until:
            break
        time.sleep(ASK_AGAIN_SECONDS)
    return status != http.HTTPStatus.NOT_FOUND


def _ask_streams(url: str, token: str) -> int:
    request = urllib.request.Request(  # noqa: S310 - the setting takes http and https only
        f"{url}/api/client/streaming", headers={"Authorization": token}, method="HEAD"
    )
    try:
        with _open(request, timeout=ASK_SECONDS):
            return http.HTTPStatus.OK
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except (OSError, http.client.HTTPException):
        return 0


def ask_address(url: str, *, token: str) -> str:
    """Ask the public address as a client does, and say what came of it."""
    request = urllib.request.Request(  # noqa: S310 - the setting takes http and https only
        f"{url}/api/client/features", headers={"Authorization": token}
    )
    try:
        with _open(request, timeout=ASK_SECONDS) as answer:
            revision = answer.headers.get("X-Landfall-Revision")
            if revision is None:
                return f"{url} answers, but not as Landfall does; is it the right address?"
            return f"{url} answers with revision {revision}."
    except urllib.error.HTTPError as error:
        return f"{url} answers with status {error.code}."
    except TimeoutError:
        return f"{url} does not answer within {ASK_SECONDS:.0f} s."
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            return f"{url} does not answer within {ASK_SECONDS:.0f} s."
        return f"{url} cannot be reached: {reason}."
