"""From committed rows to the snapshot that every node serves."""
