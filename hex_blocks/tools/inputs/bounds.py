"""Bounds on what checks of inputs process, so that no input can make a check slow."""

from __future__ import annotations

# Levels of nested objects and lists.
MAX_DEPTH = 64
# Characters of a text that are searched for tokens and IDs.
MAX_SEARCHED = 1000
# Characters of a number and of an e-mail address, and the largest integer.
MAX_NUMBER_LENGTH, MAX_EMAIL_LENGTH, MAX_INTEGER = 400, 320, 2**63 - 1
