"""The classes of tool specs and of the block file, and how files are read as them."""
