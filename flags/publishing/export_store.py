"""Where exported files go: a folder, or anything that fsspec can write to (`s3://`, ...).

No Django here, since the exporter needs neither tables nor settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

JSON_TYPE = "application/json"


class ExportStore:
    """Files below `url`; paths have slashes and no first one. Raises OSError when it fails."""

    def __init__(self, url: str) -> None:
        self.files, self.root = fsspec.core.url_to_fs(url)
        self.local = isinstance(self.files, LocalFileSystem)

    def read(self, path: str) -> bytes | None:
        """Return a file, None when there is none."""
        try:
            body: bytes = self.files.cat_file(self.place(path))
        except FileNotFoundError:
            return None
        return body

    def write(self, bodies: Mapping[str, bytes], *, cache_control: str) -> None:
        """Write JSON files, each whole or not at all.

        A folder knows no headers: there, its web server says how long files may be kept.
        """
        if self.local:
            for path, body in bodies.items():
                replace_file(Path(self.place(path)), body)
        elif bodies:
            named = {self.place(path): body for path, body in bodies.items()}
            self.files.pipe(named, ContentType=JSON_TYPE, CacheControl=cache_control)

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files; those that are gone already are fine."""
        for path in paths:
            try:
                self.files.rm_file(self.place(path))
            except FileNotFoundError:
                continue

    def place(self, path: str) -> str:
        """Return where a path is in the store."""
        return f"{self.root.rstrip('/')}/{path}"


def replace_file(file: Path, body: bytes) -> None:
    """Put a file in the place of another, so that a reader never sees half of one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    fresh.write_bytes(body)
    fresh.replace(file)
