"""Looking up texts that a node does not hold, which anybody may ask for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from flags.delivery.http import Refusal
from flags.delivery.texts import WAITING_MAX, build_finder

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as delivery does."""
    return "asyncio"


async def test_no_more_wait_than_may() -> None:
    """Refuse for a moment above the limit, and take again once those have been answered."""
    done = threading.Event()

    def find_blob(_sha256: str) -> bytes | None:
        done.wait()
        return b"{}"

    find = build_finder(find_blob)
    asking = [asyncio.ensure_future(find(str(n))) for n in range(WAITING_MAX)]
    await asyncio.sleep(0)
    try:
        with pytest.raises(Refusal) as refused:
            await find("one more")
    finally:
        done.set()
    assert (refused.value.status, refused.value.retry_after_seconds) == (503, 2)
    assert await asyncio.gather(*asking) == [b"{}"] * WAITING_MAX
    assert await find("one more") == b"{}"
