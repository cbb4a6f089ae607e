"""Read typed settings from the environment; a wrong value refuses to start.

Only reading lives here. What a value means is written in `config/settings.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})


class WrongSetting(Exception):
    """A setting has a value that cannot be used."""

    def __init__(self, name: str, expected: str, seen: str) -> None:
        super().__init__(f"{name} must be {expected}, but is {seen!r}.")


def read_text(name: str, default: str = "", *, environ: Mapping[str, str] = os.environ) -> str:
    """Return the text of a variable, or the default when it is absent or empty."""
    return environ.get(name, "").strip() or default


def read_bool(name: str, *, default: bool, environ: Mapping[str, str] = os.environ) -> bool:
    """Return a yes-or-no variable; `1 true yes on` and `0 false no off` are understood."""
    if name not in environ:
        return default
    word = environ[name].strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise WrongSetting(name, "one of 1, true, yes, on, 0, false, no, off", word)


def read_int(
    name: str,
    default: int,
    *,
    low: int,
    high: int,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Return a whole number from `low` to `high`, both included."""
    raw = environ.get(name, "").strip()
    if not raw:
        return default
    if not raw.isdecimal() or not low <= int(raw) <= high:
        raise WrongSetting(name, f"a whole number from {low} to {high}", raw)
    return int(raw)


def read_url(
    name: str,
    default: str,
    *,
    schemes: frozenset[str],
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Return an address whose scheme is one of `schemes`, or the default when absent."""
    raw = environ.get(name, "").strip()
    if not raw:
        return default
    if urlsplit(raw).scheme not in schemes:
        raise WrongSetting(
            name, f"an address with one of the schemes {', '.join(sorted(schemes))}", raw
        )
    return raw


def read_networks(
    name: str, *, environ: Mapping[str, str] = os.environ
) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return addresses and networks (`10.0.0.0/8`) that stand with commas between them."""
    words = [word.strip() for word in environ.get(name, "").split(",") if word.strip()]
    try:
        return tuple(ip_network(word) for word in words)
    except ValueError as error:
        expected = "addresses or networks such as 10.0.0.0/8, with commas"
        raise WrongSetting(name, expected, str(error)) from error


def read_secret(name: str, *, environ: Mapping[str, str] = os.environ) -> str:
    """Return a secret from the variable, or from the file that `<name>_FILE` names; else empty."""
    path = environ.get(f"{name}_FILE", "").strip()
    if not path:
        return environ.get(name, "").strip()
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise WrongSetting(f"{name}_FILE", "a readable file", path) from error


def read_kept(path: Path) -> str:
    """Return what this machine keeps in a file of its own; empty when there is none."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
