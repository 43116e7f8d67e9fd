"""Activepieces: a piece with actions and a trigger, as a package for its own instances."""
