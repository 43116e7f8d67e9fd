"""The models of tool specs and of the block file."""
