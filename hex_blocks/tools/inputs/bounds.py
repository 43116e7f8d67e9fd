"""Bounds of what is looked at, so that no input can make a check slow."""

from __future__ import annotations

DEEPEST = 64
# Text is searched for tokens, before it is shown, as far as this.
LONGEST_LOOKED_AT = 1000
# Bounds on what is looked at more closely: no number or address is longer, no list of Hex's, no useful error.
LONGEST_NUMBER, LONGEST_ADDRESS, LARGEST_INTEGER = 400, 320, 2**63 - 1
