"""The end-to-end probe: change a canary, and see when a real client has it."""
