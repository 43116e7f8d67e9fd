"""Checks and normalizes the inputs of a call."""
