"""People for comparisons with Unleash's engine: many per payload, drawn from a seed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from tests.conformance.payloads import ADDRESSES, NUMBERS, TIMES, VERSIONS, WORDS

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ODD_TEXTS = ("日本", "😀", "e\u0301", "\u212a", "\n", " ", "null", "a,b", "]", "$", "x" * 500, "{}")
POOLS: dict[str, tuple[str | None, ...]] = {
    "userId": (*WORDS, "x y"),
    "sessionId": WORDS,
    "appName": WORDS,
    "environment": (*WORDS, "default", "production"),
    "remoteAddress": (*ADDRESSES, "10.9.9.9", "192.168.3.4", "010.1.1.1", "::ffff:10.1.2.3", "x"),
    "ip": ("10.9.9.9", "192.168.3.4", "2001:DB8::5", " 10.1.1.1", "10.1.1.1/32", "fe80::1%eth0"),
    "plan": (*WORDS, "PRO", "프로", "proooo", "ſhop.example", "aΣ", None),
    "age": (*NUMBERS, "18.0", " 18", "1e1", "+18", "nan", "inf", "-inf", ".5", "18.", "1_8", "old"),
    "version": (
        *VERSIONS,
        *("v1.2.3", "1.2", "1.2.3.4", "1.2.3-beta.10", "1.2.3-beta", "01.2.3", "1.2.3-"),
        *("18446744073709551615.0.0", "18446744073709551616.0.0", "1.2.3 ", "1.0.0-" + "9" * 200),
    ),
}
OPTIONAL = tuple(name for name in POOLS if name not in ("userId", "sessionId"))


class Person(NamedTuple):
    """What a client sends, and when it asks."""

    fields: dict[str, Any]
    now: datetime


def draw_crowd(seed: int, size: int) -> list[Person]:
    """Draw people who have a user and a session, and most of the rest."""
    dice = Random(seed)
    return [_draw_person(dice) for _number in range(size)]


def _draw_person(dice: Random) -> Person:
    fields: dict[str, Any] = {
        "userId": dice.choice((str(dice.randrange(10_000)), _draw_text(dice, "userId"))),
        "sessionId": dice.choice((str(dice.randrange(10_000)), _draw_text(dice, "sessionId"))),
    }
    for name in OPTIONAL:
        if dice.random() < 0.75:
            fields[name] = _draw_text(dice, name)
    return Person(fields, _draw_time(dice))


def _draw_text(dice: Random, name: str) -> str | None:
    return dice.choice(ODD_TEXTS) if dice.random() < 0.05 else dice.choice(POOLS[name])


def _draw_time(dice: Random) -> datetime:
    if dice.random() < 0.5:
        return datetime.fromisoformat(dice.choice(TIMES)) + timedelta(
            microseconds=dice.choice((-1, 0, 0, 1))
        )
    return NOON + timedelta(seconds=dice.uniform(-100_000, 100_000))
