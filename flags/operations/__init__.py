"""What each command does to the rows."""
