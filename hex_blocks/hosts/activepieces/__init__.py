"""Activepieces: a piece with actions and a trigger, as a package for self-hosted instances."""
