"""Runs: starting each exactly once, recovering lost starts, following, waiting and cancelling."""
