"""Asks the other way as well, and compares the two answers."""
