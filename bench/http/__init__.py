"""`make bench-http`: requests a second of the read path, beside the Unleash server."""
