"""The tools as data, in every language, for hosts that others develop."""
