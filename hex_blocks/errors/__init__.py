"""Errors that callers meet: their classes, and the tables of their sentences."""
