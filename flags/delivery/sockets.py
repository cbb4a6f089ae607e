"""The process's own sockets: how many there may be, and how soon a vanished peer is noticed."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

# Requests, sources and files need descriptors too.
SPARE_DESCRIPTORS = 512
# Tried where a system refuses its own hard limit.
LIMITS = (1_048_576, 65_536, 10_240)
DESCRIPTORS = Path("/dev/fd")
# A stream says something every twelve seconds; who acknowledges nothing for so long is gone.
SILENT_SECONDS = 30
IDLE_SECONDS, PROBE_SECONDS, PROBES = 30, 10, 3

if sys.platform != "win32":
    import resource


def raise_descriptor_limit() -> int:
    """Raise the number of descriptors to what the system allows; return what it is now."""
    if sys.platform == "win32":
        return sys.maxsize
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, *LIMITS):
        if soft in {hard, resource.RLIM_INFINITY} or wanted in range(soft + 1):
            break
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
            break
        except (ValueError, OSError):
            continue  # A hard limit without end may be more than a system has.
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


class Descriptors:
    """Tell whether a further stream leaves enough descriptors for everything else."""

    def __init__(self) -> None:
        """Raise the limit as far as it goes."""
        self.limit = raise_descriptor_limit()

    def have_room(self) -> bool:
        """Look at the lowest free descriptor, since at least as many are in use."""
        try:
            lowest = os.open(os.devnull, os.O_RDONLY)
        except OSError:
            return False
        os.close(lowest)
        return lowest < self.limit - min(SPARE_DESCRIPTORS, self.limit // 4)


def notice_vanished_peers() -> int:
    """Have the kernel end connections whose peer is gone; return how many sockets listen.

    What is set on a listening socket holds for all that it accepts, and the application
    sees no other: a peer that went without a word acknowledges nothing for 30 s, one with
    a closed window takes nothing.
    """
    found = 0
    for number in list_descriptors():
        try:
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as one:
                if one.family in {socket.AF_INET, socket.AF_INET6} and is_listening(one):
                    set_timeouts(one)
                    found += 1
        except OSError:
            continue  # It was closed meanwhile, or is of another kind.
    return found


def list_descriptors() -> list[int]:
    """List the open descriptors; none where a system, or a bare container, does not tell."""
    try:
        names = [path.name for path in DESCRIPTORS.iterdir()]
    except OSError:
        return []
    return [int(name) for name in names if name.isdecimal()]


def is_listening(one: socket.socket) -> bool:
    """Tell whether a socket accepts connections."""
    return bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def set_timeouts(listening: socket.socket) -> None:
    """Set what systems have of them; Linux has all."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_USER_TIMEOUT", SILENT_SECONDS * 1000),
        ("TCP_KEEPIDLE", IDLE_SECONDS),
        ("TCP_KEEPINTVL", PROBE_SECONDS),
        ("TCP_KEEPCNT", PROBES),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            listening.setsockopt(socket.IPPROTO_TCP, option, value)
