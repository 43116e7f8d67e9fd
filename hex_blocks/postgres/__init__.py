"""The shared PostgreSQL server: its address, this process's connection to it, and our schema."""
