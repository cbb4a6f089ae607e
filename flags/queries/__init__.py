"""Rows to values, in a fixed number of queries."""
