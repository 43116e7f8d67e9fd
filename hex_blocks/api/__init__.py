"""Hex over HTTP."""
