"""What a tool is, as data."""
