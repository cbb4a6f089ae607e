"""Who guesses tokens is soon told to wait; who has one never is."""

from __future__ import annotations

import hashlib

import pytest

from flags.delivery.guesses import COUNTED_ADDRESSES, Guesses, group_address
from flags.delivery.settings import Settings
from tests.unit.delivery.world import BACKEND, FRONTEND, build_client

GUESS = "superapp:production.guess-{}"
LIMIT = 5


def test_guesses_are_stopped_and_good_tokens_go_on() -> None:
    """Answer 401 up to the limit, then 429 with a pause; a good token beside it gets 200."""
    client = build_client(settings=Settings(guesses_per_minute=LIMIT))
    answers = [client.get("/api/frontend", token=GUESS.format(n)) for n in range(2 * LIMIT)]
    assert [401] * LIMIT + [429] * LIMIT == [answer.status for answer in answers]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 61
    assert "guess" not in str(answers[-1])
    assert 200 == client.get("/api/frontend", token=FRONTEND).status
    assert 200 == client.get("/api/client/features", token=BACKEND).status


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/client/features", {"Authorization": "x" * 1_000}),
        ("/api/variant", {"Authorization": "Bearer Bearer x"}),
        ("/api/stream?ch=guess", {}),
        ("/internal/parts", {"Authorization": "Bearer guess"}),
    ],
)
def test_every_credential_that_is_not_known_counts(path: str, headers: dict[str, str]) -> None:
    """Count tokens, channels and the edges' credential alike."""
    client = build_client(settings=Settings(guesses_per_minute=1, edge_token="an-edge"), token="")
    statuses = [client.ask("HEAD", path, headers=headers).status for _again in range(2)]
    assert statuses == [401, 429]


def test_no_token_at_all_and_a_wrong_kind_are_no_guesses() -> None:
    """Tell people who forgot the header just that, as often as they forget."""
    client = build_client(settings=Settings(guesses_per_minute=1), token="")
    assert {401} == {client.get("/api/frontend").status for _again in range(5)}
    assert {403} == {client.get("/api/frontend", token=BACKEND).status for _again in range(5)}


def test_counts_are_of_a_minute_and_an_address() -> None:
    """Forget after a minute; count each address by itself."""
    now = [100.0]
    guesses = Guesses(1, read_seconds=lambda: now[0])

    def status(address: str) -> int:
        return guesses.refuse(address, "unknown").status

    assert [401, 429, 401] == [status("192.0.2.7"), status("192.0.2.7"), status("192.0.2.8")]
    now[0] += 59
    last = guesses.refuse("192.0.2.7", "unknown")
    assert (429, 2) == (last.status, last.retry_after_seconds)
    now[0] += 1
    assert 401 == status("192.0.2.7")


def test_a_flood_of_addresses_takes_no_more_memory() -> None:
    """Count those above the bound together; they are all unknown, so nobody loses anything."""
    guesses = Guesses(1_000, read_seconds=lambda: 0.0)
    statuses = [
        guesses.refuse(hashlib.sha256(b"%d" % n).hexdigest(), "unknown").status
        for n in range(COUNTED_ADDRESSES + 1_001)
    ]
    assert (COUNTED_ADDRESSES + 1, 429) == (len(guesses.counts), statuses[-1])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("", ""),
    ],
)
def test_a_line_of_ipv6_counts_as_one_address(address: str, expected: str) -> None:
    """A single line is given 2^64 addresses."""
    assert expected == group_address(address)
