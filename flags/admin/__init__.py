"""Pages on which product managers decide."""
