"""Batches and pipelines: many runs as one piece of work."""
