"""PURE: decide which features a person gets, and say why."""
