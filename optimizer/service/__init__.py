"""The optimizer as a service: HTTP in, the one path, documents out; jobs in worker processes, runs kept in SQLite."""
