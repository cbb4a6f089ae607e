"""People as a superapp meets them: mostly at home, on a few platforms, on many versions.

Shares are invented and only roughly real; what matters to the engine is that they are
uneven, and that rare values never end.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bench.synthetic import LOCALES, list_codes
from flags.engine.context import Context
from flags.wire.context import read_context

PLATFORMS = {"android": 55, "ios": 35, "web": 8, "wear": 2}
OS_VERSIONS: Mapping[str, tuple[str, ...]] = {
    "android": ("14", "15", "13", "12", "16", "11", "10", "9", "8.1.0"),
    "ios": ("18.5", "18.1.1", "17.6.1", "26.0", "16.7.2", "18.0", "15.8.3", "17.0.3", "14.2"),
    "web": ("138.0", "137.0.1", "141.0", "128.0"),
    "wear": ("5.0", "4.0"),
}
# Releases of two years; each is used by a half less than the next newer one, to a floor.
APP_VERSIONS = tuple(f"{major}.{minor}.{patch}" for major in (8, 7) for minor in range(9, -1, -1)
                     for patch in (70, 30, 0))  # fmt: skip
AT_HOME = 0.94
CALLS = 0.05


class Crowd:
    """Draws people of a world with this many territories; the same seed, the same people."""

    def __init__(self, territories: int = 36, seed: int = 7) -> None:
        """Weigh territories, platforms and versions."""
        self.dice = random.Random(seed)
        self.codes = list(list_codes(territories))
        self.dice.shuffle(self.codes)
        self.weights = [1 / (rank + 2) for rank in range(len(self.codes))]
        self.version_weights = [max(0.7**age, 0.002) for age in range(len(APP_VERSIONS))]

    def draw(self, number: int) -> dict[str, Any]:
        """Draw the fields that one client sends."""
        dice = self.dice
        home = dice.choices(self.codes, self.weights)[0]
        at_home = dice.random() < AT_HOME
        away = home if at_home else dice.choices(self.codes, self.weights)[0]
        platform = dice.choices(list(PLATFORMS), list(PLATFORMS.values()))[0]
        systems = OS_VERSIONS[platform]
        fields: dict[str, Any] = {
            "userId": f"user-{number:07}",
            "sessionId": str(dice.getrandbits(32)),
            "accountCountry": home,
            "locationCountry": away,
            "platform": platform,
            "osVersion": dice.choices(systems, [0.6**age for age in range(len(systems))])[0],
            "appVersion": dice.choices(APP_VERSIONS, self.version_weights)[0],
            "locale": LOCALES[hash_code(home) % len(LOCALES)] if dice.random() < 0.9 else "en",
            "age": str(min(99, max(9, int(dice.gauss(34, 14))))),
        }
        if dice.random() < CALLS:
            others = dice.choices(self.codes, self.weights, k=dice.choice((1, 1, 2)))
            fields["participantCountries"] = ",".join(others)
        return fields

    def people(self, count: int, now: datetime) -> Iterator[Context]:
        """Read as many contexts; each has texts of its own, as requests have."""
        for number in range(count):
            yield to_context(self.draw(number), now)


def hash_code(code: str) -> int:
    """Return a number that is the same in every process."""
    return ord(code[0]) * 31 + ord(code[1])


def to_context(fields: Mapping[str, Any], now: datetime) -> Context:
    """Read a context, with strings that no other context shares."""
    own = {name: "".join([*value]) for name, value in fields.items()}
    return read_context(own, now=now, dice=lambda _sides: 1, environment="production")
