"""Tools for a Hex workspace with cats."""
