"""Texts in the languages people read, and how they are formatted."""
