"""Requests as data, replayed against both sides of the communication API on one database, whose answers are compared.

``python -m tests.comm_service.corpus`` (``make comm-corpus``) replays all of them on SQLite and PostgreSQL and writes
the reports. The tests replay a part on each.
"""
