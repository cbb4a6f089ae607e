"""A child process that writes ever newer parts to a directory until it is killed."""

from __future__ import annotations

import sys
from itertools import count

from flags.publishing.directory_store import DirectoryStore
from flags.publishing.store import Head, PartKey, StoredPart
from regions import canonical

KEY = PartKey(environment="production", app="superapp", part="kills")
FILLING = "x" * 200_000


def main() -> None:
    """Write, and say after each write which revision is durable."""
    store = DirectoryStore(sys.argv[1])
    kept = store.heads().get(KEY)
    for revision in count(kept.revision + 1 if kept else 1):
        body = canonical.encode({"revision": revision, "filling": FILLING})
        head = Head(epoch=1, revision=revision, digest=canonical.digest(body))
        store.put(StoredPart(key=KEY, head=head, body=body))
        sys.stdout.write(f"{revision}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
