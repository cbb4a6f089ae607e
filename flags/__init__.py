"""What is on, where, for whom and why."""
