"""A PostgreSQL server that several machines share: one connection of this process, our schema in it."""
