"""What a probe does when nothing answers; the whole way is a journey."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from pytest_django import Settings

from flags.models import ProbeResult
from flags.probing.probe import Prober, Target
from regions.governance.models import AuditEntry
from tests.product import free_port
from tests.unit.world import NOW, Do


def read_clock() -> datetime:
    """Return the time of these tests."""
    return NOW


@pytest.fixture
def prober(world: Do, settings: Settings) -> Prober:
    """Give an impatient probe, in a world without Redis."""
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    return Prober(patience_seconds=0.05)


def test_a_wrong_address_is_a_result(prober: Prober) -> None:
    """Keep the failure with its sentence, change nothing, and begin anew with the next."""
    url = f"http://127.0.0.1:{free_port()}"
    target = Target(environment="production", url=url)
    for _ in range(2):
        assert prober.probe(target, read_clock=read_clock) is None
    trouble = ProbeResult.objects.latest("id").trouble
    assert trouble.startswith("The client has nothing to decide with.")
    assert f"{url} cannot be reached" in trouble
    assert 2 == ProbeResult.objects.count()
    assert 1 == AuditEntry.objects.filter(command="SetTargeting").count()


def test_an_unknown_environment_is_a_result(prober: Prober) -> None:
    """Say that there is none, instead of failing in silence."""
    target = Target(environment="prodution", url="http://127.0.0.1:1")
    assert prober.probe(target, read_clock=read_clock) is None
    assert "There is no environment “prodution”." == ProbeResult.objects.get().trouble


def test_nobody_waits_for_a_probe(prober: Prober, monkeypatch: pytest.MonkeyPatch) -> None:
    """Return at once, and leave out what comes while one is at work."""
    begun, may_end = threading.Event(), threading.Event()
    probed: list[Target] = []

    def probe(target: Target, *, read_clock: Callable[[], datetime]) -> None:
        probed.append(target)
        begun.set()
        may_end.wait(10)

    monkeypatch.setattr(prober, "probe", probe)
    target = Target(environment="production", url="http://127.0.0.1:1")
    thread = prober.start(target, read_clock=read_clock)
    begun.wait(10)
    assert thread is prober.start(target, read_clock=read_clock)
    may_end.set()
    thread.join()
    prober.start(target, read_clock=read_clock).join()
    assert [target, target] == probed
