"""Translated texts, and numbers and times in the format of a language."""
