"""Sim: a folder of files for its repository, and a patch that registers them."""
