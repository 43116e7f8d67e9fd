"""Hooks: events that are sent to the addresses of callers, signed, and again until they arrive."""
