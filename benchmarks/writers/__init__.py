"""Concurrent writers on PostgreSQL: the processes, what they write, and what they are compared with."""
