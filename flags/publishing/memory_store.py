"""A snapshot store in this process's memory; what the other stores are measured against."""

from __future__ import annotations

import threading

from flags.publishing.store import Head, PartKey, StoredPart, check_blob, check_part


class MemoryStore:
    """Parts and text bundles of one process; safe to use from several threads."""

    name = "memory"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: dict[PartKey, StoredPart] = {}
        self._blobs: dict[str, bytes] = {}

    def heads(self) -> dict[PartKey, Head]:
        """Return how new each part is."""
        with self._lock:
            return {key: part.head for key, part in self._parts.items()}

    def get(self, key: PartKey) -> StoredPart | None:
        """Return the newest part, or None."""
        return self._parts.get(key)

    def get_blob(self, sha256: str) -> bytes | None:
        """Return a text bundle, or None."""
        return self._blobs.get(sha256)

    def put(self, part: StoredPart) -> bool:
        """Keep the part unless one at least as new is there; tell whether it was kept."""
        check_part(part)
        with self._lock:
            kept = self._parts.get(part.key)
            if not part.head.is_newer_than(kept.head if kept else None):
                return False
            self._parts[part.key] = part
            return True

    def note_heard(self) -> None:
        """Note nothing: what is in memory is as old as its process."""

    def age_seconds(self) -> float:
        """Return that nothing here is older than the process."""
        return 0.0

    def put_blob(self, sha256: str, body: bytes) -> None:
        """Keep an immutable text bundle."""
        self._blobs.setdefault(sha256, check_blob(sha256, body))
