"""A child process that changes things and publishes on command, on a real database file.

Reads one JSON list a line, `["offer", "live"]`, and answers with one JSON object a line.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import django

django.setup()

from django.utils import timezone  # noqa: E402 - Django has to be set up first

from flags.operations.expectations import SetExpectation  # noqa: E402
from flags.operations.features import SetBundle, SetFeature  # noqa: E402
from flags.operations.kills import PullKillSwitch  # noqa: E402
from flags.operations.offers import SetOffer  # noqa: E402
from flags.publishing import reconcile  # noqa: E402
from flags.publishing.deliver import put_lacking  # noqa: E402
from flags.publishing.publish import publish  # noqa: E402
from regions.governance import relay  # noqa: E402
from regions.governance.commands import Command  # noqa: E402
from regions.governance.execute import execute  # noqa: E402
from regions.operations import AddTerritory, SetApp, SetEnvironment  # noqa: E402

STATUSES = ("live", "planned")
Answer = dict[str, object]


def act(command: Command) -> Answer:
    """Carry out a command, and tell what number the change got."""
    receipt = execute(command, actor=None, now=timezone.now())
    return {"change_seqs": receipt.change_seqs}


def set_up() -> Answer:
    """Make the smallest product that can be published."""
    for command in (
        SetEnvironment(key="production", name="Production"),
        AddTerritory(code="SG"),
        SetApp(key="superapp", name="Super-app"),
        SetBundle(app="superapp", key="wallet", name="Wallet"),
        SetFeature(
            app="superapp",
            key="wallet.pay",
            bundle="wallet",
            description="Pay",
            owner="payments",
            offer_basis="account",
        ),
    ):
        act(command)
    return {}


def offer(status: str) -> Answer:
    """Set the status of the one feature in Singapore."""
    return act(
        SetOffer(
            app="superapp",
            environment="production",
            feature="wallet.pay",
            territory="SG",
            status=status,
            reason="a test",
            owner="payments",
        )
    )


def burst(changes: int, pause_seconds: float) -> Answer:
    """Change the status again and again; the last one is live when the number is odd."""
    answers = []
    for index in range(changes):
        answers.append(offer(STATUSES[index % 2]))
        time.sleep(pause_seconds)
    return answers[-1]


def kill(key: str) -> Answer:
    """Pull a kill switch."""
    return act(
        PullKillSwitch(
            app="superapp",
            environment="production",
            key=key,
            feature="wallet.pay",
            territory="SG",
            reason="a test",
            owner="payments",
            expires_at=timezone.now() + timedelta(days=1),
        )
    )


def expect(value: bool) -> Answer:  # noqa: FBT001 - it comes from a JSON list
    """Promise what a person in Singapore gets."""
    return act(
        SetExpectation(
            app="superapp",
            environment="production",
            key="singapore",
            feature="wallet.pay",
            context={"accountCountry": "SG"},
            value=value,
        )
    )


def publish_now() -> Answer:
    """Publish in this process."""
    published = publish("production", now=timezone.now())
    return {"revisions": dict(published.revisions) if published else {}}


def put() -> Answer:
    """Put what Redis lacks."""
    return {"parts": put_lacking()}


def nudge() -> Answer:
    """Tell Celery that there may be something to do."""
    return {"sent": relay.send_nudge()}


def watch() -> Answer:
    """Start the loop that runs in every web process; it ends with this process."""
    threading.Thread(target=reconcile.run, args=[threading.Event()], daemon=True).start()
    return {}


ACTIONS: dict[str, Callable[..., Answer]] = {
    "set_up": set_up,
    "offer": offer,
    "burst": burst,
    "kill": kill,
    "expect": expect,
    "publish": publish_now,
    "put": put,
    "nudge": nudge,
    "watch": watch,
}


def main() -> None:
    """Obey until the input ends."""
    sys.stdout.write('{"ready": true}\n')
    sys.stdout.flush()
    for line in sys.stdin:
        name, *given = json.loads(line)
        start = time.monotonic()
        try:
            answer = ACTIONS[name](*given)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            answer = {"error": f"{type(error).__name__}: {error}"}
        answer["seconds"] = time.monotonic() - start
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
