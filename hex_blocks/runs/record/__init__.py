"""The record of started runs: its interface, and its stores in SQLite and PostgreSQL."""
