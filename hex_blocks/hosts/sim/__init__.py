"""Sim: files for Sim's repository, and a patch that registers them."""
