"""PURE: bytes on the wire to engine types and back, one protocol a file."""
