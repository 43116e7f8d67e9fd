"""Hex's request limits, kept on this side."""
