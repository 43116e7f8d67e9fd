"""The errors that calls raise: their classes, and the tables of their sentences."""
